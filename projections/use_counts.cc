#include "projections/use_counts.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace keyledger {

std::uint64_t VerdictCounts::refused() const {
  return std::accumulate(counts_.begin(), counts_.end() - 1, std::uint64_t{0});
}

VerdictCounts& VerdictCounts::operator+=(const VerdictCounts& other) {
  for (std::size_t i = 0; i < kSize; ++i) counts_[i] += other.counts_[i];
  return *this;
}

UsePeriod UsePeriod::of(Timestamp time, bool hourly) {
  const auto hour = static_cast<std::uint32_t>(time.ms / kHourMs);
  return {hourly ? hour : hour / 24 * 24, hourly};
}

UseDay use_day_of(Timestamp time) {
  constexpr std::int64_t kLast = std::numeric_limits<UseDay>::max();
  const std::int64_t day = time.ms / kDayMs;
  return static_cast<UseDay>(std::clamp<std::int64_t>(day, 0, kLast));
}

Timestamp unused_since(const Key& key, const OptionalTime& last_used_at, Timestamp known_since) {
  return std::max(last_used_at.value_or(key.created_at), known_since);
}

}  // namespace keyledger
