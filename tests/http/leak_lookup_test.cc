// POST /v1/keys/lookup: whose secret is this?
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/log/event_reader.h"
#include "http/base64.h"
#include "http/secret.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

std::string hex_hash_of(const std::string& secret) {
  std::string out;
  for (const std::uint8_t byte : sha256(secret)) {
    for (const int digit : {byte / 16, byte % 16}) out += "0123456789abcdef"[digit];
  }
  return out;
}

class LeakLookup : public ::testing::Test {
 protected:
  TestLedger::Answer look_up(const json& body) { return look_up(it.owner.secret, body); }
  TestLedger::Answer look_up(const std::string& caller, const json& body) {
    return it.call(caller, "POST", "/v1/keys/lookup", body.dump());
  }
  RecordedEvent newest() { return EventReader(it.log).at(it.size() - 1)->event; }

  TestLedger it;
};

TEST_F(LeakLookup, TellsWhoseSecretItIsAndIsRecordedWithTheKey) {
  const json made = it.add_key("ci");
  const auto answer = look_up({{"secret", made["secret"]}, {"reason", "it was in a paste"}});
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
  EXPECT_EQ(answer.body["key"], it.call(it.owner.secret, "GET", path).body) << "as GET";
  EXPECT_EQ(answer.body["secret"]["id"], made["key"]["secrets"][0]["id"]);
  EXPECT_EQ(answer.body["secret"]["status"], "current");
  EXPECT_EQ(answer.body["owner"]["email"], "olga@acme.example");
  EXPECT_EQ(answer.body["descendants"], json::parse(R"({"data":[],"complete":true})"));
  const RecordedEvent event = newest();
  EXPECT_EQ(answer.position(), event.position);
  EXPECT_EQ("/v1/keys/" + to_text(KeyId{event.stream.id}), path);
  ASSERT_TRUE(std::holds_alternative<KeyLookedUp>(event.event));
  EXPECT_EQ(answer.body["secret"]["id"], to_text(*std::get<KeyLookedUp>(event.event).secret));
  EXPECT_EQ(event.reason, "it was in a paste");
}

TEST_F(LeakLookup, TakesTheHashInsteadOfTheSecret) {
  const json made = it.add_key("ci");
  std::string hash = hex_hash_of(made["secret"]);
  EXPECT_EQ(look_up({{"sha256", hash}}).body["key"]["id"], made["key"]["id"]);
  for (char& c : hash) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_EQ(look_up({{"sha256", hash}}).body["key"]["id"], made["key"]["id"]);
}

TEST_F(LeakLookup, KnowsNeitherNobodysSecretsNorThoseOfOthersAndRecordsThatItWasAsked) {
  const auto tenant = it.add_tenant();
  const json body = {{"type", "private"}, {"name", "theirs"}};
  const auto theirs = it.call(tenant.secret, "POST", "/v1/keys", body.dump());
  for (const std::string& secret : {theirs.body["secret"].get<std::string>(), tenant.secret,
                                    std::string("nobody's"), std::string()}) {
    const auto size = it.size();
    const auto answer = look_up({{"secret", secret}});
    ASSERT_EQ(answer.status, 200);
    for (const auto& [field, value] : answer.body.items()) EXPECT_TRUE(value.is_null()) << field;
    EXPECT_EQ(answer.body.size(), 6U);
    ASSERT_EQ(it.size(), size + 1);
    EXPECT_EQ(newest().stream, stream_of(it.workspace));
    EXPECT_EQ(newest().event, Event(KeyLookedUp{}));
  }
}

