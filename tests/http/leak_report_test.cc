// POST /v1/leaks: GitHub says where it found secrets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/log/event_reader.h"
#include "http/base64.h"
#include "http/leak_keys.h"
#include "http/secret.h"
#include "tests/http/leak_fixture.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using http::LeakOutcome;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr const char* kUrl = "https://github.com/octocat/Hello-World/blob/1/foo.txt";

class LeakReport : public ::testing::Test {
 protected:
  LeakReport() {
    it.restart_with([this](http::ApiOptions& options) {
      options.is_signed = [](std::string_view, std::string_view identifier,
                             std::string_view signature) {
        return identifier == "key one" && signature == "right";
      };
      options.on_leak = [this](LeakOutcome outcome) { outcomes.push_back(outcome); };
    });
  }

  TestLedger::Answer post(const std::string& body, const TestLedger::Headers& headers) {
    return it.call("", "POST", "/v1/leaks", body, headers);
  }
  TestLedger::Answer post_signed(const std::string& body) {
    return post(body, {{"Github-Public-Key-Identifier", "key one"},
                       {"Github-Public-Key-Signature", "right"}});
  }
  TestLedger::Answer report(const std::vector<json>& matches) {
    return post_signed(json(matches).dump());
  }
  static json match_of(const json& secret, const std::string& url = kUrl) {
    return {{"token", secret}, {"type", "acme_key"}, {"url", url}, {"source", "content"}};
  }
  void set_policy(const char* on_leak) {
    const auto set =
        it.call(it.owner.secret, "PUT", "/v1/workspace/policy", json{{"on_leak", on_leak}}.dump());
    ASSERT_EQ(set.status, 200) << set.response.body;
    EXPECT_EQ(set.body["warnings"], json::array());
  }
  std::string status_of(const json& made) {
    const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
    return it.call(it.owner.secret, "GET", path).body["status"];
  }
  EventAt at(std::uint64_t position) { return *EventReader(it.log).at(position); }
  std::string whole_ledger() {
    std::string all;
    for (std::uint64_t position = 0; position < it.size(); ++position) {
      const EventAt event = at(position);
      all += event.leaf;
      if (event.side.subject) all += event.side.subject->bytes;
      if (event.side.actor) all += event.side.actor->bytes;
    }
    return all;
  }

  TestLedger it;
  std::vector<LeakOutcome> outcomes;
};

TEST_F(LeakReport, IsRecordedWithTheKeyAndLabelled) {
  const json made = it.add_key("ci");
  const auto size = it.size();
  const auto answer = report({match_of(made["secret"]), match_of("nobody's")});
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  const auto hash = [](const std::string& token) { return http::base64(sha256(token)); };
  EXPECT_EQ(answer.body, json::array({{{"token_hash", hash(made["secret"])},
                                       {"token_type", "acme_key"},
                                       {"label", "true_positive"}},
                                      {{"token_hash", hash("nobody's")},
                                       {"token_type", "acme_key"},
                                       {"label", "false_positive"}}}));
  ASSERT_EQ(it.size(), size + 1);
  EXPECT_EQ(answer.position(), size);
  const EventAt event = at(size);
  EXPECT_EQ(made["key"]["id"], to_text(KeyId{event.event.stream.id}));
  const auto& notice = std::get<KeyLeakReported>(event.event.event);
  EXPECT_EQ(made["key"]["secrets"][0]["id"], to_text(notice.secret));
  EXPECT_EQ(notice.reporter, "github");
  EXPECT_EQ(notice.signing_key, "key one");
  EXPECT_EQ(*decode_leak_details(event.side.subject->bytes),
            (LeakDetails{"acme_key", kUrl, "content"}));
  EXPECT_EQ(event.event.actor.kind, ActorKind::kSystem);
  EXPECT_THAT(outcomes, UnorderedElementsAre(LeakOutcome::kReported, LeakOutcome::kUnknown));
  EXPECT_EQ(status_of(made), "active") << "report: nothing more";
}

