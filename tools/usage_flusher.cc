#include "tools/usage_flusher.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace keyledger {

UsageFlusher::UsageFlusher(Ledger& ledger, Projections& projections,
                           std::chrono::milliseconds every, std::function<Timestamp()> clock)
    : usage_(projections.usage()),
      keeper_(ledger, projections),
      clock_(std::move(clock)),
      flushes_(every, [this](const std::stop_token& /*stop*/) { flush(); }),
      keeps_(every, [this](const std::stop_token& stop) { keeper_.step(clock_(), stop); }) {}

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
