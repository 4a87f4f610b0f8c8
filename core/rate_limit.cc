#include "core/rate_limit.h"

#include <algorithm>
#include <limits>

namespace keyledger {
namespace {

// From `from` to `to`, which may lie as far apart as times can.
std::uint64_t milliseconds_between(Timestamp from, Timestamp to) {
  return static_cast<std::uint64_t>(to.ms) - static_cast<std::uint64_t>(from.ms);
}

}  // namespace

std::optional<RateLimit> rate_limit_for(const std::optional<RateLimit>& own,
                                        const std::optional<RateLimit>& policy) {
  const std::optional<RateLimit>& rate = own ? own : policy;
  return rate && is_limited(*rate) ? rate : std::nullopt;
}

TokenBucket::TokenBucket(const RateLimit& rate)
    : rate_{std::clamp(rate.limit, 1U, kMaxRateLimit),
            std::clamp(rate.window_seconds, 1U, kMaxRateWindowSeconds)},
      at_{std::numeric_limits<std::int64_t>::min()} {}

std::uint64_t TokenBucket::token() const { return std::uint64_t{rate_.window_seconds} * 1000; }

std::uint64_t TokenBucket::capacity() const { return rate_.limit * token(); }

std::uint64_t TokenBucket::used_at(Timestamp now) const {
  if (now <= at_) return used_;
  const std::uint64_t passed = milliseconds_between(at_, now);
  if (passed >= token()) return 0;  // a whole window
  return used_ - std::min(used_, passed * rate_.limit);
}

bool TokenBucket::take(Timestamp now) {
  used_ = used_at(now);
  const bool put_back = now < at_ && milliseconds_between(now, at_) > token();
  if (now > at_ || put_back) at_ = now;
  if (capacity() - used_ < token()) return false;
  used_ += token();
  return true;
}

RateState TokenBucket::state(Timestamp now) const {
  const std::uint64_t left = capacity() - used_at(now);
  RateState state;
  state.rate = rate_;
  state.remaining = static_cast<std::uint32_t>(left / token());
  if (state.remaining == rate_.limit) return state;
  const std::uint64_t missing = token() - left % token();
  const std::uint64_t ahead = now < at_ ? std::min(milliseconds_between(now, at_), token()) : 0;
  const std::uint64_t wait = (missing + rate_.limit - 1) / rate_.limit + ahead;
  state.next_in_seconds = static_cast<std::uint32_t>((wait + 999) / 1000);
  return state;
}

bool TokenBucket::is_full(Timestamp now) const { return used_at(now) == 0; }

}  // namespace keyledger
