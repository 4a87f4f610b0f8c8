// How keys are used, as numbers: who asks gets these values. Counted in memory by the verify index
// (verify_index_uses.h), kept by Usage (usage.h). Plain values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/judge.h"
#include "core/key.h"
#include "events/ids.h"
#include "events/network.h"
#include "events/origin.h"
#include "events/time.h"

namespace keyledger {

// How often each verdict was given on one key. Verdicts that belong to no key are not counted, and
// neither are HEADER_REQUIRED and NOT_FOUND: they are given before anybody knows whose secret it
// is.
class VerdictCounts {
 public:
  static constexpr auto kFirst = static_cast<std::size_t>(Verdict::kRevoked);
  static constexpr std::size_t kSize = static_cast<std::size_t>(Verdict::kValid) - kFirst + 1;

  [[nodiscard]] static bool counts(Verdict verdict) {
    return static_cast<std::size_t>(verdict) >= kFirst;
  }
  // Of a verdict that is counted.
  [[nodiscard]] std::uint64_t operator[](Verdict verdict) const { return counts_[at(verdict)]; }
  [[nodiscard]] std::uint64_t& operator[](Verdict verdict) { return counts_[at(verdict)]; }
  [[nodiscard]] std::uint64_t refused() const;
  VerdictCounts& operator+=(const VerdictCounts& other);
  bool operator==(const VerdictCounts&) const = default;

 private:
  static std::size_t at(Verdict verdict) { return static_cast<std::size_t>(verdict) - kFirst; }
  std::array<std::uint64_t, kSize> counts_{};
};

// A day or an hour, UTC, by its beginning. What a workspace's counts are divided into.
struct UsePeriod {
  std::uint32_t start_hour = 0;  // hours since 1970
  bool hourly = false;

  [[nodiscard]] static UsePeriod of(Timestamp time, bool hourly);
  [[nodiscard]] Timestamp from() const { return {start_hour * kHourMs}; }
  [[nodiscard]] Timestamp to() const { return from() + (hourly ? kHourMs : 24 * kHourMs); }
  auto operator<=>(const UsePeriod&) const = default;

  static constexpr std::int64_t kHourMs = 3'600'000;
};

// A day of UTC, counted from 1970: how long addresses and origins are kept goes by days.
using UseDay = std::uint16_t;
[[nodiscard]] UseDay use_day_of(Timestamp time);

// What lists and reports show of a key.
struct Use {
  OptionalTime last_used_at;
  std::uint64_t count = 0;
  std::uint64_t refused = 0;
  OptionalTime last_refused_at;
  bool operator==(const Use&) const = default;
};

struct SecretUse {
  SecretId secret;
  Timestamp last_used_at;
  bool operator==(const SecretUse&) const = default;
};

// All that is counted of a key since it was made. Address and origin are those of the last use that
// had one; of a use without, nothing is forgotten.
struct KeyUse {
  VerdictCounts counts;
  OptionalTime last_used_at;
  OptionalTime last_refused_at;
  std::optional<IpAddress> last_ip;
  std::optional<Origin> last_origin;
  UseDay ip_day = 0;  // when they were seen; 0: there is none
  UseDay origin_day = 0;
  std::vector<SecretUse> secrets;  // those of its secrets that have not retired and were used
  bool operator==(const KeyUse&) const = default;
};

struct PeriodUse {
  UsePeriod period;
  VerdictCounts counts;
  OptionalTime last_used_at;  // VALID
  bool operator==(const PeriodUse&) const = default;
};

// Since when the key is known not to have been used: its last use, or when it was made; but nothing
// is known of the time before `known_since` (Usage::known_since), whose uses may be forgotten.
[[nodiscard]] Timestamp unused_since(const Key& key, const OptionalTime& last_used_at,
                                     Timestamp known_since);

}  // namespace keyledger
