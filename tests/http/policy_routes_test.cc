// The policy of a workspace over the API: set, tried out, refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

constexpr std::string_view kPolicy = "/v1/workspace/policy";

class PolicyRoutes : public ::testing::Test {
 protected:
  TestLedger::Answer put(const json& policy, std::string_view query = "",
                         const TestLedger::Headers& headers = {}) {
    return it.call(it.owner.secret, "PUT", std::string(kPolicy) + std::string(query), policy.dump(),
                   headers);
  }
  json policy() { return it.call(it.owner.secret, "GET", kPolicy).body; }
  // "name: rule effect, …" of each affected key.
  static std::vector<std::string> affected(const TestLedger::Answer& answer) {
    std::vector<std::string> out;
    for (const json& key : answer.body["affected_keys"]) {
      std::string line = key["name"].get<std::string>() + ':';
      for (const json& effect : key["effects"]) {
        line += ' ' + effect["rule"].get<std::string>() + ' ' + effect["effect"].get<std::string>();
      }
      out.push_back(line);
    }
    return out;
  }

  TestLedger it;
};

TEST_F(PolicyRoutes, ReplaceItWhole) {
  const json wanted = {
      {"name_rule", "no_whitespace"},
      {"unique_names", false},
      {"key_types", {"private"}},
      {"scopes", {{{"name", "READ"}, {"description", "Reads"}, {"public", true}}}},
      {"default_scopes", {"READ"}},
      {"endpoints",
       {{{"method", "GET"}, {"path", "/a/:id"}, {"scope", "READ"}, {"public", true}},
        {{"method", "POST"}, {"path", "/a/*"}, {"scope", nullptr}, {"public", false}}}},
      {"required_headers", {{{"name", "X-Version"}, {"values", {"1", "2"}}}}},
      {"max_ttl_seconds", 1000},
      {"default_ttl_seconds", 500},
      {"rotation_age_days", 90},
      {"inactivity_days", 30},
      {"forbid_wildcard_origin_live", true},
      {"require_reason", true},
      {"require_if_match", true},
      {"rate_limit", {{"limit", 100}, {"window_seconds", 60}}},
      {"on_leak", "revoke"},
      {"use_digest", "hourly"},
      {"usage_retention_days", 30},
      {"secret_prefix", "acme"}};
  const auto answer = put(wanted);
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  const json stored = policy();
  for (const auto& [field, value] : wanted.items()) EXPECT_EQ(stored[field], value) << field;
  EXPECT_EQ(stored["version"], 2);
  EXPECT_EQ(stored["position"], answer.position());
  EXPECT_EQ(answer.header("ETag"), "\"2\"");
  for (const auto& [field, value] : stored.items()) EXPECT_EQ(answer.body[field], value) << field;

  const auto entry = it.call(it.owner.secret, "GET", "/v1/audit?limit=1").body["data"][0];
  EXPECT_EQ(entry["action"], "policy.set");
  EXPECT_EQ(entry["actor"]["id"], it.owner.id);

  it.restart(TestLedger::Rows::kForget);
  EXPECT_EQ(policy(), stored) << "from the log alone";
}

TEST_F(PolicyRoutes, TakeBackWhatTheyAnswered) {
  json document = put({{"max_ttl_seconds", 1000}, {"default_ttl_seconds", 10}}).body;
  const auto size = it.size();
  EXPECT_EQ(put(document).status, 200);
  EXPECT_EQ(it.size(), size) << "nothing was changed, so nothing is recorded";
  document["require_reason"] = true;
  EXPECT_EQ(put(document).body["max_ttl_seconds"], 1000);
  EXPECT_EQ(policy()["version"], 3);
}

TEST_F(PolicyRoutes, TakeTheDefaultForWhatIsAbsent) {
  const json before = policy();
  ASSERT_EQ(put({{"require_reason", true}}).status, 200);
  const auto back = put(json::object(), "", {{"X-Reason", "as it was"}});
  ASSERT_EQ(back.status, 200) << back.response.body;
  json after = policy();
  for (const char* field : {"version", "updated_at", "position"}) after[field] = before[field];
  EXPECT_EQ(after, before);
}

