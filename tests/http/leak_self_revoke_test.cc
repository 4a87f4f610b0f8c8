// POST /v1/keys/self_revoke: whoever holds a secret may give it up, and learns nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/log/event_reader.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using nlohmann::json;

class LeakSelfRevoke : public ::testing::Test {
 protected:
  TestLedger::Answer give_up(const std::string& secret) {
    return it.call("", "POST", "/v1/keys/self_revoke", json{{"secret", secret}}.dump(),
                   {{"User-Agent", "finder/1"}});
  }
  std::string verdict(const std::string& secret) {
    const std::string body = json{{"key", secret}}.dump();
    return it.call(it.owner.secret, "POST", "/v1/keys/verify", body).body["code"];
  }
  EventAt newest() { return *EventReader(it.log).at(it.size() - 1); }

  TestLedger it;
};

TEST_F(LeakSelfRevoke, EndsAKeyAtOnceAndSaysThatItsHolderDidIt) {
  const json made = it.add_key("ci");
  ASSERT_EQ(verdict(made["secret"]), "VALID");
  EXPECT_EQ(give_up(made["secret"]).status, 202);
  EXPECT_EQ(verdict(made["secret"]), "COMPROMISED");
  const EventAt at = newest();
  EXPECT_EQ(at.event.event, Event(KeyCompromised{}));
  EXPECT_EQ(at.event.actor.kind, ActorKind::kKeyHolder);
  EXPECT_EQ(made["key"]["id"], to_text(KeyId{at.event.actor.id}));
  const auto details = decode_actor_details(at.side.actor->bytes);
  EXPECT_EQ(*details, (ActorDetails{"192.0.2.7", "finder/1", ""}));
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
  const json key = it.call(it.owner.secret, "GET", path).body;
  EXPECT_EQ(key["status"], "compromised");
  EXPECT_EQ(key["revoked_by"]["type"], "key");
}

TEST_F(LeakSelfRevoke, EndsAManagementKeyAlsoTheLastOwners) {
  EXPECT_EQ(give_up(it.owner.secret).status, 202);
  EXPECT_EQ(it.call(it.owner.secret, "GET", "/v1/ledger").status, 401);
}

TEST_F(LeakSelfRevoke, EndsOnlyTheOverlapOfARetiringSecret) {
  const json made = it.add_key("ci");
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
  const auto rotated =
      it.call(it.owner.secret, "POST", path + "/rotate", R"({"overlap_seconds":60})");
  EXPECT_EQ(give_up(made["secret"]).status, 202);
  EXPECT_EQ(verdict(made["secret"]), "SECRET_RETIRED");
  EXPECT_EQ(verdict(rotated.body["secret"]), "VALID");
  EXPECT_EQ(newest().event.actor.kind, ActorKind::kSystem) << "the notice of that verdict";
}

// What the answer shows, but for the id of the request, which is the client's to choose.
std::string shown(const TestLedger::Answer& answer) {
  std::string out = std::to_string(answer.status) + answer.response.content_type;
  for (const auto& [name, value] : answer.response.headers) {
    if (name == "X-Request-Id") continue;
    out += '\n' + name + (name == "Ledger-Position" ? "" : ": " + value);
  }
  return out + '\n' + answer.response.body;
}