TEST_F(LeakReport, SuspendsOrRevokesWhereThePolicySaysSo) {
  set_policy("suspend");
  const json one = it.add_key("one");
  ASSERT_EQ(report({match_of(one["secret"])}).status, 200);
  EXPECT_EQ(status_of(one), "suspended");
  set_policy("revoke");
  const json two = it.add_key("two");
  ASSERT_EQ(report({match_of(two["secret"])}).status, 200);
  EXPECT_EQ(status_of(two), "compromised");
  const RecordedEvent last = at(it.size() - 1).event;
  EXPECT_EQ(last.event, Event(KeyCompromised{}));
  EXPECT_EQ(last.reason, "reported as leaked by github");
  const json web = it.add_key("web", {{"type", "public"}});
  ASSERT_EQ(report({match_of(web["secret"])}).status, 200);
  EXPECT_EQ(status_of(web), "active") << "public keys are only ever reported";
  EXPECT_THAT(outcomes, ElementsAre(LeakOutcome::kSuspended, LeakOutcome::kCompromised,
                                    LeakOutcome::kReported));
}

TEST_F(LeakReport, EndsARetiringSecretAloneAndNothingOfARetiredOne) {
  set_policy("revoke");
  const json made = it.add_key("ci");
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
  ASSERT_EQ(it.call(it.owner.secret, "POST", path + "/rotate", R"({"overlap_seconds":60})").status,
            200);
  const auto first = report({match_of(made["secret"])});
  const auto second = report({match_of(made["secret"], "https://elsewhere.example/")});
  EXPECT_EQ(first.body[0]["label"], "true_positive");
  EXPECT_EQ(second.body[0]["label"], "true_positive") << "it was a secret once";
  EXPECT_EQ(status_of(made), "active");
  EXPECT_THAT(outcomes, ElementsAre(LeakOutcome::kSecretEnded, LeakOutcome::kReported));
}

TEST_F(LeakReport, GoesToTheWorkspaceOfTheKeyAndItsPolicy) {
  const auto tenant = it.add_tenant();
  ASSERT_EQ(it.call(tenant.secret, "PUT", "/v1/workspace/policy", R"({"on_leak":"revoke"})").status,
            200);
  const auto made = it.call(tenant.secret, "POST", "/v1/keys", R"({"type":"private","name":"t"})");
  ASSERT_EQ(report({match_of(made.body["secret"])}).status, 200);
  EXPECT_EQ(to_text(at(it.size() - 1).event.workspace), tenant.workspace);
  const std::string path = "/v1/keys/" + made.body["key"]["id"].get<std::string>();
  EXPECT_EQ(it.call(tenant.secret, "GET", path).body["status"], "compromised");
}

// Nothing in a report says when it was made: whoever gets hold of a signed one can send it again.
TEST_F(LeakReport, IsNewsOnceAPlaceAlsoAfterARestartAndForEver) {
  const json made = it.add_key("ci");
  ASSERT_EQ(report({match_of(made["secret"]), match_of(made["secret"])}).status, 200);
  const auto size = it.size();
  ASSERT_EQ(report({match_of(made["secret"])}).status, 200);
  it.restart();
  it.clock.advance_ms(1000LL * 24 * 3'600'000);
  const auto again = report({match_of(made["secret"])});
  EXPECT_EQ(again.body[0]["label"], "true_positive");
  EXPECT_EQ(it.size(), size);
  ASSERT_EQ(report({match_of(made["secret"], "https://elsewhere.example/")}).status, 200);
  EXPECT_EQ(it.size(), size + 1) << "another place";
  using enum LeakOutcome;
  EXPECT_THAT(outcomes,
              UnorderedElementsAre(kReported, kRepeated, kRepeated, kRepeated, kReported));
}

