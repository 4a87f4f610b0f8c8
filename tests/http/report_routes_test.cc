#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/http/taken_text.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using nlohmann::json;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::int64_t kDay = 86'400'000;

class ReportRoutes : public ::testing::Test {
 protected:
  TestLedger::Answer get(const std::string& report) { return get_as(it.owner.secret, report); }
  TestLedger::Answer get_as(const std::string& secret, const std::string& report) {
    return it.call(secret, "GET", "/v1/reports/" + report);
  }
  std::vector<std::string> names(const TestLedger::Answer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.response.body;
    std::vector<std::string> out;
    for (const json& row : answer.body["data"]) out.push_back(row["name"]);
    return out;
  }
  std::vector<std::string> names(const std::string& report) { return names(get(report)); }
  std::string table(const std::string& report, const std::string& secret) {
    const auto answer = get_as(secret, report);
    EXPECT_EQ(answer.status, 200) << answer.response.body;
    TakenText taken;
    EXPECT_TRUE(answer.response.producer && answer.response.producer(taken));
    return taken.text;
  }
  std::string table(const std::string& report) { return table(report, it.owner.secret); }
  json add(const std::string& name, const json& extra = {}) {
    return it.add_key(name, extra)["key"];
  }
  TestLedger::Answer change(const json& key, const std::string& method, const std::string& path,
                            const json& body = json::object()) {
    const auto target = "/v1/keys/" + key["id"].get<std::string>() + path;
    auto answer = it.call(it.owner.secret, method, target, body.dump());
    EXPECT_EQ(answer.status, 200) << answer.response.body;
    return answer;
  }
  void verify(const std::string& secret) {
    const json body = {{"key", secret}};
    ASSERT_EQ(it.call(it.owner.secret, "POST", "/v1/keys/verify", body.dump()).status, 200);
  }
  std::string in(std::int64_t ms) { return to_text(it.clock.now() + ms); }

  TestLedger it;
};

TEST_F(ReportRoutes, AnswerAPageWithWhatItWasAskedFor) {
  add("crm");
  it.clock.advance_ms(100 * kDay);
  const auto answer = get("unused");
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  EXPECT_EQ(answer.body["report"], "unused");
  EXPECT_EQ(answer.body["generated_at"], to_text(it.clock.now()));
  EXPECT_EQ(answer.body["parameters"], (json{{"days", 90}}));
  EXPECT_TRUE(answer.body["next_cursor"].is_null());
  const auto ordered = nlohmann::ordered_json::parse(answer.response.body);
  std::vector<std::string> fields;
  for (const auto& [field, value] : ordered["data"].back().items()) fields.push_back(field);
  EXPECT_THAT(fields, ElementsAre("id", "name", "type", "environment", "handle", "status",
                                  "owner_id", "owner_name", "created_by", "created_at",
                                  "last_used_at", "use_count", "unused_since", "unused_days"));
  const json row = answer.body["data"].back();
  EXPECT_EQ(row["name"], "crm");
  EXPECT_EQ(row["owner_id"], it.owner.id);
  EXPECT_EQ(row["created_by"]["id"], it.owner.id);
  EXPECT_EQ(row["owner_name"], row["created_by"]["name"]);
  EXPECT_EQ(row["unused_days"], 100);
  EXPECT_TRUE(row["last_used_at"].is_null());
}