TEST_F(LeakSelfRevoke, AnswersAlikeWhateverTheSecretIs) {
  const json live = it.add_key("live");
  const json suspended = it.add_key("suspended");
  const json revoked = it.add_key("revoked");
  const json rotated = it.add_key("rotated");
  const auto path = [](const json& made) {
    return "/v1/keys/" + made["key"]["id"].get<std::string>();
  };
  it.call(it.owner.secret, "POST", path(suspended) + "/suspend");
  it.call(it.owner.secret, "DELETE", path(revoked));
  it.call(it.owner.secret, "POST", path(rotated) + "/rotate");
  const json web = it.add_key("web", {{"type", "public"}});
  const auto tenant = it.add_tenant();
  const auto unknown = give_up("nobody's");
  ASSERT_EQ(unknown.status, 202);
  struct Row {
    std::string secret;
    std::size_t events;
  };
  const Row rows[] = {{"", 0},
                      {std::string(100'000, 'x'), 0},
                      {"sk_live_000000000000000000000000000000000", 0},
                      {web["secret"], 0},
                      {revoked["secret"], 0},
                      {rotated["secret"], 0},
                      {live["secret"], 1},
                      {live["secret"], 0},
                      {suspended["secret"], 1},
                      {tenant.secret, 1}};
  for (const Row& row : rows) {
    SCOPED_TRACE(row.secret.substr(0, 50));
    const auto size = it.size();
    const auto answer = give_up(row.secret);
    EXPECT_EQ(shown(answer), shown(unknown));
    EXPECT_EQ(answer.position(), size - 1) << "its own event is not told";
    EXPECT_EQ(it.size(), size + row.events);
  }
}

// Waiting must not tell either: each is held until the end of a step, after its work.
TEST_F(LeakSelfRevoke, HoldsEveryAnswerAfterTheWorkIsDone) {
  const json made = it.add_key("ci");
  std::vector<std::uint64_t> sizes;
  it.restart_with([&](http::ApiOptions& options) {
    options.sleep_until = [&](http::EvenAnswers::Clock::time_point) { sizes.push_back(it.size()); };
  });
  const auto size = it.size();
  give_up("nobody's");
  give_up(made["secret"]);
  give_up(made["secret"]);
  EXPECT_EQ(sizes, (std::vector<std::uint64_t>{size, size + 1, size + 1}));
}

TEST_F(LeakSelfRevoke, IsLimitedByAddressWhateverTheSecretIs) {
  const json made = it.add_key("ci");
  it.restart_with([](http::ApiOptions& options) { options.refusals_per_minute = 3; });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(give_up("nobody's").status, 202);
  for (const std::string& secret : {std::string("nobody's"), made["secret"].get<std::string>()}) {
    const auto size = it.size();
    const auto refused = give_up(secret);
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.code(), "rate_limited");
    EXPECT_EQ(refused.header("Retry-After"), "20");
    EXPECT_EQ(it.size(), size);
  }
  EXPECT_EQ(it.call("nonsense", "GET", "/v1/ledger").status, 401) << "another bucket";
  it.clock.advance_ms(20'000);
  EXPECT_EQ(give_up(made["secret"]).status, 202);
  EXPECT_EQ(verdict(made["secret"]), "COMPROMISED");
}

TEST_F(LeakSelfRevoke, SaysSoToEverybodyIfTheLedgerTakesNoChanges) {
  const json made = it.add_key("ci");
  it.ledger->stop();
  for (const std::string& secret : {std::string("nobody's"), made["secret"].get<std::string>()}) {
    const auto answer = give_up(secret);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.code(), "unavailable");
  }
}

// Else whoever waits in the ledger's queue while others write would be told from who does not.
TEST_F(LeakSelfRevoke, AsksTheLedgerAlsoAboutASecretThatIsNobodys) {
  const json made = it.add_key("ci");
  it.clock.advance_ms(-60'000);  // the ledger refuses whatever comes while its clock is behind
  for (const std::string& secret : {std::string("nobody's"), made["secret"].get<std::string>()}) {
    const auto answer = give_up(secret);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.code(), "unavailable");
  }
  it.clock.advance_ms(60'000);
  const auto size = it.size();
  EXPECT_EQ(give_up("nobody's").status, 202);
  EXPECT_EQ(it.size(), size);
}

TEST_F(LeakSelfRevoke, RefusesHeadersThatAreKeptAndShowTheSecret) {
  const std::string secret = "an imported one of any form";
  const std::string body = json{{"secret", secret}}.dump();
  const auto size = it.size();
  for (const char* name : {"X-Request-Id", "User-Agent", "X-On-Behalf-Of", "X-Reason"}) {
    const auto answer =
        it.call("", "POST", "/v1/keys/self_revoke", body, {{name, "found " + secret}});
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.code(), "secret_in_request");
    EXPECT_EQ(answer.faults(), (std::vector<std::string>{name + std::string(" not_allowed")}));
    EXPECT_EQ(answer.response.body.find(secret), std::string::npos);
    EXPECT_EQ(answer.header("X-Request-Id").find(secret), std::string::npos);
    EXPECT_FALSE(answer.header("X-Request-Id").empty());
    EXPECT_EQ(it.access.back().request_id, answer.header("X-Request-Id"));
  }
  EXPECT_EQ(it.size(), size);
}

TEST_F(LeakSelfRevoke, RefusesABodyThatIsNone) {
  for (const char* body :
       {"", "{}", "[]", "nonsense", R"({"secret":1})", R"({"secret":"a","x":1})"}) {
    EXPECT_EQ(it.call("", "POST", "/v1/keys/self_revoke", body).status, 400) << body;
  }
  const json elsewhere = {{"secret", "x"}, {"note", it.owner.secret}};
  EXPECT_EQ(it.call("", "POST", "/v1/keys/self_revoke", elsewhere.dump()).code(),
            "secret_in_request");
}

TEST_F(LeakSelfRevoke, ReadsNoCredential) {
  const json made = it.add_key("ci");
  const std::string body = json{{"secret", made["secret"]}}.dump();
  EXPECT_EQ(it.call("nonsense", "POST", "/v1/keys/self_revoke", body).status, 202);
  EXPECT_EQ(verdict(made["secret"]), "COMPROMISED");
}

}  // namespace
}  // namespace keyledger
