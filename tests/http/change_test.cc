// What every change has in common: http/change.cc, through whole calls.
#include "http/change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "http/sealed_secrets.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using ::testing::ElementsAre;

constexpr const char* kNewKey = R"({"type":"private","name":"app"})";

class Change : public ::testing::Test {
 protected:
  TestLedger::Answer post(std::string_view target, std::string_view body,
                          const TestLedger::Headers& headers = {}) {
    return it.call(it.owner.secret, "POST", target, body, headers);
  }
  nlohmann::json newest_entry() {
    return it.call(it.owner.secret, "GET", "/v1/audit?limit=1").body["data"][0];
  }

  TestLedger it;
};

TEST_F(Change, RecordsWhoFromWhereUnderWhichIdAndWhy) {
  const auto answer = post("/v1/keys", kNewKey,
                           {{"X-Request-Id", "req-1"},
                            {"User-Agent", "curl/8"},
                            {"X-On-Behalf-Of", "Ops, ticket 7"},
                            {"X-Reason", "new integration"}});
  ASSERT_EQ(answer.status, 201);
  const auto entry = newest_entry();
  EXPECT_EQ(entry["position"], answer.position());
  EXPECT_EQ(entry["request_id"], "req-1");
  EXPECT_EQ(entry["reason"], "new integration");
  EXPECT_EQ(entry["on_behalf_of"], "Ops, ticket 7");
  EXPECT_EQ(entry["actor"]["type"], "member");
  EXPECT_EQ(entry["actor"]["id"], it.owner.id);
  EXPECT_EQ(entry["actor"]["name"], "Olga");
  EXPECT_EQ(entry["actor"]["key_id"], it.owner.key_id);
  EXPECT_EQ(entry["actor"]["ip"], "192.0.2.7");
  EXPECT_EQ(entry["actor"]["user_agent"], "curl/8");
}

TEST_F(Change, KeepsOddUserAgentsWithinWhatATextMayHold) {
  const std::pair<std::string, std::string> rows[] = {
      {"a\x01"
       "b\xFF",
       "a?b?"},
      {std::string(300, 'x'), std::string(256, 'x')},
      {std::string(255, 'x') + "é", std::string(255, 'x')},
      {"café", "café"}};
  for (const auto& [given, kept] : rows) {
    const std::string id = it.add_key("key " + std::to_string(it.size()))["key"]["id"];
    ASSERT_EQ(post("/v1/keys/" + id + "/suspend", "", {{"User-Agent", given}}).status, 200);
    EXPECT_EQ(newest_entry()["actor"]["user_agent"], kept);
  }
}

TEST_F(Change, RefusesABadReasonAndABadPrincipal) {
  const auto size = it.size();
  const std::string long_text(1001, 'x');
  EXPECT_THAT(post("/v1/keys", kNewKey, {{"X-Reason", long_text}}).faults(),
              ElementsAre("X-Reason too_long"));
  EXPECT_THAT(post("/v1/keys", kNewKey, {{"X-Reason", "a\nb"}}).faults(),
              ElementsAre("X-Reason invalid"));
  EXPECT_THAT(post("/v1/keys", kNewKey, {{"X-On-Behalf-Of", "\xFF"}}).faults(),
              ElementsAre("X-On-Behalf-Of invalid"));
  EXPECT_THAT(post("/v1/keys", R"({"type":"private","name":"a","reason":"x"})", {{"X-Reason", "y"}})
                  .faults(),
              ElementsAre("X-Reason conflict"));
  EXPECT_EQ(it.size(), size);
}

TEST_F(Change, TakesTheReasonFromTheBodyToo) {
  ASSERT_EQ(
      post("/v1/keys", R"({"type":"private","name":"a","reason":"x"})", {{"X-Reason", "x"}}).status,
      201);
  EXPECT_EQ(newest_entry()["reason"], "x");
}

TEST_F(Change, HonoursIfMatchInEveryForm) {
  const std::string path = "/v1/keys/" + it.add_key("app")["key"]["id"].get<std::string>();
  int version = 1;
  for (const char* form : {"\"1\"", "2", "*"}) {
    const auto answer =
        it.call(it.owner.secret, "PATCH", path,
                R"({"name":"app )" + std::to_string(version) + "\"}", {{"If-Match", form}});
    ASSERT_EQ(answer.status, 200) << form << answer.response.body;
    EXPECT_EQ(answer.header("ETag"), '"' + std::to_string(++version) + '"');
  }
}

TEST_F(Change, SaysTheCurrentVersionWhenItHasChanged) {
  const std::string path = "/v1/keys/" + it.add_key("app")["key"]["id"].get<std::string>();
  const auto size = it.size();
  const auto answer =
      it.call(it.owner.secret, "PATCH", path, R"({"name":"b"})", {{"If-Match", "\"9\""}});
  EXPECT_EQ(answer.status, 412);
  EXPECT_EQ(answer.code(), "version_mismatch");
  EXPECT_EQ(answer.body["current_version"], 1);
  EXPECT_EQ(answer.header("ETag"), "\"1\"");
  EXPECT_EQ(it.size(), size);
}