TEST_F(ReportRoutes, RefuseWhatTheyDoNotKnow) {
  const auto unknown = get("lost");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.code(), "not_found");
  for (const char* known : {"unused", "expiring", "overdue_rotation", "wildcard_origins",
                            "full_scope", "departed_creator", "retired_secret_use", "duplicates"}) {
    EXPECT_THAT(unknown.body["detail"].get<std::string>(), HasSubstr(known));
  }
  const auto faults = [&](const std::string& report) {
    const auto answer = get(report);
    EXPECT_EQ(answer.status, 400) << report;
    return answer.faults();
  };
  EXPECT_THAT(faults("unused?env=live"), ElementsAre("env unknown_field"));
  EXPECT_THAT(faults("full_scope?days=3"), ElementsAre("days unknown_field"));
  EXPECT_THAT(faults("unused?days=-1"), ElementsAre("days invalid"));
  EXPECT_THAT(faults("overdue_rotation?days=x"), ElementsAre("days invalid"));
  EXPECT_THAT(faults("unused?format=xml"), ElementsAre("format invalid"));
  EXPECT_THAT(faults("unused?limit=1001"), ElementsAre("limit invalid"));
  EXPECT_THAT(faults("unused?cursor=x"), ElementsAre("cursor invalid"));
  EXPECT_THAT(faults("unused?format=csv&limit=5"), ElementsAre("limit conflict"));
}

TEST_F(ReportRoutes, UnusedRanksTheNeverUsedFirstThenByLastUse) {
  const json late = it.add_key("used-late");
  const json early = it.add_key("used-early");
  add("never");
  const json fresh = it.add_key("in-use");
  change(add("ended"), "DELETE", "");
  verify(early["secret"]);
  it.clock.advance_ms(kDay);
  verify(late["secret"]);
  add("never-2");
  it.clock.advance_ms(100 * kDay);
  verify(fresh["secret"]);
  add("new");
  const auto private_names = [&](const TestLedger::Answer& answer) {
    auto all = names(answer);
    std::erase_if(all, [](const std::string& name) { return name.starts_with("management"); });
    return all;
  };
  const auto as_admin = it.add_member("admin").secret;
  EXPECT_THAT(private_names(get_as(as_admin, "unused")),
              ElementsAre("never", "never-2", "used-early", "used-late"));
  EXPECT_THAT(private_names(get_as(as_admin, "unused?days=101")),
              ElementsAre("never", "used-early"));
}

// A crash, or a lost data/usage: nobody may say that a key was not used before.
TEST_F(ReportRoutes, UnusedClaimsNothingOfATimeThatNobodyWatched) {
  const json used = it.add_key("used");
  add("never");
  verify(used["secret"]);
  it.clock.advance_ms(100 * kDay);
  it.restart(TestLedger::Rows::kKeep, TestLedger::End::kCrash);
  const auto answer = get("unused");
  EXPECT_EQ(names(answer).size(), 0U);
  EXPECT_EQ(answer.body["known_since"], to_text(it.clock.now()));
  const auto listed = [&](const char* days) {
    const std::string target = std::string("/v1/keys?type=private&unused_days=") + days;
    return it.call(it.owner.secret, "GET", target).body["data"].size();
  };
  EXPECT_EQ(listed("90"), 0U);
  EXPECT_EQ(listed("0"), 2U);
  it.clock.advance_ms(90 * kDay);
  EXPECT_THAT(names("unused"), ElementsAre("used", "never")) << "its use is forgotten";
  EXPECT_EQ(get("unused").body["data"][0]["unused_days"], 90);
  EXPECT_EQ(listed("90"), 2U);
}

TEST_F(ReportRoutes, ExpiringNamesTheSoonestFirst) {
  add("week", {{"expires_at", in(7 * kDay)}});
  add("tomorrow", {{"expires_at", in(kDay)}});
  add("year", {{"expires_at", in(365 * kDay)}});
  add("never");
  change(add("revoked", {{"expires_at", in(2 * kDay)}}), "DELETE", "");
  change(add("suspended", {{"expires_at", in(3 * kDay)}}), "POST", "/suspend");
  EXPECT_THAT(names("expiring"), ElementsAre("tomorrow", "suspended", "week"));
  EXPECT_THAT(names("expiring?days=2"), ElementsAre("tomorrow"));
  it.clock.advance_ms(kDay);
  const auto answer = get("expiring");
  EXPECT_THAT(names(answer), ElementsAre("suspended", "week")) << "an expired key expires no more";
  EXPECT_EQ(answer.body["data"][0]["days_left"], 2);
}

