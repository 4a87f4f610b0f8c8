// Verify and whoami over the API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/routes.h"
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
  EXPECT_EQ(it.size(), size);
}

TEST_F(VerifyRoutes, LimitsHowOftenAKeyIsUsedAndSaysSoInHeaders) {
  const nlohmann::json rate = {{"limit", 2}, {"window_seconds", 10}};
  const auto made = it.add_key("partner", {{"rate_limit", rate}, {"scopes", {"read"}}});
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
  const auto expect = [&](const Answer& answer, const std::string& code, const std::string& left) {
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body["code"], code);
    EXPECT_EQ(answer.header("RateLimit-Policy"), R"("key";q=2;w=10)");
    EXPECT_EQ(answer.header("RateLimit"), R"("key";)" + left);
  };
  const nlohmann::json body = {{"key", made["secret"]}};
  expect(verify(body), "VALID", "r=1;t=5");
  const auto other = verify({{"key", made["secret"]}, {"scopes", {"write"}}});
  EXPECT_EQ(other.body["code"], "SCOPE_NOT_GRANTED");
  EXPECT_EQ(other.header("RateLimit"), "") << "another rule refused it: nothing was taken";
  it.clock.advance_ms(1'000);
  expect(verify(body), "VALID", "r=0;t=4");
  const auto limited = verify(body);
  expect(limited, "RATE_LIMITED", "r=0;t=4");
  EXPECT_EQ(limited.header("Retry-After"), "4");
  EXPECT_EQ(limited.body["valid"], false);
  EXPECT_EQ(limited.body["key"]["id"], made["key"]["id"]);
  EXPECT_EQ(limited.body["decided_by"]["type"], "key.created");
  EXPECT_EQ(it.call(it.owner.secret, "GET", path).body["use_count"], 2);
  it.clock.advance_ms(4'000);
  const auto again = verify(body);
  expect(again, "VALID", "r=0;t=5");
  EXPECT_EQ(again.header("Retry-After"), "");

  ASSERT_EQ(
      it.call(it.owner.secret, "PATCH", path, R"({"rate_limit":{"limit":1,"window_seconds":9}})")
          .status,
      200);
  EXPECT_EQ(verify(body).header("RateLimit"), R"("key";r=0;t=9)");
  EXPECT_EQ(verify(body).body["decided_by"]["type"], "key.rate_limit_changed");
  ASSERT_EQ(it.call(it.owner.secret, "PATCH", path, R"({"rate_limit":null})").status, 200);
  EXPECT_EQ(verify(body).header("RateLimit"), "");
}

TEST_F(VerifyRoutes, LimitsAKeyByItsPolicyUnlessItHasALimitOfItsOwn) {
  const auto limited = it.add_key("limited");
  const auto own = it.add_key("own", {{"rate_limit", {{"limit", 5}, {"window_seconds", 10}}}});
  const auto unlimited = it.add_key("unlimited", {{"rate_limit", {{"unlimited", true}}}});
  ASSERT_EQ(it.call(it.owner.secret, "PUT", "/v1/workspace/policy",
                    R"({"rate_limit":{"limit":1,"window_seconds":10}})")
                .status,
            200);
  EXPECT_EQ(verify({{"key", limited["secret"]}}).header("RateLimit-Policy"), R"("key";q=1;w=10)");
  const auto refused = verify({{"key", limited["secret"]}});
  EXPECT_EQ(refused.body["code"], "RATE_LIMITED");
  EXPECT_EQ(refused.body["decided_by"]["type"], "policy.set");
  EXPECT_EQ(refused.body["decided_by"]["position"], it.size() - 1);
  EXPECT_EQ(verify({{"key", own["secret"]}}).header("RateLimit-Policy"), R"("key";q=5;w=10)");
  for (int i = 0; i < 20; ++i) {
    const auto free = verify({{"key", unlimited["secret"]}});
    EXPECT_EQ(free.body["code"], "VALID");
    EXPECT_EQ(free.header("RateLimit-Policy"), "");
  }
}

TEST_F(VerifyRoutes, LimitsABatchItemByItem) {
  const auto made = it.add_key("partner", {{"rate_limit", {{"limit", 2}, {"window_seconds", 10}}}});
  nlohmann::json items = nlohmann::json::array();
  for (int i = 0; i < 3; ++i) items.push_back({{"key", made["secret"]}});
  const auto answer = it.call(it.owner.secret, "POST", "/v1/keys/verify_batch",
                              nlohmann::json{{"items", items}}.dump());
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  EXPECT_EQ(answer.body["data"][1]["code"], "VALID");
  EXPECT_EQ(answer.body["data"][2]["code"], "RATE_LIMITED");
  EXPECT_EQ(answer.header("RateLimit"), "");
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

TEST_F(VerifyRoutes, WhoamiIsAUseLikeAnyOther) {
  const auto made = it.add_key("crm", {{"rate_limit", {{"limit", 3}, {"window_seconds", 60}}}});
  const std::string secret = made["secret"];
  const auto whoami = [&] { return it.call(secret, "GET", "/v1/whoami"); };
  const auto first = whoami();
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.header("RateLimit-Policy"), "\"key\";q=3;w=60");
  EXPECT_EQ(first.header("RateLimit"), "\"key\";r=2;t=20");
  EXPECT_EQ(verify({{"key", secret}}).body["valid"], true);
  EXPECT_EQ(whoami().status, 200);
  const auto refused = whoami();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.code(), "rate_limited");
  EXPECT_EQ(refused.header("Retry-After"), "20");
  EXPECT_EQ(refused.header("RateLimit"), "\"key\";r=0;t=20");
  EXPECT_EQ(verify({{"key", secret}}).body["code"], "RATE_LIMITED") << "one bucket for all uses";
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
  EXPECT_EQ(it.call(it.owner.secret, "GET", path).body["use_count"], 3);
  it.clock.advance_ms(20'000);
  EXPECT_EQ(whoami().status, 200);
  EXPECT_EQ(it.call(it.owner.secret, "GET", "/v1/whoami").header("RateLimit"), "");
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

class VerifyBatch : public VerifyRoutes {
 protected:
  Answer batch(const nlohmann::json& items) {
    return it.call(it.owner.secret, "POST", "/v1/keys/verify_batch",
                   nlohmann::json{{"items", items}}.dump());
  }
};

TEST_F(VerifyBatch, AnswersEachAsVerifyWouldInOrder) {
  const auto made = it.add_key("crm", {{"scopes", {"read"}}});
  const auto ended = it.add_key("old");
  it.call(it.owner.secret, "DELETE", "/v1/keys/" + ended["key"]["id"].get<std::string>());
  nlohmann::json items = {{{"key", made["secret"]}, {"scopes", {"read"}}},
                          {{"key", ended["secret"]}},
                          {{"key", "no such"}},
                          {{"key", "nosuch"}, {"method", "GET"}, {"path", "/"}},
                          {{"key", made["secret"]}, {"scopes", {"write"}}},
                          {{"key", made["secret"]}, {"environment", "test"}}};
  const auto answer = batch(items);
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  EXPECT_TRUE(answer.body["next_cursor"].is_null());
  const char* const codes[] = {"VALID",     "REVOKED",           "MALFORMED",
                               "NOT_FOUND", "SCOPE_NOT_GRANTED", "ENVIRONMENT_NOT_ALLOWED"};
  ASSERT_EQ(answer.body["data"].size(), std::size(codes));
  for (std::size_t i = 0; i < std::size(codes); ++i) {
    EXPECT_EQ(answer.body["data"][i]["code"], codes[i]);
    EXPECT_EQ(answer.body["data"][i], verify(items[i]).body) << codes[i];
    EXPECT_EQ(answer.body["data"][i]["position"], answer.position());
  }
}

TEST_F(VerifyBatch, TakesNoneAndAThousandAndNoMore) {
  EXPECT_EQ(batch(nlohmann::json::array()).body["data"], nlohmann::json::array());
  nlohmann::json items(std::vector<nlohmann::json>(1000, {{"key", "x"}}));
  EXPECT_EQ(batch(items).body["data"].size(), 1000U);
  items.push_back({{"key", "x"}});
  const auto refused = batch(items);
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.faults(), ElementsAre("items too_many"));
}

TEST_F(VerifyBatch, NamesTheItemOfEachFault) {
  const auto refused = batch({{{"key", "x"}},
                              {{"kee", "x"}},
                              7,
                              {{"key", "x"}, {"ip", "300.1.1.1"}, {"scopes", {"ok", "not ok"}}}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.faults(),
              ElementsAre("items[1].key required", "items[1].kee unknown_field", "items[2] invalid",
                          "items[3].scopes[1] invalid", "items[3].ip invalid"));
  EXPECT_THAT(batch("x").faults(), ElementsAre("items invalid"));
  const auto none = it.call(it.owner.secret, "POST", "/v1/keys/verify_batch", R"({"keys":[]})");
  EXPECT_THAT(none.faults(), ElementsAre("items required", "keys unknown_field"));
  const std::string secret = it.add_key("crm")["secret"];
  const auto leaked = batch({{{"key", secret}, {"method", "GET"}, {"path", "/" + secret}}});
  EXPECT_EQ(leaked.code(), "secret_in_request");
  EXPECT_THAT(leaked.faults(), ElementsAre("items[0].path not_allowed"));
  EXPECT_EQ(leaked.response.body.find(secret), std::string::npos);
}

TEST_F(VerifyBatch, TakesFourMebibytesAndNoMore) {
  const auto body = [](std::size_t bytes) {
    std::string text = R"({"items":[{"key":"x"}]})";
    return text.insert(1, std::string(bytes - text.size(), ' '));
  };
  const auto status = [&](std::size_t bytes) {
    return it.call(it.owner.secret, "POST", "/v1/keys/verify_batch", body(bytes)).status;
  };
  EXPECT_EQ(status(std::size_t{4} << 20U), 200);
  EXPECT_EQ(status((std::size_t{4} << 20U) + 1), 413);
}

TEST_F(VerifyBatch, WaitsForTheNewestPositionThatAnItemWants) {
  const auto here = batch({{{"key", "x"}, {"min_position", it.size() - 1}}, {{"key", "x"}}});
  EXPECT_EQ(here.status, 200);
  const auto behind = batch({{{"key", "x"}}, {{"key", "x"}, {"min_position", it.size()}}});
  EXPECT_EQ(behind.status, 503);
  EXPECT_EQ(behind.code(), "behind");
}

TEST_F(VerifyRoutes, ListsWhatWasNotCheckedBecauseItWasNotAsked) {
  const auto made = it.add_key("crm");
  const auto listed = [&](nlohmann::json body) {
    body["key"] = made["secret"];
    return verify(body).body["not_checked"];
  };
  EXPECT_EQ(listed({{"method", "GET"}, {"path", "/"}}), nlohmann::json({"scopes"}));
  EXPECT_EQ(listed({{"scopes", {"a"}}}), nlohmann::json({"endpoint"}));
  EXPECT_EQ(listed({{"scopes", {"a"}}, {"method", "GET"}, {"path", "/"}}), nlohmann::json::array());
}

TEST_F(VerifyRoutes, ARetiredSecretStaysRetiredWhenTheClockIsPutBack) {
  const auto made = it.add_key("crm");
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
  ASSERT_EQ(it.call(it.owner.secret, "POST", path + "/rotate", "{}").status, 200);
  it.clock.advance_ms(-3'000);
  EXPECT_EQ(verify({{"key", made["secret"]}}).body["code"], "SECRET_RETIRED");
}

TEST_F(VerifyRoutes, ARetiredManagementSecretThatCallsIsRecorded) {
  const auto admin = it.add_member("admin");
  const auto key = it.call(admin.secret, "GET", "/v1/whoami").body["key"]["id"].get<std::string>();
  ASSERT_EQ(it.call(admin.secret, "POST", "/v1/keys/" + key + "/rotate", "{}").status, 200);
  const auto before = it.size();
  EXPECT_EQ(it.call(admin.secret, "GET", "/v1/keys").status, 401);
  EXPECT_EQ(it.size(), before + 1) << "key.retired_secret_presented";
  EXPECT_EQ(it.call(admin.secret, "GET", "/v1/whoami").status, 401);
  EXPECT_EQ(it.size(), before + 1) << "once an hour";
}

// What the event threads answer is what a worker would have answered.
class AtOnce : public VerifyRoutes {
 protected:
  // Nothing if it was left to a worker.
  std::optional<http::Response> at_once(const std::string& secret, const std::string& body,
                                        std::string_view target = "/v1/keys/verify") {
    const std::string authorization = "Bearer " + secret;
    const std::vector<http::HeaderView> headers = {{"Authorization", authorization},
                                                   {"Content-Type", "application/json"},
                                                   {"X-Request-Id", "same"}};
    http::Response response;
    const http::RequestView view{"POST", target, body, "192.0.2.7", headers};
    if (!http::handle_at_once(*it.api, view, response)) return std::nullopt;
    return response;
  }
  http::Response by_worker(const std::string& secret, const std::string& body) {
    return it.call(secret, "POST", "/v1/keys/verify", body, {{"X-Request-Id", "same"}}).response;
  }
};

TEST_F(AtOnce, AnswersAPlainVerifyAsAWorkerWould) {
  const auto made = it.add_key("crm \"quoted\" ü", {{"metadata", {{"team\\", "a\"b"}}},
                                                    {"external_id", "c/7"},
                                                    {"scopes", {"read", "write"}},
                                                    {"ttl_seconds", 60}});
  const std::string secret = made["secret"];
  for (const std::string& body :
       {R"({"key":")" + secret + R"("})", R"({"key":")" + secret + R"(","scopes":["read"]})",
        R"({"key":")" + secret + R"(","scopes":["none"],"environment":"live"})",
        R"({"key":")" + secret + R"(","environment":"test"})", std::string(R"({"key":"x"})"),
        std::string(R"({"key":"white space"})")}) {
    const auto quick = at_once(it.owner.secret, body);
    ASSERT_TRUE(quick) << body;
    const http::Response slow = by_worker(it.owner.secret, body);
    EXPECT_EQ(quick->status, slow.status) << body;
    EXPECT_EQ(quick->body, slow.body) << body;
    EXPECT_EQ(quick->headers, slow.headers) << body;
  }
  EXPECT_EQ(at_once("mk_live_nobody", R"({"key":"x"})")->status, 401);
}

TEST_F(AtOnce, LeavesToAWorkerWhateverMayTakeTime) {
  const auto made = it.add_key("crm");
  const std::string old = made["secret"];
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
  ASSERT_EQ(it.call(it.owner.secret, "POST", path + "/rotate", "{}").status, 200);
  const auto before = it.size();
  EXPECT_FALSE(at_once(it.owner.secret, R"({"key":")" + old + R"("})")) << "would be recorded";
  EXPECT_FALSE(at_once(it.owner.secret, R"({"key":"x","min_position":0})"));
  EXPECT_FALSE(at_once(it.owner.secret, R"({"key":7})")) << "the strict reader names the field";
  EXPECT_FALSE(at_once(it.owner.secret, R"({"key":"x"})", "/v1/keys/verify?a=b"));
  EXPECT_FALSE(at_once(it.owner.secret, R"({"name":"x"})", "/v1/keys"));
  EXPECT_EQ(it.size(), before);
}

}  // namespace
}  // namespace keyledger
