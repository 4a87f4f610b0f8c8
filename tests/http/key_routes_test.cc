// Keys over the API: what each call answers, and what each field is refused for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using testing::ElementsAre;
using Answer = TestLedger::Answer;

class KeyRoutes : public testing::Test {
 protected:
  Answer as_owner(std::string_view method, std::string_view target, std::string_view body = {},
                  const TestLedger::Headers& headers = {}) {
    return it.call(it.owner.secret, method, target, body, headers);
  }
  std::string verdict(const std::string& secret) {
    return as_owner("POST", "/v1/keys/verify", R"({"key":")" + secret + R"("})").body["code"];
  }
  // Refused with this status, and nothing was written.
  Answer refused(int status, std::string_view method, std::string_view target,
                 std::string_view body = {}, const TestLedger::Headers& headers = {}) {
    const auto before = it.size();
    Answer answer = as_owner(method, target, body, headers);
    EXPECT_EQ(answer.status, status) << method << " " << target << " " << body << "\n"
                                     << answer.response.body;
    EXPECT_EQ(it.size(), before) << "a refused call wrote something: " << body;
    return answer;
  }

  TestLedger it;
};

TEST_F(KeyRoutes, CreateAnswersKeySecretAndWarnings) {
  const auto answer = as_owner("POST", "/v1/keys",
                               R"({"type":"private","environment":"test","name":"crm-sync",
      "description":"nightly","scopes":["b","a","b"],"metadata":{"team":"crm"},
      "external_id":"cust-7","ttl_seconds":60,"reason":"asked for"})");
  ASSERT_EQ(answer.status, 201) << answer.response.body;
  const auto& key = answer.body["key"];
  const std::string id = key["id"];
  const std::string secret = answer.body["secret"];
  EXPECT_THAT(secret, testing::MatchesRegex("sk_test_[0-9A-Za-z]{33}"));
  EXPECT_EQ(answer.header("Location"), "/v1/keys/" + id);
  EXPECT_EQ(answer.header("ETag"), "\"1\"");
  EXPECT_TRUE(answer.body["warnings"].is_array());
  EXPECT_EQ(key["scopes"], nlohmann::json({"a", "b"}));
  EXPECT_EQ(key["status"], "active");
  EXPECT_EQ(key["handle"], "sk_test_…" + secret.substr(secret.size() - 4));
  EXPECT_EQ(key["expires_at"], "2026-03-30T12:01:00.000Z");
  EXPECT_EQ(key["description"], "nightly");
  EXPECT_EQ(key["metadata"], nlohmann::json({{"team", "crm"}}));
  EXPECT_EQ(key["external_id"], "cust-7");
  EXPECT_EQ(key["owner_id"], it.owner.id);
  EXPECT_EQ(key["created_by"]["id"], it.owner.id);
  EXPECT_EQ(key["position"], answer.position());
  EXPECT_EQ(as_owner("GET", "/v1/keys/" + id).body, key) << "read your writes";
  const auto entry = as_owner("GET", "/v1/audit/" + std::to_string(answer.position())).body;
  EXPECT_EQ(entry["reason"], "asked for");
}

TEST_F(KeyRoutes, CreateNamesEachBadField) {
  const std::string ok = R"("type":"private","name":"a")";
  const std::pair<std::string, std::vector<std::string>> rows[] = {
      {"{}", {"type required", "name required"}},
      {R"({"type":"management","name":"a"})", {"type invalid"}},
      {R"({"type":"private","name":""})", {"name invalid"}},
      {R"({"type":"private","name":")" + std::string(129, 'x') + R"("})", {"name too_long"}},
      {R"({"type":"private","name":"a\tb"})", {"name invalid"}},
      {"{" + ok + R"(,"environment":"prod"})", {"environment invalid"}},
      {"{" + ok + R"(,"description":")" + std::string(1001, 'x') + R"("})",
       {"description too_long"}},
      {"{" + ok + R"(,"scopes":"a"})", {"scopes invalid"}},
      {"{" + ok + R"(,"scopes":["ok","no good"]})", {"scopes[1] invalid"}},
      {"{" + ok + R"(,"not_before":"tomorrow"})", {"not_before invalid"}},
      {"{" + ok + R"(,"expires_at":"2020-01-01T00:00:00Z"})", {"expires_at invalid"}},
      {"{" + ok + R"(,"expires_at":"2027-01-01T00:00:00Z","ttl_seconds":5})",
       {"ttl_seconds conflict"}},
      {"{" + ok + R"(,"ttl_seconds":0})", {"ttl_seconds invalid"}},
      {"{" + ok + R"(,"ttl_seconds":-1})", {"ttl_seconds invalid"}},
      {"{" + ok + R"(,"not_before":"2027-01-01T00:00:00Z","expires_at":"2026-12-01T00:00:00Z"})",
       {"expires_at invalid"}},
      {"{" + ok + R"(,"metadata":["x"]})", {"metadata invalid"}},
      {"{" + ok + R"(,"external_id":5})", {"external_id invalid"}},
      {"{" + ok + R"(,"owner_id":"mem_nobody"})", {"owner_id invalid"}},
      {"{" + ok + R"(,"replaces":"key_01M80000000000000000000000"})", {"replaces invalid"}},
      {"{" + ok + R"(,"nmae":"b"})", {"nmae unknown_field"}},
  };
  for (const auto& [body, faults] : rows) {
    const auto answer = refused(400, "POST", "/v1/keys", body);
    EXPECT_EQ(answer.code(), "invalid_request") << body;
    EXPECT_EQ(answer.faults(), faults) << body;
  }
}