TEST_F(LeakReport, AReplayWritesNothingAlsoWhereSomebodyHasUndoneWhatTheFirstOneDid) {
  set_policy("suspend");
  std::vector<json> matches;
  json one;
  for (int i = 0; i < 20; ++i) {
    one = it.add_key("k" + std::to_string(i));
    matches.push_back(match_of(one["secret"], "https://x.example/" + std::to_string(i)));
  }
  ASSERT_EQ(report(matches).status, 200);
  const std::string path = "/v1/keys/" + one["key"]["id"].get<std::string>() + "/resume";
  ASSERT_EQ(it.call(it.owner.secret, "POST", path).status, 200);
  const auto size = it.size();
  it.clock.advance_ms(400LL * 24 * 3'600'000);
  it.restart(TestLedger::Rows::kForget);
  const auto replay = report(matches);
  EXPECT_EQ(replay.status, 200);
  EXPECT_EQ(replay.body[0]["label"], "true_positive");
  EXPECT_EQ(it.size(), size);
  EXPECT_EQ(status_of(one), "active");
}

// An fsync a match would take a minute for as many as a report may have.
TEST_F(LeakReport, OfManySecretsTakesFewFrames) {
  constexpr std::size_t kMatches = 600;
  std::vector<json> matches;
  for (std::size_t i = 0; i < kMatches; ++i) {
    matches.push_back(match_of(it.add_key("k" + std::to_string(i))["secret"]));
  }
  const auto frames_from = [&](std::uint64_t position) {
    return it.log.read(position, std::size_t{1} << 30U)->size();
  };
  const auto size = it.size();
  ASSERT_EQ(report(matches).status, 200);
  EXPECT_EQ(it.size(), size + kMatches);
  EXPECT_LE(frames_from(size), 4U);
}

TEST_F(LeakReport, ThatFailsHalfWayIsFinishedByARepeat) {
  constexpr std::size_t kMatches = 300;
  std::vector<json> matches;
  for (std::size_t i = 0; i < kMatches; ++i) {
    matches.push_back(match_of(it.add_key("k" + std::to_string(i))["secret"]));
  }
  const auto size = it.size();
  it.log.inject(2, AppendOutcome::kIndeterminate);
  EXPECT_EQ(report(matches).status, 503);
  EXPECT_EQ(outcomes.size(), 256U) << "those that are recorded are counted";
  it.log.reopen();
  it.restart();
  ASSERT_EQ(report(matches).status, 200);
  EXPECT_EQ(it.size(), size + kMatches);
  EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), LeakOutcome::kReported), 300);
}

TEST_F(LeakReport, DoesNotWaitForOthersWithoutEnd) {
  const json made = it.add_key("ci");
  const auto busy = [&]() -> Result<void> {
    const auto answer = report({match_of(made["secret"])});
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.code(), "overloaded");
    EXPECT_EQ(answer.header("Retry-After"), "1");
    return {};
  };
  const auto size = it.size();
  EXPECT_TRUE(it.api->leak_reports.take(std::chrono::milliseconds(0), busy));
  EXPECT_EQ(it.size(), size);
}

TEST_F(LeakReport, DoesNotActOnARepeatWhateverThePolicyHasBecome) {
  const json made = it.add_key("ci");
  ASSERT_EQ(report({match_of(made["secret"])}).status, 200);
  set_policy("revoke");
  ASSERT_EQ(report({match_of(made["secret"])}).status, 200);
  EXPECT_EQ(status_of(made), "active") << "a repeat is no news within the day";
}

TEST_F(LeakReport, KeepsNoSecretThatThePlaceShows) {
  const json made = it.add_key("ci");
  const json other = it.add_key("other");
  const std::string secret = made["secret"];
  const std::string hidden = "https://x.example/?k=" + other["secret"].get<std::string>();
  json shows = match_of(secret, "https://x.example/?k=" + secret);
  shows["source"] = "see " + secret;
  shows["type"] = secret;
  const auto answer = report({shows, match_of(secret, hidden)});
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  EXPECT_THAT(answer.response.body, Not(HasSubstr(secret)));
  EXPECT_THAT(whole_ledger(), Not(HasSubstr(secret)));
  EXPECT_THAT(whole_ledger(), Not(HasSubstr(other["secret"].get<std::string>())));
  const auto details = decode_leak_details(at(it.size() - 1).side.subject->bytes);
  EXPECT_EQ(details->url, "(withheld: it holds the secret)");
}

