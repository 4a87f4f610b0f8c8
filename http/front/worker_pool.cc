#include "http/front/worker_pool.h"

namespace keyledger::http {

WorkerPool::WorkerPool(std::size_t threads, std::size_t longest_queue)
    : longest_queue_(longest_queue) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkerPool::~WorkerPool() { finish(); }

bool WorkerPool::offer(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (over_ || jobs_.size() >= longest_queue_) return false;
    jobs_.push_back(std::move(job));
  }
  there_.notify_one();
  return true;
}

void WorkerPool::finish() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  there_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WorkerPool::work() {
  while (true) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      there_.wait(lock, [this] { return over_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace keyledger::http
