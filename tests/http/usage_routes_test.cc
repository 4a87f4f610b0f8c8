// How a key is used, as the API tells it.
#include <gtest/gtest.h>

#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using Json = nlohmann::json;

class UsageRoutes : public testing::Test {
 protected:
  Json get(const std::string& target) {
    const auto answer = it.call(it.owner.secret, "GET", target);
    EXPECT_EQ(answer.status, 200) << answer.response.body;
    return answer.body;
  }
  std::string verify(const std::string& presented, const Json& more = Json::object()) {
    Json body = {{"key", presented}};
    body.update(more);
    return it.call(it.owner.secret, "POST", "/v1/keys/verify", body.dump()).body["code"];
  }
  void expect_fault(const std::string& query, const std::string& fault) {
    const auto answer = it.call(it.owner.secret, "GET", usage + query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_EQ(answer.faults(), std::vector<std::string>{fault}) << query;
  }

  TestLedger it;  // begins at 2026-03-30T12:00:00Z
  const Json made = it.add_key("ci", {{"allowed_ips", {"203.0.113.0/24"}}});
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
  const std::string usage = path + "/usage";
  const std::string secret = made["secret"];
};

constexpr std::int64_t kDay = 86'400'000;

TEST_F(UsageRoutes, ShowEveryVerdictAtOnceByDayAndWhereTheLastUseCameFrom) {
  EXPECT_EQ(get(usage)["days"], Json::array());
  EXPECT_EQ(verify(secret, {{"ip", "203.0.113.7"}, {"origin", "https://a.example"}}), "VALID");
  EXPECT_EQ(verify(secret, {{"ip", "192.0.2.1"}}), "IP_NOT_ALLOWED");
  EXPECT_EQ(verify("sk_live_unknown"), "NOT_FOUND");
  it.clock.advance_ms(kDay);
  EXPECT_EQ(verify(secret, {{"ip", "203.0.113.8"}}), "VALID");
  EXPECT_EQ(verify(secret, {{"ip", "203.0.113.8"}, {"environment", "test"}}),
            "ENVIRONMENT_NOT_ALLOWED");
  const Json shown = get(usage);
  EXPECT_EQ(shown["use_count"], 2);
  EXPECT_EQ(shown["last_used_at"], "2026-03-31T12:00:00.000Z");
  EXPECT_EQ(shown["last_ip"], "203.0.113.8");
  EXPECT_EQ(shown["last_origin"], "https://a.example");
  EXPECT_EQ(shown["refused_count"], 2);
  const Json all = {{"VALID", 2}, {"IP_NOT_ALLOWED", 1}, {"ENVIRONMENT_NOT_ALLOWED", 1}};
  EXPECT_EQ(shown["verdicts"], all);
  const Json days = {
      {{"day", "2026-03-30"}, {"verdicts", {{"VALID", 1}, {"IP_NOT_ALLOWED", 1}}}},
      {{"day", "2026-03-31"}, {"verdicts", {{"VALID", 1}, {"ENVIRONMENT_NOT_ALLOWED", 1}}}}};
  EXPECT_EQ(shown["days"], days);
  EXPECT_EQ(shown["from"], "2026-03-02");
  EXPECT_EQ(shown["to"], "2026-03-31");
  EXPECT_EQ(get(usage + "?to=2026-03-30")["days"].size(), 1U);
  EXPECT_EQ(get(usage + "?from=2026-03-31")["days"].size(), 1U);
  const Json key = get(path);
  EXPECT_EQ(key["use_count"], 2);
  EXPECT_EQ(key["refused_count"], 2);
  EXPECT_EQ(key["last_refused_at"], "2026-03-31T12:00:00.000Z");
  EXPECT_EQ(key["secrets"][0]["last_used_at"], "2026-03-31T12:00:00.000Z");
}

TEST_F(UsageRoutes, SurviveARestartAndALossOfAllDerivedRows) {
  verify(secret, {{"ip", "203.0.113.7"}});
  verify(secret);
  const Json before = get(usage);
  for (const auto rows : {TestLedger::Rows::kKeep, TestLedger::Rows::kForget}) {
    it.restart(rows);
    EXPECT_EQ(get(usage), before);
  }
}

TEST_F(UsageRoutes, CountWhatBatchAuthorizeAndWhoamiSee) {
  it.call(it.owner.secret, "POST", "/v1/keys/verify_batch",
          Json{{"items", {{{"key", secret}, {"ip", "203.0.113.7"}}, {{"key", secret}}}}}.dump());
  const TestLedger::Headers as_client = {{"Authorization", "Bearer " + secret}};
  EXPECT_EQ(it.call(secret, "GET", "/v1/whoami").status, 403);
  EXPECT_EQ(get(usage)["verdicts"], (Json{{"VALID", 1}, {"IP_NOT_ALLOWED", 2}}));
  EXPECT_EQ(it.call(it.owner.secret, "POST", path + "/revoke", "{}").status, 200);
  EXPECT_EQ(it.call(secret, "GET", "/v1/whoami").status, 401);
  EXPECT_EQ(get(usage)["verdicts"]["REVOKED"], 1);
}

TEST_F(UsageRoutes, SayWhenTheOldSecretIsSafeToRetire) {
  const Json from_there = {{"ip", "203.0.113.7"}};
  EXPECT_TRUE(get(path)["retiring"].is_null());
  it.clock.advance_ms(1000);
  const std::string next =
      it.call(it.owner.secret, "POST", path + "/rotate", R"({"overlap_seconds":600})")
          .body["secret"];
  Json retiring = get(path)["retiring"];
  EXPECT_EQ(retiring["secret_id"], made["key"]["secrets"][0]["id"]);
  EXPECT_TRUE(retiring["last_used_at"].is_null());
  EXPECT_TRUE(retiring["safe_to_retire_since"].is_null()) << "nobody uses the new one yet";
  it.clock.advance_ms(1000);
  EXPECT_EQ(verify(next, from_there), "VALID");
  EXPECT_EQ(get(path)["retiring"]["safe_to_retire_since"], "2026-03-30T12:00:01.000Z");
  it.clock.advance_ms(1000);
  EXPECT_EQ(verify(secret, from_there), "VALID");
  retiring = get(path)["retiring"];
  EXPECT_EQ(retiring["last_used_at"], "2026-03-30T12:00:03.000Z");
  EXPECT_TRUE(retiring["safe_to_retire_since"].is_null()) << "somebody went back";
  it.clock.advance_ms(1000);
  EXPECT_EQ(verify(next, from_there), "VALID");
  EXPECT_EQ(get(path)["retiring"]["safe_to_retire_since"], "2026-03-30T12:00:03.000Z");
  it.clock.advance_ms(600'000);
  EXPECT_TRUE(get(path)["retiring"].is_null());
  const auto before = it.size();
  EXPECT_EQ(verify(secret, from_there), "SECRET_RETIRED");
  EXPECT_EQ(it.size(), before + 1);
  EXPECT_EQ(get(path)["refused_count"], 1);
}

TEST_F(UsageRoutes, NameWhatIsWrongWithTheDays) {
  expect_fault("?from=2026-03-30T00:00:00Z", "from invalid");
  expect_fault("?to=2026-02-30", "to invalid");
  expect_fault("?from=2026-03-30&to=2026-03-29", "from conflict");
  expect_fault("?from=2025-01-01&to=2026-03-29", "from too_many");
  expect_fault("?day=2026-03-29", "day unknown_field");
}

}  // namespace
}  // namespace keyledger
