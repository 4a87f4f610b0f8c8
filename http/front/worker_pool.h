// Threads for requests that may block (a change waits for its fsync), and a bounded queue before
// them: who does not fit is told so at once and not after a long wait.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace keyledger::http {

class WorkerPool {
 public:
  using Job = std::function<void()>;  // does not throw

  WorkerPool(std::size_t threads, std::size_t longest_queue);
  ~WorkerPool();  // finish()
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False if the queue is full. Any thread.
  [[nodiscard]] bool offer(Job job);
  // Returns when all that was taken is done. Nothing is taken afterwards.
  void finish();

 private:
  void work();

  const std::size_t longest_queue_;
  std::mutex mutex_;
  std::condition_variable there_;
  std::deque<Job> jobs_;
  bool over_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace keyledger::http
