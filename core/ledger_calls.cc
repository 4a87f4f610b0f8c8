#include "core/ledger_calls.h"

#include <cassert>
#include <cerrno>
#include <utility>

namespace keyledger {

PendingCall::PendingCall(Submission submission) : submission_(std::move(submission)) {
  [[maybe_unused]] const int rc = sem_init(&done_, 0, 0);
  assert(rc == 0);  // fails only for a shared one or a value out of range
}

PendingCall::~PendingCall() { sem_destroy(&done_); }

void PendingCall::complete() { sem_post(&done_); }

Result<Receipt> PendingCall::wait() {
  while (sem_wait(&done_) != 0 && errno == EINTR) {
  }
  return std::move(answer);
}

Result<void> CallQueue::push(std::span<PendingCall* const> calls) {
  bool wake = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!is_open()) return takes_no_writes(is_broken());
    if (waiting_.size() + calls.size() > max_waiting_) {
      return fail(ErrorCode::kOverloaded, "Too many changes are waiting; try again shortly.");
    }
    waiting_.insert(waiting_.end(), calls.begin(), calls.end());
    wake = std::exchange(writer_sleeps_, false);
  }
  if (wake) arrived_.notify_one();
  return {};
}

bool CallQueue::take(std::vector<PendingCall*>& calls) {
  calls.clear();
  std::unique_lock<std::mutex> lock(mutex_);
  while (waiting_.empty() && is_open()) {
    writer_sleeps_ = true;
    arrived_.wait(lock);
  }
  writer_sleeps_ = false;
  calls.swap(waiting_);
  return !calls.empty();
}

void CallQueue::take_more(std::vector<PendingCall*>& calls) {
  const std::lock_guard<std::mutex> lock(mutex_);
  calls.insert(calls.end(), waiting_.begin(), waiting_.end());
  waiting_.clear();
}

void CallQueue::close() { shut(State::kClosed); }

void CallQueue::break_off() { shut(State::kBroken); }

void CallQueue::shut(State state) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (state > state_.load()) state_.store(state);
  arrived_.notify_one();
}

tl::unexpected<Error> takes_no_writes(bool broken) {
  return fail(ErrorCode::kUnavailable,
              broken ? "The ledger takes no changes until it is restarted: storing one failed."
                     : "The ledger is stopping and takes no more changes.");
}

}  // namespace keyledger
