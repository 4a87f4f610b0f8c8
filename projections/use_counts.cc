#include "projections/use_counts.h"

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

}  // namespace keyledger
