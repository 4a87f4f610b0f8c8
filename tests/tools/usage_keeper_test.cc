#include "tools/usage_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/committed_frame.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kDay = 24 * kHour;

class UsageKeeperTest : public ::testing::Test {
 protected:
  void set_policy(const json& body) {
    ASSERT_EQ(it.call(it.owner.secret, "PUT", "/v1/workspace/policy", body.dump()).status, 200);
  }
  void use(const json& made) {
    const json body = {{"key", made["secret"]}, {"ip", "203.0.113.7"}};
    ASSERT_EQ(it.call(it.owner.secret, "POST", "/v1/keys/verify", body.dump()).body["valid"], true);
  }
  // What was digested: "from to rows", oldest first.
  std::vector<std::string> digests() {
    std::vector<std::string> found;
    const auto listed =
        it.call(it.owner.secret, "GET", "/v1/audit?action=usage.digest&order=asc&limit=1000");
    EXPECT_EQ(listed.status, 200) << listed.response.body;
    for (const json& entry : listed.body["data"]) {
      EXPECT_EQ(entry["actor"]["type"], "system");
      const auto at = it.log.read(entry["position"], 1);
      const auto frame = decode_committed(at->front());
      for (const RecordedEvent& event : frame->events) {
        const auto* digest = std::get_if<UsageDigested>(&event.event);
        if (digest == nullptr) continue;
        found.push_back(to_text(digest->from).substr(5, 8) + " " +
                        to_text(digest->to).substr(5, 8) + " " + std::to_string(digest->rows));
      }
    }
    return found;
  }
  std::unique_ptr<UsageKeeper> keeper() {
    return std::make_unique<UsageKeeper>(*it.ledger, *it.projections, it.log);
  }
  void step(UsageKeeper& keeper) { keeper.step(it.clock.now()); }

  TestLedger it;  // begins at 2026-03-30T12:00:00Z
  const json first = it.add_key("first");
  const json second = it.add_key("second");
  const std::string path = "/v1/keys/" + first["key"]["id"].get<std::string>() + "/usage";
};

TEST_F(UsageKeeperTest, DigestsADayOnceItIsOverAndNeverAgain) {
  auto all = keeper();
  use(first);
  use(second);
  step(*all);
  EXPECT_THAT(digests(), IsEmpty()) << "the day goes on";
  it.clock.advance_ms(12 * kHour);
  step(*all);
  EXPECT_THAT(digests(), ElementsAre("03-30T00 03-31T00 2"));
  use(first);
  it.clock.advance_ms(kHour);
  step(*all);
  it.restart();
  all = keeper();
  step(*all);
  EXPECT_THAT(digests(), ElementsAre("03-30T00 03-31T00 2"));
  it.clock.advance_ms(3 * kDay);
  use(first);
  it.restart();
  all = keeper();
  step(*all);
  EXPECT_THAT(digests(), ElementsAre("03-30T00 03-31T00 2", "03-31T00 04-01T00 1"))
      << "a day that was missed is digested, one without rows is not";
}

TEST_F(UsageKeeperTest, DigestsHoursWhereThePolicySaysSoAndNothingWhereItSaysOff) {
  set_policy({{"use_digest", "hourly"}});
  auto all = keeper();
  use(first);
  it.clock.advance_ms(kHour);
  use(second);
  step(*all);
  EXPECT_THAT(digests(), ElementsAre("03-30T12 03-30T13 1"));
  set_policy({{"use_digest", "off"}});
  it.clock.advance_ms(2 * kDay);
  step(*all);
  EXPECT_EQ(digests().size(), 1U);
}

// Else a digest would not be evidence.
TEST_F(UsageKeeperTest, CountsWhatComesLateInThePeriodAfterTheDigested) {
  auto all = keeper();
  use(first);
  const Timestamp then = it.clock.now();
  it.clock.advance_ms(kDay);
  step(*all);
  Usage& usage = it.projections->usage();
  const auto before = usage.digest_after(it.workspace, false, {});
  ASSERT_TRUE(before && *before);
  for (const json& made : {first, second}) {
    const KeyId key = *parse_id<KeyId>(made["key"]["id"].get<std::string>());
    it.projections->verify_index().count({key, {}}, std::nullopt, then);
  }
  ASSERT_TRUE(usage.flush(it.clock.now()));
  const auto after = usage.digest_after(it.workspace, false, {});
  EXPECT_EQ((*after)->digest, (*before)->digest);
  const json days = it.call(it.owner.secret, "GET", path).body["days"];
  ASSERT_EQ(days.size(), 2U);
  EXPECT_EQ(days[1]["day"], "2026-03-31");
  it.restart();  // it is known from the ledger
  all = keeper();
  const KeyId key = *parse_id<KeyId>(second["key"]["id"].get<std::string>());
  it.projections->verify_index().count({key, {}}, std::nullopt, then);
  ASSERT_TRUE(it.projections->usage().flush(it.clock.now()));
  EXPECT_EQ((*it.projections->usage().digest_after(it.workspace, false, {}))->digest,
            (*before)->digest);
}

TEST_F(UsageKeeperTest, EndsWhatIsOlderThanThePolicyLetsItGet) {
  set_policy({{"usage_retention_days", 10}});
  auto all = keeper();
  use(first);
  use(second);
  it.clock.advance_ms(9 * kDay);
  use(second);
  step(*all);
  EXPECT_EQ(it.call(it.owner.secret, "GET", path).body["last_ip"], "203.0.113.7");
  it.clock.advance_ms(3 * kDay);
  step(*all);
  const auto seen = [&] { return it.call(it.owner.secret, "GET", path).body; };
  EXPECT_EQ(seen()["last_ip"], nullptr);
  EXPECT_EQ(seen()["days"], json::array());
  EXPECT_EQ(seen()["use_count"], 1) << "what is no personal data stays";
  const std::string other = "/v1/keys/" + second["key"]["id"].get<std::string>() + "/usage";
  EXPECT_EQ(it.call(it.owner.secret, "GET", other).body["last_ip"], "203.0.113.7");
  EXPECT_EQ(it.call(it.owner.secret, "GET", other).body["days"].size(), 1U);
  it.restart();
  EXPECT_EQ(seen()["last_ip"], nullptr);
}

}  // namespace
}  // namespace keyledger
