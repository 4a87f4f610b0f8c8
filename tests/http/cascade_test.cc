// The end of a management key, and of the keys that were made with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/crypto.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class Cascade : public ::testing::Test {
 protected:
  void SetUp() override {
    make(maker, "a");
    make(maker, "b");
  }

  TestLedger::Answer as_owner(std::string_view method, std::string_view target,
                              const json& body = json::object(),
                              const TestLedger::Headers& headers = {}) {
    return it.call(it.owner.secret, method, target, body.dump(), headers);
  }
  json make(const TestLedger::Person& person, const std::string& name) {
    const auto answer = it.call(person.secret, "POST", "/v1/keys",
                                json{{"type", "private"}, {"name", name}}.dump());
    EXPECT_EQ(answer.status, 201) << answer.response.body;
    return answer.body;
  }
  TestLedger::Answer revoke(const TestLedger::Person& person, const json& body = json::object(),
                            const TestLedger::Headers& headers = {}) {
    return as_owner("POST", "/v1/keys/" + person.key_id + "/revoke", body, headers);
  }
  static std::vector<std::string> actions(const TestLedger::Answer& answer) {
    std::vector<std::string> out;
    for (const json& row : answer.body["keys"]) {
      out.push_back(row["key"]["name"].get<std::string>() + ' ' + row["action"].get<std::string>());
    }
    return out;
  }

  TestLedger it;
  TestLedger::Person maker = it.add_member("admin");
};

TEST_F(Cascade, IsOfferedByTheNumberOfLiveKeysThatItMade) {
  const std::string ended = make(maker, "ended")["key"]["id"];
  as_owner("DELETE", "/v1/keys/" + ended);
  const auto answer = revoke(maker);
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  EXPECT_EQ(answer.body["keys_made"], 2);
  EXPECT_FALSE(answer.body.contains("keys"));
  EXPECT_EQ(as_owner("GET", "/v1/keys?name=a").body["data"][0]["status"], "active");
  EXPECT_EQ(revoke(maker).body, answer.body);
  EXPECT_FALSE(as_owner("DELETE", "/v1/keys/" + ended).body.contains("keys_made"));
}

TEST_F(Cascade, IsNotCountedWhereThatWouldTakeLong) {
  std::vector<Submission> asked;
  for (int i = 0; i < 999; ++i) {  // and two more
    CreateKey command;
    command.id = KeyId{make_ulid(it.clock.now(), random_bytes<10>())};
    command.name = std::to_string(i);
    command.secret = {SecretId{make_ulid(it.clock.now(), random_bytes<10>())},
                      {HashAlgorithm::kSha256, sha256(command.name)},
                      "sk_live_…"};
    Submission submission;
    submission.call.workspace = it.workspace;
    submission.call.actor = {ActorKind::kMember, parse_id<MemberId>(maker.id)->bytes,
                             parse_id<KeyId>(maker.key_id)};
    submission.call.permitted = kEveryRole;
    submission.command = std::move(command);
    asked.push_back(std::move(submission));
  }
  for (const auto& answer : it.ledger->execute_all(std::move(asked))) ASSERT_TRUE(answer);
  EXPECT_EQ(revoke(maker).body["keys_made"], nullptr);
  const auto answer = revoke(maker, {{"cascade", true}});
  EXPECT_EQ(answer.body["keys"].size(), 1000U);
  EXPECT_TRUE(answer.body["next_cursor"].is_string());
}

TEST_F(Cascade, RevokesWhatWasMadeWithTheKeyWithTheSameCode) {
  // Another key of the same member made this one.
  const std::string path = "/v1/members/" + maker.id + "/management_keys";
  const TestLedger::Person second = {maker.id, "", as_owner("POST", path).body["secret"]};
  make(second, "of its second key");
  const auto answer = revoke(
      maker, {{"cascade", true}, {"reason_code", "key_compromise"}, {"comment", "was on a page"}});
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  EXPECT_THAT(actions(answer), UnorderedElementsAre("a revoked", "b revoked"));
  EXPECT_EQ(answer.body["keys_made"], 2);
  EXPECT_EQ(answer.body["next_cursor"], nullptr);
  EXPECT_EQ(answer.position(), it.size() - 1);
  for (const json& row : answer.body["keys"]) EXPECT_EQ(row["key"]["status"], "compromised");
  EXPECT_EQ(as_owner("GET", "/v1/keys?name=of+its+second+key").body["data"][0]["status"], "active");
  const auto trail = as_owner("GET", "/v1/audit?limit=3");
  for (const json& entry : trail.body["data"]) {
    EXPECT_EQ(entry["action"], "key.compromised");
    EXPECT_EQ(entry["reason"], "was on a page");
  }
  const auto size = it.size();
  EXPECT_EQ(revoke(maker, {{"cascade", true}}).body, answer.body);
  EXPECT_EQ(it.size(), size);
}

