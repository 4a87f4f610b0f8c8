// How often a key may be used: a token bucket, in whole numbers. A key may be used `limit` times at
// once; what was used comes back evenly over `window_seconds`. Pure: no clock, no lock.
#pragma once

#include <cstdint>
#include <optional>

#include "events/access_rules.h"
#include "events/time.h"

namespace keyledger {

// What may be set. Larger numbers, which only a log that others wrote can hold, count as these, so
// that the arithmetic below cannot overflow.
inline constexpr std::uint32_t kMaxRateLimit = 1'000'000'000;
inline constexpr std::uint32_t kMaxRateWindowSeconds = 31 * 86'400;

// A key's own limit that says: none, whatever the policy says. In a leaf it is a limit of 0.
inline constexpr RateLimit kNoRateLimit{0, 0};
[[nodiscard]] constexpr bool is_limited(const RateLimit& rate) { return rate.limit != 0; }

// The limit that holds for a key: its own before the policy's. Nothing: as often as you like.
[[nodiscard]] std::optional<RateLimit> rate_limit_for(const std::optional<RateLimit>& own,
                                                      const std::optional<RateLimit>& policy);

// Where a bucket stands, for the headers of an answer.
struct RateState {
  RateLimit rate;
  std::uint32_t remaining = 0;        // uses that are left right now
  std::uint32_t next_in_seconds = 0;  // until there is one more, rounded up; 0 in a full bucket
  bool operator==(const RateState&) const = default;
};

// 24 bytes. Thread safety: as any value. Time that goes back gives nothing and takes nothing: the
// bucket waits until it has caught up, a window at most, then takes the earlier time for the right
// one (a clock that was far ahead and was mended).
class TokenBucket {
 public:
  // A full one. `rate` must be limited.
  explicit TokenBucket(const RateLimit& rate);

  // Takes one token if there is a whole one; otherwise it takes nothing.
  [[nodiscard]] bool take(Timestamp now);
  [[nodiscard]] RateState state(Timestamp now) const;
  [[nodiscard]] bool is_full(Timestamp now) const;
  [[nodiscard]] const RateLimit& rate() const { return rate_; }

 private:
  // In a unit of which each millisecond gives `limit`, so that nothing is ever rounded: a token is
  // window_seconds * 1000 of them.
  [[nodiscard]] std::uint64_t token() const;
  [[nodiscard]] std::uint64_t capacity() const;
  [[nodiscard]] std::uint64_t used_at(Timestamp now) const;

  RateLimit rate_;
  std::uint64_t used_ = 0;
  Timestamp at_;
};

}  // namespace keyledger