TEST_F(LeakLookup, SaysWhatASecretThatWasRotatedOutCouldDoAndUntilWhen) {
  const json made = it.add_key("ci");
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
  it.clock.advance_ms(60'000);
  const auto rotated =
      it.call(it.owner.secret, "POST", path + "/rotate", R"({"overlap_seconds":60})");
  ASSERT_EQ(rotated.status, 200);
  const auto retiring = look_up({{"secret", made["secret"]}});
  EXPECT_EQ(retiring.body["secret"]["status"], "retiring");
  const json window = {{"from", made["key"]["created_at"]},
                       {"to", rotated.body["key"]["rotated_at"]}};
  EXPECT_EQ(retiring.body["exposure_window"], window) << "until now";
  it.clock.advance_ms(600'000);
  const auto retired = look_up({{"secret", made["secret"]}});
  EXPECT_EQ(retired.body["secret"]["status"], "retired");
  EXPECT_EQ(retired.body["exposure_window"]["to"], retired.body["secret"]["retires_at"]);
  EXPECT_EQ(look_up({{"secret", rotated.body["secret"]}}).body["secret"]["status"], "current");
}

TEST_F(LeakLookup, EndsTheWindowWithTheKey) {
  const json made = it.add_key("ci", {{"ttl_seconds", 60}});
  it.clock.advance_ms(120'000);
  const auto expired = look_up({{"secret", made["secret"]}});
  EXPECT_EQ(expired.body["key"]["status"], "expired");
  EXPECT_EQ(expired.body["exposure_window"]["to"], made["key"]["expires_at"]);
  const json other = it.add_key("other");
  it.clock.advance_ms(1'000);
  const std::string path = "/v1/keys/" + other["key"]["id"].get<std::string>();
  const auto revoked = it.call(it.owner.secret, "DELETE", path);
  it.clock.advance_ms(1'000);
  EXPECT_EQ(look_up({{"secret", other["secret"]}}).body["exposure_window"]["to"],
            revoked.body["key"]["revoked_at"]);
}

TEST_F(LeakLookup, CountsUses) {
  const json made = it.add_key("ci");
  it.clock.advance_ms(1'000);
  it.call(it.owner.secret, "POST", "/v1/keys/verify", json{{"key", made["secret"]}}.dump());
  const json uses = look_up({{"secret", made["secret"]}}).body["uses"];
  EXPECT_EQ(uses["count"], 1);
  EXPECT_EQ(uses["refused_count"], 0);
  EXPECT_TRUE(uses.contains("last_ip") && uses.contains("last_origin"));
  EXPECT_EQ(uses["since"], made["key"]["created_at"]);
  EXPECT_NE(uses["last_used_at"], nullptr);
}

TEST_F(LeakLookup, FollowsTheChainOfKeysThatReplaceIt) {
  const json first = it.add_key("one");
  const json second = it.add_key("two", {{"replaces", first["key"]["id"]}});
  const json third = it.add_key("three", {{"replaces", second["key"]["id"]}});
  const json found = look_up({{"secret", first["secret"]}}).body["descendants"]["data"];
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0]["id"], second["key"]["id"]);
  EXPECT_EQ(found[1]["id"], third["key"]["id"]);
  EXPECT_EQ(found[1]["relation"], "replaces");
  EXPECT_EQ(found[1]["name"], "three");
}

// A management key that leaked may have made keys, also one that made more of them.
TEST_F(LeakLookup, FindsWhatAManagementKeyMade) {
  const auto admin = it.add_member("admin");
  const auto make = [&](const std::string& caller, const char* name) {
    const json body = {{"type", "private"}, {"name", name}};
    return it.call(caller, "POST", "/v1/keys", body.dump()).body["key"]["id"];
  };
  const auto second = it.call(admin.secret, "POST", "/v1/members/" + admin.id + "/management_keys");
  ASSERT_EQ(second.status, 201);
  const json by_first = make(admin.secret, "by the first");
  const json by_second = make(second.body["secret"], "by the second");
  static_cast<void>(make(it.owner.secret, "by another"));
  std::set<json> ids;
  const auto answer = look_up({{"secret", admin.secret}});
  for (const json& found : answer.body["descendants"]["data"]) {
    EXPECT_EQ(found["relation"], "made_with");
    ids.insert(found["id"]);
  }
  EXPECT_EQ(ids, (std::set<json>{second.body["id"], by_first, by_second}));
  EXPECT_EQ(answer.body["owner"]["id"], admin.id);
}

// The key of another member is as hidden as in GET, but a leak of it is not denied.
TEST_F(LeakLookup, TellsAnAdminOnlyWhoseManagementKeyItIs) {
  const auto admin = it.add_member("admin");
  static_cast<void>(it.add_member("auditor"));
  const auto hidden = look_up(admin.secret, {{"secret", it.owner.secret}});
  ASSERT_EQ(hidden.status, 200);
  EXPECT_EQ(hidden.body["key"], nullptr);
  EXPECT_EQ(hidden.body["secret"]["status"], "current");
  EXPECT_EQ(hidden.body["owner"]["id"], it.owner.id);
  EXPECT_EQ(to_text(KeyId{newest().stream.id}), it.owner.key_id);
  std::set<json> made_with;
  for (const json& found : hidden.body["descendants"]["data"]) made_with.insert(found["id"]);
  EXPECT_EQ(made_with, (std::set<json>{admin.key_id})) << "its own, and not the auditor's";
  const auto own = look_up(admin.secret, {{"secret", admin.secret}});
  EXPECT_EQ(own.body["key"]["id"], admin.key_id);
}

TEST_F(LeakLookup, RefusesWhatIsNoQuestionAndRecordsNothing) {
  const std::string hash(64, 'a');
  const std::pair<json, std::string> rows[] = {
      {json::object(), "secret required"},
      {{{"secret", 1}}, "secret invalid"},
      {{{"secret", "x"}, {"sha256", hash}}, "sha256 conflict"},
      {{{"sha256", hash + "a"}}, "sha256 invalid"},
      {{{"sha256", std::string(64, 'g')}}, "sha256 invalid"},
      {{{"sha256", ""}}, "sha256 required"},
      {{{"secret", "x"}, {"other", 1}}, "other unknown_field"}};
  for (const auto& [body, fault] : rows) {
    SCOPED_TRACE(body.dump());
    const auto size = it.size();
    const auto answer = look_up(body);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(it.size(), size);
    if (fault == "sha256 required") continue;  // whichever words an empty text gets
    EXPECT_THAT(answer.faults(), ElementsAre(fault));
  }
  const auto in_reason = look_up({{"secret", "x"}, {"reason", it.owner.secret}});
  EXPECT_EQ(in_reason.code(), "secret_in_request");
  const auto as_hash = look_up({{"sha256", it.owner.secret}});
  EXPECT_EQ(as_hash.code(), "secret_in_request");
}

TEST_F(LeakLookup, RefusesTextsThatAreKeptAndShowTheSecret) {
  const std::string secret = "an imported one of any form";
  const auto size = it.size();
  const auto call = [&](const json& body, const TestLedger::Headers& headers) {
    const auto answer = it.call(it.owner.secret, "POST", "/v1/keys/lookup", body.dump(), headers);
    EXPECT_EQ(answer.code(), "secret_in_request");
    EXPECT_EQ(answer.response.body.find(secret), std::string::npos);
    EXPECT_EQ(it.access.back().request_id.find(secret), std::string::npos);
    return answer.faults();
  };
  const json bare = {{"secret", secret}};
  for (const std::string& shown : {secret, http::base64("x" + secret)}) {
    EXPECT_THAT(call({{"secret", secret}, {"reason", "found " + shown}}, {}),
                ElementsAre("reason not_allowed"));
    for (const char* name : {"X-Request-Id", "User-Agent", "X-On-Behalf-Of", "X-Reason"}) {
      EXPECT_THAT(call(bare, {{name, "found " + shown}}),
                  ElementsAre(name + std::string(" not_allowed")));
    }
  }
  EXPECT_EQ(it.size(), size);
}

TEST_F(LeakLookup, RecordsSoManyMalformedSecretsAMinuteAndMember) {
  it.restart_with([](http::ApiOptions& options) { options.refusals_per_minute = 2; });
  const auto auditor = it.add_member("auditor");
  const json malformed = {{"secret", "sk_live_000000000000000000000000000000000"}};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(look_up(auditor.secret, malformed).status, 200);
  const auto size = it.size();
  const auto refused = look_up(auditor.secret, malformed);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("Retry-After"), "30");
  EXPECT_EQ(it.size(), size);
  EXPECT_EQ(look_up(auditor.secret, {{"secret", "nobody's"}}).status, 200) << "it may be one";
  EXPECT_EQ(look_up(malformed).status, 200) << "another member";
}

TEST_F(LeakLookup, LooksForWhatAFewManagementKeysMadeAndSaysThatThereMayBeMore) {
  const std::string path = "/v1/members/" + it.owner.id + "/management_keys";
  for (int i = 0; i < 20; ++i) ASSERT_EQ(it.call(it.owner.secret, "POST", path).status, 201);
  const json found = look_up({{"secret", it.owner.secret}}).body["descendants"];
  EXPECT_EQ(found["data"].size(), 20U);
  EXPECT_EQ(found["complete"], false);
}

TEST_F(LeakLookup, IsNotAskedForAReasonByAPolicyAndIsNoRepeatOfItself) {
  Policy strict;
  strict.require_reason = true;
  strict.require_if_match = true;
  TestLedger other(strict);
  const TestLedger::Headers once = {{"Idempotency-Key", "once"}};
  for (int i = 0; i < 2; ++i) {
    const auto size = other.size();
    const auto answer =
        other.call(other.owner.secret, "POST", "/v1/keys/lookup", R"({"secret":"nobody's"})", once);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(other.size(), size + 1);
    EXPECT_EQ(answer.header("Idempotent-Replay"), "");
  }
}

}  // namespace
}  // namespace keyledger