TEST_F(ReportRoutes, OverdueRotationAsksForAnAgeOrThePolicys) {
  const json rotated = add("rotated");
  add("old");
  it.clock.advance_ms(50 * kDay);
  change(rotated, "POST", "/rotate");
  it.clock.advance_ms(40 * kDay);
  const auto refused = get("overdue_rotation");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.faults(), ElementsAre("days required"));
  EXPECT_THAT(refused.body["detail"].get<std::string>(), HasSubstr("rotation_age_days"));
  const auto as_admin = it.add_member("admin").secret;
  EXPECT_THAT(names(get_as(as_admin, "overdue_rotation?days=60")), ElementsAre("old"));
  EXPECT_THAT(names(get_as(as_admin, "overdue_rotation?days=40")), ElementsAre("old", "rotated"));
  const json policy = {{"rotation_age_days", 90}};
  const auto put = it.call(it.owner.secret, "PUT", "/v1/workspace/policy", policy.dump());
  ASSERT_EQ(put.status, 200);
  const auto by_policy = get_as(as_admin, "overdue_rotation");
  EXPECT_THAT(names(by_policy), ElementsAre("old"));
  EXPECT_EQ(by_policy.body["parameters"], (json{{"days", 90}}));
  EXPECT_EQ(by_policy.body["data"][0]["secret_age_days"], 90);
}

TEST_F(ReportRoutes, WildcardOriginsNamesLiveKeysFirstAndMarksWholeDomains) {
  const auto add_public = [&](const char* name, const json& origins, const char* environment) {
    return add(name,
               {{"type", "public"}, {"allowed_origins", origins}, {"environment", environment}});
  };
  add_public("test-any", {"*"}, "test");
  add_public("live-domain", {"example.com"}, "live");
  add_public("live-any", {"app.example.com", "*"}, "live");
  add_public("host", {"app.example.com"}, "live");
  add_public("test-star", {"*.app.example.com"}, "test");
  const auto answer = get("wildcard_origins");
  EXPECT_THAT(names(answer), ElementsAre("live-any", "live-domain", "test-any", "test-star"));
  std::vector<std::string> findings;
  for (const json& row : answer.body["data"]) findings.push_back(row["finding"]);
  EXPECT_THAT(findings, ElementsAre("any_origin", "whole_domain", "any_origin", "whole_domain"));
}

TEST_F(ReportRoutes, FullScopeTellsPrivateKeysFromPublicOnes) {
  add("all");
  add("some", {{"scopes", {"a"}}});
  add("page", {{"type", "public"}, {"allowed_origins", {"a.example.com"}}});
  const auto answer = get("full_scope");
  EXPECT_THAT(names(answer), ElementsAre("all", "page")) << "a management key has a role instead";
  EXPECT_EQ(answer.body["data"][0]["reach"], "everything");
  EXPECT_EQ(answer.body["data"][1]["reach"], "all_public_scopes");
}

TEST_F(ReportRoutes, DepartedCreatorSaysWhoLeftAndWhen) {
  const auto ada = it.add_member("admin", "Ada");
  EXPECT_THAT(names("departed_creator"), IsEmpty());
  const auto made =
      it.call(ada.secret, "POST", "/v1/keys", json{{"type", "private"}, {"name", "hers"}}.dump());
  ASSERT_EQ(made.status, 201);
  add("owned", {{"owner_id", ada.id}});
  add("mine");
  it.clock.advance_ms(kDay);
  const std::string when = to_text(it.clock.now());
  ASSERT_EQ(it.call(it.owner.secret, "DELETE", "/v1/members/" + ada.id).status, 200);
  it.clock.advance_ms(kDay);
  const auto answer = get("departed_creator");
  EXPECT_THAT(names(answer), ElementsAre("hers", "owned"));
  const json& hers = answer.body["data"][0];
  EXPECT_EQ(hers["departed_creator"]["id"], ada.id);
  EXPECT_EQ(hers["departed_creator"]["name"], "Ada");
  EXPECT_EQ(hers["departed_creator"]["removed_at"], when);
  EXPECT_EQ(hers["departed_creator"]["removed_by"]["id"], it.owner.id);
  EXPECT_TRUE(answer.body["data"][1]["departed_creator"].is_null());
  EXPECT_EQ(answer.body["data"][1]["departed_owner"]["id"], ada.id);
}

