// Usage on a disk that fails, after an end without warning, and its bytes.
#include <gtest/gtest.h>

#include <functional>

#include "projections/all.h"
#include "projections/usage_rows.h"
#include "projections/use_slot.h"
#include "tests/projections/random_history.h"
#include "tests/support/fault_fs.h"
#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

constexpr Timestamp kNow{1'774'872'000'000};

std::string to_hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) {
    const auto value = static_cast<std::uint8_t>(byte);
    hex += "0123456789abcdef"[value >> 4U];
    hex += "0123456789abcdef"[value & 15U];
  }
  return hex;
}

// The example of events/FORMAT.md "Usage digests".
TEST(UsageRows, AreTheBytesThatTheFormatSays) {
  PeriodUse use;
  use.period = UsePeriod::of(kNow, false);
  use.counts[Verdict::kValid] = 3;
  use.counts[Verdict::kIpNotAllowed] = 1;
  use.last_used_at = kNow;
  const std::string value = period_value(use);
  EXPECT_EQ(to_hex(value), "020a00000000000000010f00000000000000030000019d3e9d7600");
  EXPECT_EQ(read_period(use.period, value), use);
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_FALSE(read_period(use.period, value.substr(0, size))) << size;
  }
}

TEST(UsageRows, GiveBackWhatTheyGot) {
  KeyUse total;
  total.counts[Verdict::kValid] = 7;
  total.counts[Verdict::kRevoked] = 1;
  total.last_used_at = kNow;
  total.last_refused_at = kNow + 1;
  total.last_ip = parse_address("203.0.113.7");
  total.last_origin = parse_origin("https://app.example:8443");
  total.ip_day = use_day_of(kNow);
  total.origin_day = 7;
  total.secrets = {{SecretId{{1, 2, 3}}, kNow}};
  const std::string value = total_value(total);
  EXPECT_EQ(read_total(value), total);
  EXPECT_EQ(read_total(total_value({})), KeyUse());
  for (std::size_t size = 0; size < value.size(); ++size) {
    EXPECT_FALSE(read_total(value.substr(0, size))) << size;
  }
}

TEST(UsageRows, TellOfOlderOnesThatTheAddressIsAsOldAsTheLastUse) {
  KeyUse total;
  total.counts[Verdict::kValid] = 1;
  total.last_used_at = kNow;
  total.last_ip = parse_address("203.0.113.7");
  std::string value = total_value(total);
  value.front() = 1;                 // the format without days
  value.erase(value.size() - 3, 2);  // the day stands before the number of secrets
  total.ip_day = use_day_of(kNow);
  EXPECT_EQ(read_total(value), total);
}

class UsageDisk : public testing::Test {
 protected:
  UsageDisk() {
    history_.grow_by_frames(40);
    key_ = history_.state().keys().front();
  }
  std::unique_ptr<Projections> open(const StoreOptions& options = {}, Timestamp now = kNow) {
    auto opened =
        Projections::open(history_.log(), (dir_.path() / "derived").string(), {}, nullptr);
    EXPECT_TRUE(opened);
    opened_ = (*opened)->usage().open((dir_.path() / "usage").string(), options, now);
    return std::move(*opened);
  }
  void use(Projections& projections, Timestamp now) {
    projections.verify_index().count({key_.id, {}}, std::nullopt, now);
  }

  TempDir dir_;
  RandomHistory history_{7};
  Key key_;
  Result<void> opened_;
};

TEST_F(UsageDisk, CountsOnInMemoryWhenItFails) {
  FaultFs faults((dir_.path() / "usage").string());
  StoreOptions options;
  options.env = faults.env();
  const auto projections = open(options);
  ASSERT_TRUE(opened_) << opened_.error().detail;
  use(*projections, kNow);
  faults.arm({Fault::kIoError, 1, true, {}});
  EXPECT_FALSE(projections->usage().flush(kNow));
  use(*projections, kNow + 1);
  EXPECT_FALSE(projections->usage().flush(kNow + 1));
  EXPECT_TRUE(faults.fired());
  EXPECT_EQ(projections->usage().status().failures, 2U);
  EXPECT_FALSE(projections->usage().status().problem.empty());
  EXPECT_EQ(projections->verify_index().use_of(key_.id).count, 2U);
  EXPECT_EQ(projections->verify_index().use_of(key_.id).last_used_at, kNow + 1);
  const auto days = projections->usage().days(key_.workspace, key_.id, kNow, kNow);
  ASSERT_TRUE(days) << days.error().detail;
  ASSERT_EQ(days->size(), 1U);
  EXPECT_EQ(days->front().counts[Verdict::kValid], 2U);
}

