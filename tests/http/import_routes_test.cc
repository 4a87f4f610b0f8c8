// Keys that were made elsewhere, over the API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/bytes.h"
#include "events/crypto.h"
#include "http/routes.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using Answer = TestLedger::Answer;

std::string hex_sha256(std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : sha256(text)) {
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

// The entry for a secret of another system, named after it.
json entry(const std::string& secret, const json& extra = json::object()) {
  json made = {{"sha256", hex_sha256(secret)}, {"type", "private"}, {"name", "of " + secret}};
  if (made["name"] == "of ") made["name"] = "x";
  made.update(extra);
  return made;
}

json one(const json& entry) { return json::array({entry}); }

class ImportRoutes : public testing::Test {
 protected:
  Answer import(const json& keys, const TestLedger::Headers& headers = {},
                const std::string& query = "") {
    return it.call(it.owner.secret, "POST", "/v1/keys/import" + query, json{{"keys", keys}}.dump(),
                   headers);
  }
  // Refused with this status, and nothing was written.
  Answer refused(int status, const json& keys) {
    const auto before = it.size();
    Answer answer = import(keys);
    EXPECT_EQ(answer.status, status) << answer.response.body.substr(0, 2000);
    EXPECT_EQ(it.size(), before);
    return answer;
  }
  std::string verdict(const std::string& secret) {
    return it.call(it.owner.secret, "POST", "/v1/keys/verify", json{{"key", secret}}.dump())
        .body["code"];
  }

  TestLedger it;
};

TEST_F(ImportRoutes, BringsKeysThatVerifyAtOnceWhateverTheirForm) {
  const std::vector<std::string> secrets = {"unkey_3ZK9p", "zpka_d67b7e241bb948758f415b79aa8ec339",
                                            "AIza-Sy_1", "0"};
  json keys;
  for (const std::string& secret : secrets) keys.push_back(entry(secret));
  keys[0].update({{"environment", "test"},
                  {"handle", "unkey_…"},
                  {"scopes", {"b", "a"}},
                  {"description", "nightly"},
                  {"metadata", {{"team", "crm"}}},
                  {"external_id", "cust-7"},
                  {"expires_at", "2027-01-01T00:00:00Z"},
                  {"rate_limit", {{"limit", 5}, {"window_seconds", 60}}}});
  keys[0]["handle"] = "unkey_..9p";
  const auto answer = import(keys);
  ASSERT_EQ(answer.status, 201) << answer.response.body;
  EXPECT_EQ(answer.position(), it.size() - 1);
  ASSERT_EQ(answer.body["keys"].size(), 4U);
  EXPECT_EQ(answer.body["warnings"], json::array());
  for (const std::string& secret : secrets) EXPECT_EQ(verdict(secret), "VALID") << secret;
  const auto before = verdict("unkey_3ZK9");
  EXPECT_EQ(before, "NOT_FOUND");

  const json& first = answer.body["keys"][0];
  EXPECT_EQ(first["environment"], "test");
  EXPECT_EQ(first["handle"], "unkey_..9p");
  EXPECT_EQ(first["secrets"][0]["handle"], "unkey_..9p");
  EXPECT_EQ(first["scopes"], json({"a", "b"}));
  EXPECT_EQ(first["description"], "nightly");
  EXPECT_EQ(first["metadata"], json({{"team", "crm"}}));
  EXPECT_EQ(first["external_id"], "cust-7");
  EXPECT_EQ(first["expires_at"], "2027-01-01T00:00:00.000Z");
  EXPECT_EQ(first["rate_limit"]["limit"], 5);
  EXPECT_EQ(first["owner_id"], it.owner.id);
  EXPECT_EQ(first["created_by"]["id"], it.owner.id);
  EXPECT_EQ(answer.body["keys"][1]["handle"], nullptr) << "none was given";
  EXPECT_EQ(answer.body["keys"][1]["secrets"][0]["handle"], nullptr);
  for (const json& key : answer.body["keys"]) {
    const std::string path = "/v1/keys/" + key["id"].get<std::string>();
    json read = it.call(it.owner.secret, "GET", path).body;
    read["last_used_at"] = nullptr;  // by the verify above
    read["secrets"][0]["last_used_at"] = nullptr;
    read["use_count"] = 0;
    EXPECT_EQ(read, key);
  }
  EXPECT_EQ(answer.response.body.find(hex_sha256(secrets[1])), std::string::npos);
}

TEST_F(ImportRoutes, IsInTheHistoryUnderItsOwnName) {
  const auto answer = import(one(entry("a")));
  ASSERT_EQ(answer.status, 201);
  const std::string path = "/v1/keys/" + answer.body["keys"][0]["id"].get<std::string>();
  const auto history = it.call(it.owner.secret, "GET", path + "/history").body["data"];
  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(history[0]["action"], "key.imported");
  EXPECT_EQ(history[0]["target"]["name"], "of a");
}

TEST_F(ImportRoutes, RotatesToASecretOfOurForm) {
  const auto answer = import(one(entry("old-style")));
  const std::string path = "/v1/keys/" + answer.body["keys"][0]["id"].get<std::string>();
  const auto rotated =
      it.call(it.owner.secret, "POST", path + "/rotate", R"({"overlap_seconds":60})");
  ASSERT_EQ(rotated.status, 200) << rotated.response.body;
  const std::string secret = rotated.body["secret"];
  EXPECT_THAT(secret, testing::StartsWith("sk_live_"));
  EXPECT_EQ(verdict(secret), "VALID");
  EXPECT_EQ(verdict("old-style"), "VALID") << "during the overlap";
  EXPECT_EQ(rotated.body["key"]["secrets"][0]["handle"], nullptr);
  EXPECT_EQ(rotated.body["key"]["handle"], "sk_live_…" + secret.substr(secret.size() - 4));
  it.clock.advance_ms(61'000);
  EXPECT_EQ(verdict("old-style"), "SECRET_RETIRED");
}

TEST_F(ImportRoutes, TellsEveryFaultByTheIndexOfItsEntry) {
  const std::string own = it.add_key("own")["secret"];
  json keys = {entry("a", {{"sha256", "abc"}, {"handle", "…"}}),
               entry("b", {{"type", "management"}}),
               entry("c", {{"ttl_seconds", 60}, {"replaces", it.owner.key_id}}),
               "not an object",
               entry("d", {{"expires_at", "2026-03-30T11:00:00Z"}, {"name", ""}}),
               entry("e", {{"allowed_origins", {"example.com", "com"}}, {"type", "public"}})};
  keys[1].erase("sha256");
  const auto answer = refused(400, keys);
  EXPECT_THAT(
      answer.faults(),
      ElementsAre("keys[0].sha256 invalid", "keys[0].handle invalid", "keys[1].type invalid",
                  "keys[1].sha256 required", "keys[2].replaces unknown_field",
                  "keys[2].ttl_seconds unknown_field", "keys[3] invalid", "keys[4].name invalid",
                  "keys[5].allowed_origins[1] invalid"));
  keys = {entry("d", {{"expires_at", "2026-03-30T11:00:00Z"}}), entry("f"),
          entry("g", {{"scopes", {"ALL", "a"}}})};
  EXPECT_THAT(refused(400, keys).faults(),
              ElementsAre("keys[0].expires_at invalid", "keys[2].scopes conflict"));
}

TEST_F(ImportRoutes, RefusesASecretWhereverElseItStands) {
  const std::string own = it.add_key("own")["secret"];
  const std::string theirs = "zpka_d67b7e241bb948758f415b79aa8ec339";
  const auto answer =
      refused(400, {entry("a", {{"handle", own}}), entry("b", {{"sha256", own}}),
                    entry(theirs, {{"name", theirs}}), entry("handle", {{"handle", "handle"}}),
                    entry("meta", {{"metadata", {{"old", "meta"}}}}),
                    entry("text", {{"description", "text"}})});
  EXPECT_EQ(answer.code(), "secret_in_request");
  EXPECT_THAT(answer.faults(),
              ElementsAre("keys[0].handle not_allowed", "keys[1].sha256 not_allowed",
                          "keys[2].name not_allowed", "keys[3].handle not_allowed",
                          "keys[4].metadata.old not_allowed", "keys[5].description not_allowed"));
  EXPECT_EQ(answer.response.body.find(theirs), std::string::npos);
  EXPECT_EQ(answer.response.body.find(own), std::string::npos);
}

TEST_F(ImportRoutes, SaysOfASecretThatIsThereOnlyThat) {
  const std::string own = it.add_key("own")["secret"];
  const auto tenant = it.add_tenant();
  const auto made =
      it.call(tenant.secret, "POST", "/v1/keys", R"({"type":"private","name":"theirs"})");
  const std::string others = made.body["secret"];
  const auto answer = refused(400, {entry("a"), entry("x", {{"sha256", hex_sha256(own)}}),
                                    entry("y", {{"sha256", hex_sha256(others)}})});
  EXPECT_THAT(answer.faults(), ElementsAre("keys[1].sha256 conflict", "keys[2].sha256 conflict"));
  EXPECT_EQ(answer.body["errors"][0]["message"], answer.body["errors"][1]["message"]);
  EXPECT_EQ(answer.response.body.find("key_"), std::string::npos) << "not even which key";
}

// After a restart too, when everything comes from rows.
TEST_F(ImportRoutes, KnowsAgainWhatWasImported) {
  ASSERT_EQ(import(one(entry("a"))).status, 201);
  for (const auto rows : {TestLedger::Rows::kKeep, TestLedger::Rows::kForget}) {
    it.restart(rows);
    EXPECT_EQ(verdict("a"), "VALID");
    EXPECT_THAT(refused(400, one(entry("a", {{"name", "other"}}))).faults(),
                ElementsAre("keys[0].sha256 conflict"));
    EXPECT_EQ(refused(409, one(entry("b", {{"name", "of a"}}))).code(), "name_taken");
  }
}

TEST_F(ImportRoutes, WarnsByIndex) {
  const json keys = {entry("a"), entry("b", {{"type", "public"}}),
                     entry("c", {{"type", "public"}, {"allowed_origins", {"*"}}})};
  const auto check = [](const json& warnings) {
    ASSERT_EQ(warnings.size(), 2U);
    EXPECT_EQ(warnings[0]["index"], 1);
    EXPECT_EQ(warnings[0]["code"], "no_origin_allowed");
    EXPECT_EQ(warnings[1]["index"], 2);
    EXPECT_EQ(warnings[1]["code"], "wildcard_origin");
  };
  const auto before = it.size();
  const auto rehearsed = import(keys, {}, "?dry_run=true");
  ASSERT_EQ(rehearsed.status, 200) << rehearsed.response.body;
  EXPECT_EQ(rehearsed.body["count"], 3);
  EXPECT_EQ(rehearsed.body["dry_run"], true);
  check(rehearsed.body["warnings"]);
  EXPECT_EQ(it.size(), before);
  check(import(keys).body["warnings"]);
  EXPECT_EQ(import(keys, {}, "?dry_run=true").status, 400) << "they are there now";
  EXPECT_EQ(import(keys, {}, "?dry_run=yes").status, 400);
}

TEST_F(ImportRoutes, AnswersARepeatAsTheFirstWhateverHappenedSince) {
  const json keys = {entry("a", {{"metadata", {{"k", "v"}}}}), entry("b", {{"type", "public"}})};
  const TestLedger::Headers once = {{"Idempotency-Key", "once"}};
  const auto first = import(keys, once);
  ASSERT_EQ(first.status, 201);
  const std::string path = "/v1/keys/" + first.body["keys"][0]["id"].get<std::string>();
  it.call(it.owner.secret, "PATCH", path, R"({"name":"renamed","metadata":null})");
  it.call(it.owner.secret, "POST", path + "/revoke");
  EXPECT_EQ(verdict("b"), "ORIGIN_NOT_ALLOWED");
  it.clock.advance_ms(3'600'000);
  const auto before = it.size();
  const auto again = import(keys, once);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("Idempotent-Replay"), "true");
  EXPECT_EQ(it.size(), before);
  EXPECT_EQ(import(one(entry("c")), once).status, 422);
}

TEST_F(ImportRoutes, TakesAThousandAndNotOneMore) {
  json keys;
  for (int i = 0; i < 1001; ++i) keys.push_back(entry("secret " + std::to_string(i)));
  EXPECT_THAT(refused(400, keys).faults(), ElementsAre("keys too_many"));
  keys.erase(1000);
  const auto before = it.size();
  const auto answer = import(keys);
  ASSERT_EQ(answer.status, 201) << answer.response.body.substr(0, 2000);
  EXPECT_EQ(it.size(), before + 1000);
  EXPECT_EQ(answer.body["keys"].size(), 1000U);
  EXPECT_THAT(refused(400, json::array()).faults(), ElementsAre("keys invalid"));
}

TEST_F(ImportRoutes, SaysToSendFewerWhenTheEventsAreTooLargeForOneFrame) {
  json keys;
  json networks;
  for (int i = 0; i < 100; ++i) networks.push_back("2001:db8::" + std::to_string(i));
  for (int i = 0; i < 800; ++i) {
    keys.push_back(entry(std::to_string(i), {{"allowed_ips", networks}}));
  }
  const auto answer = refused(413, keys);
  EXPECT_EQ(answer.code(), "too_large");
  EXPECT_THAT(answer.body["detail"], testing::HasSubstr("Send fewer keys at once."));
  const std::string padded = R"({"keys":[]})" + std::string(http::kMaxBatchBody, ' ');
  EXPECT_EQ(it.call(it.owner.secret, "POST", "/v1/keys/import", padded).status, 413);
}

}  // namespace
}  // namespace keyledger
