// Who may call what. Typed by hand from design product.md section 2 and api.md, not from the route
// table: a mistake in one of the two must show.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "http/routes.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

// May: o owner, a admin, u auditor, v verifier.
struct Row {
  const char* method;
  const char* pattern;
  const char* may;
  const char* body = "";
};

constexpr Row kRows[] = {
    // Of the operator's workspace alone; a tenant's owner: tested below.
    {"POST", "/v1/workspaces", "o", R"({"name":"W","owner":{"name":"N","email":"n@x.example"}})"},
    {"GET", "/v1/workspaces", "o"},
    {"GET", "/v1/workspaces/:id", "o"},
    {"POST", "/v1/workspaces/:id/suspend", "o"},
    {"POST", "/v1/workspaces/:id/resume", "o"},
    {"GET", "/v1/workspace", "oauv"},
    {"GET", "/v1/workspace/policy", "oau"},
    {"PUT", "/v1/workspace/policy", "o"},
    {"GET", "/v1/members", "oau"},
    {"GET", "/v1/members/:id", "oau"},
    {"POST", "/v1/members", "o", R"({"name":"N","email":"n@x.example","role":"verifier"})"},
    {"PATCH", "/v1/members/:id", "o", R"({"name":"M"})"},
    {"DELETE", "/v1/members/:id", "o"},
    {"POST", "/v1/members/:id/management_keys", "o"},  // an admin for itself alone: tested below
    {"POST", "/v1/keys", "oa", R"({"type":"private","name":"new #"})"},
    {"GET", "/v1/keys", "oau"},
    {"GET", "/v1/keys/:id", "oau"},
    {"PATCH", "/v1/keys/:id", "oa", R"({"name":"renamed #"})"},
    {"POST", "/v1/keys/:id/rotate", "oa"},  // everyone the own management key: tested below
    {"POST", "/v1/keys/:id/retire", "oa"},
    {"POST", "/v1/keys/:id/suspend", "oa"},
    {"POST", "/v1/keys/:id/resume", "oa"},
    {"POST", "/v1/keys/:id/revoke", "oa"},
    {"DELETE", "/v1/keys/:id", "oa"},
    {"GET", "/v1/keys/:id/history", "oau"},
    {"GET", "/v1/keys/:id/usage", "oau"},
    {"POST", "/v1/keys/import", "oa",
     R"({"keys":[{"type":"private","name":"brought #","sha256":")"
     R"(00000000000000000000000000000000000000000000000000000000#"}]})"},
    {"POST", "/v1/keys/verify", "oav", R"({"key":"whatever"})"},
    {"POST", "/v1/keys/verify", "oauv", R"({"key":"whatever","as_of":"position:1"})"},
    {"POST", "/v1/keys/verify_batch", "oav", R"({"items":[]})"},
    {"POST", "/v1/keys/lookup", "oau", R"({"secret":"whatever"})"},
    {"POST", "/v1/keys/self_revoke", "oauv", R"({"secret":"whatever"})"},  // whoever has it
    {"POST", "/v1/leaks", ""},   // whose body is signed: leak_report_routes_test.cc
    {"*", "/v1/authorize", ""},  // asks about keys of others: tested below
    {"*", "/v1/authorize/:id/:environment", ""},
    {"GET", "/v1/whoami", "oauv"},
    {"GET", "/v1/audit", "oau"},
    {"GET", "/v1/audit/summary", "oau"},
    {"GET", "/v1/audit/:position", "oau"},
    {"GET", "/v1/audit/stream", "oau"},
    {"GET", "/v1/audit/:position/leaf", "oau"},
    {"GET", "/v1/reports/:name", "oau"},
    {"GET", "/v1/ledger", "oauv"},
    {"GET", "/healthz", "oauv"},
    {"GET", "/readyz", "oauv"},
    {"GET", "/openapi.json", "oauv"},
    {"GET", "/", "oauv"},
};

// Whoever holds a secret may give it up.
bool is_self_revoke(const Row& row) {
  return std::string_view(row.pattern) == "/v1/keys/self_revoke";
}
bool is_open(const Row& row) {
  return is_self_revoke(row) || !std::string_view(row.pattern).starts_with("/v1/");
}

// A gateway needs no credential; the one it sends is what it asks about. A finder of leaks signs.
bool has_no_role(const Row& row) { return *row.may == '\0'; }

// Ids of things that are there.
struct Ids {
  std::string key;
  std::string member;
  std::string workspace;
};

// The path with something to be found at it.
std::string target_of(const Row& row, const Ids& ids) {
  std::string target = row.pattern;
  const auto put = [&](std::string_view name, const std::string& value) {
    const auto at = target.find(name);
    if (at != std::string::npos) target.replace(at, name.size(), value);
  };
  put("/members/:id", "/members/" + ids.member);
  put("/keys/:id", "/keys/" + ids.key);
  put("/workspaces/:id", "/workspaces/" + ids.workspace);
  put(":position", "1");
  put(":name", "full_scope");
  return target;
}

