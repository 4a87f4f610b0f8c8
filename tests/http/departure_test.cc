// Somebody leaves: what becomes of the keys that they may know (design product.md row Q9).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class Departure : public ::testing::Test {
 protected:
  TestLedger::Answer as_owner(std::string_view method, std::string_view target,
                              const json& body = json::object()) {
    return it.call(it.owner.secret, method, target, body.dump());
  }
  json as(const TestLedger::Person& person, const std::string& target, const json& body) {
    const auto answer = it.call(person.secret, "POST", target, body.dump());
    EXPECT_LT(answer.status, 300) << answer.response.body;
    return answer.body;
  }
  // A key that this member makes, as the create answers it.
  json made_by(const TestLedger::Person& person, const std::string& name) {
    return as(person, "/v1/keys", {{"type", "private"}, {"name", name}});
  }
  TestLedger::Answer remove(const TestLedger::Person& person, const json& body = json::object()) {
    return as_owner("DELETE", "/v1/members/" + person.id, body);
  }
  std::string verdict(const std::string& secret) {
    return as_owner("POST", "/v1/keys/verify", {{"key", secret}}).body["code"];
  }
  json key(const std::string& id) { return as_owner("GET", "/v1/keys/" + id).body; }

  // "name action" of each row.
  static std::vector<std::string> actions(const TestLedger::Answer& answer) {
    std::vector<std::string> out;
    for (const json& row : answer.body["keys"]) {
      out.push_back(row["key"]["name"].get<std::string>() + ' ' + row["action"].get<std::string>());
    }
    return out;
  }
  static json row_of(const TestLedger::Answer& answer, const std::string& name) {
    for (const json& row : answer.body["keys"]) {
      if (row["key"]["name"] == name) return row;
    }
    return nullptr;
  }

  TestLedger it;
};

TEST_F(Departure, ListsTheKeysTheMemberMayKnow) {
  const auto admin = it.add_member("admin");
  made_by(admin, "made");
  const std::string ended = made_by(admin, "ended")["key"]["id"];
  as(admin, "/v1/keys/" + ended + "/revoke", json::object());
  as(admin, "/v1/keys", {{"type", "public"}, {"name", "page"}, {"allowed_origins", {"a.com"}}});
  const std::string rotated = it.add_key("rotated")["key"]["id"];
  as(admin, "/v1/keys/" + rotated + "/rotate", json::object());
  it.add_key("owned", {{"owner_id", admin.id}});
  it.add_key("not theirs");

  const auto answer = remove(admin, {{"reason", "left"}});
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  EXPECT_EQ(answer.body["member"]["id"], admin.id);
  EXPECT_EQ(answer.body["member"]["status"], "removed");
  EXPECT_THAT(actions(answer),
              UnorderedElementsAre("made listed", "page listed", "rotated listed", "owned listed"));
  EXPECT_EQ(answer.body["next_cursor"], nullptr);
  EXPECT_EQ(it.call(admin.secret, "GET", "/v1/ledger").status, 401);

  // A repeat answers the same and writes nothing.
  const auto size = it.size();
  EXPECT_EQ(remove(admin).body, answer.body);
  EXPECT_EQ(it.size(), size);
}

TEST_F(Departure, ListsAKeyWhoseSecretARepeatedCallShowed) {
  const auto owner = it.add_member("owner");
  const TestLedger::Headers once = {{"Idempotency-Key", "1"}};
  const std::string body = R"({"type":"private","name":"shown"})";
  ASSERT_EQ(it.call(owner.secret, "POST", "/v1/keys", body, once).status, 201);
  ASSERT_NE(it.call(owner.secret, "POST", "/v1/keys", body, once).body["secret"], nullptr);
  const auto issued = as(owner, "/v1/members/" + it.owner.id + "/management_keys", {{"name", "k"}});
  EXPECT_THAT(actions(remove(owner)), UnorderedElementsAre("shown listed", "k listed"));
}

