#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kNew =
    R"({"name":"Beta","profile":"default","owner":{"name":"Bea","email":"bea@beta.example"}})";

class OperatorRoutes : public ::testing::Test {
 protected:
  TestLedger::Answer as_operator(std::string_view method, std::string_view target,
                                 std::string_view body = {},
                                 const TestLedger::Headers& headers = {}) {
    return it.call(it.owner.secret, method, target, body, headers);
  }
  // The newest entry of the trail that this member reads.
  nlohmann::json newest_entry(const TestLedger::Person& person) {
    return it.call(person.secret, "GET", "/v1/audit?limit=1").body["data"][0];
  }

  TestLedger it;
};

TEST_F(OperatorRoutes, MakesAWorkspaceWithAnOwnerWhoCanAct) {
  const auto answer = as_operator("POST", "/v1/workspaces", kNew);
  ASSERT_EQ(answer.status, 201) << answer.response.body;
  const auto& workspace = answer.body["workspace"];
  EXPECT_EQ(answer.header("Location"), "/v1/workspaces/" + workspace["id"].get<std::string>());
  EXPECT_EQ(answer.header("ETag"), "\"1\"");
  EXPECT_EQ(workspace["name"], "Beta");
  EXPECT_EQ(workspace["profile"], "default");
  EXPECT_EQ(workspace["operator"], false);
  EXPECT_EQ(workspace["status"], "active");
  EXPECT_EQ(answer.body["owner"]["name"], "Bea");
  EXPECT_EQ(answer.body["owner"]["email"], "bea@beta.example");
  EXPECT_EQ(answer.body["owner"]["role"], "owner");
  EXPECT_EQ(answer.body["owner"]["workspace_id"], workspace["id"]);
  EXPECT_EQ(answer.position() + 1, it.size());

  const std::string secret = answer.body["management_key"]["secret"];
  EXPECT_TRUE(secret.starts_with("mk_live_"));
  EXPECT_EQ(it.call(secret, "GET", "/v1/workspace").body, workspace);
  EXPECT_EQ(it.call(secret, "POST", "/v1/keys", R"({"type":"private","name":"k"})").status, 201);
  EXPECT_EQ(as_operator("GET", answer.header("Location")).body, workspace);
}

// Each act of the operator is an event in that tenant's trail, and only there.
TEST_F(OperatorRoutes, LeavesATraceInTheTenantsTrail) {
  const auto before = newest_entry(it.owner);
  const auto tenant = it.add_tenant();
  const std::string path = "/v1/workspaces/" + tenant.workspace;
  ASSERT_EQ(as_operator("POST", path + "/suspend", R"({"reason":"unpaid"})").status, 200);
  ASSERT_EQ(as_operator("POST", path + "/resume", R"({"reason":"paid"})").status, 200);

  const auto trail = it.call(tenant.secret, "GET", "/v1/audit?order=asc").body["data"];
  std::vector<std::string> actions;
  for (const auto& entry : trail) {
    EXPECT_EQ(entry["workspace_seq"], actions.size());
    EXPECT_EQ(entry["workspace_id"], tenant.workspace);
    EXPECT_EQ(entry["actor"]["id"], it.owner.id);
    actions.push_back(entry["action"]);
  }
  EXPECT_THAT(actions, ElementsAre("workspace.created", "policy.set", "member.added", "key.created",
                                   "workspace.suspended", "workspace.resumed"));
  EXPECT_EQ(trail[4]["reason"], "unpaid");
  EXPECT_EQ(trail[4]["changes"]["status"]["to"], "suspended");
  EXPECT_EQ(newest_entry(it.owner), before);
}