class Roles : public ::testing::Test {
 protected:
  // A key, a member and a workspace that nobody has touched yet, so that every call could succeed.
  std::string fresh_target(const Row& row) {
    return target_of(row, {it.add_key("key " + std::to_string(++made_))["key"]["id"],
                           it.add_member("verifier").id, it.add_tenant().workspace});
  }

  // The row's body with a name that is not taken.
  std::string fresh_body(const Row& row) {
    std::string body = row.body;
    const std::string number = std::to_string(10'000'000 + ++made_);
    for (auto at = body.find('#'); at != std::string::npos; at = body.find('#')) {
      body.replace(at, 1, number);
    }
    return body;
  }

  TestLedger it;

 private:
  int made_ = 0;
};

TEST_F(Roles, EveryRouteHasARow) {
  std::set<std::string> by_hand;
  std::set<std::string> in_program;
  for (const Row& row : kRows) by_hand.insert(std::string(row.method) + ' ' + row.pattern);
  for (const http::Route& route : http::routes()) {
    in_program.insert(std::string(route.method) + ' ' + std::string(route.pattern));
  }
  EXPECT_EQ(by_hand, in_program);
}

TEST_F(Roles, EveryRoleMayWhatTheTableSays) {
  const std::pair<char, std::string> callers[] = {{'o', it.owner.secret},
                                                  {'a', it.add_member("admin").secret},
                                                  {'u', it.add_member("auditor").secret},
                                                  {'v', it.add_member("verifier").secret}};
  for (const Row& row : kRows) {
    if (has_no_role(row)) continue;
    for (const auto& [role, secret] : callers) {
      const std::string target = fresh_target(row);
      const auto size = it.size();
      const auto answer = it.call(secret, row.method, target, fresh_body(row));
      const bool may = std::string_view(row.may).find(role) != std::string_view::npos;
      SCOPED_TRACE(std::string(row.method) + ' ' + row.pattern + " as " + role + ": " +
                   answer.response.body);
      if (may) {
        EXPECT_GE(answer.status, 200);
        EXPECT_LT(answer.status, 300);
      } else {
        EXPECT_EQ(answer.status, 403);
        EXPECT_EQ(answer.code(), "forbidden");
        EXPECT_EQ(it.size(), size);
      }
    }
  }
}

TEST_F(Roles, NobodyMayWithoutACredential) {
  for (const Row& row : kRows) {
    if (has_no_role(row)) continue;
    const std::string target = fresh_target(row);
    const auto size = it.size();
    const auto answer = it.call("", row.method, target, row.body);
    const int open = is_self_revoke(row) ? 202 : 200;
    EXPECT_EQ(answer.status, is_open(row) ? open : 401) << row.method << ' ' << row.pattern;
    EXPECT_EQ(it.size(), size);
  }
}

// Another workspace's id is 404, whatever the role there.
TEST_F(Roles, AStrangerFindsNothing) {
  const auto stranger = it.add_tenant();
  for (const Row& row : kRows) {
    if (std::string_view(row.pattern).find(':') == std::string_view::npos) continue;
    if (has_no_role(row)) continue;
    if (std::string_view(row.pattern).ends_with(":name")) continue;  // of the own workspace
    const std::string target = fresh_target(row);
    const auto size = it.size();
    const auto answer = it.call(stranger.secret, row.method, target, row.body);
    EXPECT_EQ(answer.status, 404) << row.method << ' ' << row.pattern << answer.response.body;
    EXPECT_EQ(it.size(), size);
  }
}

// Its own id is no secret to a tenant's owner, but it may not look after its own workspace either.
TEST_F(Roles, ATenantsOwnerIsNoOperator) {
  const auto tenant = it.add_tenant();
  for (const Row& row : kRows) {
    if (!std::string_view(row.pattern).starts_with("/v1/workspaces")) continue;
    const auto size = it.size();
    const auto answer =
        it.call(tenant.secret, row.method, target_of(row, {"", "", tenant.workspace}), row.body);
    EXPECT_EQ(answer.status, 403) << row.method << ' ' << row.pattern << answer.response.body;
    EXPECT_EQ(answer.body["detail"], "This needs the role owner in the operator's workspace.");
    EXPECT_EQ(it.size(), size);
  }
  EXPECT_EQ(it.call(tenant.secret, "POST", "/v1/workspaces/nonsense/suspend").status, 404);
}

