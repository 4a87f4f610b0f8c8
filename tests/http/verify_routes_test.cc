// Verify and whoami over the API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using testing::ElementsAre;
using Answer = TestLedger::Answer;

class VerifyRoutes : public testing::Test {
 protected:
  Answer verify(const nlohmann::json& body) {
    return it.call(it.owner.secret, "POST", "/v1/keys/verify", body.dump());
  }

  TestLedger it;
};

TEST_F(VerifyRoutes, SaysWhichEventDecided) {
  const auto made = it.add_key("crm", {{"metadata", {{"team", "crm"}}}, {"external_id", "c7"}});
  const auto answer = verify({{"key", made["secret"]}});
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  EXPECT_EQ(answer.body["valid"], true);
  EXPECT_EQ(answer.body["code"], "VALID");
  EXPECT_EQ(answer.body["key"]["id"], made["key"]["id"]);
  EXPECT_EQ(answer.body["key"]["metadata"]["team"], "crm");
  EXPECT_EQ(answer.body["key"]["external_id"], "c7");
  EXPECT_EQ(answer.body["decided_by"]["position"], made["key"]["position"]);
  EXPECT_EQ(answer.body["decided_by"]["type"], "key.created");
  EXPECT_EQ(answer.body["position"], it.size() - 1);
  EXPECT_EQ(answer.body["not_checked"], nlohmann::json({"endpoint", "scopes"}));
}

TEST_F(VerifyRoutes, CountsAUseAtOnceAndARefusalNot) {
  const auto made = it.add_key("crm", {{"scopes", {"read"}}});
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
  verify({{"key", made["secret"]}});
  verify({{"key", made["secret"]}, {"scopes", {"write"}}});
  const auto key = it.call(it.owner.secret, "GET", path).body;
  EXPECT_EQ(key["use_count"], 1);
  EXPECT_EQ(key["last_used_at"], "2026-03-30T12:00:00.000Z");
  EXPECT_EQ(key["version"], 1) << "use never changes the version";
}

TEST_F(VerifyRoutes, RefusesInTheContractsOrder) {
  const auto made = it.add_key("crm", {{"scopes", {"read"}}, {"ttl_seconds", 60}});
  const std::string secret = made["secret"];
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
  const auto code = [&](nlohmann::json body) {
    body["key"] = secret;
    return verify(body).body["code"].get<std::string>();
  };
  EXPECT_EQ(code({{"scopes", {"write"}}}), "SCOPE_NOT_GRANTED");
  EXPECT_EQ(code({{"scopes", {"write"}}, {"environment", "test"}}), "ENVIRONMENT_NOT_ALLOWED");
  ASSERT_EQ(it.call(it.owner.secret, "POST", path + "/suspend", "{}").status, 200);
  EXPECT_EQ(code({{"environment", "test"}}), "SUSPENDED");
  it.clock.advance_ms(60'000);
  EXPECT_EQ(code({}), "EXPIRED");
  ASSERT_EQ(
      it.call(it.owner.secret, "POST", path + "/revoke", R"({"reason_code":"key_compromise"})")
          .status,
      200);
  EXPECT_EQ(code({}), "COMPROMISED");
}

TEST_F(VerifyRoutes, ShowsNothingOfWhatIsNotFound) {
  const auto stranger = it.add_tenant();
  for (const std::string& secret :
       {std::string("nothing"), it.owner.secret, stranger.secret, std::string("sk_live_x")}) {
    const auto answer = verify({{"key", secret}});
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body["code"], "NOT_FOUND");
    EXPECT_TRUE(answer.body["key"].is_null());
    EXPECT_TRUE(answer.body["decided_by"].is_null());
  }
}

TEST_F(VerifyRoutes, FindsMalformedBeforeAnyLookUp) {
  const std::string secret = it.add_key("crm")["secret"];
  std::string wrong = secret;
  wrong.back() = wrong.back() == 'a' ? 'b' : 'a';
  for (const std::string& text : {wrong, std::string("with space"), std::string(513, 'x')}) {
    EXPECT_EQ(verify({{"key", text}}).body["code"], "MALFORMED") << text;
  }
}

TEST_F(VerifyRoutes, NamesEachBadField) {
  const std::pair<nlohmann::json, std::vector<std::string>> rows[] = {
      {nlohmann::json::object(), {"key required"}},
      {{{"key", 5}}, {"key invalid"}},
      {{{"key", "x"}, {"environment", "any"}}, {"environment invalid"}},
      {{{"key", "x"}, {"ip", "300.1.1.1"}}, {"ip invalid"}},
      {{{"key", "x"}, {"method", "GET"}}, {"path required"}},
      {{{"key", "x"}, {"path", "/"}}, {"method required"}},
      {{{"key", "x"}, {"headers", {{"a", 1}}}}, {"headers invalid"}},
      {{{"key", "x"}, {"scopes", "read"}}, {"scopes invalid"}},
      {{{"key", "x"}, {"min_position", -1}}, {"min_position invalid"}},
      {{{"key", "x"}, {"scope", "read"}}, {"scope unknown_field"}},
  };
  const auto size = it.size();
  for (const auto& [body, faults] : rows) {
    const auto answer = verify(body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.faults(), faults) << body;
  }
  EXPECT_EQ(verify({{"key", "x"}, {"as_of", "position:1"}}).code(), "not_supported");
  EXPECT_EQ(it.size(), size);
}

TEST_F(VerifyRoutes, RecordsARetiredSecretOnceAnHour) {
  const auto made = it.add_key("crm");
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
  ASSERT_EQ(it.call(it.owner.secret, "POST", path + "/rotate", "{}").status, 200);
  const auto size = it.size();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(verify({{"key", made["secret"]}}).body["code"], "SECRET_RETIRED");
  }
  EXPECT_EQ(it.size(), size + 1);
  it.clock.advance_ms(60 * 60 * 1000);
  verify({{"key", made["secret"]}});
  EXPECT_EQ(it.size(), size + 2);
}

TEST_F(VerifyRoutes, WhoamiShowsTheKeyItselfAndTheClientAsSeen) {
  const auto made = it.add_key("crm");
  const std::string secret = made["secret"];
  const auto answer = it.call(secret, "GET", "/v1/whoami", {}, {{"Origin", "https://a.example"}});
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  EXPECT_EQ(answer.body["key"]["id"], made["key"]["id"]);
  EXPECT_EQ(answer.body["client"]["origin"], "https://a.example");
  EXPECT_TRUE(answer.body["member"].is_null());
  EXPECT_EQ(it.call(it.owner.secret, "GET", "/v1/whoami").body["member"]["id"], it.owner.id);
  EXPECT_EQ(it.call("sk_live_unknown", "GET", "/v1/whoami").status, 401);
  EXPECT_EQ(it.call("", "GET", "/v1/whoami").status, 401);
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
  ASSERT_EQ(it.call(it.owner.secret, "DELETE", path).status, 200);
  EXPECT_EQ(it.call(secret, "GET", "/v1/whoami").status, 401);
}

}  // namespace
}  // namespace keyledger