TEST_F(KeyRoutes, ARateLimitIsSetChangedSwitchedOffAndCleared) {
  const nlohmann::json few = {{"limit", 5}, {"window_seconds", 60}};
  const nlohmann::json none = {{"unlimited", true}};
  const auto made = it.add_key("partner", {{"rate_limit", few}});
  EXPECT_EQ(made["key"]["rate_limit"], few);
  EXPECT_TRUE(it.add_key("other")["key"]["rate_limit"].is_null());
  EXPECT_EQ(it.add_key("free", {{"rate_limit", none}})["key"]["rate_limit"], none);
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
  for (const auto& rate : {none, few, nlohmann::json(nullptr)}) {
    const auto before = it.size();
    const nlohmann::json body = {{"rate_limit", rate}};
    const auto changed = as_owner("PATCH", path, body.dump());
    ASSERT_EQ(changed.status, 200) << changed.response.body;
    EXPECT_EQ(changed.body["rate_limit"], rate);
    EXPECT_EQ(as_owner("GET", path).body["rate_limit"], rate);
    EXPECT_EQ(it.size(), before + 1);
    ASSERT_EQ(as_owner("PATCH", path, body.dump()).status, 200);
    EXPECT_EQ(it.size(), before + 1) << "it was so already";
  }
}

TEST_F(KeyRoutes, ABadRateLimitNamesThePartThatIsBad) {
  const std::string id = it.add_key("present")["key"]["id"];
  const std::pair<std::string, std::vector<std::string>> rows[] = {
      {R"(5)", {"rate_limit invalid"}},
      {R"([])", {"rate_limit invalid"}},
      {R"({})", {"rate_limit.limit required", "rate_limit.window_seconds required"}},
      {R"({"limit":1})", {"rate_limit.window_seconds required"}},
      {R"({"limit":0,"window_seconds":1})", {"rate_limit.limit invalid"}},
      {R"({"limit":-1,"window_seconds":1})", {"rate_limit.limit invalid"}},
      {R"({"limit":1.5,"window_seconds":1})", {"rate_limit.limit invalid"}},
      {R"({"limit":"1","window_seconds":1})", {"rate_limit.limit invalid"}},
      {R"({"limit":1000000001,"window_seconds":1})", {"rate_limit.limit invalid"}},
      {R"({"limit":4294967297,"window_seconds":1})", {"rate_limit.limit invalid"}},
      {R"({"limit":1,"window_seconds":0})", {"rate_limit.window_seconds invalid"}},
      {R"({"limit":1,"window_seconds":2678401})", {"rate_limit.window_seconds invalid"}},
      {R"({"limit":1,"window_seconds":1,"burst":1})", {"rate_limit.burst unknown_field"}},
      {R"({"unlimited":false})", {"rate_limit.unlimited invalid"}},
      {R"({"unlimited":null})", {"rate_limit.unlimited invalid"}},
      {R"({"unlimited":1})", {"rate_limit.unlimited invalid"}},
      {R"({"unlimited":true,"limit":5})", {"rate_limit.limit conflict"}},
  };
  for (const auto& [rate, faults] : rows) {
    const std::string field = R"("rate_limit":)" + rate + "}";
    EXPECT_EQ(refused(400, "POST", "/v1/keys", R"({"type":"private","name":"a",)" + field).faults(),
              faults)
        << rate;
    EXPECT_EQ(refused(400, "PATCH", "/v1/keys/" + id, "{" + field).faults(), faults) << rate;
  }
}

