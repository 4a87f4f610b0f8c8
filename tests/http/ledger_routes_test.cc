// The ledger, health, the workspace and its policy: what has no fields to go wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "events/log/event_reader.h"
#include "events/proof/merkle.h"
#include "events/proof/tiles.h"
#include "http/base64.h"
#include "http/routes.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

// Also while every worker waits for a disk.
TEST(LedgerRoutes, AnswerProbesOnTheThreadThatReadThem) {
  TestLedger it;
  for (const char* target : {"/healthz", "/readyz"}) {
    const http::RequestView view{"GET", target, {}, "192.0.2.7", {}};
    http::Response response;
    ASSERT_TRUE(http::handle_at_once(*it.api, view, response)) << target;
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, it.call("", "GET", target).response.body);
  }
  it.ledger->stop();
  http::Response response;
  ASSERT_TRUE(http::handle_at_once(*it.api, {"GET", "/readyz", {}, "192.0.2.7", {}}, response));
  EXPECT_EQ(response.status, 503);
  EXPECT_FALSE(http::handle_at_once(*it.api, {"GET", "/v1/keys", {}, "192.0.2.7", {}}, response));
}

TEST(LedgerRoutes, TellSizeRootAndProjections) {
  TestLedger it;
  it.add_key("app");
  const auto answer = it.call(it.owner.secret, "GET", "/v1/ledger");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body["size"], it.size());
  EXPECT_EQ(answer.position(), it.size() - 1);
  EXPECT_EQ(answer.body["vkey"], nullptr);
  EXPECT_EQ(answer.body["checkpoint"], nullptr);

  merkle::TileTree tree;
  EventReader reader(it.log);
  for (std::uint64_t position = 0; position < it.size(); ++position) {
    tree.append(merkle::leaf_hash(reader.at(position)->leaf));
  }
  EXPECT_EQ(answer.body["root"], http::base64(tree.root()));

  std::set<std::string> names;
  for (const auto& projection : answer.body["projections"]) {
    names.insert(projection["name"]);
    EXPECT_EQ(projection["position"], it.size() - 1) << projection["name"];
    EXPECT_GE(projection["version"], 1);
  }
  EXPECT_EQ(names, (std::set<std::string>{"verify_index", "directory", "key_table", "streams",
                                          "audit_trail", "calls", "schedule", "retired_secret_uses",
                                          "tree"}));
}

TEST(LedgerRoutes, TellHealth) {
  TestLedger it;
  const auto health = it.call("", "GET", "/healthz");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.body, (nlohmann::json{{"status", "ok"}, {"version", "test"}}));
  const auto ready = it.call("", "GET", "/readyz");
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(ready.body["status"], "ready");
}

// Reads and verifies go on when the disk has failed; writes say so.
TEST(LedgerRoutes, TellThatWritesHaveStopped) {
  TestLedger it;
  const auto key = it.add_key("app");
  it.log.inject(1, AppendOutcome::kIndeterminate);
  const auto lost =
      it.call(it.owner.secret, "POST", "/v1/keys", R"({"type":"private","name":"lost"})");
  EXPECT_EQ(lost.status, 503);
  EXPECT_EQ(lost.code(), "outcome_unknown");
  EXPECT_NE(lost.header("Retry-After"), "");

  const auto ready = it.call("", "GET", "/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.body["accepts_writes"], false);
  EXPECT_EQ(it.call("", "GET", "/healthz").status, 200);
  const auto after =
      it.call(it.owner.secret, "POST", "/v1/keys", R"({"type":"private","name":"more"})");
  EXPECT_EQ(after.status, 503);
  EXPECT_EQ(it.call(it.owner.secret, "GET", "/v1/keys").status, 200);
  const nlohmann::json body = {{"key", key["secret"]}};
  EXPECT_EQ(it.call(it.owner.secret, "POST", "/v1/keys/verify", body.dump()).body["valid"], true);
}

TEST(WorkspaceRoutes, TellTheWorkspace) {
  TestLedger it;
  const auto answer = it.call(it.owner.secret, "GET", "/v1/workspace");
  EXPECT_EQ(answer.body, (nlohmann::json{{"id", to_text(it.workspace)},
                                         {"name", "Acme"},
                                         {"profile", "default"},
                                         {"operator", true},
                                         {"status", "active"},
                                         {"created_at", "2026-03-30T12:00:00.000Z"},
                                         {"version", 1},
                                         {"position", 1}}));
  EXPECT_EQ(answer.header("ETag"), "\"1\"");
}

// Every field of design api.md "Policy", with the values of the `default` profile.
TEST(WorkspaceRoutes, TellTheDefaultPolicy) {
  TestLedger it;
  const auto answer = it.call(it.owner.secret, "GET", "/v1/workspace/policy");
  EXPECT_EQ(answer.body, nlohmann::json::parse(R"({
      "name_rule":"free","unique_names":true,"key_types":["public","private"],"scopes":[],
      "default_scopes":["ALL"],"endpoints":[],"required_headers":[],"max_ttl_seconds":null,
      "default_ttl_seconds":null,"rotation_age_days":null,"inactivity_days":null,
      "forbid_wildcard_origin_live":false,"require_reason":false,"require_if_match":false,
      "rate_limit":null,"on_leak":"report","use_digest":"daily","usage_retention_days":400,
      "secret_prefix":"","updated_at":"2026-03-30T12:00:00.000Z","version":1,"position":2})"));
  EXPECT_EQ(answer.header("ETag"), "\"1\"");
}

TEST(WorkspaceRoutes, TellAStrangerItsOwn) {
  TestLedger it;
  const auto stranger = it.add_tenant();
  const auto answer = it.call(stranger.secret, "GET", "/v1/workspace");
  EXPECT_EQ(answer.body["name"], "Other");
  EXPECT_EQ(answer.body["operator"], false);
}

}  // namespace
}  // namespace keyledger
