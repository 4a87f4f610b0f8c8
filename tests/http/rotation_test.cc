// The secrets of a key one after the other, and keys one after the other (design product.md
// section 6, api.md "Keys").
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

class Rotation : public ::testing::Test {
 protected:
  TestLedger::Answer as_owner(std::string_view method, const std::string& target,
                              const json& body = json::object(),
                              const TestLedger::Headers& headers = {}) {
    return it.call(it.owner.secret, method, target, body.dump(), headers);
  }
  std::string rotate(std::uint64_t overlap_seconds) {
    return as_owner("POST", path + "/rotate", {{"overlap_seconds", overlap_seconds}})
        .body["secret"];
  }
  std::string verdict(const std::string& secret) {
    return as_owner("POST", "/v1/keys/verify", {{"key", secret}}).body["code"];
  }
  json key() { return as_owner("GET", path).body; }
  std::vector<std::string> history() {
    std::vector<std::string> actions;
    const auto answer = as_owner("GET", path + "/history");
    for (const json& entry : answer.body["data"]) actions.push_back(entry["action"]);
    return actions;
  }

  TestLedger it;
  const json made = it.add_key("k");
  const std::string first = made["secret"];
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
};

TEST_F(Rotation, WithoutAnOverlapTheOldSecretEndsAtOnce) {
  const std::string second = rotate(0);
  EXPECT_EQ(verdict(first), "SECRET_RETIRED");
  EXPECT_EQ(verdict(second), "VALID");
  EXPECT_EQ(key()["id"], made["key"]["id"]);
  EXPECT_EQ(key()["secrets"].size(), 1U);
}

TEST_F(Rotation, BothSecretsAreValidUntilTheOverlapEnds) {
  const std::string second = rotate(60);
  EXPECT_EQ(key()["secrets"].size(), 2U);
  it.clock.advance_ms(59'999);
  EXPECT_EQ(verdict(first), "VALID");
  it.clock.advance_ms(1);
  EXPECT_EQ(verdict(first), "SECRET_RETIRED");
  EXPECT_EQ(verdict(second), "VALID");
}

TEST_F(Rotation, RetireEndsTheOverlapNow) {
  const std::string second = rotate(60);
  const auto size = it.size();
  ASSERT_EQ(as_owner("POST", path + "/retire").status, 200);
  EXPECT_EQ(verdict(first), "SECRET_RETIRED");
  EXPECT_EQ(verdict(second), "VALID");
  EXPECT_EQ(as_owner("POST", path + "/retire").status, 200) << "it is so already";
  EXPECT_EQ(it.size(), size + 2) << "the end, and that the old one was presented";
}

TEST_F(Rotation, ARotationDuringAnOverlapEndsTheOlderSecretAtOnce) {
  const std::string second = rotate(60);
  const std::string third = rotate(60);
  EXPECT_EQ(verdict(first), "SECRET_RETIRED");
  EXPECT_EQ(verdict(second), "VALID");
  EXPECT_EQ(verdict(third), "VALID");
  EXPECT_EQ(key()["secrets"].size(), 2U);
}

TEST_F(Rotation, ARepeatShowsTheSecretWhileItMayBeShown) {
  const TestLedger::Headers once = {{"Idempotency-Key", "1"}};
  const auto repeat = [&] { return as_owner("POST", path + "/rotate", json::object(), once).body; };
  const std::string second = repeat()["secret"];
  EXPECT_EQ(repeat()["secret"], second);
  EXPECT_THAT(history(), ElementsAre("key.created", "key.rotated", "key.secret_replayed"));
  EXPECT_EQ(verdict(second), "VALID");
  rotate(0);
  EXPECT_EQ(repeat()["secret"], nullptr) << "it has retired since";
  EXPECT_EQ(repeat()["secret_available"], false);
}

TEST_F(Rotation, NoSecretOfAFinalKeyIsShownAgain) {
  const TestLedger::Headers once = {{"Idempotency-Key", "1"}};
  ASSERT_EQ(as_owner("POST", path + "/rotate", json::object(), once).status, 200);
  as_owner("DELETE", path);
  EXPECT_EQ(as_owner("POST", path + "/rotate", json::object(), once).body["secret"], nullptr);
}

TEST_F(Rotation, ARetiredSecretThatIsPresentedShowsOnTheKey) {
  const std::string second = rotate(0);
  EXPECT_FALSE(key().contains("retired_secret_last_presented_at"));
  it.clock.advance_ms(1000);
  EXPECT_EQ(verdict(first), "SECRET_RETIRED");
  EXPECT_EQ(key()["retired_secret_last_presented_at"], "2026-03-30T12:00:01.000Z");
  EXPECT_EQ(key()["version"], 2) << "it changes nothing";
  EXPECT_EQ(verdict(first), "SECRET_RETIRED");
  EXPECT_THAT(history(), ElementsAre("key.created", "key.rotated", "key.retired_secret_presented"))
      << "once an hour";
  it.clock.advance_ms(60LL * 60 * 1000);
  verdict(first);
  EXPECT_EQ(key()["retired_secret_last_presented_at"], "2026-03-30T13:00:01.000Z");
  it.restart(TestLedger::Rows::kForget);
  EXPECT_EQ(key()["retired_secret_last_presented_at"], "2026-03-30T13:00:01.000Z");
}

TEST_F(Rotation, AChainOfKeysCanBeFollowedBothWays) {
  const std::string second = it.add_key("k", {{"replaces", made["key"]["id"]}})["key"]["id"];
  const std::string third = it.add_key("k3", {{"replaces", second}})["key"]["id"];
  EXPECT_EQ(key()["replaces"], nullptr);
  EXPECT_EQ(key()["replaced_by"], second);
  const json middle = as_owner("GET", "/v1/keys/" + second).body;
  EXPECT_EQ(middle["replaces"], made["key"]["id"]);
  EXPECT_EQ(middle["replaced_by"], third);
  EXPECT_EQ(verdict(first), "VALID") << "whoever replaces a key ends it when nobody needs it";
  const auto twice = as_owner(
      "POST", "/v1/keys", {{"type", "private"}, {"name", "k4"}, {"replaces", made["key"]["id"]}});
  EXPECT_THAT(twice.faults(), ElementsAre("replaces conflict"));
}

}  // namespace
}  // namespace keyledger