TEST_F(ReportRoutes, RetiredSecretUseCountsTheNoticesNewestFirst) {
  const json first = it.add_key("first");
  const json second = it.add_key("second");
  add("quiet");
  change(first["key"], "POST", "/rotate");
  change(second["key"], "POST", "/rotate");
  EXPECT_THAT(names("retired_secret_use"), IsEmpty());
  verify(first["secret"]);
  const std::string then = to_text(it.clock.now());
  it.clock.advance_ms(2 * 3'600'000);
  verify(second["secret"]);
  verify(first["secret"]);
  const auto answer = get("retired_secret_use");
  EXPECT_THAT(names(answer), ElementsAre("first", "second"));
  const json& row = answer.body["data"][0];
  EXPECT_EQ(row["count"], 2);
  EXPECT_EQ(row["first_at"], then);
  EXPECT_EQ(row["last_at"], to_text(it.clock.now()));
  EXPECT_EQ(row["retired_at"], then);
  EXPECT_EQ(row["secret_id"], first["key"]["secrets"][0]["id"]);
  EXPECT_EQ(row["secret_handle"], first["key"]["handle"]);
}

TEST_F(ReportRoutes, DuplicatesSayWhatIsAlike) {
  add("CRM sync", {{"external_id", "acme"}});
  add("crmsync");
  add("other", {{"external_id", "acme"}});
  add("crm sync", {{"environment", "test"}});
  const json before = add("v1");
  add("v2", {{"replaces", before["id"]}});
  const auto answer = get("duplicates");
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  std::map<std::string, std::vector<std::string>> groups;
  for (const json& group : answer.body["data"]) {
    EXPECT_EQ(group["count"], 2);
    EXPECT_EQ(group["environment"], "live");
    for (const json& key : group["keys"]) groups[group["reason"]].push_back(key["name"]);
  }
  EXPECT_THAT(groups["same_name"], ElementsAre("CRM sync", "crmsync"));
  EXPECT_THAT(groups["same_external_id"], ElementsAre("CRM sync", "other"));
  EXPECT_THAT(groups["replaced_and_live"], ElementsAre("v1", "v2"));
  EXPECT_EQ(groups.size(), 3U);
  EXPECT_THAT(table("duplicates?format=csv"), StartsWith("group,reason,count,id,name,"));
  change(before, "DELETE", "");
  EXPECT_EQ(get("duplicates").body["data"].size(), 2U);
}

TEST_F(ReportRoutes, ShowManagementKeysToOwnersAndAuditorsAlone) {
  const std::string admin = it.add_member("admin").secret;
  const std::string auditor = it.add_member("auditor").secret;
  it.add_tenant();
  add("app");
  const auto left = it.add_member("admin", "Left");
  ASSERT_EQ(it.call(left.secret, "POST", "/v1/keys/" + left.key_id + "/rotate").status, 200);
  get_as(left.secret, "full_scope");
  it.clock.advance_ms(90 * kDay);
  for (const char* report : {"unused", "overdue_rotation?days=1", "retired_secret_use"}) {
    SCOPED_TRACE(report);
    const auto types = [&](const std::string& secret) {
      std::set<std::string> seen;
      const auto answer = get_as(secret, report);
      for (const json& row : answer.body["data"]) seen.insert(row["type"]);
      return seen;
    };
    // Calls with a management key are not counted: unused is what nobody can say of it.
    const bool says = std::string(report) != "unused";
    EXPECT_EQ(types(it.owner.secret).count("management"), says ? 1U : 0U);
    EXPECT_EQ(types(auditor).count("management"), says ? 1U : 0U);
    EXPECT_EQ(types(admin).count("management"), 0U);
    const std::string csv =
        std::string(report) +
        (std::string(report).find('?') == std::string::npos ? "?format=csv" : "&format=csv");
    EXPECT_THAT(table(csv, admin), Not(HasSubstr(",management,")));
  }
}

