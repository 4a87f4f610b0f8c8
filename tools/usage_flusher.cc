#include "tools/usage_flusher.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace keyledger {

UsageFlusher::UsageFlusher(Ledger& ledger, Projections& projections, const EventLog& log,
                           std::chrono::milliseconds every, std::function<Timestamp()> clock)
    : usage_(projections.usage()),
      keeper_(ledger, projections, log),
      every_(every),
      clock_(std::move(clock)),
      thread_([this] { run(); }) {}

UsageFlusher::~UsageFlusher() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void UsageFlusher::run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, every_, [this] { return stopping_; })) {
    lock.unlock();
    flush();
    keeper_.step(clock_());
    lock.lock();
  }
}

// Said once, not every few seconds; the metrics say it all the time.
void UsageFlusher::flush() {
  if (!usage_.status().kept) return;
  const auto flushed = usage_.flush(clock_());
  if (!flushed && !failing_) {
    spdlog::error("usage could not be written, uses are counted in memory: {}",
                  flushed.error().detail);
  }
  if (flushed && failing_) spdlog::info("usage is written again");
  failing_ = !flushed;
}

}  // namespace keyledger
