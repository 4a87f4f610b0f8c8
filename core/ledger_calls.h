// How calls get from many threads to the writer and answers back: part of the ledger's machinery,
// seen only by core/ledger*.cc and their tests.
#pragma once

#include <semaphore.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "core/ledger.h"

namespace keyledger {

// One call between execute() and its answer. It lies on its caller's stack, so nothing is
// allocated for it. The submission is never changed: after a conflict it is decided again.
class PendingCall {
 public:
  explicit PendingCall(Submission submission);
  ~PendingCall();
  PendingCall(const PendingCall&) = delete;
  PendingCall& operator=(const PendingCall&) = delete;

  [[nodiscard]] const Submission& submission() const { return submission_; }

  // The ledger's threads only, one after the other. complete() is their last touch: the caller may
  // destroy the call before it returns.
  Result<Receipt> answer;
  void complete();

  // The caller only.
  [[nodiscard]] Result<Receipt> wait();

 private:
  const Submission submission_;
  // Of the C library and not std::binary_semaphore: it may be destroyed as soon as the waiter is
  // through, it wakes nobody else, and it does not yield in a loop before it sleeps, which costs
  // more than the sleep when there are many more callers than cores.
  sem_t done_;
};

// The calls that wait for the writer, bounded, in order of arrival.
// Thread safety: take() from one thread, everything else from any.
class CallQueue {
 public:
  explicit CallQueue(std::size_t max_waiting) : max_waiting_(max_waiting) {}

  // All of them at once, so that the writer sees them together, or none. kOverloaded when they do
  // not fit any more, kUnavailable when closed.
  [[nodiscard]] Result<void> push(std::span<PendingCall* const> calls);

  // Waits for calls and puts all of them into `calls`, which it clears first. False once the queue
  // is closed and empty.
  [[nodiscard]] bool take(std::vector<PendingCall*>& calls);

  // Adds to `calls` whatever waits, without waiting for it.
  void take_more(std::vector<PendingCall*>& calls);

  // Nothing more comes in; what waits may still be done.
  void close();
  // The same, for a reason that also forbids to do what waits.
  void break_off();

  [[nodiscard]] bool is_open() const { return state_.load() == State::kOpen; }
  [[nodiscard]] bool is_broken() const { return state_.load() == State::kBroken; }

 private:
  enum class State : std::uint8_t { kOpen, kClosed, kBroken };
  void shut(State state);

  const std::size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<PendingCall*> waiting_;
  bool writer_sleeps_ = false;
  std::atomic<State> state_{State::kOpen};  // changed under the mutex; only ever upwards
};

// The one answer to whoever comes after the writer has stopped.
[[nodiscard]] tl::unexpected<Error> takes_no_writes(bool broken);

}  // namespace keyledger
