// Origins and addresses over the API: setting them, seeing them, and what they do to verify,
// whoami and management calls. What each pattern means: origin_pattern_test.cc, network_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using Answer = TestLedger::Answer;
using nlohmann::json;

class KeyRules : public testing::Test {
 protected:
  Answer as_owner(std::string_view method, std::string_view target, const json& body) {
    return it.call(it.owner.secret, method, target, body.dump());
  }
  Answer create(json body) {
    if (!body.contains("type")) body["type"] = "public";
    body["name"] = "web " + std::to_string(++made_);
    return as_owner("POST", "/v1/keys", body);
  }
  json made(const json& body) {
    const Answer answer = create(body);
    EXPECT_EQ(answer.status, 201) << answer.response.body;
    return answer.body;
  }
  Answer change(const json& made, const json& body) {
    return as_owner("PATCH", path_of(made), body);
  }
  static std::string path_of(const json& made) {
    return "/v1/keys/" + made["key"]["id"].get<std::string>();
  }
  // "CODE type@position" of who decided, where something did.
  std::string verdict(const json& made, json request) {
    request["key"] = made["secret"];
    const json body = as_owner("POST", "/v1/keys/verify", request).body;
    std::string out = body["code"];
    if (body["code"] != "VALID") out += ' ' + body["decided_by"]["type"].get<std::string>();
    return out;
  }
  static std::vector<std::string> codes(const json& warnings) {
    std::vector<std::string> out;
    for (const json& warning : warnings) {
      out.push_back(warning["field"].get<std::string>() + ' ' + warning["code"].get<std::string>());
    }
    return out;
  }

  TestLedger it;

 private:
  int made_ = 0;
};

TEST_F(KeyRules, APublicKeyShowsItsRulesInOneForm) {
  const json key =
      made({{"allowed_origins",
             {"https://App.Example.com:443", "example.com", "EXAMPLE.com.",
              "*.b\xC3\xBC"
              "cher.example",
              "localhost:3000"}},
            {"allow_missing_origin", true},
            {"allowed_ips",
             {"2001:DB8::/32", "203.0.113.7/32", "::ffff:10.0.0.0/104", "10.0.0.0/8"}}})["key"];
  EXPECT_EQ(key["type"], "public");
  EXPECT_EQ(key["allowed_origins"], json({"example.com", "localhost:3000",
                                          "*.xn--bcher-kva.example", "https://app.example.com"}));
  EXPECT_EQ(key["allow_missing_origin"], true);
  EXPECT_EQ(key["allowed_ips"], json({"10.0.0.0/8", "203.0.113.7", "2001:db8::/32"}));
  const auto read = it.call(it.owner.secret, "GET", "/v1/keys/" + key["id"].get<std::string>());
  EXPECT_EQ(read.body, key);
  const json entry = it.call(it.owner.secret, "GET", "/v1/audit/" + key["position"].dump()).body;
  EXPECT_EQ(entry["changes"]["allowed_origins"]["to"], key["allowed_origins"]);
  EXPECT_EQ(entry["changes"]["allowed_ips"]["to"], key["allowed_ips"]);
}

TEST_F(KeyRules, WarnOfWhatIsTooWideOrNothing) {
  const auto warnings = [&](const json& body) { return codes(made(body)["warnings"]); };
  using testing::ElementsAre;
  EXPECT_THAT(warnings({{"allowed_origins", {"example.com"}}}), ElementsAre());
  EXPECT_THAT(warnings(json::object()), ElementsAre("allowed_origins no_origin_allowed"));
  EXPECT_THAT(warnings({{"allowed_origins", {"*", "example.com"}}}),
              ElementsAre("allowed_origins wildcard_origin"));
  EXPECT_THAT(warnings({{"type", "private"}}), ElementsAre());

  const json key = made({{"allowed_origins", {"example.com"}}});
  EXPECT_FALSE(change(key, {{"name", "fine"}}).body.contains("warnings"));
  EXPECT_THAT(codes(change(key, {{"allowed_origins", {"*"}}}).body["warnings"]),
              ElementsAre("allowed_origins wildcard_origin"));
  EXPECT_THAT(codes(change(key, {{"allowed_origins", nullptr}}).body["warnings"]),
              ElementsAre("allowed_origins no_origin_allowed"));
}

