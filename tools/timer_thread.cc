#include "tools/timer_thread.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace keyledger {

TimerThread::TimerThread(std::chrono::milliseconds pause, Tick tick)
    : thread_([pause, tick = std::move(tick)](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        while (!stop.stop_requested()) {
          wake.wait_for(lock, stop, pause, [] { return false; });
          if (!stop.stop_requested()) tick(stop);
        }
      }) {}

}  // namespace keyledger