TEST_F(Departure, RotatesThemAndShowsTheNewSecretsOnce) {
  const auto admin = it.add_member("admin");
  const std::string old = made_by(admin, "made")["secret"];
  const std::string page =
      as(admin, "/v1/keys",
         {{"type", "public"}, {"name", "page"}, {"allowed_origins", {"*"}}})["secret"];
  const auto answer = remove(admin, {{"keys", "rotate"}, {"reason", "left"}});
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  EXPECT_THAT(actions(answer), UnorderedElementsAre("made rotated", "page rotated"));
  EXPECT_EQ(answer.position(), it.size() - 1);
  const auto entry = as_owner("GET", "/v1/audit?limit=1").body["data"][0];
  EXPECT_EQ(entry["action"], "key.rotated");
  EXPECT_EQ(entry["reason"], "left");
  EXPECT_EQ(entry["actor"]["id"], it.owner.id);
  EXPECT_EQ(verdict(old), "SECRET_RETIRED");
  EXPECT_EQ(verdict(page), "SECRET_RETIRED");
  EXPECT_EQ(verdict(row_of(answer, "made")["secret"]), "VALID");
  EXPECT_EQ(verdict(row_of(answer, "page")["secret"]), "VALID");
}

TEST_F(Departure, ARepeatRotatesNothingTwiceAndShowsTheSecretsForTenMinutes) {
  const auto admin = it.add_member("admin");
  const std::string id = made_by(admin, "made")["key"]["id"];
  const json wanted = {{"keys", "rotate"}};
  const auto first = remove(admin, wanted);
  const auto again = remove(admin, wanted);
  EXPECT_EQ(row_of(again, "made")["action"], "rotated");
  EXPECT_EQ(row_of(again, "made")["secret"], row_of(first, "made")["secret"]);
  EXPECT_EQ(as_owner("GET", "/v1/audit?limit=1").body["data"][0]["action"], "key.secret_replayed");

  // Another owner, who could ask for a new one, is not shown the one that was somebody else's.
  const auto other = it.add_member("owner");
  const auto theirs = it.call(other.secret, "DELETE", "/v1/members/" + admin.id, wanted.dump());
  EXPECT_EQ(row_of(theirs, "made")["secret"], nullptr);
  EXPECT_EQ(row_of(theirs, "made")["secret_available"], false);

  it.clock.advance_ms(10 * 60 * 1000);
  const auto size = it.size();
  const auto late = remove(admin, wanted);
  EXPECT_EQ(row_of(late, "made")["secret"], nullptr);
  EXPECT_EQ(row_of(late, "made")["secret_available"], false);
  EXPECT_FALSE(row_of(remove(admin), "made").contains("secret")) << "nobody asked to rotate";
  EXPECT_EQ(it.size(), size);
  EXPECT_EQ(key(id)["version"], 2);
}

TEST_F(Departure, RotatesOnlyWhatNobodyHasRotatedSince) {
  const auto admin = it.add_member("admin");
  const std::string before = made_by(admin, "before")["key"]["id"];
  const std::string since = made_by(admin, "since")["key"]["id"];
  const std::string early = made_by(admin, "early")["key"]["id"];
  // All within the millisecond of the removal.
  as(it.owner, "/v1/keys/" + before + "/rotate", json::object());
  as(it.owner, "/v1/keys/" + early + "/rotate", {{"overlap_seconds", 60}});
  remove(admin);
  as(it.owner, "/v1/keys/" + since + "/rotate", json::object());
  as(it.owner, "/v1/keys/" + early + "/retire", json::object());
  const auto answer = remove(admin, {{"keys", "rotate"}});
  EXPECT_THAT(actions(answer),
              UnorderedElementsAre("before rotated", "since rotated", "early rotated"));
  EXPECT_EQ(key(before)["version"], 3);
  EXPECT_EQ(key(since)["version"], 2) << "its secret is newer than the removal";
  EXPECT_EQ(key(early)["version"], 4) << "the end of its overlap is newer, its secret is not";
}

