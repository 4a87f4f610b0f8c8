#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using ::testing::ElementsAre;

class MemberRoutes : public ::testing::Test {
 protected:
  TestLedger::Answer as_owner(std::string_view method, std::string_view target,
                              std::string_view body = {}) {
    return it.call(it.owner.secret, method, target, body);
  }

  TestLedger it;
};

TEST_F(MemberRoutes, AddsAMemberAndAnswersItBare) {
  const auto answer = as_owner("POST", "/v1/members",
                               R"({"name":"Ada L","email":"ada@x.example","role":"auditor"})");
  ASSERT_EQ(answer.status, 201) << answer.response.body;
  const std::string id = answer.body["id"];
  EXPECT_EQ(answer.header("Location"), "/v1/members/" + id);
  EXPECT_EQ(answer.header("ETag"), "\"1\"");
  EXPECT_EQ(answer.body["workspace_id"], to_text(it.workspace));
  EXPECT_EQ(answer.body["name"], "Ada L");
  EXPECT_EQ(answer.body["email"], "ada@x.example");
  EXPECT_EQ(answer.body["role"], "auditor");
  EXPECT_EQ(answer.body["status"], "active");
  EXPECT_EQ(answer.body["created_at"], "2026-03-30T12:00:00.000Z");
  EXPECT_EQ(answer.body["version"], 1);
  EXPECT_EQ(answer.body["position"], answer.position());
  EXPECT_EQ(as_owner("GET", "/v1/members/" + id).body, answer.body);
}

