// The second half of a change: committed frames go to the projections, then their callers are
// answered. Part of the ledger's machinery.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "core/ledger.h"
#include "core/ledger_calls.h"

namespace keyledger {

// What the writer hands over. The answers are in the calls; they are given once the frame, and so
// every frame before it, is applied.
struct DecidedBatch {
  std::optional<CommittedFrame> frame;  // none: no call of the batch made an event
  std::vector<PendingCall*> calls;
};

// Thread safety: run() is the applier thread; hand_over(), drain() and close() belong to the
// writer, applied() to anybody.
class FrameApplier {
 public:
  // `sink` and `calls` must outlive it. `applied`: how many events the sink has already.
  FrameApplier(FrameSink& sink, CallQueue& calls, std::uint64_t applied)
      : sink_(sink), calls_(calls), applied_(applied) {}

  // In order. Waits while kMaxWaiting batches wait, so that a slow projection slows the writer.
  void hand_over(DecidedBatch batch);
  // Waits until all that was handed over is done.
  void drain();
  // Lets run() end when nothing waits.
  void close();

  // Calls that were handed over and are not answered yet, and how long a call takes here, going by
  // the last batch; 0 before the first.
  [[nodiscard]] std::size_t unanswered() const { return unanswered_.load(); }
  [[nodiscard]] std::chrono::nanoseconds time_per_call() const { return time_per_call_.load(); }

  // How many events the sink has applied, all of them without an error.
  [[nodiscard]] std::uint64_t applied() const { return applied_.load(std::memory_order_acquire); }

  void run();

 private:
  static constexpr std::size_t kMaxWaiting = 4;

  void finish(const DecidedBatch& batch);

  FrameSink& sink_;
  CallQueue& calls_;
  std::atomic<std::uint64_t> applied_;
  std::atomic<std::size_t> unanswered_{0};
  std::atomic<std::chrono::nanoseconds> time_per_call_{std::chrono::nanoseconds{0}};
  bool sink_failed_ = false;  // the applier thread's own

  std::mutex mutex_;
  std::condition_variable work_;      // for the applier
  std::condition_variable progress_;  // for the writer
  std::deque<DecidedBatch> waiting_;
  bool busy_ = false;
  bool closed_ = false;
};

}  // namespace keyledger