TEST_F(KeyRules, RefusalsNameTheEntryAndWriteNothing) {
  const json many(std::vector<std::string>(101, "example.com"));
  const std::pair<json, std::vector<std::string>> rows[] = {
      {{{"allowed_origins", {"example.com", "http://"}}}, {"allowed_origins[1] invalid"}},
      {{{"allowed_origins", {":3000", "ok.example.com", ".com", "com"}}},
       {"allowed_origins[0] invalid", "allowed_origins[2] invalid", "allowed_origins[3] invalid"}},
      {{{"allowed_origins", {""}}}, {"allowed_origins[0] invalid"}},
      {{{"allowed_origins", {7}}}, {"allowed_origins[0] invalid"}},
      {{{"allowed_origins", {nullptr}}}, {"allowed_origins[0] invalid"}},
      {{{"allowed_origins", "example.com"}}, {"allowed_origins invalid"}},
      {{{"allowed_origins", many}}, {"allowed_origins too_many"}},
      {{{"allow_missing_origin", "yes"}}, {"allow_missing_origin invalid"}},
      {{{"allowed_ips", {"10.0.0.0/8", "10.0.0.1/8"}}}, {"allowed_ips[1] invalid"}},
      {{{"allowed_ips", {""}}}, {"allowed_ips[0] invalid"}},
      {{{"allowed_ips", "10.0.0.0/8"}}, {"allowed_ips invalid"}},
      {{{"allowed_ips", many}}, {"allowed_ips too_many"}},
  };
  const json key = made({{"allowed_origins", {"example.com"}}});
  const auto size = it.size();
  for (const auto& [body, faults] : rows) {
    for (const Answer& answer : {create(body), change(key, body)}) {
      EXPECT_EQ(answer.status, 400) << body;
      EXPECT_EQ(answer.code(), "invalid_request") << body;
      EXPECT_EQ(answer.faults(), faults) << answer.response.body;
    }
  }
  const Answer meant = create({{"allowed_ips", {"10.0.0.1/8"}}});
  EXPECT_EQ(meant.body["errors"][0]["message"], "has host bits set; did you mean 10.0.0.0/8?");
  EXPECT_EQ(it.size(), size);
}

TEST_F(KeyRules, OriginsBelongToPublicKeysAlone) {
  const json key = made({{"type", "private"}});
  const auto size = it.size();
  for (const json& body :
       {json{{"allowed_origins", {"example.com"}}}, json{{"allow_missing_origin", true}}}) {
    const std::string field = body.begin().key();
    json typed = body;
    typed["type"] = "private";
    for (const Answer& answer : {create(typed), change(key, body)}) {
      EXPECT_EQ(answer.status, 400);
      EXPECT_THAT(answer.faults(), testing::ElementsAre(field + " not_allowed"));
    }
  }
  EXPECT_EQ(it.size(), size);
}

TEST_F(KeyRules, VerifyHoldsAPublicKeyToItsOrigins) {
  const json key = made({{"allowed_origins", {"example.com"}}});
  const std::string refused = "ORIGIN_NOT_ALLOWED key.created";
  EXPECT_EQ(verdict(key, {{"origin", "https://www.example.com"}}), "VALID");
  for (const char* origin : {"https://example.com.evil.org", "https://evilexample.com", "null",
                             "https://example.com@evil.org", "not an origin"}) {
    EXPECT_EQ(verdict(key, {{"origin", origin}}), refused) << origin;
  }
  EXPECT_EQ(verdict(key, json::object()), refused) << "an absent origin fails";

  ASSERT_EQ(change(key, {{"allow_missing_origin", true}}).status, 200);
  EXPECT_EQ(verdict(key, json::object()), "VALID");
  EXPECT_EQ(verdict(key, {{"origin", "null"}}), "ORIGIN_NOT_ALLOWED key.missing_origin_changed");
  ASSERT_EQ(change(key, {{"allowed_origins", {"*"}}, {"allow_missing_origin", nullptr}}).status,
            200);
  EXPECT_EQ(verdict(key, json::object()), "VALID");
  EXPECT_EQ(verdict(key, {{"origin", "null"}}), "VALID");
  ASSERT_EQ(change(key, {{"allowed_origins", json::array()}}).status, 200);
  EXPECT_EQ(verdict(key, {{"origin", "https://example.com"}}),
            "ORIGIN_NOT_ALLOWED key.origins_changed");
}

TEST_F(KeyRules, VerifyHoldsEveryKeyToItsAddresses) {
  const json key = made({{"type", "private"}, {"allowed_ips", {"10.0.0.0/8", "2001:db8::/32"}}});
  EXPECT_EQ(verdict(key, {{"ip", "10.1.2.3"}}), "VALID");
  EXPECT_EQ(verdict(key, {{"ip", "::ffff:10.1.2.3"}}), "VALID");
  EXPECT_EQ(verdict(key, {{"ip", "2001:db8::9"}, {"origin", "https://any.example"}}), "VALID");
  EXPECT_EQ(verdict(key, {{"ip", "11.0.0.1"}}), "IP_NOT_ALLOWED key.created");
  EXPECT_EQ(verdict(key, json::object()), "IP_NOT_ALLOWED key.created") << "absent fails";
  ASSERT_EQ(change(key, {{"allowed_ips", {"192.0.2.1"}}}).status, 200);
  EXPECT_EQ(verdict(key, {{"ip", "10.1.2.3"}}), "IP_NOT_ALLOWED key.addresses_changed");
  ASSERT_EQ(change(key, {{"allowed_ips", nullptr}}).status, 200);
  EXPECT_EQ(verdict(key, {{"ip", "10.1.2.3"}}), "VALID");
}

