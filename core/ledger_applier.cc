#include "core/ledger_applier.h"

#include <utility>

namespace keyledger {

void FrameApplier::hand_over(DecidedBatch batch) {
  std::unique_lock<std::mutex> lock(mutex_);
  progress_.wait(lock, [this] { return waiting_.size() < kMaxWaiting; });
  unanswered_ += batch.calls.size();
  waiting_.push_back(std::move(batch));
  lock.unlock();
  work_.notify_one();
}

void FrameApplier::drain() {
  std::unique_lock<std::mutex> lock(mutex_);
  progress_.wait(lock, [this] { return waiting_.empty() && !busy_; });
}

void FrameApplier::close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  work_.notify_one();
}

void FrameApplier::run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return !waiting_.empty() || closed_; });
    if (waiting_.empty()) return;
    const DecidedBatch batch = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    lock.unlock();
    progress_.notify_one();
    finish(batch);
    lock.lock();
    busy_ = false;
    if (waiting_.empty()) progress_.notify_one();
  }
}

void FrameApplier::finish(const DecidedBatch& batch) {
  const auto begin = std::chrono::steady_clock::now();
  if (batch.frame) {
    // Also after an error: the frame is committed and will be answered as done, so what lives in
    // memory (the verify index) must know it. A store that failed refuses by itself.
    const Result<void> applied = sink_.apply(*batch.frame);
    if (!applied) {
      sink_failed_ = true;
      calls_.break_off();
    }
    if (!sink_failed_) {
      applied_.store(batch.frame->frame.end_position(), std::memory_order_release);
    }
  }
  for (PendingCall* call : batch.calls) call->complete();
  unanswered_ -= batch.calls.size();
  if (batch.frame && !batch.calls.empty()) {
    time_per_call_ = (std::chrono::steady_clock::now() - begin) / batch.calls.size();
  }
}

}  // namespace keyledger
