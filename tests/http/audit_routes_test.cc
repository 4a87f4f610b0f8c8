#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/crypto.h"
#include "events/proof/merkle.h"
#include "http/base64.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string parse_base64(std::string text) {
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return http::parse_base64url(text).value_or("not base64");
}

class AuditRoutes : public ::testing::Test {
 protected:
  TestLedger::Answer get(const std::string& target) {
    return it.call(it.owner.secret, "GET", target);
  }
  std::vector<std::string> actions(const std::string& query) {
    const auto answer = get("/v1/audit?limit=1000&" + query);
    EXPECT_EQ(answer.status, 200) << query << answer.response.body;
    std::vector<std::string> out;
    for (const auto& entry : answer.body["data"]) out.push_back(entry["action"]);
    return out;
  }

  TestLedger it;
};

TEST_F(AuditRoutes, ListsNewestFirstAndOldestFirst) {
  it.add_key("app");
  EXPECT_THAT(actions("order=asc"), ElementsAre("ledger.created", "workspace.created", "policy.set",
                                                "member.added", "key.created", "key.created"));
  EXPECT_THAT(actions(""), ElementsAre("key.created", "key.created", "member.added", "policy.set",
                                       "workspace.created", "ledger.created"));
}

TEST_F(AuditRoutes, TellsAnEntryInFull) {
  const auto key = it.add_key("app", {{"scopes", {"b", "a"}},
                                      {"description", "for billing"},
                                      {"metadata", {{"team", "x"}}},
                                      {"reason", "why not"}});
  const auto answer = get("/v1/audit/" + std::to_string(it.size() - 1));
  ASSERT_EQ(answer.status, 200);
  const auto& entry = answer.body;
  std::vector<std::string> fields;
  const auto ordered = nlohmann::ordered_json::parse(answer.response.body);
  for (const auto& [name, value] : ordered.items()) {
    fields.push_back(name);
  }
  EXPECT_THAT(fields, ElementsAre("position", "workspace_seq", "id", "time", "action", "outcome",
                                  "actor", "on_behalf_of", "target", "changes", "reason",
                                  "request_id", "workspace_id", "leaf_hash"));
  EXPECT_EQ(entry["position"], it.size() - 1);
  EXPECT_EQ(entry["workspace_seq"], 5);
  EXPECT_EQ(entry["time"], "2026-03-30T12:00:00.000Z");
  EXPECT_EQ(entry["outcome"], "success");
  EXPECT_EQ(entry["actor"]["key_issued_by"], nullptr);
  EXPECT_EQ(entry["target"],
            (nlohmann::json{{"type", "key"}, {"id", key["key"]["id"]}, {"name", "app"}}));
  EXPECT_EQ(entry["reason"], "why not");
  EXPECT_EQ(entry["workspace_id"], to_text(it.workspace));
  const auto& changes = entry["changes"];
  EXPECT_EQ(changes["name"], (nlohmann::json{{"from", nullptr}, {"to", "app"}}));
  EXPECT_EQ(changes["scopes"]["to"], (nlohmann::json{"a", "b"}));
  EXPECT_EQ(changes["description"]["to"], "for billing");
  EXPECT_EQ(changes["metadata"]["to"], (nlohmann::json{{"team", "x"}}));
  EXPECT_EQ(changes["secret"]["to"]["handle"], key["key"]["handle"]);
  EXPECT_FALSE(changes.contains("expires_at"));
  EXPECT_THAT(answer.response.body, Not(HasSubstr("hash\":{")));
}