TEST_F(OperatorRoutes, NamesEachBadField) {
  const auto size = it.size();
  const std::pair<std::string, std::vector<std::string>> rows[] = {
      {"{}", {"name required", "owner required"}},
      {R"({"name":"","owner":[]})", {"name invalid", "owner invalid"}},
      {R"({"name":"W","owner":{}})", {"owner.name required", "owner.email required"}},
      {R"({"name":"W","owner":{"name":"N","email":"n"}})", {"owner.email invalid"}},
      {R"({"name":"W","owner":{"name":"N","email":"a@b","role":"owner"}})",
       {"owner.role unknown_field"}},
      {R"({"name":"W","profile":"x","owner":{"name":"N","email":"a@b"}})", {"profile invalid"}},
      {R"({"name":"W","owner":{"name":"N","email":"a@b"},"id":"ws_1"})", {"id unknown_field"}},
      {R"({"name":")" + std::string(129, 'n') + R"(","owner":{"name":"N","email":"a@b"}})",
       {"name too_long"}},
  };
  for (const auto& [body, faults] : rows) {
    const auto answer = as_operator("POST", "/v1/workspaces", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.faults(), faults) << body;
  }
  const auto secret =
      as_operator("POST", "/v1/workspaces",
                  R"({"name":"W","owner":{"email":"a@b","name":")" + it.owner.secret + R"("}})");
  EXPECT_EQ(secret.code(), "secret_in_request");
  EXPECT_THAT(secret.faults(), ElementsAre("owner.name not_allowed"));
  EXPECT_EQ(it.size(), size);
}

TEST_F(OperatorRoutes, MakeAWorkspaceWithTheRulesOfAProfile) {
  for (const char* profile : {"quo", "quotient"}) {
    const nlohmann::json body = {
        {"name", "W"}, {"profile", profile}, {"owner", {{"name", "N"}, {"email", "a@b"}}}};
    const auto made = as_operator("POST", "/v1/workspaces", body.dump());
    ASSERT_EQ(made.status, 201) << made.response.body;
    EXPECT_EQ(made.body["workspace"]["profile"], profile);
    const std::string secret = made.body["management_key"]["secret"];
    const auto policy = it.call(secret, "GET", "/v1/workspace/policy").body;
    EXPECT_EQ(policy["scopes"].size(), std::string_view(profile) == "quo" ? 1U : 10U);
    // What was shipped can be set as it is, and then nothing changes.
    const auto again = it.call(secret, "PUT", "/v1/workspace/policy", policy.dump());
    EXPECT_EQ(again.status, 200) << again.response.body;
    EXPECT_EQ(again.body["version"], 1);
  }
}

TEST_F(OperatorRoutes, ARepeatAnswersTheSameWorkspaceAndItsSecret) {
  const TestLedger::Headers once = {{"Idempotency-Key", "w-1"}};
  const auto first = as_operator("POST", "/v1/workspaces", kNew, once);
  ASSERT_EQ(first.status, 201) << first.response.body;
  const auto size = it.size();
  const auto again = as_operator("POST", "/v1/workspaces", kNew, once);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("Idempotent-Replay"), "true");
  EXPECT_EQ(again.header("Location"), first.header("Location"));
  EXPECT_EQ(again.header("Ledger-Position"), first.header("Ledger-Position"));
  ASSERT_EQ(it.size(), size + 1) << "that it was shown again is recorded";
  const std::string secret = first.body["management_key"]["secret"];
  const auto entry = it.call(secret, "GET", "/v1/audit?limit=1").body["data"][0];
  EXPECT_EQ(entry["action"], "key.secret_replayed");
  EXPECT_EQ(entry["target"]["id"], first.body["management_key"]["id"]);

  it.restart();
  const auto later = as_operator("POST", "/v1/workspaces", kNew, once);
  EXPECT_EQ(later.status, 201);
  EXPECT_EQ(later.body["workspace"], first.body["workspace"]);
  EXPECT_EQ(later.body["owner"], first.body["owner"]);
  EXPECT_EQ(later.body["management_key"]["secret"], nullptr);
  EXPECT_EQ(later.body["management_key"]["secret_available"], false);
  const auto other = as_operator("POST", "/v1/workspaces",
                                 R"({"name":"C","owner":{"name":"N","email":"a@b"}})", once);
  EXPECT_EQ(other.code(), "idempotency_mismatch");
}

