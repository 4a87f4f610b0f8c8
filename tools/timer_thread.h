// Something that is done again and again, on a thread of its own.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <thread>

namespace keyledger {

class TimerThread {
 public:
  // Ends early what takes long once a stop is requested. Does not throw.
  using Tick = std::function<void(const std::stop_token&)>;

  // Starts the thread: it calls `tick` after each pause of that length, the first time after one.
  TimerThread(std::chrono::milliseconds pause, Tick tick);
  // Requests a stop; a pause ends at once, a tick is waited for.
  ~TimerThread() = default;

 private:
  std::jthread thread_;
};

}  // namespace keyledger
