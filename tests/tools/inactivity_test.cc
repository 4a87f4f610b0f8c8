#include "tools/inactivity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kDay = 86'400'000;

class InactivityTest : public ::testing::Test {
 protected:
  void set_days(const json& days) {
    const json body = {{"inactivity_days", days}};
    ASSERT_EQ(it.call(it.owner.secret, "PUT", "/v1/workspace/policy", body.dump()).status, 200);
  }
  std::vector<std::string> suspended() {
    std::vector<std::string> names;
    const auto listed = it.call(it.owner.secret, "GET", "/v1/keys?status=suspended&sort=name");
    for (const json& key : listed.body["data"]) names.push_back(key["name"]);
    return names;
  }
  void use(const json& made) {
    const json body = {{"key", made["secret"]}};
    ASSERT_EQ(it.call(it.owner.secret, "POST", "/v1/keys/verify", body.dump()).body["valid"], true);
  }

  // Time passes, for both clocks.
  void pass(std::int64_t ms) {
    it.clock.advance_ms(ms);
    uptime_ += std::chrono::milliseconds(ms);
  }
  Inactivity started() { return {*it.ledger, *it.projections, it.clock.now(), uptime_}; }
  // A whole round.
  void look(Inactivity& inactivity) {
    while (inactivity.step(it.clock.now(), uptime_)) {
    }
  }

  TestLedger it;

 private:
  std::chrono::milliseconds uptime_{0};
};

TEST_F(InactivityTest, SuspendsWhatNobodyUsed) {
  set_days(30);
  Inactivity inactivity = started();
  it.add_key("unused");
  const json used = it.add_key("used");
  pass(kDay);
  use(used);
  pass(29 * kDay - 1);
  look(inactivity);
  EXPECT_THAT(suspended(), IsEmpty());
  pass(Inactivity::kEveryMs);
  look(inactivity);
  EXPECT_THAT(suspended(), ElementsAre("unused"));
  const auto entry = it.call(it.owner.secret, "GET", "/v1/audit?limit=1").body["data"][0];
  EXPECT_EQ(entry["action"], "key.suspended");
  EXPECT_EQ(entry["actor"]["type"], "system");
  EXPECT_EQ(entry["reason"], "inactive");
}

TEST_F(InactivityTest, BeginsAnewWhenSomebodyResumesTheKey) {
  set_days(1);
  Inactivity inactivity = started();
  const std::string path = "/v1/keys/" + it.add_key("k")["key"]["id"].get<std::string>();
  pass(kDay);
  look(inactivity);
  ASSERT_THAT(suspended(), ElementsAre("k"));
  ASSERT_EQ(it.call(it.owner.secret, "POST", path + "/resume").status, 200);
  pass(kDay - 1);
  look(inactivity);
  EXPECT_THAT(suspended(), IsEmpty());
}

TEST_F(InactivityTest, KnowsTheUsesOfBeforeTheStart) {
  set_days(30);
  it.add_key("unused");
  const json used = it.add_key("used");
  pass(20 * kDay);
  use(used);
  it.restart();
  pass(20 * kDay);
  Inactivity inactivity = started();
  look(inactivity);
  EXPECT_THAT(suspended(), ElementsAre("unused"));
}

// A key that is used every day must not end because a crash, or a disk that failed, lost its uses.
TEST_F(InactivityTest, CountsFromTheStartIfUsesMayBeForgotten) {
  set_days(30);
  it.add_key("k");
  pass(100 * kDay);
  it.restart(TestLedger::Rows::kKeep, TestLedger::End::kCrash);
  Inactivity inactivity = started();
  look(inactivity);
  EXPECT_THAT(suspended(), IsEmpty());
  pass(30 * kDay);
  look(inactivity);
  EXPECT_THAT(suspended(), ElementsAre("k"));
}