TEST_F(ReportRoutes, PageToTheEnd) {
  for (int i = 0; i < 7; ++i) {
    add("k" + std::to_string(i), {{"expires_at", in((i + 1) * kDay)}, {"external_id", "one"}});
  }
  for (const std::string report : {"full_scope", "expiring"}) {
    std::vector<std::string> seen;
    std::string cursor;
    for (int pages = 0; pages < 9; ++pages) {
      const auto answer = get(report + "?limit=2" + cursor);
      for (const std::string& name : names(answer)) seen.push_back(name);
      if (answer.body["next_cursor"].is_null()) break;
      cursor = "&cursor=" + answer.body["next_cursor"].get<std::string>();
    }
    EXPECT_THAT(seen, ElementsAre("k0", "k1", "k2", "k3", "k4", "k5", "k6"));
    const auto elsewhere = get("overdue_rotation?days=1" + cursor);
    EXPECT_THAT(elsewhere.faults(), ElementsAre("cursor invalid"));
  }
}

TEST_F(ReportRoutes, StreamTablesThatNoSpreadsheetRuns) {
  add("=1+1");
  add("@SUM(A1)", {{"reason", "x"}});
  add("plain");
  add("say \"hi\", you");
  const auto answer = get("full_scope?format=csv");
  EXPECT_EQ(answer.response.content_type, "text/csv; charset=utf-8; header=present");
  EXPECT_EQ(answer.header("Content-Disposition"), "attachment; filename=\"full_scope.csv\"");
  const std::string text = table("full_scope?format=csv");
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find("\r\n", at);
    ASSERT_NE(end, std::string::npos) << "a line without an end";
    lines.push_back(text.substr(at, end - at));
    at = end + 2;
  }
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0],
            "id,name,type,environment,handle,status,owner_id,owner_name,created_by_type,"
            "created_by_id,created_by_name,created_at,last_used_at,use_count,reach");
  EXPECT_THAT(lines[1], HasSubstr(",\"'=1+1\",private,live,"));
  EXPECT_THAT(lines[2], HasSubstr(",\"'@SUM(A1)\",private,"));
  EXPECT_THAT(lines[3], HasSubstr(",plain,private,live,"));
  EXPECT_THAT(lines[4], HasSubstr(",\"say \"\"hi\"\", you\",private,"));
  EXPECT_THAT(lines[4], ::testing::EndsWith(",0,everything"));
}

TEST_F(ReportRoutes, SayThatATableIsNotWholeWhenItsClientLeaves) {
  add("a");
  const auto answer = get("full_scope?format=csv");
  TakenText taken(10);
  EXPECT_FALSE(answer.response.producer(taken));
}

TEST_F(ReportRoutes, WalkForAFewAtATimeOnly) {
  const auto busy = [&]() -> Result<void> {
    const auto answer = get("full_scope");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.code(), "overloaded");
    EXPECT_EQ(get("expiring").status, 200) << "it has an index";
    return {};
  };
  const auto half_busy = [&] {
    EXPECT_EQ(get("full_scope").status, 200) << "there is room for one more";
    return it.api->walks.take(std::chrono::milliseconds(0), busy);
  };
  EXPECT_TRUE(it.api->walks.take(std::chrono::milliseconds(0), half_busy));
  EXPECT_EQ(get("full_scope").status, 200);
}

}  // namespace
}  // namespace keyledger