TEST_F(Departure, RotatesWithAnOverlapIfAsked) {
  const auto admin = it.add_member("admin");
  const std::string old = made_by(admin, "made")["secret"];
  const auto answer = remove(admin, {{"keys", "rotate"}, {"overlap_seconds", 60}});
  EXPECT_EQ(verdict(old), "VALID");
  EXPECT_EQ(row_of(answer, "made")["key"]["secrets"].size(), 2U);
  it.clock.advance_ms(60'000);
  EXPECT_EQ(verdict(old), "SECRET_RETIRED");
}

// Somebody was quicker, and kinder: the secret that who left has would have been good for 30 days.
TEST_F(Departure, EndsAnOverlapThatSomebodyGaveByHand) {
  const auto admin = it.add_member("admin");
  const json made = made_by(admin, "made");
  remove(admin);
  it.clock.advance_ms(1000);
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
  const json by_hand = as(it.owner, path + "/rotate", {{"overlap_seconds", 2'592'000}});
  const auto listed = remove(admin);
  EXPECT_EQ(row_of(listed, "made")["action"], "rotated");
  EXPECT_THAT(row_of(listed, "made")["detail"].get<std::string>(),
              HasSubstr("is valid until 2026-04-29T12:00:01.000Z"));
  EXPECT_EQ(verdict(made["secret"]), "VALID");

  const auto answer = remove(admin, {{"keys", "rotate"}, {"reason", "left"}});
  EXPECT_EQ(verdict(made["secret"]), "SECRET_RETIRED");
  EXPECT_EQ(verdict(by_hand["secret"]), "VALID") << "nobody who left has seen it";
  EXPECT_EQ(row_of(answer, "made")["action"], "rotated");
  EXPECT_FALSE(row_of(answer, "made").contains("detail"));
  EXPECT_EQ(answer.body["warnings"], json::array());
  const auto size = it.size();
  remove(admin, {{"keys", "rotate"}});
  EXPECT_EQ(it.size(), size) << "a repeat finds nothing to do";
}

TEST_F(Departure, ARepeatWithASmallerOverlapEndsTheLargerOne) {
  const auto admin = it.add_member("admin");
  const std::string old = made_by(admin, "made")["secret"];
  const auto rotate = [&](int overlap) {
    return remove(admin, {{"keys", "rotate"}, {"overlap_seconds", overlap}});
  };
  const std::string secret = row_of(rotate(3600), "made")["secret"];
  it.clock.advance_ms(10'000);
  const auto size = it.size();
  rotate(3600);
  EXPECT_EQ(verdict(old), "VALID") << "the same again does not cut it";
  EXPECT_EQ(it.size(), size + 1) << "the secret shown again";
  rotate(60);
  EXPECT_EQ(verdict(old), "SECRET_RETIRED");
  EXPECT_EQ(verdict(secret), "VALID");
}

TEST_F(Departure, LeavesAnOverlapThatEndsInTimeOrOfASecretThatNobodyWhoLeftKnows) {
  const auto admin = it.add_member("admin");
  const json made = made_by(admin, "made");
  const json newer = made_by(admin, "newer");
  remove(admin, {{"keys", "rotate"}, {"overlap_seconds", 3600}});
  it.clock.advance_ms(3'550'000);
  const std::string path = "/v1/keys/" + newer["key"]["id"].get<std::string>() + "/rotate";
  const json second = as(it.owner, path, json::object());
  as(it.owner, path, {{"overlap_seconds", 9999}});
  const auto size = it.size();
  const auto answer = remove(admin, {{"keys", "rotate"}, {"overlap_seconds", 60}});
  EXPECT_EQ(it.size(), size + 1) << "50 s are left of the one, the other is none of theirs";
  EXPECT_EQ(as_owner("GET", "/v1/audit?limit=1").body["data"][0]["action"], "key.secret_replayed");
  EXPECT_EQ(verdict(made["secret"]), "VALID");
  EXPECT_EQ(verdict(second["secret"]), "VALID");
  EXPECT_FALSE(row_of(answer, "newer").contains("detail"));
}

// Its member may be slow: the owner can at least end the overlap.
TEST_F(Departure, EndsTheOverlapOfAnothersManagementKeyThatTheyIssued) {
  const auto leaving = it.add_member("owner");
  const auto admin = it.add_member("admin");
  const json lent = as(leaving, "/v1/members/" + admin.id + "/management_keys", {{"name", "lent"}});
  remove(leaving);
  it.clock.advance_ms(1000);
  ASSERT_EQ(it.call(admin.secret, "POST", "/v1/keys/" + lent["id"].get<std::string>() + "/rotate",
                    R"({"overlap_seconds":9999})")
                .status,
            200);
  const auto answer = remove(leaving, {{"keys", "rotate"}});
  EXPECT_THAT(actions(answer), ElementsAre("lent rotated"));
  EXPECT_FALSE(row_of(answer, "lent").contains("detail"));
  EXPECT_EQ(it.call(lent["secret"].get<std::string>(), "GET", "/v1/ledger").status, 401);
}

TEST_F(Departure, RevokesThemAlsoWhatWasRotatedOrListedBefore) {
  const auto admin = it.add_member("admin");
  const std::string old = made_by(admin, "made")["secret"];
  it.add_key("owned", {{"owner_id", admin.id}});
  remove(admin);
  remove(admin, {{"keys", "rotate"}});
  const auto answer = remove(admin, {{"keys", "revoke"}, {"reason", "left"}});
  EXPECT_THAT(actions(answer), UnorderedElementsAre("made revoked", "owned revoked"));
  EXPECT_EQ(row_of(answer, "made")["key"]["revoke_reason"], "affiliation_changed");
  const auto size = it.size();
  EXPECT_EQ(remove(admin, {{"keys", "revoke"}}).body, answer.body);
  EXPECT_EQ(remove(admin).body, answer.body) << "says what has become of them";
  EXPECT_EQ(it.size(), size);
  EXPECT_EQ(verdict(old), "REVOKED");
}

TEST_F(Departure, SeesToManagementKeysThatTheMemberIssued) {
  const auto leaving = it.add_member("owner");
  const auto verifier = it.add_member("verifier");
  const auto issue = [&](const std::string& to, const char* name) {
    return as(leaving, "/v1/members/" + to + "/management_keys", {{"name", name}});
  };
  issue(verifier.id, "of another");
  issue(it.owner.id, "of the caller");
  const std::string in_use = issue(it.owner.id, "in use")["secret"];
  const auto call = [&](const char* keys) {
    return it.call(in_use, "DELETE", "/v1/members/" + leaving.id, json{{"keys", keys}}.dump());
  };
  const auto rotated = call("rotate");
  EXPECT_THAT(actions(rotated),
              UnorderedElementsAre("of another listed", "of the caller rotated", "in use listed"));
  EXPECT_THAT(row_of(rotated, "of another")["detail"].get<std::string>(),
              HasSubstr("have it rotated by its member, or revoke it"));
  EXPECT_TRUE(row_of(rotated, "in use").contains("detail"));
  ASSERT_EQ(rotated.body["warnings"].size(), 1U);
  EXPECT_EQ(rotated.body["warnings"][0]["code"], "not_all_done");
  EXPECT_THAT(rotated.body["warnings"][0]["message"].get<std::string>(),
              HasSubstr("Of 2 of these keys"));
  EXPECT_THAT(actions(call("revoke")),
              UnorderedElementsAre("of another revoked", "of the caller revoked", "in use listed"))
      << "who asks is not locked out";
}

TEST_F(Departure, FindsWhatWasMadeInAnothersName) {
  const auto leaving = it.add_member("owner");
  const auto admin = it.add_member("admin");
  const json lent = as(leaving, "/v1/members/" + admin.id + "/management_keys", {{"name", "lent"}});
  const json body = {{"type", "private"}, {"name", "made"}};
  ASSERT_EQ(it.call(lent["secret"].get<std::string>(), "POST", "/v1/keys", body.dump()).status,
            201);
  EXPECT_THAT(actions(remove(leaving, {{"keys", "revoke"}})),
              UnorderedElementsAre("lent revoked", "made revoked"));
}

TEST_F(Departure, ShowsThatTheOwnerHasLeft) {
  const auto admin = it.add_member("admin");
  const std::string id = it.add_key("owned", {{"owner_id", admin.id}})["key"]["id"];
  EXPECT_EQ(key(id)["owner_removed"], false);
  EXPECT_EQ(row_of(remove(admin), "owned")["key"]["owner_removed"], true);
  EXPECT_EQ(key(id)["owner_id"], admin.id);
  const auto list = as_owner("GET", "/v1/keys?type=private&owner_id=" + admin.id);
  ASSERT_EQ(list.body["data"].size(), 1U);
  EXPECT_EQ(list.body["data"][0]["owner_removed"], true);
}

TEST_F(Departure, GivesTheirKeysToANewOwner) {
  const auto admin = it.add_member("admin");
  const auto heir = it.add_member("auditor", "Bea");
  const std::string made = made_by(admin, "made")["key"]["id"];
  const std::string owned = it.add_key("owned", {{"owner_id", admin.id}})["key"]["id"];
  const json seen = it.add_key("seen");
  as(admin, "/v1/keys/" + seen["key"]["id"].get<std::string>() + "/rotate", json::object());
  const json wanted = {{"keys", "rotate"}, {"new_owner_id", heir.id}};
  const auto answer = remove(admin, wanted);
  EXPECT_THAT(actions(answer),
              UnorderedElementsAre("made rotated", "owned rotated", "seen rotated"));
  for (const std::string& id : {made, owned}) {
    EXPECT_EQ(key(id)["owner_id"], heir.id);
    EXPECT_EQ(key(id)["owner_removed"], false);
  }
  EXPECT_EQ(row_of(answer, "owned")["key"]["owner_id"], heir.id);
  EXPECT_EQ(key(seen["key"]["id"])["owner_id"], it.owner.id) << "was not theirs";

  // A repeat still finds the key that was only theirs because they owned it.
  EXPECT_EQ(actions(remove(admin, wanted)), actions(answer));
  EXPECT_EQ(key(owned)["version"], 3);
}

TEST_F(Departure, RefusesABadNewOwnerBeforeAnythingIsDone) {
  const auto admin = it.add_member("admin");
  const auto gone = it.add_member("admin");
  remove(gone);
  const auto tenant = it.add_tenant();
  const auto size = it.size();
  for (const std::string& id : {admin.id, gone.id, tenant.id, std::string("mem_x")}) {
    EXPECT_THAT(remove(admin, {{"new_owner_id", id}}).faults(),
                ElementsAre("new_owner_id invalid"));
  }
  EXPECT_EQ(it.size(), size);
}

TEST_F(Departure, RefusesAVerifierAsTheNewOwner) {
  const auto admin = it.add_member("admin");
  const auto verifier = it.add_member("verifier");
  const auto size = it.size();
  EXPECT_THAT(remove(admin, {{"new_owner_id", verifier.id}}).faults(),
              ElementsAre("new_owner_id not_allowed"));
  EXPECT_EQ(it.size(), size);
}

TEST_F(Departure, CanBeTriedOut) {
  const auto admin = it.add_member("admin");
  const std::string secret = made_by(admin, "made")["secret"];
  const std::string path = "/v1/members/" + admin.id + "?dry_run=true";
  const auto size = it.size();
  for (const auto& [keys, action] : {std::pair("list", "listed"), std::pair("rotate", "rotated"),
                                     std::pair("revoke", "revoked")}) {
    const auto answer = as_owner("DELETE", path + "&keys=" + keys);
    ASSERT_EQ(answer.status, 200) << answer.response.body;
    EXPECT_EQ(answer.body["dry_run"], true);
    EXPECT_EQ(answer.body["member"]["status"], "active");
    ASSERT_THAT(actions(answer), ElementsAre(std::string("made ") + action));
    EXPECT_EQ(row_of(answer, "made")["key"]["status"], "active");
    EXPECT_FALSE(row_of(answer, "made").contains("secret"));
  }
  EXPECT_EQ(as_owner("DELETE", "/v1/members/" + it.owner.id + "?dry_run=true").code(),
            "last_owner");
  EXPECT_THAT(as_owner("DELETE", path, {{"dry_run", true}}).faults(),
              ElementsAre("dry_run conflict"));
  EXPECT_THAT(as_owner("DELETE", "/v1/members/" + admin.id + "?dry_run=yes").faults(),
              ElementsAre("dry_run invalid"));
  EXPECT_EQ(it.size(), size);
  EXPECT_EQ(verdict(secret), "VALID");
  EXPECT_EQ(it.call(admin.secret, "GET", "/v1/ledger").status, 200);
}

TEST_F(Departure, WaitsForATurnBeforeAnybodyIsRemoved) {
  const auto admin = it.add_member("admin");
  const auto size = it.size();
  constexpr std::chrono::milliseconds kAtOnce(0);
  const auto busy = [&]() -> Result<void> {
    const auto answer = remove(admin);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.code(), "overloaded");
    EXPECT_EQ(answer.header("Retry-After"), "1");
    return {};
  };
  EXPECT_TRUE(it.api->walks.take(kAtOnce, [&] { return it.api->walks.take(kAtOnce, busy); }));
  EXPECT_EQ(it.size(), size);
  EXPECT_EQ(remove(admin).status, 200);
}

TEST_F(Departure, AMemberThatRemovesItselfMayOnlyList) {
  const auto owner = it.add_member("owner");
  const std::string path = "/v1/members/" + owner.id;
  made_by(owner, "made");
  const auto size = it.size();
  for (const char* keys : {"rotate", "revoke"}) {
    EXPECT_THAT(it.call(owner.secret, "DELETE", path, json{{"keys", keys}}.dump()).faults(),
                ElementsAre("keys not_allowed"));
  }
  EXPECT_THAT(
      it.call(owner.secret, "DELETE", path, json{{"new_owner_id", it.owner.id}}.dump()).faults(),
      ElementsAre("new_owner_id not_allowed"));
  EXPECT_EQ(it.size(), size);
  EXPECT_THAT(actions(it.call(owner.secret, "DELETE", path)), ElementsAre("made listed"));
  EXPECT_THAT(actions(remove(owner, {{"keys", "rotate"}})), ElementsAre("made rotated"));
}

TEST_F(Departure, TakesItsFieldsFromTheQueryToo) {
  const auto member = it.add_member("verifier");
  const std::string path = "/v1/members/" + member.id;
  const auto size = it.size();
  EXPECT_THAT(as_owner("DELETE", path + "?keys=burn").faults(), ElementsAre("keys invalid"));
  EXPECT_THAT(as_owner("DELETE", path + "?reason=a", {{"reason", "b"}}).faults(),
              ElementsAre("reason conflict"));
  EXPECT_THAT(as_owner("DELETE", path + "?limit=0").faults(), ElementsAre("limit invalid"));
  EXPECT_THAT(as_owner("DELETE", path + "?limit=ten").faults(), ElementsAre("limit invalid"));
  EXPECT_THAT(as_owner("DELETE", path + "?overlap_seconds=5").faults(),
              ElementsAre("overlap_seconds not_allowed"));
  EXPECT_THAT(as_owner("DELETE", path + "?cursor=abc").faults(), ElementsAre("cursor invalid"));
  EXPECT_EQ(it.size(), size);
  ASSERT_EQ(
      as_owner("DELETE", path + "?reason=left+us&keys=rotate&overlap_seconds=5&limit=7").status,
      200);
  const auto entry = as_owner("GET", "/v1/audit?limit=1").body["data"][0];
  EXPECT_EQ(entry["action"], "member.removed");
  EXPECT_EQ(entry["reason"], "left us");
}

TEST_F(Departure, GoesOnByPages) {
  const auto admin = it.add_member("admin");
  std::map<std::string, std::string> wanted;
  for (int i = 0; i < 7; ++i)
    wanted[made_by(admin, "k" + std::to_string(i))["key"]["id"]] = "rotated";
  std::map<std::string, std::string> done;
  json body = {{"keys", "rotate"}, {"limit", 3}};
  int calls = 0;
  do {
    const auto page = remove(admin, body);
    ASSERT_EQ(page.status, 200) << page.response.body;
    EXPECT_LE(page.body["keys"].size(), 3U);
    for (const json& row : page.body["keys"]) {
      EXPECT_TRUE(row["secret"].is_string());
      EXPECT_TRUE(done.emplace(row["key"]["id"], row["action"]).second);
    }
    body["cursor"] = page.body["next_cursor"];
    ++calls;
  } while (!body["cursor"].is_null());
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(done, wanted);
}

TEST_F(Departure, RefusesTheCursorOfAnotherMember) {
  const auto admin = it.add_member("admin");
  const auto other = it.add_member("admin");
  for (const char* name : {"a", "b"}) made_by(admin, name);
  const std::string cursor = remove(admin, {{"limit", 1}}).body["next_cursor"];
  EXPECT_EQ(remove(admin, {{"limit", 2}, {"cursor", cursor}}).status, 200);
  EXPECT_THAT(remove(other, {{"cursor", cursor}}).faults(), ElementsAre("cursor invalid"));
}

TEST_F(Departure, NeedsNoVersionOfTheKeysWhereThePolicyWantsVersions) {
  const auto admin = it.add_member("admin");
  const std::string id = made_by(admin, "made")["key"]["id"];
  ASSERT_EQ(as_owner("PUT", "/v1/workspace/policy",
                     {{"require_if_match", true}, {"require_reason", true}})
                .status,
            200);
  const json wanted = {{"keys", "rotate"}, {"new_owner_id", it.owner.id}, {"reason", "left"}};
  EXPECT_EQ(remove(admin, wanted).status, 428);
  const auto answer = it.call(it.owner.secret, "DELETE", "/v1/members/" + admin.id, wanted.dump(),
                              {{"If-Match", "\"1\""}});
  EXPECT_THAT(actions(answer), ElementsAre("made rotated"));
  EXPECT_EQ(key(id)["owner_id"], it.owner.id);
}

// More than go to the ledger at once, so that there is a frame to be lost between two.
TEST_F(Departure, ARepeatGoesOnWhereTheServerDied) {
  constexpr std::size_t kKeys = 300;
  const auto admin = it.add_member("admin");
  for (std::size_t i = 0; i < kKeys; ++i) made_by(admin, "k" + std::to_string(i));
  const json wanted = {{"keys", "rotate"}};
  it.log.inject(3, AppendOutcome::kIndeterminate);  // the removal, 256 keys, the others
  const auto first = remove(admin, wanted);
  EXPECT_EQ(first.status, 503) << first.response.body;
  it.log.reopen();
  it.restart();
  std::size_t rotated = 0;
  const auto listed = remove(admin);
  for (const json& row : listed.body["keys"]) {
    if (row["action"] == "rotated") ++rotated;
  }
  EXPECT_EQ(rotated, 256U);
  const auto size = it.size();
  const auto again = remove(admin, wanted);
  EXPECT_EQ(it.size(), size + (kKeys - rotated));
  EXPECT_EQ(again.body["keys"].size(), kKeys);
  for (const json& row : again.body["keys"]) {
    EXPECT_EQ(row["action"], "rotated");
    EXPECT_EQ(row["key"]["version"], 2);
  }
}

}  // namespace
}  // namespace keyledger