TEST_F(MemberRoutes, NamesEachBadField) {
  const auto size = it.size();
  const std::pair<const char*, std::vector<std::string>> rows[] = {
      {"{}", {"name required", "email required", "role required"}},
      {R"({"name":"","email":"a@b","role":"admin"})", {"name invalid"}},
      {R"({"name":"A","email":"a b@c","role":"admin"})", {"email invalid"}},
      {R"({"name":"A","email":"@c","role":"admin"})", {"email invalid"}},
      {R"({"name":"A","email":"a@","role":"admin"})", {"email invalid"}},
      {R"({"name":"A","email":"a@b@c","role":"admin"})", {"email invalid"}},
      {R"({"name":"A","email":"a@b","role":"king"})", {"role invalid"}},
      {R"({"name":"A","email":"a@b","role":"admin","id":"x"})", {"id unknown_field"}},
      {R"({"name":1,"email":[],"role":null})", {"name invalid", "email invalid", "role required"}},
      {"[]", {"body invalid"}},
  };
  for (const auto& [body, faults] : rows) {
    const auto answer = as_owner("POST", "/v1/members", body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(answer.faults(), faults) << body;
  }
  EXPECT_EQ(it.size(), size);
}

TEST_F(MemberRoutes, ListsByPagesAndByStatus) {
  std::set<std::string> wanted = {it.owner.id};
  for (int i = 0; i < 6; ++i) wanted.insert(it.add_member("verifier").id);
  const std::string gone = *wanted.rbegin() == it.owner.id ? *wanted.begin() : *wanted.rbegin();
  ASSERT_EQ(as_owner("DELETE", "/v1/members/" + gone).status, 200);
  wanted.erase(gone);

  std::set<std::string> seen;
  std::string cursor;
  int pages = 0;
  do {
    const auto page = as_owner("GET", "/v1/members?limit=2" + cursor);
    ASSERT_EQ(page.status, 200);
    EXPECT_LE(page.body["data"].size(), 2U);
    for (const auto& member : page.body["data"]) EXPECT_TRUE(seen.insert(member["id"]).second);
    const auto next = page.body["next_cursor"];
    cursor = next.is_null() ? "" : "&cursor=" + next.get<std::string>();
    ++pages;
  } while (!cursor.empty());
  EXPECT_EQ(seen, wanted);
  EXPECT_EQ(pages, 3);

  const auto removed = as_owner("GET", "/v1/members?status=removed");
  ASSERT_EQ(removed.body["data"].size(), 1U);
  EXPECT_EQ(removed.body["data"][0]["id"], gone);
  EXPECT_EQ(removed.body["data"][0]["status"], "removed");
}

TEST_F(MemberRoutes, RefusesACursorOfAnotherList) {
  it.add_member("verifier");
  const std::string cursor = as_owner("GET", "/v1/members?limit=1").body["next_cursor"];
  EXPECT_EQ(as_owner("GET", "/v1/members?limit=50&cursor=" + cursor).status, 200);
  for (const std::string& target :
       {"/v1/members?status=removed&cursor=" + cursor, "/v1/audit?cursor=" + cursor,
        "/v1/members?cursor=" + cursor + "x", std::string("/v1/members?cursor=abc")}) {
    const auto answer = as_owner("GET", target);
    EXPECT_EQ(answer.status, 400) << target;
    EXPECT_THAT(answer.faults(), ElementsAre("cursor invalid")) << target;
  }
}

TEST_F(MemberRoutes, RefusesALimitOutOfRange) {
  for (const char* limit : {"0", "1001", "-1", "1.5", "many", ""}) {
    EXPECT_THAT(as_owner("GET", std::string("/v1/members?limit=") + limit).faults(),
                ElementsAre("limit invalid"))
        << limit;
  }
}

TEST_F(MemberRoutes, ChangesWhatIsNamedAndKeepsTheRest) {
  const auto member = it.add_member("verifier", "Ada");
  const std::string path = "/v1/members/" + member.id;
  const auto answer = as_owner("PATCH", path, R"({"name":"Ada K","role":"admin"})");
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  EXPECT_EQ(answer.body["name"], "Ada K");
  EXPECT_EQ(answer.body["email"], "ada@acme.example");
  EXPECT_EQ(answer.body["role"], "admin");
  EXPECT_EQ(answer.body["version"], 3);  // two facts
  EXPECT_EQ(as_owner("GET", path).body, answer.body);

  const auto size = it.size();
  EXPECT_EQ(as_owner("PATCH", path, R"({"name":"Ada K","role":"admin"})").body, answer.body);
  EXPECT_EQ(as_owner("PATCH", path, "{}").status, 200);
  EXPECT_EQ(it.size(), size);
  EXPECT_THAT(as_owner("PATCH", path, R"({"name":null,"role":null})").faults(),
              ElementsAre("name invalid", "role invalid"));
}

TEST_F(MemberRoutes, KeepsOneOwner) {
  const std::string path = "/v1/members/" + it.owner.id;
  EXPECT_EQ(as_owner("DELETE", path).code(), "last_owner");
  EXPECT_EQ(as_owner("PATCH", path, R"({"role":"admin"})").code(), "last_owner");
}

TEST_F(MemberRoutes, IssuesAManagementKeyAndSaysWhoDid) {
  const auto admin = it.add_member("admin");
  const auto answer = as_owner("POST", "/v1/members/" + admin.id + "/management_keys",
                               R"({"name":"laptop","expires_at":"2026-04-01T00:00:00Z"})");
  ASSERT_EQ(answer.status, 201) << answer.response.body;
  EXPECT_EQ(answer.body["type"], "management");
  EXPECT_EQ(answer.body["name"], "laptop");
  EXPECT_EQ(answer.body["member_id"], admin.id);
  EXPECT_EQ(answer.body["expires_at"], "2026-04-01T00:00:00.000Z");
  EXPECT_FALSE(answer.body.contains("warnings"));
  const std::string secret = answer.body["secret"];
  EXPECT_TRUE(secret.starts_with("mk_live_"));
  EXPECT_EQ(answer.header("Location"), "/v1/keys/" + answer.body["id"].get<std::string>());

  ASSERT_EQ(it.call(secret, "POST", "/v1/keys", R"({"type":"private","name":"x"})").status, 201);
  const auto entry = as_owner("GET", "/v1/audit?limit=1").body["data"][0];
  EXPECT_EQ(entry["actor"]["id"], admin.id);
  EXPECT_EQ(entry["actor"]["key_id"], answer.body["id"]);
  EXPECT_EQ(entry["actor"]["key_issued_by"], it.owner.id);

  it.clock.advance_ms(3LL * 86'400'000);
  EXPECT_EQ(it.call(secret, "GET", "/v1/workspace").status, 401) << "expired";
}

TEST_F(MemberRoutes, RefusesWhatAManagementKeyCannotHave) {
  const std::string path = "/v1/members/" + it.owner.id + "/management_keys";
  EXPECT_THAT(as_owner("POST", path, R"({"allowed_ips":["10.0.0.1/8"]})").faults(),
              ElementsAre("allowed_ips[0] invalid"));
  EXPECT_THAT(as_owner("POST", path, R"({"expires_at":"tomorrow"})").faults(),
              ElementsAre("expires_at invalid"));
  EXPECT_THAT(as_owner("POST", path, R"({"expires_at":"2020-01-01T00:00:00Z"})").faults(),
              ElementsAre("expires_at invalid"));
}

TEST_F(MemberRoutes, AnswersWhatIsNotThereWith404) {
  for (const char* id :
       {"mem_01ARZ3NDEKTSV4RRFFQ69G5FAV", "mem_x", "key_01ARZ3NDEKTSV4RRFFQ69G5FAV"}) {
    const std::string path = std::string("/v1/members/") + id;
    EXPECT_EQ(as_owner("GET", path).status, 404) << id;
    EXPECT_EQ(as_owner("PATCH", path, R"({"name":"x"})").status, 404) << id;
    EXPECT_EQ(as_owner("DELETE", path).status, 404) << id;
    EXPECT_EQ(as_owner("POST", path + "/management_keys").status, 404) << id;
  }
}

}  // namespace
}  // namespace keyledger