TEST_F(OperatorRoutes, ListsByPagesAndByStatus) {
  std::set<std::string> wanted = {to_text(it.workspace)};
  for (int i = 0; i < 5; ++i) wanted.insert(it.add_tenant().workspace);
  std::set<std::string> seen;
  std::string cursor;
  do {
    const auto page = as_operator("GET", "/v1/workspaces?limit=2" + cursor);
    ASSERT_EQ(page.status, 200) << page.response.body;
    EXPECT_LE(page.body["data"].size(), 2U);
    for (const auto& one : page.body["data"]) EXPECT_TRUE(seen.insert(one["id"]).second);
    const auto next = page.body["next_cursor"];
    cursor = next.is_null() ? "" : "&cursor=" + next.get<std::string>();
  } while (!cursor.empty());
  EXPECT_EQ(seen, wanted);

  const std::string tenant = it.add_tenant("Gamma").workspace;
  ASSERT_EQ(as_operator("POST", "/v1/workspaces/" + tenant + "/suspend").status, 200);
  const auto suspended = as_operator("GET", "/v1/workspaces?status=suspended").body["data"];
  ASSERT_EQ(suspended.size(), 1U);
  EXPECT_EQ(suspended[0]["id"], tenant);
  EXPECT_EQ(as_operator("GET", "/v1/workspaces?status=active").body["data"].size(), 6U);
  EXPECT_THAT(as_operator("GET", "/v1/workspaces?status=gone").faults(),
              ElementsAre("status invalid"));
}

TEST_F(OperatorRoutes, ASuspendedWorkspaceIsReadAndNotUsed) {
  const auto tenant = it.add_tenant();
  const auto key =
      it.call(tenant.secret, "POST", "/v1/keys", R"({"type":"private","name":"k"})").body;
  const std::string key_path = "/v1/keys/" + key["key"]["id"].get<std::string>();
  const std::string verify = R"({"key":")" + key["secret"].get<std::string>() + R"("})";
  const auto verdict = [&] {
    return it.call(tenant.secret, "POST", "/v1/keys/verify", verify).body;
  };
  const auto whoami = [&] {
    return it.call(key["secret"].get<std::string>(), "GET", "/v1/whoami").status;
  };
  EXPECT_EQ(verdict()["code"], "VALID");
  EXPECT_EQ(whoami(), 200);

  const std::string path = "/v1/workspaces/" + tenant.workspace;
  const auto suspended = as_operator("POST", path + "/suspend", R"({"reason":"unpaid"})");
  ASSERT_EQ(suspended.status, 200) << suspended.response.body;
  EXPECT_EQ(suspended.body["status"], "suspended");
  EXPECT_EQ(suspended.header("ETag"), "\"2\"");
  EXPECT_EQ(suspended.body["position"], suspended.position());

  const auto refused = verdict();
  EXPECT_EQ(refused["valid"], false);
  EXPECT_EQ(refused["code"], "SUSPENDED");
  EXPECT_EQ(refused["decided_by"]["position"], suspended.position());
  EXPECT_EQ(refused["decided_by"]["type"], "workspace.suspended");
  EXPECT_EQ(whoami(), 401);

  const auto size = it.size();
  for (const auto& [method, target] :
       {std::pair("POST", key_path + "/rotate"), std::pair("POST", key_path + "/revoke"),
        std::pair("PATCH", key_path), std::pair("DELETE", key_path),
        std::pair("DELETE", "/v1/members/" + tenant.id)}) {
    const auto change = it.call(tenant.secret, method, target, "{}");
    EXPECT_EQ(change.status, 403) << method << ' ' << target;
    EXPECT_EQ(change.body["detail"],
              "The workspace is suspended: nothing in it can be changed until its operator "
              "resumes it.");
  }
  EXPECT_EQ(it.size(), size);
  for (const std::string& target : {std::string("/v1/workspace"), key_path, key_path + "/history",
                                    std::string("/v1/audit"), std::string("/v1/members")}) {
    EXPECT_EQ(it.call(tenant.secret, "GET", target).status, 200) << target;
  }

  ASSERT_EQ(as_operator("POST", path + "/resume").body["status"], "active");
  EXPECT_EQ(verdict()["code"], "VALID");
  EXPECT_EQ(whoami(), 200);
  EXPECT_EQ(it.call(tenant.secret, "POST", key_path + "/rotate").status, 200);
}

