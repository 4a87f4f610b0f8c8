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

  TestLedger it;
};

TEST_F(InactivityTest, SuspendsWhatNobodyUsed) {
  set_days(30);
  Inactivity inactivity(*it.ledger, *it.projections, it.clock.now());
  it.add_key("unused");
  const json used = it.add_key("used");
  it.clock.advance_ms(kDay);
  use(used);
  it.clock.advance_ms(29 * kDay - 1);
  inactivity.look(it.clock.now());
  EXPECT_THAT(suspended(), IsEmpty());
  it.clock.advance_ms(Inactivity::kEveryMs);
  inactivity.look(it.clock.now());
  EXPECT_THAT(suspended(), ElementsAre("unused"));
  const auto entry = it.call(it.owner.secret, "GET", "/v1/audit?limit=1").body["data"][0];
  EXPECT_EQ(entry["action"], "key.suspended");
  EXPECT_EQ(entry["actor"]["type"], "system");
  EXPECT_EQ(entry["reason"], "inactive");
}

TEST_F(InactivityTest, BeginsAnewWhenSomebodyResumesTheKey) {
  set_days(1);
  Inactivity inactivity(*it.ledger, *it.projections, it.clock.now());
  const std::string path = "/v1/keys/" + it.add_key("k")["key"]["id"].get<std::string>();
  it.clock.advance_ms(kDay);
  inactivity.look(it.clock.now());
  ASSERT_THAT(suspended(), ElementsAre("k"));
  ASSERT_EQ(it.call(it.owner.secret, "POST", path + "/resume").status, 200);
  it.clock.advance_ms(kDay - 1);
  inactivity.look(it.clock.now());
  EXPECT_THAT(suspended(), IsEmpty());
}

// Uses before the start are not known: a key that is used every day must not end by a restart.
TEST_F(InactivityTest, CountsFromTheStartAtTheEarliest) {
  set_days(30);
  it.add_key("k");
  it.clock.advance_ms(100 * kDay);
  Inactivity inactivity(*it.ledger, *it.projections, it.clock.now());
  inactivity.look(it.clock.now());
  EXPECT_THAT(suspended(), IsEmpty());
  it.clock.advance_ms(30 * kDay);
  inactivity.look(it.clock.now());
  EXPECT_THAT(suspended(), ElementsAre("k"));
}

TEST_F(InactivityTest, LeavesOtherWorkspacesAndManagementKeysAlone) {
  set_days(1);
  const auto tenant = it.add_tenant();
  const std::string_view body = R"({"type":"private","name":"theirs"})";
  ASSERT_EQ(it.call(tenant.secret, "POST", "/v1/keys", body).status, 201);
  Inactivity inactivity(*it.ledger, *it.projections, it.clock.now());
  it.clock.advance_ms(10 * kDay);
  const auto size = it.size();
  inactivity.look(it.clock.now());
  EXPECT_EQ(it.size(), size);
  EXPECT_EQ(it.call(tenant.secret, "GET", "/v1/keys?status=suspended").body["data"].size(), 0U);
}

TEST_F(InactivityTest, LooksOnceAnHour) {
  set_days(1);
  Inactivity inactivity(*it.ledger, *it.projections, it.clock.now());
  it.add_key("k");
  it.clock.advance_ms(kDay - 1);
  inactivity.look(it.clock.now());
  it.clock.advance_ms(1);
  inactivity.look(it.clock.now());
  EXPECT_THAT(suspended(), IsEmpty());
  it.clock.advance_ms(Inactivity::kEveryMs);
  inactivity.look(it.clock.now());
  EXPECT_THAT(suspended(), ElementsAre("k"));
}

}  // namespace
}  // namespace keyledger