TEST_F(Cascade, CanBeAskedForLaterAndByQuery) {
  revoke(maker, {{"reason_code", "superseded"}});
  const auto answer = as_owner("DELETE", "/v1/keys/" + maker.key_id + "?cascade=true&limit=1");
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  ASSERT_EQ(answer.body["keys"].size(), 1U);
  EXPECT_EQ(answer.body["keys"][0]["key"]["revoke_reason"], "superseded");
  EXPECT_EQ(answer.body["keys_made"], 2);
  const std::string cursor = answer.body["next_cursor"];
  const auto rest =
      as_owner("DELETE", "/v1/keys/" + maker.key_id + "?cascade=true&cursor=" + cursor);
  auto both = actions(answer);
  for (std::string& action : actions(rest)) both.push_back(std::move(action));
  EXPECT_THAT(both, UnorderedElementsAre("a revoked", "b revoked"));
  EXPECT_EQ(rest.body["next_cursor"], nullptr);
}

TEST_F(Cascade, OfARememberedCallGoesOn) {
  const TestLedger::Headers once = {{"Idempotency-Key", "1"}};
  it.log.inject(2, AppendOutcome::kIndeterminate);  // the key itself, then those that it made
  EXPECT_EQ(revoke(maker, {{"cascade", true}}, once).status, 503);
  it.log.reopen();
  it.restart();
  const auto again = revoke(maker, {{"cascade", true}}, once);
  EXPECT_EQ(again.header("Idempotent-Replay"), "true");
  EXPECT_THAT(actions(again), UnorderedElementsAre("a revoked", "b revoked"));
  EXPECT_EQ(revoke(maker, {{"cascade", true}}, once).body, again.body);
}

TEST_F(Cascade, IsRefusedWhereItCannotBeDone) {
  const std::string own = "/v1/keys/" + maker.key_id + "/revoke";
  const std::string body = R"({"cascade":true})";
  const auto size = it.size();
  EXPECT_THAT(it.call(maker.secret, "POST", own, body).faults(),
              ElementsAre("cascade not_allowed"));
  const std::string plain = as_owner("GET", "/v1/keys?name=a").body["data"][0]["id"];
  EXPECT_THAT(as_owner("DELETE", "/v1/keys/" + plain + "?cascade=true").faults(),
              ElementsAre("cascade not_allowed"));
  EXPECT_THAT(as_owner("DELETE", "/v1/keys/" + maker.key_id + "?cascade=yes").faults(),
              ElementsAre("cascade invalid"));
  const auto other = it.add_member("admin");
  EXPECT_EQ(it.call(other.secret, "POST", own, body).status, 404) << "not an admin's to see";
  EXPECT_EQ(it.size(), size + 2);
}

// An admin may end its own keys, and not the management keys that one of them issued.
TEST_F(Cascade, LeavesManagementKeysToWhoMayEndThem) {
  const auto own_keys = "/v1/members/" + maker.id + "/management_keys";
  const auto issued = it.call(maker.secret, "POST", own_keys, R"({"name":"issued"})");
  ASSERT_EQ(issued.status, 201);
  const auto with_issued = it.call(issued.body["secret"].get<std::string>(), "POST",
                                   "/v1/keys/" + maker.key_id + "/revoke", R"({"cascade":true})");
  EXPECT_THAT(actions(with_issued),
              UnorderedElementsAre("a revoked", "b revoked", "issued listed"));
  const auto by_owner = revoke(maker, {{"cascade", true}});
  EXPECT_THAT(actions(by_owner), UnorderedElementsAre("a revoked", "b revoked", "issued revoked"));
}

}  // namespace
}  // namespace keyledger