TEST_F(Change, RefusesWeakAndMeaninglessTags) {
  const std::string path = "/v1/keys/" + it.add_key("app")["key"]["id"].get<std::string>();
  for (const char* tag : {"W/\"1\"", "\"1\", \"2\"", "\"\"", "\"", "", "one", "-1", "\"1", "1.0",
                          "4294967296", "**"}) {
    const auto answer =
        it.call(it.owner.secret, "PATCH", path, R"({"name":"b"})", {{"If-Match", tag}});
    EXPECT_EQ(answer.status, 400) << tag;
    EXPECT_THAT(answer.faults(), ElementsAre("If-Match invalid")) << tag;
  }
}

TEST_F(Change, AnswersARepeatFromTheFirstCallsEvents) {
  const TestLedger::Headers once = {{"Idempotency-Key", "k1"}};
  const auto first =
      post("/v1/members", R"({"name":"A","email":"a@x.example","role":"admin"})", once);
  ASSERT_EQ(first.status, 201);
  EXPECT_EQ(first.header("Idempotent-Replay"), "");
  const std::string path = "/v1/members/" + first.body["id"].get<std::string>();
  ASSERT_EQ(it.call(it.owner.secret, "PATCH", path, R"({"name":"B","role":"auditor"})").status,
            200);
  const auto size = it.size();

  // The same JSON, spelled otherwise.
  const auto again =
      post("/v1/members", R"({ "role":"admin", "email":"a@x.example", "name":"A" })", once);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.header("Idempotent-Replay"), "true");
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.header("ETag"), first.header("ETag"));
  EXPECT_EQ(again.header("Location"), first.header("Location"));
  EXPECT_EQ(again.position(), first.position());
  EXPECT_EQ(it.size(), size);
}

TEST_F(Change, RemembersACallForEver) {
  const TestLedger::Headers once = {{"Idempotency-Key", "k1"}};
  const char* body = R"({"name":"A","email":"a@x.example","role":"admin"})";
  const auto first = post("/v1/members", body, once);
  it.restart(TestLedger::Rows::kForget);
  it.clock.advance_ms(1000LL * 86'400'000);
  EXPECT_EQ(post("/v1/members", body, once).body, first.body);
}

TEST_F(Change, RefusesAnotherBodyUnderTheSameKey) {
  const TestLedger::Headers once = {{"Idempotency-Key", "k1"}};
  ASSERT_EQ(post("/v1/keys", kNewKey, once).status, 201);
  const auto size = it.size();
  const auto other = post("/v1/keys", R"({"type":"private","name":"other"})", once);
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(other.code(), "idempotency_mismatch");
  EXPECT_EQ(it.size(), size);
}

TEST_F(Change, KeepsCallsApartByMemberAndPath) {
  const TestLedger::Headers once = {{"Idempotency-Key", "k1"}};
  const auto admin = it.add_member("admin");
  const std::string a = it.add_key("a")["key"]["id"];
  const std::string b = it.add_key("b")["key"]["id"];
  EXPECT_EQ(post("/v1/keys/" + a + "/suspend", "", once).header("Idempotent-Replay"), "");
  EXPECT_EQ(post("/v1/keys/" + b + "/suspend", "", once).header("Idempotent-Replay"), "");
  EXPECT_EQ(post("/v1/keys/" + a + "/suspend", "{}", once).header("Idempotent-Replay"), "true");
  EXPECT_EQ(it.call(admin.secret, "POST", "/v1/keys/" + a + "/resume", "", once)
                .header("Idempotent-Replay"),
            "");
}

TEST_F(Change, RemembersNoRefusal) {
  const TestLedger::Headers once = {{"Idempotency-Key", "k1"}};
  it.add_key("app");
  EXPECT_EQ(post("/v1/keys", kNewKey, once).status, 409);
  EXPECT_EQ(post("/v1/keys", R"({"type":"private","name":"free"})", once).status, 201);
}

TEST_F(Change, RefusesAnIdempotencyKeyThatIsNoToken) {
  for (const std::string& key : {std::string(), std::string(256, 'k'), std::string("é")}) {
    EXPECT_THAT(post("/v1/keys", kNewKey, {{"Idempotency-Key", key}}).faults(),
                ElementsAre("Idempotency-Key invalid"));
  }
}

TEST_F(Change, ShowsASecretAgainForTenMinutesAndRecordsIt) {
  const TestLedger::Headers once = {{"Idempotency-Key", "k1"}};
  const std::string path = "/v1/members/" + it.owner.id + "/management_keys";
  const auto first = post(path, "{}", once);
  ASSERT_EQ(first.status, 201) << first.response.body;
  it.clock.advance_ms(http::SealedSecrets::kKeepMs - 1);
  const auto again = post(path, "{}", once);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(newest_entry()["action"], "key.secret_replayed");
  it.clock.advance_ms(1);
  const auto size = it.size();
  const auto late = post(path, "{}", once);
  EXPECT_EQ(late.status, 201);
  EXPECT_EQ(late.body["id"], first.body["id"]);
  EXPECT_EQ(late.body["secret"], nullptr);
  EXPECT_EQ(late.body["secret_available"], false);
  EXPECT_EQ(it.size(), size);
}

TEST_F(Change, LetsTwinsInFlightMakeOneThing) {
  it.keep_access_log = false;  // several threads
  const TestLedger::Headers once = {{"Idempotency-Key", "k1"}};
  std::vector<std::string> ids(8);
  std::vector<std::thread> threads;
  for (auto& id : ids) {
    threads.emplace_back([&] { id = post("/v1/keys", kNewKey, once).body["key"]["id"]; });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), 1U);
}

}  // namespace
}  // namespace keyledger
