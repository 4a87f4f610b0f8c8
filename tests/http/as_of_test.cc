// Reads of the past: what as_of shows, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/routes.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using Answer = TestLedger::Answer;

class AsOf : public testing::Test {
 protected:
  Answer get(const std::string& target) { return it.call(it.owner.secret, "GET", target); }
  Answer post(const std::string& target, const json& body = json::object()) {
    return it.call(it.owner.secret, "POST", target, body.dump());
  }
  Answer patch(const std::string& target, const json& body) {
    return it.call(it.owner.secret, "PATCH", target, body.dump());
  }
  Answer verify(json body, const std::string& as_of) {
    body["as_of"] = as_of;
    return post("/v1/keys/verify", body);
  }
  // The verdict on a secret.
  std::string code(const json& secret, const std::string& as_of) {
    return verify({{"key", secret}}, as_of).body["code"];
  }
  // Now, as a position.
  std::string here() { return "position:" + std::to_string(it.size() - 1); }
  // The current time, and the clock goes on.
  std::string then() {
    const std::string time = to_text(it.clock.now());
    it.clock.advance_ms(1'000);
    return time;
  }
  static std::string path(const json& key) { return "/v1/keys/" + key["id"].get<std::string>(); }
  static std::string encoded(std::string text) {
    for (auto at = text.find('+'); at != std::string::npos; at = text.find('+')) {
      text.replace(at, 1, "%2B");
    }
    return text;
  }

  TestLedger it;
};

TEST_F(AsOf, ShowsAKeyAsItWasJustAfterAnEvent) {
  const json made = it.add_key("crm", {{"description", "nightly"}, {"metadata", {{"a", "1"}}}});
  const std::string created = here();
  ASSERT_EQ(patch(path(made["key"]), {{"name", "crm-2"}, {"description", nullptr}}).status, 200);
  const std::string changed = here();
  ASSERT_EQ(post(path(made["key"]) + "/revoke").status, 200);

  const auto first = get(path(made["key"]) + "?as_of=" + created);
  EXPECT_EQ("position:" + first.header("Ledger-Position"), created);
  EXPECT_EQ(first.body["name"], "crm");
  EXPECT_EQ(first.body["description"], "nightly");
  EXPECT_EQ(first.body["status"], "active");
  EXPECT_EQ(first.body["version"], 1);
  EXPECT_EQ(first.header("ETag"), "\"1\"");
  const auto second = get(path(made["key"]) + "?as_of=" + changed);
  EXPECT_EQ(second.body["name"], "crm-2");
  EXPECT_TRUE(second.body["description"].is_null());
  EXPECT_EQ(second.body["metadata"]["a"], "1");
  EXPECT_TRUE(second.body["revoked_at"].is_null());
  EXPECT_EQ(get(path(made["key"]) + "?as_of=" + here()).body["status"], "revoked");
}

TEST_F(AsOf, IsJudgedByTheClockOfThen) {
  const json made = it.add_key("crm", {{"ttl_seconds", 60}});
  const std::string created = here();
  const std::string before = then();
  it.clock.advance_ms(120'000);
  const std::string expired = then();
  EXPECT_EQ(get(path(made["key"])).body["status"], "expired");
  EXPECT_EQ(get(path(made["key"]) + "?as_of=" + created).body["status"], "active");
  EXPECT_EQ(get(path(made["key"]) + "?as_of=" + before).body["status"], "active");
  EXPECT_EQ(get(path(made["key"]) + "?as_of=" + expired).body["status"], "expired");
  EXPECT_EQ(get("/v1/keys?status=expired&as_of=" + before).body["data"].size(), 0U);
  EXPECT_EQ(get("/v1/keys?status=expired&as_of=" + expired).body["data"].size(), 1U);
  EXPECT_EQ(code(made["secret"], before), "VALID");
  EXPECT_EQ(code(made["secret"], expired), "EXPIRED");
  EXPECT_EQ(code(made["secret"], created), "VALID");
}

TEST_F(AsOf, TakesATimeInAnyFormThatTimesHave) {
  const json made = it.add_key("crm");
  it.clock.advance_ms(2 * 3'600'000);
  for (const char* time :
       {"2026-03-30T12:00:00Z", "2026-03-30T14:00:00.0+02:00", "2026-03-30T12:00:00.000999Z"}) {
    EXPECT_EQ(get(path(made["key"]) + "?as_of=" + encoded(time)).status, 200) << time;
  }
}

TEST_F(AsOf, CountsEventsOfTheSameMillisecondAsHavingHappened) {
  it.clock.advance_ms(1'000);
  const std::string time = to_text(it.clock.now());
  it.add_key("a");
  it.add_key("b");
  it.clock.advance_ms(1);
  EXPECT_EQ(get("/v1/keys?type=private&as_of=" + time).body["data"].size(), 2U);
}

TEST_F(AsOf, KnowsNothingOfWhatCameLater) {
  const std::string before = here();
  const std::string time = then();
  const json made = it.add_key("crm");
  const auto member = it.add_member("admin");
  for (const std::string& as_of : {before, time}) {
    const auto key = get(path(made["key"]) + "?as_of=" + as_of);
    EXPECT_EQ(key.status, 404);
    EXPECT_EQ(key.body["detail"], "There was no key with this id then.");
    EXPECT_EQ(get("/v1/members/" + member.id + "?as_of=" + as_of).status, 404);
    EXPECT_EQ(get("/v1/keys?type=private&as_of=" + as_of).body["data"].size(), 0U);
    EXPECT_EQ(get("/v1/members?as_of=" + as_of).body["data"].size(), 1U);
    const auto verdict = verify({{"key", made["secret"]}}, as_of);
    EXPECT_EQ(verdict.body["code"], "NOT_FOUND");
    EXPECT_TRUE(verdict.body["key"].is_null());
    EXPECT_TRUE(verdict.body["decided_by"].is_null());
  }
}

TEST_F(AsOf, IsEmptyBeforeTheFirstEvent) {
  const std::string when = "?as_of=2001-01-01T00:00:00Z";
  const auto list = get("/v1/keys" + when);
  EXPECT_EQ(list.status, 200);
  EXPECT_EQ(list.body["data"], json::array());
  EXPECT_EQ(list.position(), 0U) << "it made the ledger, and nothing in it";
  EXPECT_EQ(get("/v1/members" + when).body["data"], json::array());
  EXPECT_EQ(get("/v1/members/" + it.owner.id + when).status, 404);
  EXPECT_EQ(get("/v1/keys/" + it.owner.key_id + when).status, 404);
  EXPECT_EQ(get("/v1/workspace/policy" + when).status, 404);
  const auto verdict = verify({{"key", it.add_key("crm")["secret"]}}, "2001-01-01T00:00:00Z");
  EXPECT_EQ(verdict.body["code"], "NOT_FOUND");
  EXPECT_EQ(verdict.body["position"], 0);
}

TEST_F(AsOf, ATenantHasNothingBeforeItWasMade) {
  const std::string before = here();
  const auto tenant = it.add_tenant();
  const auto ask = [&](const std::string& target) {
    return it.call(tenant.secret, "GET", target + "?as_of=" + before);
  };
  EXPECT_EQ(ask("/v1/workspace/policy").status, 404);
  EXPECT_EQ(ask("/v1/members/" + tenant.id).status, 404);
  EXPECT_EQ(ask("/v1/keys").body["data"], json::array());
  EXPECT_EQ(
      it.call(tenant.secret, "GET", "/v1/keys/" + it.owner.key_id + "?as_of=" + here()).status, 404)
      << "another workspace's";
}

TEST_F(AsOf, ShowsMembersAsTheyWere) {
  const auto bea = it.add_member("admin", "Bea");
  const std::string hired = here();
  ASSERT_EQ(patch("/v1/members/" + bea.id, {{"role", "auditor"}, {"name", "Beatrix"}}).status, 200);
  const std::string married = here();
  const json made = it.add_key("crm", {{"owner_id", bea.id}});
  const std::string owned = here();
  ASSERT_EQ(it.call(it.owner.secret, "DELETE", "/v1/members/" + bea.id).status, 200);

  const auto at = [&](const std::string& as_of) {
    return get("/v1/members/" + bea.id + "?as_of=" + as_of).body;
  };
  EXPECT_EQ(at(hired)["role"], "admin");
  EXPECT_EQ(at(hired)["name"], "Bea");
  EXPECT_EQ(at(married)["role"], "auditor");
  EXPECT_EQ(at(married)["name"], "Beatrix");
  EXPECT_EQ(at(married)["status"], "active");
  EXPECT_EQ(at(here())["status"], "removed");
  EXPECT_EQ(get("/v1/members?status=removed&as_of=" + married).body["data"].size(), 0U);
  EXPECT_EQ(get("/v1/members?status=removed&as_of=" + here()).body["data"].size(), 1U);
  EXPECT_EQ(get(path(made["key"])).body["owner_removed"], true);
  EXPECT_EQ(get(path(made["key"]) + "?as_of=" + owned).body["owner_removed"], false);
}

TEST_F(AsOf, ShowsThePolicyOfThen) {
  const auto set = [&](const json& changes) {
    json policy = get("/v1/workspace/policy").body;
    for (const char* field : {"updated_at", "version", "position"}) policy.erase(field);
    policy.update(changes);
    return it.call(it.owner.secret, "PUT", "/v1/workspace/policy", policy.dump()).status;
  };
  const auto first = get("/v1/workspace/policy");
  const std::string founded = here();
  ASSERT_EQ(set({{"rotation_age_days", 90}}), 200);
  const std::string second = here();
  ASSERT_EQ(set({{"rotation_age_days", 30}}), 200);
  const auto at = [&](const std::string& as_of) {
    return get("/v1/workspace/policy?as_of=" + as_of);
  };
  EXPECT_EQ(at(founded).body, first.body);
  EXPECT_EQ(at(founded).header("ETag"), first.header("ETag"));
  EXPECT_EQ(at(second).body["rotation_age_days"], 90);
  EXPECT_EQ(at(here()).body["rotation_age_days"], 30);
}

TEST_F(AsOf, SaysThatUsesOfThePastAreNotKnown) {
  const json made = it.add_key("crm");
  post("/v1/keys/verify", {{"key", made["secret"]}});
  EXPECT_EQ(get(path(made["key"])).body["use_count"], 1);
  const auto key = get(path(made["key"]) + "?as_of=" + here()).body;
  for (const char* field : {"last_used_at", "use_count", "last_refused_at", "refused_count"}) {
    EXPECT_TRUE(key[field].is_null()) << field;
  }
  EXPECT_TRUE(key["secrets"][0]["last_used_at"].is_null());
  EXPECT_THAT(get("/v1/keys?unused_days=3&as_of=" + here()).faults(),
              ElementsAre("unused_days conflict"));
  EXPECT_THAT(get("/v1/keys?sort=last_used_at&as_of=" + here()).faults(),
              ElementsAre("sort conflict"));
}

TEST_F(AsOf, RefusesWhatNamesNoMoment) {
  const std::string key = path(it.add_key("crm")["key"]);
  it.clock.advance_ms(1'000);
  const std::string targets[] = {key, "/v1/keys", "/v1/members", "/v1/members/" + it.owner.id,
                                 "/v1/workspace/policy"};
  const std::string bad[] = {"yesterday",
                             "2026-03-29",
                             "2026-03-29T12:00:00",
                             "position:",
                             "position:-1",
                             "position:1x",
                             "position: 1",
                             "position:99999999999999999999",
                             "POSITION:1",
                             "1",
                             "position:" + std::to_string(it.size()),
                             to_text(it.clock.now()),
                             "2099-01-01T00:00:00Z"};
  for (const std::string& as_of : bad) {
    for (const std::string& target : targets) {
      std::string text = as_of;
      if (const auto space = text.find(' '); space != std::string::npos) {
        text.replace(space, 1, "%20");
      }
      const auto answer = get(target + "?as_of=" + text);
      EXPECT_EQ(answer.status, 400) << target << ' ' << as_of;
      EXPECT_EQ(answer.code(), "invalid_request");
      EXPECT_THAT(answer.faults(), ElementsAre("as_of invalid")) << target << ' ' << as_of;
    }
    EXPECT_THAT(verify({{"key", "x"}}, as_of).faults(), ElementsAre("as_of invalid")) << as_of;
    const auto batch = post("/v1/keys/verify_batch",
                            {{"items", {{{"key", "x"}}, {{"key", "x"}, {"as_of", as_of}}}}});
    EXPECT_THAT(batch.faults(), ElementsAre("items[1].as_of invalid")) << as_of;
  }
  EXPECT_EQ(get("/v1/keys?as_of=").status, 400);
  EXPECT_THAT(get("/v1/keys?as_of=position:1&as_of=position:2").faults(),
              ElementsAre("as_of conflict"));
  EXPECT_THAT(post("/v1/keys/verify", {{"key", "x"}, {"as_of", 7}}).faults(),
              ElementsAre("as_of invalid"));
  EXPECT_EQ(get("/v1/keys?as_of=" + here()).status, 200) << "the newest";
  const std::string just_now = to_text(it.clock.now() + -1);
  EXPECT_EQ(get("/v1/keys?as_of=" + just_now).status, 200);
}

TEST_F(AsOf, BindsCursorsToTheMoment) {
  for (int i = 0; i < 3; ++i) it.add_key("key" + std::to_string(i));
  const std::string first = here();
  it.add_key("key3");
  const auto page = get("/v1/keys?limit=2&as_of=" + first);
  const std::string cursor = page.body["next_cursor"];
  it.add_key("key4");
  const auto next = get("/v1/keys?limit=2&as_of=" + first + "&cursor=" + cursor);
  EXPECT_EQ(next.body["data"].size(), 2U) << next.response.body;
  EXPECT_TRUE(next.body["next_cursor"].is_null());
  for (const std::string& other : {std::string("limit=2"), "as_of=" + here()}) {
    EXPECT_THAT(get("/v1/keys?" + other + "&cursor=" + cursor).faults(),
                ElementsAre("cursor invalid"));
  }
}

TEST_F(AsOf, VerifiesByTheSecretsOfThen) {
  const json made = it.add_key("crm");
  const std::string created = here();
  it.clock.advance_ms(1'000);
  const auto rotated = post(path(made["key"]) + "/rotate", {{"overlap_seconds", 60}});
  const std::string both = here();
  it.clock.advance_ms(120'000);
  const std::string after = then();

  EXPECT_EQ(code(made["secret"], created), "VALID");
  EXPECT_EQ(code(rotated.body["secret"], created), "NOT_FOUND") << "made later";
  EXPECT_EQ(code(made["secret"], both), "VALID");
  EXPECT_EQ(code(rotated.body["secret"], both), "VALID");
  const auto retired = verify({{"key", made["secret"]}}, after);
  EXPECT_EQ(retired.body["code"], "SECRET_RETIRED");
  EXPECT_EQ(retired.body["decided_by"]["type"], "key.rotated");
  EXPECT_EQ("position:" + std::to_string(retired.body["decided_by"]["position"].get<int>()), both);
  EXPECT_EQ(code(rotated.body["secret"], after), "VALID");
  EXPECT_EQ(code("nobody's", after), "NOT_FOUND");
  EXPECT_EQ(code("with space", after), "MALFORMED");
}

TEST_F(AsOf, VerifiesByTheRulesOfThen) {
  const json made = it.add_key("crm", {{"scopes", {"read"}}, {"external_id", "c1"}});
  const std::string created = here();
  ASSERT_EQ(patch(path(made["key"]), {{"scopes", {"write"}}, {"external_id", "c2"}}).status, 200);
  const std::string changed = here();
  const json body = {{"key", made["secret"]}, {"scopes", {"read"}}};
  const auto first = verify(body, created);
  EXPECT_EQ(first.body["code"], "VALID");
  EXPECT_EQ(first.body["key"]["external_id"], "c1");
  EXPECT_EQ(first.body["key"]["scopes"], json({"read"}));
  EXPECT_EQ(first.body["decided_by"]["type"], "key.created");
  EXPECT_EQ("position:" + std::to_string(first.body["position"].get<int>()), created);
  EXPECT_EQ("position:" + first.header("Ledger-Position"), created);
  const auto second = verify(body, changed);
  EXPECT_EQ(second.body["code"], "SCOPE_NOT_GRANTED");
  EXPECT_EQ(second.body["key"]["external_id"], "c2");
  EXPECT_EQ(second.body["decided_by"]["type"], "key.scopes_changed");
}

TEST_F(AsOf, VerifiesByThePolicyAndTheSuspensionOfThen) {
  const auto tenant = it.add_tenant();
  const auto as_tenant = [&](const char* method, const std::string& target, const json& body) {
    return it.call(tenant.secret, method, target, body.dump());
  };
  const auto made = as_tenant("POST", "/v1/keys", {{"type", "private"}, {"name", "crm"}}).body;
  const std::string created = here();
  json policy = it.call(tenant.secret, "GET", "/v1/workspace/policy").body;
  for (const char* field : {"updated_at", "version", "position"}) policy.erase(field);
  policy["required_headers"] = {{{"name", "X-Version"}, {"values", {"1"}}}};
  ASSERT_EQ(as_tenant("PUT", "/v1/workspace/policy", policy).status, 200);
  const std::string strict = here();
  const std::string workspace = "/v1/workspaces/" + tenant.workspace;
  ASSERT_EQ(post(workspace + "/suspend").status, 200);
  const std::string suspended = here();
  ASSERT_EQ(post(workspace + "/resume").status, 200);
  const std::string resumed = here();

  const auto verdict = [&](const std::string& as_of, const json& headers) {
    return as_tenant("POST", "/v1/keys/verify",
                     {{"key", made["secret"]}, {"headers", headers}, {"as_of", as_of}})
        .body;
  };
  const json good = {{"X-Version", "1"}};
  EXPECT_EQ(verdict(created, json::object())["code"], "VALID");
  EXPECT_EQ(verdict(strict, json::object())["code"], "HEADER_REQUIRED");
  EXPECT_EQ(verdict(strict, json::object())["decided_by"]["type"], "policy.set");
  EXPECT_EQ(verdict(strict, good)["code"], "VALID");
  EXPECT_EQ(verdict(suspended, good)["code"], "SUSPENDED");
  EXPECT_EQ(verdict(suspended, good)["decided_by"]["type"], "workspace.suspended");
  EXPECT_EQ(verdict(resumed, good)["code"], "VALID");
}

TEST_F(AsOf, VerifyCountsNothingAndIsNotLimited) {
  std::size_t told = 0;
  it.restart_with(
      [&](http::ApiOptions& options) { options.on_verdict = [&](Verdict) { ++told; }; });
  const json made = it.add_key("crm", {{"rate_limit", {{"limit", 1}, {"window_seconds", 3600}}}});
  const auto rotated = post(path(made["key"]) + "/rotate");
  it.clock.advance_ms(1'000);
  const std::string now = then();
  const auto size = it.size();
  for (int i = 0; i < 5; ++i) {
    const auto answer = verify({{"key", rotated.body["secret"]}}, now);
    EXPECT_EQ(answer.body["code"], "VALID");
    EXPECT_EQ(answer.header("RateLimit"), "");
    EXPECT_EQ(code(made["secret"], now), "SECRET_RETIRED");
  }
  EXPECT_EQ(told, 0U);
  EXPECT_EQ(it.size(), size) << "an old secret was recorded as presented";
  const auto key = get(path(made["key"])).body;
  EXPECT_EQ(key["use_count"], 0);
  EXPECT_EQ(key["refused_count"], 0);
  EXPECT_EQ(post("/v1/keys/verify", {{"key", rotated.body["secret"]}}).body["code"], "VALID")
      << "the token is still there";
}

TEST_F(AsOf, AnAuditorVerifiesThePastAlone) {
  const json made = it.add_key("crm");
  const auto auditor = it.add_member("auditor");
  const auto ask = [&](const json& body) {
    return it.call(auditor.secret, "POST", "/v1/keys/verify", body.dump());
  };
  const auto past = ask({{"key", made["secret"]}, {"as_of", here()}});
  ASSERT_EQ(past.status, 200) << past.response.body;
  EXPECT_EQ(past.body["code"], "VALID");
  for (const json& body : {json{{"key", made["secret"]}}, json{{"key", "x"}, {"as_of", nullptr}},
                           json{{"key", made["secret"]}, {"scopes", 7}}, json::object()}) {
    const auto refused = ask(body);
    EXPECT_EQ(refused.status, 403) << body;
    EXPECT_EQ(refused.code(), "forbidden");
    EXPECT_THAT(refused.body["detail"].get<std::string>(),
                testing::HasSubstr("owner or admin or verifier"));
  }
  EXPECT_EQ(ask({{"key", "x"}, {"as_of", "never"}}).status, 400);
  EXPECT_EQ(get(path(made["key"])).body["use_count"], 0);
}

TEST_F(AsOf, VerifyMayWaitForAPositionAndThenAskForIt) {
  const json made = it.add_key("crm");
  const auto answer = verify({{"key", made["secret"]}, {"min_position", it.size() - 1}}, here());
  EXPECT_EQ(answer.body["code"], "VALID");
  EXPECT_EQ(verify({{"key", "x"}, {"min_position", 1'000'000}}, here()).status, 503);
}

TEST_F(AsOf, ABatchAsksForSeveralMoments) {
  const json made = it.add_key("crm");
  const std::string created = here();
  ASSERT_EQ(post(path(made["key"]) + "/suspend").status, 200);
  const auto answer =
      post("/v1/keys/verify_batch", {{"items",
                                      {{{"key", made["secret"]}},
                                       {{"key", made["secret"]}, {"as_of", created}},
                                       {{"key", made["secret"]}, {"as_of", here()}}}}});
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  const json& data = answer.body["data"];
  EXPECT_EQ(data[0]["code"], "SUSPENDED");
  EXPECT_EQ(data[1]["code"], "VALID");
  EXPECT_EQ("position:" + std::to_string(data[1]["position"].get<int>()), created);
  EXPECT_EQ(data[2]["code"], "SUSPENDED");
}

// Whoever sees no management key today sees none of the past.
TEST_F(AsOf, ShowsManagementKeysToThoseWhoSeeThemNow) {
  const auto admin = it.add_member("admin");
  const auto auditor = it.add_member("auditor");
  const std::string as_of = "?as_of=" + here();
  EXPECT_EQ(it.call(admin.secret, "GET", "/v1/keys/" + auditor.key_id + as_of).status, 404);
  EXPECT_EQ(it.call(admin.secret, "GET", "/v1/keys/" + admin.key_id + as_of).status, 200);
  EXPECT_EQ(it.call(auditor.secret, "GET", "/v1/keys/" + admin.key_id + as_of).status, 200);
  EXPECT_EQ(it.call(admin.secret, "GET", "/v1/keys" + as_of).body["data"], json::array());
  EXPECT_EQ(it.call(auditor.secret, "GET", "/v1/keys" + as_of).body["data"].size(), 3U);
}

}  // namespace
}  // namespace keyledger