// Of any form: an imported one is found by nothing but itself.
TEST_F(LeakReport, KeepsNoSecretOfTheReportHoweverItIsWritten) {
  const std::string one = "from-elsewhere/1+one";
  const std::string two = "from-elsewhere/1+two";
  for (const std::string& secret : {one, two}) {
    std::string hex;
    for (const std::uint8_t byte : sha256(secret)) {
      for (const int digit : {byte / 16, byte % 16}) hex += "0123456789abcdef"[digit];
    }
    const json key = {{"sha256", hex}, {"type", "private"}, {"name", hex.substr(0, 9)}};
    ASSERT_EQ(
        it.call(it.owner.secret, "POST", "/v1/keys/import", json{{"keys", {key}}}.dump()).status,
        201);
  }
  const std::string escaped_twice = "from-elsewhere%252F1%252Btwo";
  const std::string in_base64 = http::base64url("key: " + two + "\n");
  std::vector<json> matches;
  for (const std::string& shown : {two, escaped_twice, in_base64}) {
    matches.push_back(match_of(one, "https://x.example/" + std::to_string(matches.size()) + shown));
    matches.back()["type"] = shown;
    matches.back()["source"] = "in " + shown;
  }
  matches.push_back(match_of(two));
  const auto answer = report(matches);
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  EXPECT_EQ(answer.body[0]["label"], "true_positive");
  const std::string ledger = whole_ledger();
  for (const std::string& shown : {one, two, escaped_twice, in_base64}) {
    EXPECT_THAT(answer.response.body, Not(HasSubstr(shown)));
    EXPECT_THAT(ledger, Not(HasSubstr(shown)));
  }
  EXPECT_THAT(ledger, HasSubstr(kUrl)) << "what shows none is kept";

  const auto size = it.size();
  const json again = match_of(one, "https://elsewhere.example/");
  const auto refused =
      post(json::array({again}).dump(), {{"Github-Public-Key-Identifier", "key one"},
                                         {"Github-Public-Key-Signature", "right"},
                                         {"User-Agent", "finder " + one}});
  EXPECT_EQ(refused.code(), "secret_in_request");
  EXPECT_EQ(it.size(), size);
}

TEST_F(LeakReport, KeepsOddTextsAsWellAsItCan) {
  const json made = it.add_key("ci");
  json odd = match_of(made["secret"], "https://x.example/\n" + std::string(5000, 'a'));
  odd["source"] = nullptr;
  odd.erase("type");
  odd["added_by_github_later"] = {1, 2};
  ASSERT_EQ(report({odd}).status, 200);
  const auto details = decode_leak_details(at(it.size() - 1).side.subject->bytes);
  EXPECT_EQ(details->url.size(), 2000U);
  EXPECT_THAT(details->url, HasSubstr("https://x.example/?aaa"));
  EXPECT_EQ(details->source, "");
  EXPECT_EQ(details->type, "");
}

