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

// The entry for a secret of another system, named after it: of a longer one, after most of it.
json entry(const std::string& secret, const json& extra = json::object()) {
  const std::string name = "of " + secret.substr(secret.size() < 8 ? 0 : 1);
  json made = {{"sha256", hex_sha256(secret)}, {"type", "private"}, {"name", name}};
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
  const auto answer = refused(
      400, {entry("a", {{"handle", own}}), entry("b", {{"sha256", own}}),
            entry(theirs, {{"name", theirs}}), entry("old-handle", {{"handle", "old-handle"}}),
            entry("meta-secret", {{"metadata", {{"old", "meta-secret"}}}}),
            entry("text-secret", {{"description", "text-secret"}})});
  EXPECT_EQ(answer.code(), "secret_in_request");
  EXPECT_THAT(answer.faults(),
              ElementsAre("keys[0].handle not_allowed", "keys[1].sha256 not_allowed",
                          "keys[2].name not_allowed", "keys[3].handle not_allowed",
                          "keys[4].metadata.old not_allowed", "keys[5].description not_allowed"));
  EXPECT_EQ(answer.response.body.find(theirs), std::string::npos);
  EXPECT_EQ(answer.response.body.find(own), std::string::npos);
}

// Each text of a call against each secret of it.
TEST_F(ImportRoutes, RefusesTheSecretOfOneEntryInAnotherInNamesListsAndTheReason) {
  const std::string theirs = "d67b7e241bb948758f415b79aa8ec339";
  json keys = {entry("a", {{"metadata", {{theirs, "x"}}}}),
               entry("b", {{"scopes", {"read", theirs}}}),
               entry("c", {{"description", "was (" + theirs + ") before"}}),
               entry("d", {{"external_id", "key=" + theirs}}),
               entry("e", {{"metadata", {{"url", "https://x.example/?a=1&k=" + theirs + "&b=2"}}}}),
               entry("f", {{theirs, 1}}),
               entry(theirs, {{"name", "fine"}})};
  const auto answer = refused(400, keys);
  EXPECT_EQ(answer.code(), "secret_in_request");
  EXPECT_THAT(answer.faults(),
              ElementsAre("keys[0].metadata not_allowed", "keys[1].scopes[1] not_allowed",
                          "keys[2].description not_allowed", "keys[3].external_id not_allowed",
                          "keys[4].metadata.url not_allowed", "keys[5] not_allowed"));
  EXPECT_EQ(answer.response.body.find(theirs), std::string::npos);

  const json alone = json::array({keys[6]});
  const auto before = it.size();
  for (const char* header : {"X-Reason", "X-On-Behalf-Of", "User-Agent", "X-Request-Id"}) {
    const auto by_header = import(alone, {{header, "from-" + theirs + "," + theirs}});
    EXPECT_THAT(by_header.faults(), ElementsAre(std::string(header) + " not_allowed"));
    EXPECT_EQ(by_header.response.body.find(theirs), std::string::npos) << header;
    EXPECT_EQ(by_header.header("X-Request-Id").find(theirs), std::string::npos) << header;
  }
  const json body = {{"keys", alone}, {"reason", "instead of " + theirs}};
  const auto by_reason = it.call(it.owner.secret, "POST", "/v1/keys/import", body.dump());
  EXPECT_THAT(by_reason.faults(), ElementsAre("reason not_allowed"));
  EXPECT_EQ(it.size(), before);
  EXPECT_EQ(import(alone, {{"X-Reason", "instead of d67b7e24..."}}).status, 201);
}

