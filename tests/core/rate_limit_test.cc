#include "core/rate_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace keyledger {
namespace {

__extension__ using Wide = __int128;

constexpr Timestamp kNoon{1'780'000'000'000};
constexpr std::int64_t kMaxTime = std::numeric_limits<std::int64_t>::max();

// What a token bucket promises, said without one: of the uses that were granted, no stretch of time
// from one of them to another holds more than `limit` and what comes back in that time. Exact, in
// integers that cannot overflow here.
class Model {
 public:
  explicit Model(const RateLimit& rate) : limit_(rate.limit), window_(rate.window_seconds * 1000) {}

  // Grants a use if the promise can be kept.
  bool take(Timestamp now) {
    turn_clock(now);
    if (wait(1) > 0) return false;
    granted_.push_back(clock_);
    return true;
  }
  // How long until `more` uses would be granted, in units of 1 / limit milliseconds; at most 0:
  // now.
  [[nodiscard]] Wide wait(std::int64_t more) const {
    Wide longest = (more - limit_) * Wide{window_};
    for (std::size_t i = 0; i < granted_.size(); ++i) {
      const Wide held = Wide(granted_.size() - i) + more - limit_;
      longest = std::max(longest, held * window_ - (clock_ - granted_[i]) * Wide{limit_});
    }
    return longest;
  }
  [[nodiscard]] std::int64_t left() const {
    std::int64_t left = 0;
    while (left < limit_ && wait(left + 1) <= 0) ++left;
    return left;
  }
  [[nodiscard]] Wide limit() const { return limit_; }
  [[nodiscard]] std::int64_t clock() const { return clock_; }

 private:
  // Earlier: waits, unless that would take more than a window; then all that was is moved back.
  void turn_clock(Timestamp now) {
    if (now.ms >= clock_) {
      clock_ = now.ms;
    } else if (clock_ - now.ms > window_) {
      for (std::int64_t& time : granted_) time -= clock_ - now.ms;
      clock_ = now.ms;
    }
  }

  std::int64_t limit_;
  std::int64_t window_;
  std::int64_t clock_ = 0;
  std::vector<std::int64_t> granted_;
};

RateLimit random_rate(std::mt19937_64& random) {
  const auto below = [&](std::uint64_t limit) {
    return static_cast<std::uint32_t>(random() % limit);
  };
  // Coarse and fine ones: many uses in a second, one in an hour, thirds of a millisecond.
  const std::uint32_t limits[] = {1, 1 + below(3), 7, 1 + below(40)};
  const std::uint32_t windows[] = {1, 1 + below(5), 60, 1 + below(4000)};
  return {limits[below(4)], windows[below(4)]};
}

// Steps about as long as the time between two tokens, sometimes far longer or back.
Timestamp later(std::mt19937_64& random, Timestamp now, const RateLimit& rate) {
  const std::int64_t window = std::int64_t{rate.window_seconds} * 1000;
  const std::int64_t step = window / rate.limit + 1;
  const auto below = [&](std::int64_t limit) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(limit));
  };
  switch (below(20)) {
    case 0: return now + below(3 * window + 1);
    case 1: return now + (-below(window / 2 + 1));
    case 2: return now + (-below(3 * window + 1));
    default: return now + below(step);
  }
}

TEST(TokenBucket, GrantsExactlyWhatTheModelGrants) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const RateLimit rate = random_rate(random);
    TokenBucket bucket(rate);
    Model model(rate);
    Timestamp now = kNoon;
    for (int step = 0; step < 200; ++step) {
      ASSERT_EQ(bucket.take(now), model.take(now)) << "step " << step;
      const RateState state = bucket.state(now);
      ASSERT_EQ(state.remaining, model.left()) << "step " << step;
      // To the second: never too early, and not a whole second too late.
      const Wide wait = model.wait(model.left() + 1) + (model.clock() - now.ms) * model.limit();
      const Wide told = Wide{state.next_in_seconds} * 1000 * model.limit();
      ASSERT_GE(told, wait) << "step " << step;
      ASSERT_LT(told - wait, 1000 * model.limit()) << "step " << step;
      now = later(random, now, rate);
    }
  }
}

TEST(TokenBucket, ComesToWhatWasPromisedHoweverOftenItIsAsked) {
  const RateLimit rate{7, 60};  // a token in 8,571.428… ms: rounding once would show in a day
  TokenBucket bucket(rate);
  std::uint64_t granted = 0;
  for (std::int64_t ms = 0; ms <= 86'400'000; ms += 500) {
    if (bucket.take(kNoon + ms)) ++granted;
  }
  EXPECT_EQ(granted, 7U + 86'400U * 7 / 60);
}

TEST(TokenBucket, TakesNothingForARefusal) {
  TokenBucket bucket({2, 10});
  EXPECT_TRUE(bucket.take(kNoon));
  EXPECT_TRUE(bucket.take(kNoon));
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(bucket.take(kNoon + 4'999));
  EXPECT_TRUE(bucket.take(kNoon + 5'000));
}

TEST(TokenBucket, IsFullAgainAfterAWindowAndNoFuller) {
  TokenBucket bucket({3, 10});
  EXPECT_TRUE(bucket.is_full(kNoon));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(kNoon));
  EXPECT_FALSE(bucket.is_full(kNoon + 9'999));
  EXPECT_TRUE(bucket.is_full(kNoon + 10'000));
  EXPECT_EQ(bucket.state(kNoon + 10'000), (RateState{{3, 10}, 3, 0}));
  const Timestamp later = kNoon + 86'400'000;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(later));
  EXPECT_FALSE(bucket.take(later));
}

TEST(TokenBucket, OutlivesAClockThatWasFarAheadOnce) {
  TokenBucket bucket({1, 10});
  EXPECT_TRUE(bucket.take(kNoon + 365LL * 86'400'000));
  EXPECT_FALSE(bucket.take(kNoon)) << "going back gives nothing";
  EXPECT_FALSE(bucket.take(kNoon + 9'999));
  EXPECT_TRUE(bucket.take(kNoon + 10'000)) << "and costs a window at most";
}

TEST(TokenBucket, CountsRightAtTheEndsOfWhatNumbersHold) {
  const std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
  for (const RateLimit rate : {RateLimit{most, most}, {most, 1}, {1, most}, {1, 0}}) {
    TokenBucket bucket(rate);
    EXPECT_TRUE(bucket.take({-kMaxTime}));
    const std::uint32_t left = bucket.state({-kMaxTime}).remaining;
    EXPECT_EQ(left, std::min(rate.limit, kMaxRateLimit) - 1);
    EXPECT_LE(bucket.state({-kMaxTime}).next_in_seconds, kMaxRateWindowSeconds);
    EXPECT_TRUE(bucket.is_full({kMaxTime}));
    EXPECT_TRUE(bucket.take({kMaxTime}));
    EXPECT_EQ(bucket.take({-kMaxTime}), left > 0);
  }
}

TEST(RateLimitFor, PrefersTheKeysOwnAndKnowsNone) {
  const RateLimit own{5, 60};
  const RateLimit policy{100, 60};
  EXPECT_EQ(rate_limit_for(std::nullopt, std::nullopt), std::nullopt);
  EXPECT_EQ(rate_limit_for(std::nullopt, policy), policy);
  EXPECT_EQ(rate_limit_for(own, policy), own);
  EXPECT_EQ(rate_limit_for(own, std::nullopt), own);
  EXPECT_EQ(rate_limit_for(kNoRateLimit, policy), std::nullopt);
}

}  // namespace
}  // namespace keyledger