TEST_F(InactivityTest, LeavesOtherWorkspacesAndManagementKeysAlone) {
  set_days(1);
  const auto tenant = it.add_tenant();
  const std::string_view body = R"({"type":"private","name":"theirs"})";
  ASSERT_EQ(it.call(tenant.secret, "POST", "/v1/keys", body).status, 201);
  Inactivity inactivity = started();
  pass(10 * kDay);
  const auto size = it.size();
  look(inactivity);
  EXPECT_EQ(it.size(), size);
  EXPECT_EQ(it.call(tenant.secret, "GET", "/v1/keys?status=suspended").body["data"].size(), 0U);
}

// A machine that wakes up with an old clock, or one whose clock was wrong: what it says of the last
// uses is worth nothing.
TEST_F(InactivityTest, CountsAnewFromAJumpOfTheClock) {
  set_days(30);
  Inactivity inactivity = started();
  use(it.add_key("k"));
  it.clock.advance_ms(100 * kDay);  // no time has passed
  look(inactivity);
  EXPECT_THAT(suspended(), IsEmpty());
  pass(30 * kDay - 1);
  look(inactivity);
  EXPECT_THAT(suspended(), IsEmpty());
  pass(Inactivity::kEveryMs);
  look(inactivity);
  EXPECT_THAT(suspended(), ElementsAre("k"));
}

TEST_F(InactivityTest, RemembersAJumpOverARestartAndTellsThePolicyToo) {
  set_days(1000);
  {
    Inactivity inactivity = started();
    it.add_key("k");
    it.clock.advance_ms(100 * kDay);  // no time has passed
    look(inactivity);
  }
  it.restart();
  const auto affected = [&] {
    const std::string_view body = R"({"inactivity_days":30})";
    return it.call(it.owner.secret, "PUT", "/v1/workspace/policy?dry_run=true", body)
        .body["affected_count"];
  };
  EXPECT_EQ(affected(), 0);
  set_days(30);
  pass(29 * kDay);
  Inactivity inactivity = started();
  look(inactivity);
  EXPECT_THAT(suspended(), IsEmpty());
  pass(kDay);
  EXPECT_EQ(affected(), 0) << "the policy is the same, so it changes nothing";
  look(inactivity);
  EXPECT_THAT(suspended(), ElementsAre("k"));
}

TEST_F(InactivityTest, GoesOnWhereAStepEnded) {
  set_days(1);
  Inactivity inactivity = started();
  for (int i = 0; i < 205; ++i) it.add_key("key " + std::to_string(i));
  pass(kDay);
  const auto size = it.size();
  ASSERT_TRUE(inactivity.step(it.clock.now(), std::chrono::milliseconds(kDay)));
  EXPECT_EQ(it.size(), size + Inactivity::kSuspensionsAtOnce);
  look(inactivity);
  EXPECT_EQ(it.size(), size + 205);
}

// An owner who took the rule back, or somebody who used the key, was quicker.
TEST_F(InactivityTest, IsDecidedAgainWhenItIsRecorded) {
  set_days(1);
  const std::string id = it.add_key("k")["key"]["id"];
  pass(kDay);
  const auto suspend = [&](const OptionalTime& used) {
    Submission submission;
    submission.call.workspace = it.workspace;
    submission.command = SuspendUnused{*parse_id<KeyId>(id), used};
    return it.ledger->execute(std::move(submission));
  };
  EXPECT_EQ(suspend(it.clock.now())->count, 0U);
  set_days(2);
  EXPECT_EQ(suspend({})->count, 0U);
  set_days(nullptr);
  EXPECT_EQ(suspend({})->count, 0U);
  set_days(1);
  EXPECT_EQ(suspend({})->count, 1U);
}

TEST_F(InactivityTest, LooksOnceAnHour) {
  set_days(1);
  Inactivity inactivity = started();
  it.add_key("k");
  pass(kDay - 1);
  look(inactivity);
  pass(1);
  look(inactivity);
  EXPECT_THAT(suspended(), IsEmpty());
  pass(Inactivity::kEveryMs);
  look(inactivity);
  EXPECT_THAT(suspended(), ElementsAre("k"));
}

}  // namespace
}  // namespace keyledger
