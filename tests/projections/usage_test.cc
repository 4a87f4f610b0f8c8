#include "projections/usage.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>
#include <tuple>

#include "projections/all.h"
#include "projections/use_slot.h"
#include "tests/projections/random_history.h"
#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

constexpr std::int64_t kHour = UsePeriod::kHourMs;

// What is counted, as a plain fold of all attempts.
struct Model {
  struct OfKey {
    KeyUse total;
    std::map<SecretId, Timestamp> secrets;
    std::map<std::uint32_t, VerdictCounts> days;  // by their first hour
    bool operator==(const OfKey&) const = default;
  };
  std::map<KeyId, OfKey> keys;

  void count(const KeyId& id, const SecretId& secret, Verdict verdict, const RequestSource& from,
             Timestamp now, const UsePeriod& period) {
    OfKey& key = keys[id];
    ++key.total.counts[verdict];
    ++key.days[period.start_hour / 24 * 24][verdict];
    if (verdict != Verdict::kValid) {
      key.total.last_refused_at = std::max(key.total.last_refused_at, OptionalTime(now));
      return;
    }
    Timestamp& used = key.secrets[secret];
    used = std::max(used, now);
    if (key.total.last_used_at > OptionalTime(now)) return;
    key.total.last_used_at = now;
    if (from.ip) {
      key.total.last_ip = from.ip;
      key.total.ip_day = use_day_of(now);
    }
    if (!from.origin) return;
    key.total.last_origin = from.origin;
    key.total.origin_day = use_day_of(now);
  }
};

class UsageTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override {
    history_.grow_by_frames(60);
    open();
  }

  void open() {
    auto opened =
        Projections::open(history_.log(), (dir_.path() / "derived").string(), {}, nullptr);
    ASSERT_TRUE(opened) << opened.error().detail;
    projections_ = std::move(*opened);
    const auto usage = projections_->usage().open((dir_.path() / "usage").string(), {}, now_);
    ASSERT_TRUE(usage) << usage.error().detail;
    newest_.clear();
  }

  std::uint64_t below(std::uint64_t end) { return history_.random().below(end); }
  VerifyIndex& index() { return projections_->verify_index(); }
  Usage& usage() { return projections_->usage(); }

  Key some_key() {
    const std::vector<Key> keys = history_.state().keys();
    return keys[below(keys.size())];
  }

  // A period never begins before one of the same length that the key has in memory.
  UsePeriod period_of(const KeyId& key, Timestamp time) {
    UsePeriod period = UsePeriod::of(time, hourly_);
    const auto known = newest_.find(key);
    if (known != newest_.end() && known->second.hourly == hourly_) {
      period = std::max(period, known->second);
    }
    newest_[key] = period;
    return period;
  }

  void verify() {
    const Key key = some_key();
    const KeySecret& secret = key.secrets[below(key.secrets.size())];
    Policy policy;
    policy.use_digest = hourly_ ? UseDigest::kHourly : UseDigest::kDaily;
    VerifyRequest request{key.workspace, std::nullopt, {}};
    request.from = history_.source();
    const Timestamp now = now_ + -static_cast<std::int64_t>(below(10'000));
    const auto answer = index().verify(secret.facts.hash.bytes, policy, request, now);
    const Verdict verdict = answer.judgement.verdict;
    EXPECT_EQ(answer.secret, secret.facts.id);
    if (!VerdictCounts::counts(verdict)) return;
    if (verdict == Verdict::kSecretRetired) {
      index().count({key.id, secret.facts.id, verdict, request.from, policy.use_digest},
                    std::nullopt, now);
    }
    ++counted_;
    memory_.count(key.id, secret.facts.id, verdict, request.from, now, period_of(key.id, now));
  }

  void expect_same() {
    for (const Key& key : history_.state().keys()) {
      Model::OfKey wanted = memory_.keys[key.id];
      for (const KeySecret& secret : key.secrets) {
        const auto used = wanted.secrets.find(secret.facts.id);
        const bool retired = secret.retires_at && *secret.retires_at <= now_;
        if (retired || used == wanted.secrets.end()) continue;
        EXPECT_EQ(index().secret_last_used(key.id, secret.facts.id), used->second);
      }
      KeyUse total = index().all_uses_of(key.id, now_);
      total.secrets.clear();
      EXPECT_EQ(total, wanted.total);
      const Use use = index().use_of(key.id);
      EXPECT_EQ(use.count, wanted.total.counts[Verdict::kValid]);
      EXPECT_EQ(use.refused, wanted.total.counts.refused());
      EXPECT_EQ(use.last_used_at, wanted.total.last_used_at);
      const auto days = usage().days(key.workspace, key.id, began_, now_);
      ASSERT_TRUE(days) << days.error().detail;
      std::map<std::uint32_t, VerdictCounts> by_day;
      for (const DayUse& day : *days) {
        by_day[static_cast<std::uint32_t>(day.day.ms / kHour)] = day.counts;
      }
      EXPECT_EQ(by_day, wanted.days);
    }
  }

  void step() {
    const std::uint64_t what = below(100);
    if (what < 88) {
      verify();
    } else if (what < 94) {
      ASSERT_TRUE(usage().flush(now_));
      disk_ = memory_;
    } else if (what < 95) {
      usage().close(now_);
      projections_.reset();
      open();
      disk_ = memory_;
    } else if (what < 96) {  // a crash
      projections_.reset();
      open();
      memory_ = disk_;
    } else if (what < 97) {
      hourly_ = !hourly_;
    } else if (what < 99) {
      now_ = now_ + static_cast<std::int64_t>(below(2 * kHour));
    } else {
      ASSERT_TRUE(projections_->projector().apply(history_.grow(8)));
    }
  }

  TempDir dir_;
  RandomHistory history_{GetParam()};
  Timestamp now_{1'774'872'000'000 + 90 * 24 * kHour};
  const Timestamp began_ = now_ + -kHour;
  bool hourly_ = false;
  std::map<KeyId, UsePeriod> newest_;
  std::unique_ptr<Projections> projections_;
  Model memory_;
  Model disk_;
  std::size_t counted_ = 0;
};

TEST_P(UsageTest, IsWhatAPlainFoldOfAllAttemptsSaysAndACrashLosesWhatCameAfterTheLastFlush) {
  for (int i = 0; i < 1500; ++i) {
    step();
    if (i % 250 == 0) expect_same();
    if (HasFatalFailure()) return;
  }
  expect_same();
  EXPECT_GT(counted_, 500U);
}

TEST_P(UsageTest, CountsOfManyThreadsOnOneKeyAreAllThereWhileItIsFlushed) {
  const Key key = some_key();
  constexpr std::uint64_t kEach = 20'000;
  std::atomic<bool> done = false;
  std::thread flusher([&] {
    while (!done) EXPECT_TRUE(usage().flush(now_));
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      for (std::uint64_t n = 0; n < kEach; ++n) {
        const auto period = n % 2 == 0 ? UseDigest::kDaily : UseDigest::kHourly;
        const Verdict verdict = i == 2 ? Verdict::kIpNotAllowed : Verdict::kValid;
        index().count({key.id, key.current_secret().facts.id, verdict, {}, period}, std::nullopt,
                      now_ + static_cast<std::int64_t>(n));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  done = true;
  flusher.join();
  ASSERT_TRUE(usage().flush(now_));
  projections_.reset();
  open();
  const KeyUse total = index().all_uses_of(key.id, now_);
  EXPECT_EQ(total.counts[Verdict::kValid], 2 * kEach);
  EXPECT_EQ(total.counts[Verdict::kIpNotAllowed], kEach);
  EXPECT_EQ(total.last_used_at, now_ + static_cast<std::int64_t>(kEach - 1));
  const auto days = usage().days(key.workspace, key.id, now_, now_ + 24 * kHour);
  ASSERT_TRUE(days);
  VerdictCounts sum;
  for (const DayUse& day : *days) sum += day.counts;
  EXPECT_EQ(sum, total.counts) << "a period is written over by no other, however they take turns";
}

// Hours end while many threads count, some of whose clocks are late: what was digested stays as it
// was, and no count is lost.
TEST_P(UsageTest, ADigestHoldsWhateverIsCountedMeanwhile) {
  const std::vector<Key> keys = history_.state().keys();
  std::atomic<std::int64_t> clock = now_.ms;
  std::atomic<bool> done = false;
  std::atomic<std::uint64_t> counted = 0;
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937_64 random(GetParam() * 3 + seed);
      while (!done) {
        const Timestamp now{clock - static_cast<std::int64_t>(random() % (kHour / 2))};
        const Key& key = keys[random() % keys.size()];
        index().count({key.id, {}, Verdict::kValid, {}, UseDigest::kHourly}, std::nullopt, now);
        ++counted;
      }
    });
  }
  std::map<std::pair<WorkspaceId, UsePeriod>, PeriodDigest> digests;
  for (int hour = 0; hour < 30; ++hour) {
    const std::uint64_t before = counted;
    while (counted < before + 200) std::this_thread::yield();
    const Timestamp end{(now_.ms / kHour + 1 + hour) * kHour};
    clock = end.ms + 1;
    const auto finished = usage().finish_until(end, end);
    if (!finished) {
      EXPECT_EQ(finished.error().code, ErrorCode::kBehind) << finished.error().detail;
      continue;
    }
    for (const WorkspaceId& workspace : history_.workspaces()) {
      Timestamp from = end + -40 * kHour;
      for (;;) {
        const auto found = usage().digest_after(workspace, true, from);
        ASSERT_TRUE(found) << found.error().detail;
        if (!*found) break;
        const auto [known, is_new] =
            digests.emplace(std::pair(workspace, (*found)->period), **found);
        EXPECT_EQ(known->second.digest, (*found)->digest) << "seed " << GetParam();
        from = (*found)->period.to();
      }
    }
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(digests.size(), 20U);
  ASSERT_TRUE(usage().flush(now_));
  std::uint64_t kept = 0;
  for (const Key& key : keys) {
    const auto days = usage().days(key.workspace, key.id, began_, now_ + 48 * kHour);
    ASSERT_TRUE(days);
    for (const DayUse& day : *days) kept += day.counts[Verdict::kValid];
  }
  EXPECT_EQ(kept, counted);
  for (const auto& [period, digest] : digests) {
    const auto again = usage().digest_after(period.first, true, period.second.from());
    ASSERT_TRUE(again && *again);
    EXPECT_EQ((*again)->digest, digest.digest) << "seed " << GetParam();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, UsageTest, ::testing::Range<std::uint64_t>(1, 6));

}  // namespace
}  // namespace keyledger