TEST_F(KeyRules, TheAddressIsLookedAtBeforeTheOriginAndThatBeforeTheScopes) {
  const json key = made({{"allowed_ips", {"10.0.0.0/8"}},
                         {"allowed_origins", {"example.com"}},
                         {"scopes", {"read"}}});
  json request = {{"ip", "11.0.0.1"}, {"origin", "null"}, {"scopes", {"write"}}};
  EXPECT_EQ(verdict(key, request), "IP_NOT_ALLOWED key.created");
  request["ip"] = "10.0.0.1";
  EXPECT_EQ(verdict(key, request), "ORIGIN_NOT_ALLOWED key.created");
  request["origin"] = "https://example.com";
  EXPECT_EQ(verdict(key, request), "SCOPE_NOT_GRANTED key.created");
  request["scopes"] = {"read"};
  EXPECT_EQ(verdict(key, request), "VALID");
}

TEST_F(KeyRules, RulesOutliveARestart) {
  const json key = made({{"allowed_ips", {"10.0.0.0/8"}}, {"allowed_origins", {"example.com"}}});
  for (const auto rows : {TestLedger::Rows::kKeep, TestLedger::Rows::kForget}) {
    it.restart(rows);
    EXPECT_EQ(verdict(key, {{"ip", "10.0.0.1"}, {"origin", "http://a.example.com"}}), "VALID");
    EXPECT_EQ(verdict(key, {{"ip", "10.0.0.1"}}), "ORIGIN_NOT_ALLOWED key.created");
    EXPECT_EQ(verdict(key, {{"origin", "http://a.example.com"}}), "IP_NOT_ALLOWED key.created");
  }
}

TEST_F(KeyRules, WhoamiIsAnsweredFromWhereTheKeyMayBeUsed) {
  const std::string secret = made({{"allowed_origins", {"example.com"}}})["secret"];
  const auto status = [&](const TestLedger::Headers& headers) {
    return it.call(secret, "GET", "/v1/whoami", {}, headers).status;
  };
  EXPECT_EQ(status({{"Origin", "https://app.example.com"}}), 200);
  EXPECT_EQ(status({{"Origin", "https://evilexample.com"}}), 403);
  EXPECT_EQ(status({}), 403);
  const std::string inside =
      made({{"type", "private"}, {"allowed_ips", {"192.0.2.0/24"}}})["secret"];
  const std::string outside =
      made({{"type", "private"}, {"allowed_ips", {"198.51.100.0/24"}}})["secret"];
  EXPECT_EQ(it.call(inside, "GET", "/v1/whoami").status, 200) << "the test's calls: 192.0.2.7";
  const auto refused = it.call(outside, "GET", "/v1/whoami");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body["detail"], "The key may not be used from this address.");
}

TEST_F(KeyRules, AManagementKeyIsHeldToItsAddresses) {
  const auto admin = it.add_member("admin");
  const std::string path = "/v1/members/" + admin.id + "/management_keys";
  const auto inside = as_owner("POST", path, {{"allowed_ips", {"192.0.2.0/24"}}});
  const auto outside = as_owner("POST", path, {{"allowed_ips", {"198.51.100.0/24", "::1"}}});
  ASSERT_EQ(inside.status, 201) << inside.response.body;
  EXPECT_EQ(inside.body["allowed_ips"], json({"192.0.2.0/24"}));
  EXPECT_EQ(it.call(inside.body["secret"].get<std::string>(), "GET", "/v1/keys").status, 200);
  const auto refused = it.call(outside.body["secret"].get<std::string>(), "GET", "/v1/keys");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.code(), "forbidden");

  const std::string key = "/v1/keys/" + outside.body["id"].get<std::string>();
  ASSERT_EQ(as_owner("PATCH", key, {{"allowed_ips", {"192.0.2.7"}}}).status, 200);
  EXPECT_EQ(it.call(outside.body["secret"].get<std::string>(), "GET", "/v1/keys").status, 200);
  EXPECT_EQ(as_owner("POST", path, {{"allowed_ips", {"192.0.2.7/24"}}}).faults(),
            std::vector<std::string>{"allowed_ips[0] invalid"});
}

}  // namespace
}  // namespace keyledger
