// What each event says it changed. The entries are made by hand; how they are joined is tested with
// the projections.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/json.h"

namespace keyledger::http {
namespace {

Json changes_of(Event event) {
  AuditEntry entry;
  entry.event.event = std::move(event);
  return changes_json(entry);
}

Json json(std::string_view text) { return Json::parse(text); }

const Timestamp kNewYear = *parse_time("2027-01-01T00:00:00Z");
const SecretId kSecret{};

TEST(Changes, TellFactsOfTheLedgerAndItsWorkspaces) {
  EXPECT_EQ(changes_of(LedgerRollbackAccepted{"new", 9, 7}),
            json(R"({"origin":{"from":null,"to":"new"},"size":{"from":9,"to":7}})"));
  EXPECT_EQ(changes_of(WorkspaceCreated{"Acme", "default", true}),
            json(R"({"name":{"from":null,"to":"Acme"},"profile":{"from":null,"to":"default"},
                     "operator":{"from":null,"to":true}})"));
  EXPECT_EQ(changes_of(WorkspaceSuspended{}),
            json(R"({"status":{"from":"active","to":"suspended"}})"));
  EXPECT_EQ(changes_of(WorkspaceResumed{}),
            json(R"({"status":{"from":"suspended","to":"active"}})"));
  const Json policy = changes_of(PolicySet{});
  EXPECT_EQ(policy["policy"]["to"]["key_types"], json(R"(["public","private"])"));
  EXPECT_EQ(policy["policy"]["to"]["default_scopes"], json(R"(["ALL"])"));
}

TEST(Changes, TellFactsOfMembers) {
  AuditEntry entry;
  entry.event.event = MemberProfileChanged{};
  entry.profile_from = MemberProfile{"Ada", "ada@x.example"};
  entry.profile_to = MemberProfile{"Ada", "ada@y.example"};
  EXPECT_EQ(changes_json(entry),
            json(R"({"email":{"from":"ada@x.example","to":"ada@y.example"}})"));
  EXPECT_EQ(changes_of(MemberRoleChanged{{Role::kOwner, Role::kVerifier}}),
            json(R"({"role":{"from":"owner","to":"verifier"}})"));
  EXPECT_EQ(changes_of(MemberRemoved{}), json(R"({"status":{"from":"active","to":"removed"}})"));
}

TEST(Changes, TellWhatOthersBring) {
  KeyImported imported;
  imported.name = "app";
  EXPECT_EQ(changes_of(imported), changes_of(static_cast<const KeyCreated&>(imported)));
  EXPECT_EQ(changes_of(KeyExpiring{kNewYear, 7}),
            json(R"({"expires_at":{"from":null,"to":"2027-01-01T00:00:00.000Z"},
                     "days_left":{"from":null,"to":7}})"));
  EXPECT_EQ(changes_of(KeyLookedUp{}), json(R"({"looked_up_secret":{"from":null,"to":null}})"));
  AuditEntry entry;
  entry.event.event = KeyLeakReported{kSecret, "github", "90a421"};
  const Json erased = changes_json(entry);
  EXPECT_EQ(erased["leaked_secret"]["to"]["id"], to_text(kSecret));
  EXPECT_EQ(erased["reporter"]["to"], "github");
  EXPECT_FALSE(erased.contains("leak_url"));
  entry.leak = LeakDetails{"keyledger_live", "https://example.org/a", "commit"};
  EXPECT_EQ(changes_json(entry)["leak_url"]["to"], "https://example.org/a");
}

TEST(Changes, LeaveOutWhatANewKeyDoesNotHave) {
  KeyCreated fact;
  fact.name = "app";
  const Json changes = changes_of(fact);
  EXPECT_TRUE(changes.contains("owner_id"));
  for (const char* field : {"scopes", "allowed_origins", "allow_missing_origin", "allowed_ips",
                            "not_before", "expires_at", "member_id", "rate_limit", "replaces",
                            "description", "metadata", "external_id"}) {
    EXPECT_FALSE(changes.contains(field)) << field;
  }
}

TEST(Changes, TellValuesAsResourcesDo) {
  EXPECT_EQ(changes_of(KeyStartChanged{{std::nullopt, kNewYear}}),
            json(R"({"not_before":{"from":null,"to":"2027-01-01T00:00:00.000Z"}})"));
  EXPECT_EQ(changes_of(KeyRateLimitChanged{{std::nullopt, RateLimit{5, 60}}}),
            json(R"({"rate_limit":{"from":null,"to":{"limit":5,"window_seconds":60}}})"));
  EXPECT_EQ(changes_of(KeyMissingOriginChanged{{false, true}}),
            json(R"({"allow_missing_origin":{"from":false,"to":true}})"));
  EXPECT_EQ(changes_of(KeyOriginsChanged{
                {{}, {OriginRule{"https", "app.example.com", std::nullopt, true, false}}}}),
            json(R"({"allowed_origins":{"from":[],"to":["https://app.example.com"]}})"));
  EXPECT_EQ(changes_of(KeyMetadataChanged{}), json(R"({"metadata":{"from":{},"to":{}}})"));
}

TEST(Changes, TellTheEndOfAKey) {
  EXPECT_EQ(changes_of(KeyRevoked{RevocationCode::kSuperseded}),
            json(R"({"status":{"from":null,"to":"revoked"},
                     "revoke_reason":{"from":null,"to":"superseded"}})"));
  EXPECT_EQ(changes_of(KeyCompromised{}), json(R"({"status":{"from":null,"to":"compromised"},
                     "revoke_reason":{"from":null,"to":"key_compromise"}})"));
  EXPECT_EQ(changes_of(KeyExpired{kNewYear}), json(R"({"status":{"from":null,"to":"expired"}})"));
}

TEST(Changes, NameSecretsByIdAndHandle) {
  const std::string id = to_text(kSecret);
  KeyRotated rotated{{kSecret, {}, "sk_live_…abcd"}, kSecret, kNewYear};
  EXPECT_EQ(changes_of(rotated),
            (Json{{"secret",
                   {{"from", {{"id", id}, {"retires_at", "2027-01-01T00:00:00.000Z"}}},
                    {"to", {{"id", id}, {"handle", "sk_live_…abcd"}}}}}}));
  EXPECT_EQ(changes_of(KeyOverlapEnded{kSecret})["secret"]["from"]["id"], id);
  EXPECT_EQ(changes_of(KeyRetiredSecretPresented{kSecret})["presented_secret"]["to"]["id"], id);
  EXPECT_EQ(changes_of(KeySecretReplayed{kSecret})["shown_secret"]["to"]["id"], id);
}

}  // namespace
}  // namespace keyledger::http