TEST_F(UsageDisk, KnowsSinceWhenNoUseIsForgotten) {
  {
    const auto projections = open();
    EXPECT_EQ(projections->usage().known_since(), kNow);
    EXPECT_TRUE(projections->usage().status().is_new);
    projections->usage().close(kNow + 1);
  }
  {
    const auto projections = open({}, kNow + 10);
    EXPECT_EQ(projections->usage().known_since(), kNow) << "it ended in peace";
    EXPECT_FALSE(projections->usage().status().is_new);
  }
  EXPECT_EQ(open({}, kNow + 20)->usage().known_since(), kNow + 20) << "it did not";
}

// A server that was away for long saw nobody use anything, which says nothing about the keys.
TEST_F(UsageDisk, KnowsSinceWhenKeysCouldBeUsed) {
  constexpr std::int64_t kHour = 3'600'000;
  open()->usage().close(kNow + 1);
  {
    const auto projections = open({}, kNow + 1 + kHour);
    EXPECT_EQ(projections->usage().usable_since(), kNow) << "a short break";
    projections->usage().close(kNow + 2 * kHour);
  }
  {
    const auto projections = open({}, kNow + 3 * kHour + 1);
    EXPECT_EQ(projections->usage().usable_since(), kNow + 3 * kHour + 1) << "a long one";
    EXPECT_EQ(projections->usage().known_since(), kNow) << "in which nothing was forgotten";
  }
  EXPECT_EQ(open({}, kNow + 4 * kHour)->usage().usable_since(), kNow + 4 * kHour) << "a crash";
}

// What a wrong clock said of the last uses is worth nothing, after a restart, too.
TEST_F(UsageDisk, RemembersAJumpOfTheClock) {
  {
    const auto projections = open();
    use(*projections, kNow + 5);
    projections->usage().clock_jumped(kNow + 20);
    EXPECT_EQ(projections->usage().used_or_usable_since(key_.id), kNow + 20);
    use(*projections, kNow + 30);
    EXPECT_EQ(projections->usage().used_or_usable_since(key_.id), kNow + 30);
    projections->usage().close(kNow + 40);
  }
  EXPECT_EQ(open({}, kNow + 50)->usage().usable_since(), kNow + 20);
}

// The flush takes a key's counts, the key goes on to another period, and then the disk refuses what
// was taken.
class UsageDiskRefusal : public UsageDisk {
 protected:
  // `meanwhile` is called between the two; gives the counts of both days.
  std::vector<std::uint64_t> valid_after(const std::function<void(Projections&)>& meanwhile) {
    const auto projections = open();
    VerifyIndex& index = projections->verify_index();
    use(*projections, kNow);
    for (const KeyEntry* const key : index.changed_uses().take_changed()) {
      const PeriodUse no_row{index.take(*key, kNow).period.period, {}, {}};
      EXPECT_TRUE(index.begin_period_from(*key, no_row));
      const CountedKey taken = index.take(*key, kNow);
      EXPECT_FALSE(taken.partial);
      meanwhile(*projections);
      index.wait_again(taken, *key);
    }
    const auto in_memory = valid_of(*projections);
    EXPECT_TRUE(projections->usage().flush(kNow));
    EXPECT_EQ(valid_of(*projections), in_memory);
    return in_memory;
  }
  std::vector<std::uint64_t> valid_of(Projections& projections) {
    std::vector<std::uint64_t> valid;
    const auto days = projections.usage().days(key_.workspace, key_.id, kNow, kNow + kDay);
    EXPECT_TRUE(days);
    for (const DayUse& day : *days) valid.push_back(day.counts[Verdict::kValid]);
    return valid;
  }
  static constexpr std::int64_t kDay = 86'400'000;
};

TEST_F(UsageDiskRefusal, LosesNoCountOfADayThatEndedMeanwhile) {
  const auto next_day = [&](Projections& projections) { use(projections, kNow + kDay); };
  EXPECT_EQ(valid_after(next_day), (std::vector<std::uint64_t>{1, 1}));
}

TEST_F(UsageDiskRefusal, LosesNoCountOfADayThatBeganAgainMeanwhile) {
  const auto to_hours_and_back = [&](Projections& projections) {
    projections.verify_index().count({key_.id, {}, Verdict::kValid, {}, UseDigest::kHourly},
                                     std::nullopt, kNow);
    use(projections, kNow);
  };
  EXPECT_EQ(valid_after(to_hours_and_back), (std::vector<std::uint64_t>{3}));
}

TEST_F(UsageDisk, IsLeftAsItIsWhenItCannotBeOpened) {
  FaultFs faults((dir_.path() / "usage").string());
  faults.arm({Fault::kIoError, 1, true, {}});
  StoreOptions options;
  options.env = faults.env();
  const auto projections = open(options);
  EXPECT_FALSE(opened_);
  EXPECT_FALSE(projections->usage().status().kept);
  EXPECT_EQ(projections->usage().known_since(), kNow);
  use(*projections, kNow);
  EXPECT_FALSE(projections->usage().flush(kNow));
  EXPECT_EQ(projections->verify_index().use_of(key_.id).count, 1U);
}

}  // namespace
}  // namespace keyledger