TEST_F(ImportRoutes, NamesNoMorePlacesOfASecretThanItShows) {
  const std::string theirs = "d67b7e241bb948758f415b79aa8ec339";
  const json body = {{"keys", one(entry(theirs, {{"name", "a"}}))},
                     {"x", std::vector<std::string>(100'000, theirs)}};
  const auto answer = it.call(it.owner.secret, "POST", "/v1/keys/import", body.dump());
  EXPECT_EQ(answer.code(), "secret_in_request");
  EXPECT_LT(answer.response.body.size(), 100'000U);
}

TEST_F(ImportRoutes, TakesAShortSecretThatIsAWordOfTheCallAsWell) {
  EXPECT_EQ(import(one(entry("test", {{"environment", "test"}}))).status, 201);
}

TEST_F(ImportRoutes, RefusesTheHashOfNothing) {
  const auto answer = refused(400, {entry("", {{"name", "a"}}), entry("\n", {{"name", "b"}}),
                                    entry("\r\n", {{"name", "c"}}), entry("d")});
  EXPECT_THAT(answer.faults(),
              ElementsAre("keys[0].sha256 not_allowed", "keys[1].sha256 not_allowed",
                          "keys[2].sha256 not_allowed"));
  EXPECT_THAT(answer.body["errors"][0]["message"], testing::HasSubstr("no secret was hashed"));
}

TEST_F(ImportRoutes, NamesTheKindOfIdThatIsWanted) {
  const auto answer = refused(400, one(entry("a", {{"owner_id", it.owner.key_id}})));
  EXPECT_THAT(answer.body["errors"][0]["message"], testing::StartsWith("must be a member's id"));
}

class ImportBesideATenant : public ImportRoutes {
 protected:
  ImportBesideATenant() {
    const auto made =
        it.call(tenant.secret, "POST", "/v1/keys", R"({"type":"private","name":"theirs"})");
    theirs = made.body["secret"];
  }
  // Look-ups that the own workspace's trail has.
  std::size_t look_ups() {
    return it.call(it.owner.secret, "GET", "/v1/audit?action=key.looked_up").body["data"].size();
  }

  TestLedger::Tenant tenant = it.add_tenant();
  std::string theirs;
};

TEST_F(ImportBesideATenant, RehearsesWithinTheOwnWorkspaceAlone) {
  const std::string own = it.add_key("own")["secret"];
  const json keys = {entry("a"), entry("y", {{"sha256", hex_sha256(theirs)}})};
  const auto before = it.size();
  EXPECT_EQ(import(keys, {}, "?dry_run=true").body["count"], 2);
  EXPECT_EQ(import(keys, {}, "?dry_run=true&existing=skip").body["count"], 2);
  const auto of_own = import(one(entry("x", {{"sha256", hex_sha256(own)}})), {}, "?dry_run=true");
  EXPECT_THAT(of_own.faults(), ElementsAre("keys[0].sha256 conflict"));
  EXPECT_EQ(it.size(), before);
}

TEST_F(ImportBesideATenant, RecordsThatItWasToldOfAnotherWorkspacesSecret) {
  const json guess = entry("y", {{"sha256", hex_sha256(theirs)}});
  const auto size = it.size();
  const auto answer = import({entry("a"), guess}, {{"X-Reason", "just looking"}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.faults(), ElementsAre("keys[1].sha256 conflict"));
  EXPECT_EQ(answer.response.body.find("key_"), std::string::npos) << "not even which key";
  EXPECT_EQ(it.size(), size + 1);
  EXPECT_EQ(answer.position(), size);
  const auto entries =
      it.call(it.owner.secret, "GET", "/v1/audit?action=key.looked_up").body["data"];
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0]["reason"], "just looking");
  EXPECT_EQ(entries[0]["actor"]["id"], it.owner.id);
  EXPECT_EQ(entries[0]["request_id"], answer.header("X-Request-Id"));

  // What is wrong besides is told first, and then nobody was told of anybody.
  const auto other = import({guess, entry("b", {{"scopes", {"ALL", "x"}}})});
  EXPECT_THAT(other.faults(), ElementsAre("keys[1].scopes conflict"));
  EXPECT_EQ(look_ups(), 1U);
}

TEST_F(ImportBesideATenant, IsToldOfAnotherWorkspaceOnlySoOften) {
  it.restart_with([](http::ApiOptions& options) { options.refusals_per_minute = 3; });
  const json guess = one(entry("y", {{"sha256", hex_sha256(theirs)}}));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(import(guess).status, 400);
  const auto size = it.size();
  const auto answer = import(guess);
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.header("Retry-After"), "20");
  EXPECT_EQ(it.size(), size);
  EXPECT_EQ(look_ups(), 3U);
  EXPECT_EQ(import(one(entry("a"))).status, 429) << "or the refusal would say whose it is";
  EXPECT_EQ(import(one(entry("a")), {}, "?dry_run=true").status, 200);
  it.clock.advance_ms(20'000);
  EXPECT_EQ(import(one(entry("a"))).status, 201);
  EXPECT_EQ(import(guess).status, 400);
  EXPECT_EQ(import(guess).status, 429);
  EXPECT_EQ(look_ups(), 4U);
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

TEST_F(ImportRoutes, SkipsWhatIsThereAsTheEntrySaysIt) {
  it.add_member("admin", "Ada");
  json keys = {
      entry("a", {{"metadata", {{"k", "v"}}}, {"scopes", {"y", "x"}}, {"handle", "a..."}}),
      entry("b", {{"type", "public"}, {"allowed_origins", {"b.example", "a.example"}}}),
      entry("c", {{"allowed_ips", {"10.0.0.0/8"}}, {"expires_at", "2027-01-01T00:00:00Z"}}),
      entry("d", {{"rate_limit", {{"unlimited", true}}}, {"description", "old"}})};
  ASSERT_EQ(import(keys).status, 201);
  const auto before = it.size();
  const auto all = import(keys, {}, "?existing=skip");
  EXPECT_EQ(all.status, 201) << all.response.body;
  EXPECT_EQ(all.body["keys"], json::array());
  EXPECT_EQ(all.body["already_there"], 4);
  EXPECT_EQ(it.size(), before);

  keys.insert(keys.begin() + 1, entry("new", {{"type", "public"}}));
  const auto rehearsed = import(keys, {}, "?existing=skip&dry_run=true");
  EXPECT_EQ(rehearsed.body["count"], 1);
  EXPECT_EQ(rehearsed.body["already_there"], 4);
  EXPECT_EQ(rehearsed.body["warnings"][0]["index"], 1);
  const auto some = import(keys, {{"Idempotency-Key", "some"}}, "?existing=skip");
  ASSERT_EQ(some.status, 201) << some.response.body;
  ASSERT_EQ(some.body["keys"].size(), 1U);
  EXPECT_EQ(some.body["keys"][0]["name"], "of new");
  EXPECT_EQ(some.body["already_there"], 4);
  EXPECT_EQ(some.body["warnings"][0]["index"], 1);
  const auto again = import(keys, {{"Idempotency-Key", "some"}}, "?existing=skip");
  EXPECT_EQ(again.body, some.body);
  EXPECT_EQ(again.header("Idempotent-Replay"), "true");

  EXPECT_EQ(import(keys).status, 400) << "refused where nobody said to skip";
  EXPECT_EQ(import(keys, {}, "?existing=yes").status, 400);
  // What became of a key since does not make it another one, nor does a rotation.
  const std::string path = "/v1/keys/" + some.body["keys"][0]["id"].get<std::string>();
  it.call(it.owner.secret, "POST", path + "/rotate");
  it.call(it.owner.secret, "POST", path + "/revoke");
  EXPECT_EQ(import(keys, {}, "?existing=skip").body["already_there"], 5);
}

// Each field alone, changed in the entry or given where there was none.
TEST_F(ImportRoutes, RefusesWhatIsThereWithAnotherField) {
  const auto other = it.add_member("admin");
  const json plain =
      entry("a", {{"handle", "a..."}, {"description", "old"}, {"metadata", {{"k", "v"}}}});
  ASSERT_EQ(import(one(plain)).status, 201);
  const std::vector<json> changes = {{{"name", "other"}},
                                     {{"type", "public"}},
                                     {{"environment", "test"}},
                                     {{"handle", "b..."}},
                                     {{"handle", nullptr}},
                                     {{"description", "new"}},
                                     {{"description", nullptr}},
                                     {{"metadata", {{"k", "w"}}}},
                                     {{"external_id", "x"}},
                                     {{"scopes", {"x"}}},
                                     {{"allowed_ips", {"10.0.0.1"}}},
                                     {{"not_before", "2026-12-01T00:00:00Z"}},
                                     {{"expires_at", "2027-01-01T00:00:00Z"}},
                                     {{"owner_id", other.id}},
                                     {{"rate_limit", {{"limit", 1}, {"window_seconds", 1}}}}};
  for (const json& change : changes) {
    json changed = plain;
    changed.update(change);
    const auto answer = import({changed, entry("b")}, {}, "?existing=skip");
    EXPECT_EQ(answer.status, 400) << change;
    EXPECT_EQ(answer.faults()[0], "keys[0].sha256 conflict") << change;
  }
  EXPECT_EQ(import({plain, plain}, {}, "?existing=skip").status, 400) << "twice in one call";
  EXPECT_EQ(import(one(plain), {}, "?existing=skip").body["already_there"], 1);
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
