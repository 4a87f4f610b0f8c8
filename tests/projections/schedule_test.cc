// What is due, against a plain reading of the keys and of the notices in the log.
#include "projections/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "projections/all.h"
#include "tests/projections/random_history.h"
#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

using Row = std::tuple<Timestamp, KeyId, std::optional<SecretId>, WorkspaceId>;

// Due is: an expiry that is set, of a key that no fact ended, without a notice since it was set;
// and the end of an overlap of such a key that the clock ended (no event did) without a notice yet.
std::set<Row> plainly(const FakeState& state) {
  std::map<KeyId, Key> keys;
  std::set<std::pair<KeyId, SecretId>> noted_secrets;
  std::set<KeyId> noted_expiries;
  for (const RecordedEvent& event : state.history()) {
    if (event.stream.kind != StreamKind::kKey) continue;
    const KeyId id{event.stream.id};
    evolve(keys[id], event);
    if (std::holds_alternative<KeyExpired>(event.event)) noted_expiries.insert(id);
    if (std::holds_alternative<KeyExpiryChanged>(event.event)) noted_expiries.erase(id);
    if (const auto* noted = std::get_if<KeySecretRetired>(&event.event)) {
      noted_secrets.emplace(id, noted->secret);
    }
    // A retirement in the past that an event brings about, at that very moment, needs no notice.
    for (const KeySecret& secret : keys[id].secrets) {
      const bool by_this = secret.retired_cause.exists() &&
                           secret.retired_cause.position == event.position &&
                           secret.retires_at <= event.time;
      if (by_this) noted_secrets.emplace(id, secret.facts.id);
    }
  }
  std::set<Row> due;
  for (const auto& [id, key] : keys) {
    if (key.end) continue;
    if (key.expires_at && !noted_expiries.count(id)) {
      due.emplace(*key.expires_at, id, std::nullopt, key.workspace);
    }
    for (const KeySecret& secret : key.secrets) {
      if (!secret.retires_at || noted_secrets.count({id, secret.facts.id})) continue;
      due.emplace(*secret.retires_at, id, secret.facts.id, key.workspace);
    }
  }
  return due;
}

class ScheduleTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  void expect_right(const Schedule& schedule, Timestamp now) {
    const auto found = schedule.due(now, SIZE_MAX);
    ASSERT_TRUE(found);
    std::set<Row> rows;
    Timestamp last;
    for (const DueNotice& notice : *found) {
      EXPECT_GE(notice.at, last);
      last = notice.at;
      rows.emplace(notice.at, notice.key, notice.secret, notice.workspace);
    }
    EXPECT_EQ(rows.size(), found->size());
    std::set<Row> wanted = plainly(history_.state());
    std::erase_if(wanted, [&](const Row& row) { return std::get<Timestamp>(row) > now; });
    EXPECT_EQ(rows, wanted) << "seed " << GetParam();
    seen_ += rows.size();
  }

  TempDir dir_;
  RandomHistory history_{GetParam()};
  std::size_t seen_ = 0;
};

TEST_P(ScheduleTest, HoldsWhatIsDueUntilItIsNotedOrItsCauseIsGone) {
  auto opened = Projections::open(history_.log(), (dir_.path() / "derived").string(), {}, nullptr);
  ASSERT_TRUE(opened);
  Projections& projections = **opened;
  for (int round = 0; round < 30; ++round) {
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(projections.projector().apply(history_.grow(8)));
    expect_right(projections.schedule(), history_.now());
    expect_right(projections.schedule(), history_.now() + 100'000);
  }
  EXPECT_GT(seen_, 100U);
  const auto few = projections.schedule().due(history_.now() + 100'000, 2);
  ASSERT_TRUE(few);
  EXPECT_EQ(few->size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ScheduleTest, ::testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace keyledger