TEST_F(PolicyRoutes, TryOutWithoutWriting) {
  it.add_key("for-ever");
  it.add_key("short", {{"ttl_seconds", 3600}});
  const json before = policy();
  const auto size = it.size();
  const json limited = {{"max_ttl_seconds", 90 * 86'400}};
  const auto tried = put(limited, "?dry_run=true");
  ASSERT_EQ(tried.status, 200) << tried.response.body;
  EXPECT_EQ(tried.body["dry_run"], true);
  EXPECT_EQ(tried.body["affected_count"], 1);
  EXPECT_THAT(affected(tried), ElementsAre("for-ever: max_ttl_seconds breaks"));
  EXPECT_EQ(tried.body["max_ttl_seconds"], 90 * 86'400);
  EXPECT_EQ(tried.header("ETag"), "\"1\"") << "what If-Match may say to set it";
  EXPECT_EQ(it.size(), size);
  EXPECT_EQ(policy(), before);

  const auto set = put(limited, "?dry_run=false");
  EXPECT_EQ(set.body["dry_run"], false);
  EXPECT_EQ(affected(set), affected(tried));
  EXPECT_EQ(it.size(), size + 1);
}

TEST_F(PolicyRoutes, TryOutWithTheAnswersThatSettingWouldHave) {
  const json policy = {{"require_reason", true}};
  EXPECT_EQ(put(policy, "?dry_run=true", {{"If-Match", "\"9\""}}).status, 412);
  EXPECT_EQ(
      put({{"scopes", json::array()}, {"default_scopes", json::array()}}, "?dry_run=true").status,
      400);
  EXPECT_THAT(put(policy, "?dry_run=maybe").faults(), ElementsAre("dry_run invalid"));
  ASSERT_EQ(put(policy).status, 200);
  EXPECT_THAT(put(json::object(), "?dry_run=true").faults(), ElementsAre("reason required"));
}

// Live keys of the own workspace: no ended ones, no management keys, no other tenant's.
TEST_F(PolicyRoutes, NameLiveKeysAlone) {
  const auto tenant = it.add_tenant();
  ASSERT_EQ(
      it.call(tenant.secret, "POST", "/v1/keys", R"({"type":"private","name":"theirs"})").status,
      201);
  const json gone = it.add_key("gone");
  it.call(it.owner.secret, "POST", "/v1/keys/" + gone["key"]["id"].get<std::string>() + "/revoke");
  const json asleep = it.add_key("asleep");
  it.call(it.owner.secret, "POST",
          "/v1/keys/" + asleep["key"]["id"].get<std::string>() + "/suspend");
  it.add_key("ends", {{"ttl_seconds", 10}});
  it.clock.advance_ms(10'000);
  const auto tried = put({{"max_ttl_seconds", 5}}, "?dry_run=true");
  EXPECT_THAT(affected(tried), ElementsAre("asleep: max_ttl_seconds breaks"));
  EXPECT_EQ(tried.body["affected_keys"][0]["status"], "suspended");
  EXPECT_EQ(tried.body["affected_keys"][0]["id"], asleep["key"]["id"]);
}

TEST_F(PolicyRoutes, CountWhatTheyDoNotName) {
  for (int i = 0; i < 1002; ++i) it.add_key("key " + std::to_string(i));
  const auto tried = put({{"name_rule", "no_whitespace"}}, "?dry_run=true");
  EXPECT_EQ(tried.body["affected_count"], 1002);
  EXPECT_EQ(tried.body["affected_keys"].size(), 1000U);
}

TEST_F(PolicyRoutes, NameKeysThatShareANameOnceNamesAreUnique) {
  ASSERT_EQ(put({{"unique_names", false}}).status, 200);
  it.add_key("twin");
  it.add_key("twin");
  it.add_key("twin", {{"environment", "test"}});
  EXPECT_THAT(affected(put(json::object(), "?dry_run=true")),
              ElementsAre("twin: unique_names breaks", "twin: unique_names breaks"));
}

TEST_F(PolicyRoutes, HoldFromTheNextCallOn) {
  ASSERT_EQ(put({{"secret_prefix", "acme"}}).status, 200);
  const std::string secret = it.add_key("prefixed")["secret"];
  EXPECT_TRUE(secret.starts_with("acme_sk_live_")) << secret;
  const auto verdict = [&](const std::string& key) {
    return it.call(it.owner.secret, "POST", "/v1/keys/verify", json{{"key", key}}.dump()).body;
  };
  EXPECT_EQ(verdict(secret)["code"], "VALID");
  const auto leaked = it.call(it.owner.secret, "POST", "/v1/keys",
                              json{{"type", "private"}, {"name", "x " + secret}}.dump());
  EXPECT_EQ(leaked.code(), "secret_in_request");
}

TEST_F(PolicyRoutes, WarnOfWhatIsGone) {
  const auto warnings = [](const TestLedger::Answer& answer) {
    std::vector<std::string> out;
    for (const json& warning : answer.body["warnings"]) {
      out.push_back(warning["field"].get<std::string>() + ' ' + warning["code"].get<std::string>());
    }
    return out;
  };
  const json listed = {{"scopes", {{{"name", "A"}}}},
                       {"endpoints", {{{"method", "GET"}, {"path", "/a"}}}}};
  EXPECT_THAT(warnings(put(listed)), ElementsAre());
  const json partial = {{"on_leak", "revoke"}, {"rotation_age_days", 90}, {"use_digest", "off"}};
  EXPECT_THAT(warnings(put(partial, "?dry_run=true")),
              ElementsAre("scopes cleared", "endpoints cleared"));
}

TEST_F(PolicyRoutes, RefuseWhatOneEventCannotHold) {
  json large = {{"scopes", json::array()}};
  for (int i = 0; i < 60; ++i) {
    large["scopes"].push_back(
        {{"name", "S" + std::to_string(i)}, {"description", std::string(1000, 'd')}});
  }
  const auto size = it.size();
  for (const char* query : {"?dry_run=true", ""}) {
    const auto answer = put(large, query);
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(answer.code(), "too_large");
  }
  EXPECT_EQ(it.size(), size);
}

TEST_F(PolicyRoutes, NameEachBadFieldAndWriteNothing) {
  const auto size = it.size();
  const std::pair<std::string, std::vector<std::string>> rows[] = {
      {R"({"name_rule":"strict"})", {"name_rule invalid"}},
      {R"({"unique_names":1})", {"unique_names invalid"}},
      {R"({"key_types":["public","management"]})", {"key_types[1] invalid"}},
      {R"({"key_types":[]})", {"key_types invalid"}},
      {R"({"scopes":[{"name":"A"},{"name":"B C"},{"nome":"D"}]})",
       {"scopes[1].name invalid", "scopes[2].name required", "scopes[2].nome unknown_field"}},
      {R"({"scopes":[{"name":"A"},{"name":"A"}]})", {"scopes[1].name conflict"}},
      {R"({"scopes":[{"name":"A"}],"default_scopes":["A","B"]})",
       {"default_scopes[1] not_allowed"}},
      {R"({"default_scopes":["a b"]})", {"default_scopes[0] invalid"}},
      {R"({"endpoints":[{"method":"get","path":"/a"},{"method":"GET","path":"a"}]})",
       {"endpoints[0].method invalid", "endpoints[1].path invalid"}},
      {R"({"endpoints":[{"method":"GET","path":"/a/*/b"},{"path":"/a?b"},)"
       R"({"method":"HEAD","path":"/"}]})",
       {"endpoints[0].path invalid", "endpoints[1].method required", "endpoints[1].path invalid",
        "endpoints[2].method invalid"}},
      {R"({"endpoints":[{"method":"GET","path":"/a","scope":"?"}]})",
       {"endpoints[0].scope invalid"}},
      {R"({"required_headers":[{"name":"X Y","values":["1"]},{"name":"X"},)"
       R"({"name":"Z","values":[""]}]})",
       {"required_headers[0].name invalid", "required_headers[1].values required",
        "required_headers[2].values[0] invalid"}},
      {R"({"max_ttl_seconds":0,"default_ttl_seconds":-1,"inactivity_days":36501})",
       {"max_ttl_seconds invalid", "default_ttl_seconds invalid", "inactivity_days invalid"}},
      {R"({"max_ttl_seconds":5,"default_ttl_seconds":6})", {"default_ttl_seconds conflict"}},
      {R"({"rate_limit":{"limit":0,"window_seconds":1}})", {"rate_limit.limit invalid"}},
      {R"({"on_leak":"tell","use_digest":"weekly"})", {"on_leak invalid", "use_digest invalid"}},
      {R"({"usage_retention_days":0})", {"usage_retention_days invalid"}},
      {R"({"secret_prefix":"ACME"})", {"secret_prefix invalid"}},
      {R"({"secret_prefix":"a_b"})", {"secret_prefix invalid"}},
      {R"({"secret_prefix":"abcdefghijklmnopq"})", {"secret_prefix invalid"}},
      {R"({"profile":"quo"})", {"profile unknown_field"}},
  };
  for (const auto& [body, faults] : rows) {
    const auto answer = it.call(it.owner.secret, "PUT", kPolicy, body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.faults(), faults) << body << answer.response.body;
  }
  const json too_many = {{"scopes", std::vector<json>(101, {{"name", "A"}})}};
  EXPECT_THAT(put(too_many).faults(), ElementsAre("scopes too_many"));
  EXPECT_EQ(it.size(), size);
}

}  // namespace
}  // namespace keyledger