TEST_F(Roles, TheOperatorReadsNoTenantsKeys) {
  const auto tenant = it.add_tenant();
  const auto made =
      it.call(tenant.secret, "POST", "/v1/keys", R"({"type":"private","name":"theirs"})");
  ASSERT_EQ(made.status, 201);
  const std::string path = "/v1/keys/" + made.body["key"]["id"].get<std::string>();
  const auto& operator_key = it.owner.secret;
  EXPECT_EQ(it.call(operator_key, "GET", path).status, 404);
  EXPECT_EQ(it.call(operator_key, "GET", path + "/history").status, 404);
  EXPECT_EQ(it.call(operator_key, "POST", path + "/revoke").status, 404);
  EXPECT_EQ(it.call(operator_key, "GET", "/v1/keys/" + tenant.key_id).status, 404);
  EXPECT_EQ(it.call(operator_key, "GET", "/v1/members/" + tenant.id).status, 404);
  EXPECT_EQ(it.call(operator_key, "GET", "/v1/keys").body["data"].size(), 1U) << "its own";
  const std::string verify = R"({"key":")" + made.body["secret"].get<std::string>() + R"("})";
  EXPECT_EQ(it.call(operator_key, "POST", "/v1/keys/verify", verify).body["code"], "NOT_FOUND");
}

TEST_F(Roles, AManagementKeyOpensNoGateway) {
  const std::string path = "/v1/authorize/" + to_text(it.workspace) + "/any";
  for (const char* role : {"owner", "admin", "auditor", "verifier"}) {
    const auto answer = it.call(it.add_member(role).secret, "GET", path);
    EXPECT_EQ(answer.status, 401) << role;
    EXPECT_EQ(answer.code(), "invalid_api_key") << role;
  }
}

TEST_F(Roles, A403NamesTheRolesThatMay) {
  const auto verifier = it.add_member("verifier");
  const auto answer = it.call(verifier.secret, "GET", "/v1/keys");
  EXPECT_EQ(answer.body["detail"], "This needs the role owner or admin or auditor.");
}

TEST_F(Roles, AnAdminIssuesAManagementKeyToItselfAlone) {
  const auto admin = it.add_member("admin");
  const auto other = it.add_member("admin");
  const auto path = [](const auto& person) {
    return "/v1/members/" + person.id + "/management_keys";
  };
  EXPECT_EQ(it.call(admin.secret, "POST", path(admin)).status, 201);
  EXPECT_EQ(it.call(admin.secret, "POST", path(other)).status, 403);
  for (const char* role : {"auditor", "verifier"}) {
    const auto self = it.add_member(role);
    EXPECT_EQ(it.call(self.secret, "POST", path(self)).status, 403) << role;
  }
}

TEST_F(Roles, EveryoneRotatesTheOwnManagementKeyAndNobodyElse) {
  for (const char* role : {"owner", "admin", "auditor", "verifier"}) {
    const auto self = it.add_member(role);
    const std::string path = "/v1/keys/" + self.key_id + "/rotate";
    const auto by_owner = it.call(it.owner.secret, "POST", path);
    EXPECT_EQ(by_owner.status, 403) << role;
    const auto by_self = it.call(self.secret, "POST", path);
    ASSERT_EQ(by_self.status, 200) << role << by_self.response.body;
    EXPECT_EQ(it.call(self.secret, "GET", "/v1/ledger").status, 401) << "the old secret";
    EXPECT_EQ(it.call(by_self.body["secret"].get<std::string>(), "GET", "/v1/ledger").status, 200);
  }
}

// Management keys appear to owners and auditors only, and an admin does not change others'.
TEST_F(Roles, AnAdminSeesNoManagementKeysOfOthers) {
  const auto admin = it.add_member("admin");
  const auto auditor = it.add_member("auditor");
  const std::string path = "/v1/keys/" + auditor.key_id;
  EXPECT_EQ(it.call(admin.secret, "GET", path).status, 404);
  EXPECT_EQ(it.call(admin.secret, "POST", path + "/revoke").status, 404);
  EXPECT_EQ(it.call(auditor.secret, "GET", path).status, 200);
  EXPECT_EQ(it.call(it.owner.secret, "GET", path).status, 200);
}

TEST_F(Roles, ADemotionHoldsAtOnce) {
  const auto admin = it.add_member("admin");
  ASSERT_EQ(it.call(admin.secret, "GET", "/v1/keys").status, 200);
  ASSERT_EQ(
      it.call(it.owner.secret, "PATCH", "/v1/members/" + admin.id, R"({"role":"verifier"})").status,
      200);
  EXPECT_EQ(it.call(admin.secret, "GET", "/v1/keys").status, 403);
  ASSERT_EQ(it.call(it.owner.secret, "DELETE", "/v1/members/" + admin.id).status, 200);
  EXPECT_EQ(it.call(admin.secret, "GET", "/v1/ledger").status, 401);
}

}  // namespace
}  // namespace keyledger