TEST_F(KeyRoutes, AManagementKeyHasNoRateLimit) {
  const std::string rate = R"({"rate_limit":{"limit":1,"window_seconds":1}})";
  const std::string keys = "/v1/members/" + it.owner.id + "/management_keys";
  EXPECT_EQ(refused(400, "POST", keys, rate).faults(),
            std::vector<std::string>{"rate_limit unknown_field"});
  const auto made = as_owner("POST", keys, R"({"name":"second"})");
  ASSERT_EQ(made.status, 201) << made.response.body;
  const std::string id = made.body["id"];
  EXPECT_EQ(refused(400, "PATCH", "/v1/keys/" + id, rate).faults(),
            std::vector<std::string>{"rate_limit not_allowed"});
}

TEST_F(KeyRoutes, ANameIsTakenUntilItsKeyHasEnded) {
  const std::string id = it.add_key("crm")["key"]["id"];
  EXPECT_EQ(refused(409, "POST", "/v1/keys", R"({"type":"private","name":"crm"})").code(),
            "name_taken");
  ASSERT_EQ(as_owner("POST", "/v1/keys", R"({"type":"private","name":"crm","environment":"test"})")
                .status,
            201);
  ASSERT_EQ(as_owner("DELETE", "/v1/keys/" + id).status, 200);
  EXPECT_EQ(as_owner("POST", "/v1/keys", R"({"type":"private","name":"crm"})").status, 201);
}

TEST_F(KeyRoutes, PatchMakesOneEventPerIntentAndChangesNothingElse) {
  const auto made = it.add_key("crm", {{"description", "old"}});
  const std::string id = made["key"]["id"];
  const auto before = it.size();
  const auto answer = as_owner("PATCH", "/v1/keys/" + id,
                               R"({"name":"crm2","description":null,"scopes":["a"],
                                   "metadata":{"k":"v"},"expires_at":"2027-01-01T00:00:00Z"})");
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  EXPECT_EQ(it.size(), before + 5);
  EXPECT_EQ(answer.header("ETag"), "\"6\"");
  EXPECT_EQ(answer.body["name"], "crm2");
  EXPECT_TRUE(answer.body["description"].is_null());
  EXPECT_EQ(answer.body["metadata"]["k"], "v");
  EXPECT_EQ(answer.body["expires_at"], "2027-01-01T00:00:00.000Z");
  EXPECT_EQ(answer.body["environment"], made["key"]["environment"]);
  EXPECT_EQ(answer.position(), it.size() - 1);
  const auto again = as_owner("PATCH", "/v1/keys/" + id, R"({"name":"crm2","scopes":["a"]})");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(it.size(), before + 5) << "what is so already makes no event";
  ASSERT_EQ(as_owner("PATCH", "/v1/keys/" + id, R"({"metadata":null})").status, 200);
  EXPECT_EQ(it.size(), before + 6);
  for (const char* none : {R"({"metadata":{}})", R"({"metadata":null})", R"({"description":""})"}) {
    EXPECT_EQ(as_owner("PATCH", "/v1/keys/" + id, none).status, 200);
  }
  EXPECT_EQ(it.size(), before + 6) << "an empty one is as good as none";
}

TEST_F(KeyRoutes, PatchNamesEachBadField) {
  const std::string id = it.add_key("crm")["key"]["id"];
  it.add_key("taken");
  const std::pair<const char*, std::vector<std::string>> rows[] = {
      {R"({"name":null,"scopes":null,"owner_id":null})",
       {"name invalid", "scopes invalid", "owner_id invalid"}},
      {R"({"name":""})", {"name invalid"}},
      {R"({"scopes":[]})", {"scopes invalid"}},
      {R"({"expires_at":"soon"})", {"expires_at invalid"}},
      {R"({"expires_at":"2020-01-01T00:00:00Z"})", {"expires_at invalid"}},
      {R"({"owner_id":"x"})", {"owner_id invalid"}},
      {R"({"type":"public"})", {"type unknown_field"}},
      {R"({"status":"active"})", {"status unknown_field"}},
  };
  for (const auto& [body, faults] : rows) {
    EXPECT_EQ(refused(400, "PATCH", "/v1/keys/" + id, body).faults(), faults) << body;
  }
  EXPECT_EQ(refused(409, "PATCH", "/v1/keys/" + id, R"({"name":"taken"})").code(), "name_taken");
}