TEST_F(AuditRoutes, TellsChangesFromAndTo) {
  const std::string id =
      it.add_key("app", {{"scopes", {"a"}}, {"description", "old"}})["key"]["id"];
  const auto patched = it.call(it.owner.secret, "PATCH", "/v1/keys/" + id,
                               R"({"name":"app2","scopes":["a","b"],"description":null,
          "expires_at":"2027-01-01T00:00:00Z"})");
  ASSERT_EQ(patched.status, 200) << patched.response.body;
  std::map<std::string, nlohmann::json> changes;
  const auto history = get("/v1/keys/" + id + "/history").body["data"];
  for (const auto& entry : history) changes[entry["action"]] = entry["changes"];
  EXPECT_EQ(changes["key.renamed"],
            nlohmann::json::parse(R"({"name":{"from":"app","to":"app2"}})"));
  EXPECT_EQ(changes["key.scopes_changed"],
            nlohmann::json::parse(R"({"scopes":{"from":["a"],"to":["a","b"]}})"));
  EXPECT_EQ(changes["key.description_changed"],
            nlohmann::json::parse(R"({"description":{"from":"old","to":null}})"));
  EXPECT_EQ(
      changes["key.expiry_changed"],
      nlohmann::json::parse(R"({"expires_at":{"from":null,"to":"2027-01-01T00:00:00.000Z"}})"));
}

