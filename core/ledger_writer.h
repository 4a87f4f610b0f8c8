// The one thread that appends. Part of the ledger's machinery.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/ledger_applier.h"
#include "core/ledger_calls.h"
#include "core/ledger_frame.h"
#include "core/overlay.h"

namespace keyledger {

class LedgerWriter {
 public:
  // All of them must outlive it.
  LedgerWriter(EventLog& log, const StateReader& state, CallQueue& calls, FrameApplier& applier,
               const LedgerHead& head, const LedgerOptions& options);

  // Takes, decides, appends and hands over, until the queue is closed and empty.
  void run();

 private:
  using Calls = std::span<PendingCall* const>;

  // Whether to let the answers in flight go out before the next frame, since those callers will be
  // back with more.
  [[nodiscard]] bool worth_waiting(std::size_t taken) const;
  void process(Calls calls);
  // Decides as many of `calls` as one frame takes, appends it and sees to the answers. Says how
  // many are dealt with; after a conflict none, they must be decided again.
  [[nodiscard]] std::size_t process_some(Calls calls, Timestamp now);
  // The calls that answered themselves into one frame.
  [[nodiscard]] Calls gather(Calls calls, Timestamp now);

  // Appends until the outcome is certain, or is not going to be: then kIndeterminate.
  [[nodiscard]] AppendOutcome append(const CommittedFrame& committed);
  // Whether the frame at the head is this very one: kOk, kConflict, or kIndeterminate if that
  // cannot be told.
  [[nodiscard]] AppendOutcome look_up(const Frame& frame) const;
  void failed(AppendOutcome outcome, Calls calls);

  // Applies what others appended. On an error nothing can be decided.
  [[nodiscard]] Result<void> catch_up();
  [[nodiscard]] Result<void> take_over(const StoredFrame& stored);
  // Waits until nothing is in flight, and forgets what was decided but not stored.
  void settle();

  void answer(Calls calls);
  void answer(Calls calls, const Error& error);

  EventLog& log_;
  CallQueue& calls_;
  FrameApplier& applier_;
  const std::function<Timestamp()> clock_;
  const std::chrono::milliseconds max_clock_lag_;

  LogId log_id_;
  std::uint64_t head_ = 0;                   // how many events are in the log, as far as we know
  Timestamp last_time_;                      // of the newest one
  std::chrono::nanoseconds append_time_{0};  // of the last frame
  Overlay overlay_;
  FrameBuilder builder_;
};

}  // namespace keyledger