TEST_F(KeyRoutes, IfMatchIsHonouredOnEveryChange) {
  const std::string id = it.add_key("crm")["key"]["id"];
  const std::string path = "/v1/keys/" + id;
  const std::pair<const char*, std::string> changes[] = {{"PATCH", path},
                                                         {"POST", path + "/rotate"},
                                                         {"POST", path + "/suspend"},
                                                         {"POST", path + "/revoke"},
                                                         {"DELETE", path}};
  for (const auto& [method, target] : changes) {
    const std::string body = std::string_view(method) == "PATCH" ? R"({"name":"n"})" : "{}";
    const auto answer = refused(412, method, target, body, {{"If-Match", "\"9\""}});
    EXPECT_EQ(answer.code(), "version_mismatch");
    EXPECT_EQ(answer.body["current_version"], 1);
  }
  EXPECT_EQ(as_owner("PATCH", path, R"({"name":"n"})", {{"If-Match", "\"1\""}}).status, 200);
}

TEST_F(KeyRoutes, RotateKeepsTheKeyAndOverlapsAsAsked) {
  const auto made = it.add_key("crm");
  const std::string id = made["key"]["id"];
  const auto rotated = as_owner("POST", "/v1/keys/" + id + "/rotate", R"({"overlap_seconds":60})");
  ASSERT_EQ(rotated.status, 200) << rotated.response.body;
  EXPECT_EQ(rotated.body["key"]["id"], id);
  EXPECT_EQ(rotated.body["key"]["secrets"].size(), 2U);
  EXPECT_EQ(verdict(made["secret"]), "VALID");
  EXPECT_EQ(verdict(rotated.body["secret"]), "VALID");
  it.clock.advance_ms(60'000);
  EXPECT_EQ(verdict(made["secret"]), "SECRET_RETIRED");
  EXPECT_EQ(verdict(rotated.body["secret"]), "VALID");
  EXPECT_EQ(
      refused(400, "POST", "/v1/keys/" + id + "/rotate", R"({"overlap_seconds":2592001})").faults(),
      std::vector<std::string>{"overlap_seconds invalid"});
}

TEST_F(KeyRoutes, RevokeIsAReceiptAndARepeatAnswersTheSame) {
  const auto made = it.add_key("crm");
  const std::string id = made["key"]["id"];
  const std::string path = "/v1/keys/" + id + "/revoke";
  EXPECT_EQ(refused(400, "POST", path, R"({"reason_code":"bored"})").faults(),
            std::vector<std::string>{"reason_code invalid"});
  const auto first = as_owner("POST", path, R"({"reason_code":"superseded","comment":"old"})");
  ASSERT_EQ(first.status, 200) << first.response.body;
  EXPECT_EQ(first.body["position"], it.size() - 1);
  EXPECT_EQ(first.body["effective_at"], "2026-03-30T12:00:00.000Z");
  EXPECT_EQ(first.body["key"]["revoke_reason"], "superseded");
  EXPECT_EQ(verdict(made["secret"]), "REVOKED");
  const auto size = it.size();
  it.clock.advance_ms(5000);
  const auto again = as_owner("DELETE", "/v1/keys/" + id, {}, {{"If-Match", "\"1\""}});
  EXPECT_EQ(again.status, 200) << "ending what is ended ignores If-Match";
  EXPECT_EQ(again.body["position"], first.body["position"]);
  EXPECT_EQ(again.body["effective_at"], first.body["effective_at"]);
  EXPECT_EQ(it.size(), size);
  for (const char* action : {"/rotate", "/suspend", "/resume"}) {
    EXPECT_EQ(refused(409, "POST", "/v1/keys/" + id + action, "{}").code(), "key_final") << action;
  }
}

TEST_F(KeyRoutes, AReplayedCreateAnswersAsTheFirstOneWithTheSecretForTenMinutes) {
  const std::string body = R"({"type":"private","name":"crm"})";
  const TestLedger::Headers once = {{"Idempotency-Key", "call-1"}};
  const auto first = as_owner("POST", "/v1/keys", body, once);
  ASSERT_EQ(first.status, 201);
  const std::string id = first.body["key"]["id"];
  ASSERT_EQ(as_owner("PATCH", "/v1/keys/" + id, R"({"name":"later"})").status, 200);
  const auto again = as_owner("POST", "/v1/keys", body, once);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.header("Idempotent-Replay"), "true");
  EXPECT_EQ(again.body, first.body);
  const auto history = as_owner("GET", "/v1/keys/" + id + "/history").body["data"];
  EXPECT_EQ(history.back()["action"], "key.secret_replayed");
  it.clock.advance_ms(10 * 60 * 1000);
  const auto late = as_owner("POST", "/v1/keys", body, once);
  EXPECT_EQ(late.body["key"], first.body["key"]);
  EXPECT_TRUE(late.body["secret"].is_null());
  EXPECT_EQ(late.body["secret_available"], false);
  EXPECT_EQ(refused(422, "POST", "/v1/keys", R"({"type":"private","name":"b"})", once).code(),
            "idempotency_mismatch");
}

