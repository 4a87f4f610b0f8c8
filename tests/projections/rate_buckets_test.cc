#include "projections/rate_buckets.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <map>
#include <random>
#include <thread>
#include <vector>

namespace keyledger {
namespace {

constexpr Timestamp kNoon{1'780'000'000'000};

KeyId id_of(std::uint64_t number) {
  KeyId id;
  std::memcpy(id.bytes.data(), &number, sizeof(number));
  id.bytes.back() = static_cast<std::uint8_t>(number);  // as random as a real one's
  return id;
}

TEST(RateBuckets, KeepsTheKeysApart) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    RateBuckets buckets;
    std::map<std::uint64_t, TokenBucket> alone;
    Timestamp now = kNoon;
    for (int step = 0; step < 20'000; ++step) {
      const std::uint64_t number = random() % 2'000;
      const RateLimit rate{static_cast<std::uint32_t>(number % 5 + 1), 30};
      TokenBucket& wanted = alone.emplace(number, TokenBucket(rate)).first->second;
      const RateTake taken = buckets.take(id_of(number), rate, now);
      ASSERT_EQ(taken.granted, wanted.take(now)) << "step " << step;
      ASSERT_EQ(taken.after, wanted.state(now)) << "step " << step;
      now = now + static_cast<std::int64_t>(random() % 20);
    }
  }
}

TEST(RateBuckets, BeginsAnewWithAnotherLimit) {
  RateBuckets buckets;
  EXPECT_TRUE(buckets.take(id_of(1), {1, 60}, kNoon).granted);
  EXPECT_FALSE(buckets.take(id_of(1), {1, 60}, kNoon).granted);
  EXPECT_TRUE(buckets.take(id_of(1), {2, 60}, kNoon).granted);
  EXPECT_TRUE(buckets.take(id_of(1), {2, 60}, kNoon).granted);
  EXPECT_FALSE(buckets.take(id_of(1), {2, 60}, kNoon).granted);
}

// However many keys are used over time: what is kept is about what is not full now.
TEST(RateBuckets, ForgetsFullBuckets) {
  RateBuckets buckets;
  constexpr std::uint64_t kAtOnce = 20'000;  // buckets that are not full at one moment
  constexpr std::uint64_t kRounds = 10;
  constexpr std::size_t kShards = 256;
  constexpr std::size_t kFirstSweep = 64;  // of one shard
  std::size_t most = 0;
  for (std::uint64_t number = 0; number < kRounds * kAtOnce; ++number) {
    const Timestamp now = kNoon + static_cast<std::int64_t>(number / kAtOnce) * 2'000;
    EXPECT_TRUE(buckets.take(id_of(number), {1, 1}, now).granted);
    if (number % 1'000 == 999) most = std::max(most, buckets.size());  // asks every shard
  }
  EXPECT_GE(most, kAtOnce) << "all that are not full are kept";
  EXPECT_LE(most, 2 * kAtOnce + kShards * kFirstSweep);
}

TEST(RateBuckets, NeverGivesOneTokenToTwoThreads) {
  constexpr std::uint32_t kTokens = 5'000;
  RateBuckets buckets;
  std::atomic<std::uint32_t> granted{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (std::uint32_t i = 0; i < kTokens; ++i) {
        const RateTake taken = buckets.take(id_of(i % 3), {kTokens / 2, 60}, kNoon);
        if (taken.granted) ++granted;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(granted.load(), 3 * (kTokens / 2)) << "20,000 were asked of three keys";
}

}  // namespace
}  // namespace keyledger