TEST_F(LeakReport, DoesNothingWithoutASignature) {
  set_policy("revoke");
  const json made = it.add_key("ci");
  const std::string body = json::array({match_of(made["secret"])}).dump();
  const std::pair<std::string, std::string> identifier = {"Github-Public-Key-Identifier",
                                                          "key one"};
  const std::pair<std::string, std::string> right = {"Github-Public-Key-Signature", "right"};
  const TestLedger::Headers rows[] = {{},
                                      {identifier},
                                      {right},
                                      {identifier, {"Github-Public-Key-Signature", "wrong"}},
                                      {{"Github-Public-Key-Identifier", "key two"}, right},
                                      {identifier, right, right},
                                      {identifier, identifier, right}};
  const auto size = it.size();
  for (const auto& headers : rows) {
    const auto answer = post(body, headers);
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.code(), "unauthenticated");
    EXPECT_THAT(answer.response.body, Not(HasSubstr("label")));
  }
  EXPECT_EQ(post("no JSON", {}).status, 401) << "before anything is read";
  EXPECT_EQ(it.call(it.owner.secret, "POST", "/v1/leaks", body).status, 401);
  EXPECT_EQ(it.size(), size);
  EXPECT_EQ(status_of(made), "active");
}

TEST_F(LeakReport, TakesGithubsOwnExample) {
  CreateKey command;
  command.id = KeyId{make_ulid(it.clock.now(), {1})};
  command.name = "imported";
  command.secret = {SecretId{make_ulid(it.clock.now(), {2})},
                    {HashAlgorithm::kSha256, sha256("some_token")},
                    "some_…oken"};
  command.owner = parse_id<MemberId>(it.owner.id);
  Submission submission;
  submission.call.workspace = it.workspace;
  submission.call.actor = {ActorKind::kMember, command.owner->bytes, std::nullopt};
  submission.call.permitted = RoleSet(Role::kOwner);
  submission.command = command;
  const auto made = it.ledger->execute(std::move(submission));
  ASSERT_TRUE(made) << made.error().detail;
  it.restart_with([](http::ApiOptions& options) {
    auto keys = http::LeakKeys::parse(http::github_keys());
    options.is_signed = [keys = *keys](auto... parts) { return keys.have_signed(parts...); };
  });
  const auto size = it.size();
  TestLedger::Headers headers = {
      {"GITHUB-PUBLIC-KEY-IDENTIFIER", std::string(http::kGithubIdentifier)},
      {"GITHUB-PUBLIC-KEY-SIGNATURE", std::string(http::kGithubSignature)}};
  std::string body(http::kGithubBody);
  EXPECT_EQ(post(body + "\n", headers).status, 401) << "the raw body counts";
  const auto answer = post(body, headers);
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  EXPECT_EQ(answer.body[0]["label"], "true_positive");
  EXPECT_EQ(it.size(), size + 1);
}

TEST_F(LeakReport, RefusesABodyThatIsNoReportWhole) {
  const json made = it.add_key("ci");
  const auto size = it.size();
  const json good = match_of(made["secret"]);
  const auto faults_of = [&](const std::string& body) { return post_signed(body).faults(); };
  EXPECT_THAT(report({good, json{{"type", "a"}}}).faults(), ElementsAre("[1].token required"));
  EXPECT_THAT(faults_of(R"([7])"), ElementsAre("[0] invalid"));
  EXPECT_THAT(faults_of(R"([{"token":1}])"),
              ElementsAre("[0].token invalid", "[0].token required"));
  EXPECT_THAT(faults_of(R"([{"token":"a","url":1}])"), ElementsAre("[0].url invalid"));
  EXPECT_THAT(faults_of("{}"), ElementsAre("body invalid"));
  EXPECT_THAT(faults_of(""), ElementsAre("body invalid"));
  EXPECT_THAT(faults_of(R"([{"token":"a","token":"b"}])"), ElementsAre("body invalid"));
  EXPECT_THAT(report(std::vector<json>(10'001, good)).faults(), ElementsAre("body too_many"));
  EXPECT_EQ(it.size(), size);
  const auto none = post_signed("[]");
  EXPECT_EQ(none.status, 200);
  EXPECT_EQ(none.body, json::array());
}

TEST(LeakReportWithoutKeys, IsNotThere) {
  TestLedger it;
  const auto answer = it.call("", "POST", "/v1/leaks", "[]");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.code(), "not_found");
}

}  // namespace
}  // namespace keyledger