TEST_F(AuditRoutes, FiltersByEveryParameter) {
  const auto admin = it.add_member("admin", "Adam");
  const std::string app = it.add_key("billing app", {{"reason", "Quarterly"}})["key"]["id"];
  it.clock.advance_ms(60'000);
  ASSERT_EQ(
      it.call(admin.secret, "POST", "/v1/keys/" + app + "/suspend", "", {{"X-Request-Id", "req-7"}})
          .status,
      200);
  EXPECT_THAT(actions("key=" + app), ElementsAre("key.suspended", "key.created"));
  EXPECT_THAT(actions("actor=" + admin.id), ElementsAre("key.suspended"));
  EXPECT_THAT(actions("member=" + admin.id), ElementsAre("key.suspended", "member.added"));
  EXPECT_THAT(actions("action=key.suspended&action=member.added"),
              ElementsAre("key.suspended", "member.added", "member.added"));
  EXPECT_THAT(actions("action=member.*"), Each("member.added"));
  EXPECT_THAT(actions("request_id=req-7"), ElementsAre("key.suspended"));
  EXPECT_EQ(actions("ip=192.0.2.7").size(), it.size() - 5);  // all but the founding
  EXPECT_EQ(actions("ip=192.0.2.8").size(), 0U);
  EXPECT_THAT(actions("from=2026-03-30T12:01:00Z"), ElementsAre("key.suspended"));
  EXPECT_EQ(actions("to=2026-03-30T12:01:00Z").size(), it.size() - 1);
  EXPECT_THAT(actions("q=BILLING"), ElementsAre("key.suspended", "key.created"));
  EXPECT_THAT(actions("q=quarter&key=" + app), ElementsAre("key.created"));
}

TEST_F(AuditRoutes, PagesWithoutGapOrRepeat) {
  for (int i = 0; i < 5; ++i) it.add_key("key " + std::to_string(i));
  for (const char* order : {"asc", "desc"}) {
    std::vector<std::uint64_t> positions;
    std::string cursor;
    do {
      const auto page = get(std::string("/v1/audit?limit=2&order=") + order + cursor);
      ASSERT_EQ(page.status, 200) << page.response.body;
      for (const auto& entry : page.body["data"]) positions.push_back(entry["position"]);
      const auto next = page.body["next_cursor"];
      cursor = next.is_null() ? "" : "&cursor=" + next.get<std::string>();
      if (positions.size() == 2) it.add_key(std::string("meanwhile ") + order);
    } while (!cursor.empty());
    if (order == std::string("desc")) std::reverse(positions.begin(), positions.end());
    for (std::size_t i = 0; i < positions.size(); ++i) EXPECT_EQ(positions[i], i) << order;
  }
}

TEST_F(AuditRoutes, RefusesEachBadParameter) {
  const std::pair<const char*, const char*> rows[] = {
      {"action=key.exploded", "action invalid"},
      {"action=k.*", "action invalid"},
      {"action=", "action invalid"},
      {"key=mem_01ARZ3NDEKTSV4RRFFQ69G5FAV", "key invalid"},
      {"actor=Olga", "actor invalid"},
      {"member=x", "member invalid"},
      {"ip=192.0.2", "ip invalid"},
      {"from=yesterday", "from invalid"},
      {"from=2026-03-31T00:00:00Z&to=2026-03-30T00:00:00Z", "from conflict"},
      {"order=up", "order invalid"},
      {"format=xml", "format invalid"},
      {"limit=0", "limit invalid"},
      {"page=2", "page unknown_field"},
  };
  for (const auto& [query, fault] : rows) {
    const auto answer = get(std::string("/v1/audit?") + query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_THAT(answer.faults(), ElementsAre(fault)) << query;
  }
  EXPECT_EQ(get("/v1/audit?format=json").status, 200);
}

TEST_F(AuditRoutes, AnswersOnlyForTheOwnWorkspace) {
  const auto stranger = it.add_tenant();
  const auto list = it.call(stranger.secret, "GET", "/v1/audit?order=asc");
  ASSERT_EQ(list.body["data"].size(), 4U);
  EXPECT_EQ(list.body["data"][0]["workspace_seq"], 0);
  const std::string theirs = "/v1/audit/" + list.body["data"][3]["position"].dump();
  EXPECT_EQ(it.call(stranger.secret, "GET", theirs).status, 200);
  EXPECT_EQ(get(theirs).status, 404);
  EXPECT_EQ(get(theirs + "/leaf").status, 404);
}

TEST_F(AuditRoutes, FindsNothingAtOtherPositions) {
  for (const char* position : {"99999", "18446744073709551616", "-1", "1a", "latest"}) {
    EXPECT_EQ(get(std::string("/v1/audit/") + position).status, 404) << position;
  }
}

// What a tenant does with a leaf: hash it, and open its commitments.
TEST_F(AuditRoutes, GivesALeafThatHashesToWhatTheEntrySays) {
  it.add_key("app", {{"description", "personal"}});
  const std::string path = "/v1/audit/" + std::to_string(it.size() - 1);
  const auto leaf = get(path + "/leaf");
  ASSERT_EQ(leaf.status, 200);
  const std::string bytes = parse_base64(leaf.body["leaf"]);
  EXPECT_EQ(get(path).body["leaf_hash"], http::base64(merkle::leaf_hash(bytes)));
  ASSERT_EQ(leaf.body["blobs"].size(), 2U);
  EXPECT_EQ(leaf.body["blobs"][0]["role"], "actor");
  EXPECT_EQ(leaf.body["blobs"][1]["role"], "subject");
  for (const auto& blob : leaf.body["blobs"]) {
    const Digest commitment = sha256(std::string("keyledger-blob-1\0", 17) +
                                     parse_base64(blob["salt"]) + parse_base64(blob["bytes"]));
    EXPECT_THAT(bytes, HasSubstr(std::string(commitment.begin(), commitment.end())));
  }
  EXPECT_THAT(bytes, Not(HasSubstr("personal")));
  EXPECT_THAT(parse_base64(leaf.body["blobs"][1]["bytes"]), HasSubstr("personal"));
}

TEST_F(AuditRoutes, HasNoBlobsWhereTheLeafCommitsToNone) {
  EXPECT_EQ(get("/v1/audit/1/leaf").body["blobs"], nlohmann::json::array());
}

TEST_F(AuditRoutes, CallsARetiredSecretsUseDenied) {
  const auto key = it.add_key("app");
  const std::string id = key["key"]["id"];
  ASSERT_EQ(it.call(it.owner.secret, "POST", "/v1/keys/" + id + "/rotate", "{}").status, 200);
  const nlohmann::json body = {{"key", key["secret"]}};
  ASSERT_EQ(it.call(it.owner.secret, "POST", "/v1/keys/verify", body.dump()).body["code"],
            "SECRET_RETIRED");
  const auto entry = get("/v1/audit?limit=1").body["data"][0];
  EXPECT_EQ(entry["action"], "key.retired_secret_presented");
  EXPECT_EQ(entry["outcome"], "denied");
}

}  // namespace
}  // namespace keyledger
