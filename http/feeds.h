// Answers that are sent for as long as their client likes, each from a thread and a connection of
// its own: live feeds and exports of the trail. How many there may be, and how often feeds speak.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "events/ids.h"
#include "events/result.h"

namespace keyledger::http {

struct FeedOptions {
  // Said after so long a silence: proxies cut off what is silent, and most wait 60 s for it.
  std::chrono::milliseconds heartbeat{15'000};
  // The clock, the client and the server's stop wake nobody, so an idle feed looks that often
  // whether its caller's key has expired and whether anybody still listens.
  std::chrono::milliseconds look{250};
  // Between two looks for new entries at least: they go out together, and a busy ledger does not
  // wake every feed for every frame.
  std::chrono::milliseconds pace{100};

  std::size_t of_member = 4;
  std::size_t of_workspace = 16;
  std::size_t in_all = 48;  // three quarters of ServerOptions::max_streams: the rest is for tables
};

// Those that are open. Thread safety: any thread. Must outlive its places.
class Feeds {
 public:
  explicit Feeds(const FeedOptions& options) : options_(options) {}

  // The right to be there, given back with its last copy.
  class Place;
  // kRateLimited if the member or its workspace has as many as it may, kOverloaded if there is no
  // room for anybody's.
  [[nodiscard]] Result<std::shared_ptr<const Place>> take(const WorkspaceId& workspace,
                                                          const MemberId& member);

 private:
  struct Holder {
    WorkspaceId workspace;
    MemberId member;
    bool operator==(const Holder&) const = default;
  };
  void give_back(const Holder& holder);

  const FeedOptions options_;
  std::mutex mutex_;
  std::vector<Holder> open_;  // so few that counting is looking through them
};

}  // namespace keyledger::http