TEST_F(KeyRoutes, AnIdempotentCallSurvivesARestartWithoutItsSecret) {
  const std::string body = R"({"type":"private","name":"crm"})";
  const TestLedger::Headers once = {{"Idempotency-Key", "call-1"}};
  const auto first = as_owner("POST", "/v1/keys", body, once);
  it.restart(TestLedger::Rows::kForget);
  const auto size = it.size();
  const auto again = as_owner("POST", "/v1/keys", body, once);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body["key"], first.body["key"]);
  EXPECT_EQ(again.body["secret_available"], false);
  EXPECT_EQ(it.size(), size);
}

TEST_F(KeyRoutes, ListFiltersSortsAndPages) {
  for (const char* name : {"b", "a", "c"}) it.add_key(name, {{"external_id", name}});
  const auto names = [&](const std::string& query) {
    std::vector<std::string> found;
    const auto answer = as_owner("GET", "/v1/keys?type=private" + query);
    EXPECT_EQ(answer.status, 200) << answer.response.body;
    for (const auto& key : answer.body["data"]) found.push_back(key["name"]);
    return found;
  };
  EXPECT_THAT(names(""), ElementsAre("b", "a", "c"));
  EXPECT_THAT(names("&sort=name"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(names("&sort=name&order=desc"), ElementsAre("c", "b", "a"));
  EXPECT_THAT(names("&name=a"), ElementsAre("a"));
  EXPECT_THAT(names("&external_id=c"), ElementsAre("c"));
  EXPECT_THAT(names("&status=revoked"), ElementsAre());
  const auto page = as_owner("GET", "/v1/keys?type=private&sort=name&limit=2").body;
  EXPECT_EQ(page["data"].size(), 2U);
  const std::string cursor = page["next_cursor"];
  EXPECT_THAT(names("&sort=name&limit=2&cursor=" + cursor), ElementsAre("c"));
}

TEST_F(KeyRoutes, ListRefusesEachBadParameter) {
  const std::pair<const char*, const char*> rows[] = {
      {"limit=0", "limit invalid"},
      {"limit=1001", "limit invalid"},
      {"limit=ten", "limit invalid"},
      {"type=secret", "type invalid"},
      {"environment=x", "environment invalid"},
      {"status=dead", "status invalid"},
      {"sort=age", "sort invalid"},
      {"order=up", "order invalid"},
      {"created_by=me", "created_by invalid"},
      {"owner_id=me", "owner_id invalid"},
      {"unused_days=-1", "unused_days invalid"},
      {"expires_before=soon", "expires_before invalid"},
      {"cursor=AAAA", "cursor invalid"},
      {"colour=red", "colour unknown_field"}};
  for (const auto& [query, fault] : rows) {
    const auto answer = refused(400, "GET", "/v1/keys?" + std::string(query));
    EXPECT_THAT(answer.faults(), ElementsAre(fault)) << query;
  }
}

TEST_F(KeyRoutes, AnotherWorkspacesKeyIsNotThere) {
  const std::string id = it.add_key("mine")["key"]["id"];
  const auto stranger = it.add_tenant();
  const auto size = it.size();
  for (const auto& [method, target] :
       std::vector<std::pair<const char*, std::string>>{{"GET", "/v1/keys/" + id},
                                                        {"GET", "/v1/keys/" + id + "/history"},
                                                        {"PATCH", "/v1/keys/" + id},
                                                        {"DELETE", "/v1/keys/" + id},
                                                        {"POST", "/v1/keys/" + id + "/rotate"}}) {
    const std::string body = std::string_view(method) == "PATCH" ? R"({"name":"n"})" : "";
    EXPECT_EQ(it.call(stranger.secret, method, target, body).status, 404) << method << target;
  }
  EXPECT_EQ(it.size(), size);
}

}  // namespace
}  // namespace keyledger
