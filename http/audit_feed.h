// The audit trail as it grows: Server-Sent Events (WHATWG HTML section 9.2) over one answer without
// an end. docs/live-feed.md is for who reads it.
//
// No gap and no repeat, since nothing is sent that was not read from the trail itself, in the order
// of positions, and `next_` says from where on; the projector only wakes. No entry that was
// recorded after the caller lost its right is sent, since the projections tell of the loss before
// they tell of any later entry.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "http/api.h"
#include "http/message.h"
#include "http/stream_reader.h"
#include "projections/audit_trail.h"

namespace keyledger::http {

struct FeedStart {
  std::uint64_t next = 0;  // position of the first entry that may be sent
  // Whether the client is told at once after which position that is. Not if it said so itself, or
  // if it asked for a time and will ask for the same again.
  bool announced = false;
};

// For one answer, on the thread that makes it.
class AuditFeed {
 public:
  // `api` must outlive it. `filter.workspace` is the reader's.
  AuditFeed(Api& api, const StreamReader& reader, AuditFilter filter, const FeedStart& start,
            std::shared_ptr<const Feeds::Place> place);

  // Sends until the client has gone, the server stops or the reader may no more; then true. False:
  // the client is too slow, or the trail cannot be read.
  [[nodiscard]] bool send(AnswerStream& out);

 private:
  using Clock = std::chrono::steady_clock;

  // The entries from `next_` on and before `size`, or a first part of them.
  [[nodiscard]] bool send_entries(std::uint64_t size, AnswerStream& out);
  [[nodiscard]] bool beat(AnswerStream& out);
  // Looks who reads, then writes. False is the end of the feed.
  [[nodiscard]] bool say(const std::string& text, AnswerStream& out);
  void wait_for_more(Clock::time_point looked) const;

  Api& api_;
  const StreamReader reader_;
  const FeedStart start_;
  const std::shared_ptr<const Feeds::Place> place_;
  const AuditFilter filter_;
  std::uint64_t next_;         // all before it was sent, or is not asked for
  std::uint64_t told_;         // the client knows that all before it was
  Clock::time_point spoke_{};  // when something was written last
  bool forbidden_ = false;
};

}  // namespace keyledger::http