// What made the key unusable for good is the better answer.
TEST_F(OperatorRoutes, ARevokedKeyOfASuspendedWorkspaceIsRevoked) {
  const auto tenant = it.add_tenant();
  const auto key =
      it.call(tenant.secret, "POST", "/v1/keys", R"({"type":"private","name":"k"})").body;
  const std::string path = "/v1/keys/" + key["key"]["id"].get<std::string>();
  ASSERT_EQ(it.call(tenant.secret, "POST", path + "/revoke").status, 200);
  ASSERT_EQ(as_operator("POST", "/v1/workspaces/" + tenant.workspace + "/suspend").status, 200);
  const std::string verify = R"({"key":")" + key["secret"].get<std::string>() + R"("})";
  EXPECT_EQ(it.call(tenant.secret, "POST", "/v1/keys/verify", verify).body["code"], "REVOKED");
}

TEST_F(OperatorRoutes, ChangesOfStatusHonourVersionsAndRepeats) {
  const std::string path = "/v1/workspaces/" + it.add_tenant().workspace;
  EXPECT_EQ(as_operator("POST", path + "/resume").status, 200) << "active already";
  const auto stale = as_operator("POST", path + "/suspend", {}, {{"If-Match", "\"7\""}});
  EXPECT_EQ(stale.code(), "version_mismatch");
  EXPECT_EQ(stale.body["current_version"], 1);

  const TestLedger::Headers once = {{"Idempotency-Key", "s-1"}, {"If-Match", "\"1\""}};
  const auto first = as_operator("POST", path + "/suspend", {}, once);
  ASSERT_EQ(first.status, 200) << first.response.body;
  ASSERT_EQ(as_operator("POST", path + "/resume").status, 200);
  const auto size = it.size();
  const auto again = as_operator("POST", path + "/suspend", {}, once);
  EXPECT_EQ(again.body, first.body) << "the first answer, though it was resumed since";
  EXPECT_EQ(again.header("Idempotent-Replay"), "true");
  EXPECT_EQ(it.size(), size);
  EXPECT_EQ(as_operator("GET", path).body["status"], "active");
  EXPECT_THAT(as_operator("POST", path + "/suspend", R"({"why":"x"})").faults(),
              ElementsAre("why unknown_field"));
}

TEST_F(OperatorRoutes, TheOperatorsOwnWorkspaceCannotBeSuspended) {
  const std::string path = "/v1/workspaces/" + to_text(it.workspace);
  EXPECT_EQ(as_operator("POST", path + "/suspend").code(), "wrong_state");
  for (const char* id :
       {"ws_01ARZ3NDEKTSV4RRFFQ69G5FAV", "ws_x", "key_01ARZ3NDEKTSV4RRFFQ69G5FAV"}) {
    const std::string other = std::string("/v1/workspaces/") + id;
    EXPECT_EQ(as_operator("GET", other).status, 404) << id;
    EXPECT_EQ(as_operator("POST", other + "/suspend").status, 404) << id;
  }
}

TEST_F(OperatorRoutes, ASuspensionSurvivesARestart) {
  const auto tenant = it.add_tenant();
  ASSERT_EQ(as_operator("POST", "/v1/workspaces/" + tenant.workspace + "/suspend").status, 200);
  for (const auto rows : {TestLedger::Rows::kKeep, TestLedger::Rows::kForget}) {
    it.restart(rows);
    EXPECT_EQ(it.call(tenant.secret, "GET", "/v1/workspace").body["status"], "suspended");
  }
}

}  // namespace
}  // namespace keyledger
