// What the API promises of every change (design api.md), asked of every route that changes
// something. The table is typed by hand; a route that is not in it fails the first test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "events/log/event_reader.h"
#include "http/routes.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;

// Creating has no version to compare with; what makes many things has none to answer either.
enum class Versioned : std::uint8_t { kNo, kYes, kMany };

struct Row {
  const char* method;
  const char* pattern;
  Versioned versioned;
  json body = json::object();
  // What must have been done to the thing before: "suspend", or a rotation with an overlap.
  const char* before = "";
};

std::vector<Row> rows() {
  using enum Versioned;
  const json owner = {{"name", "N"}, {"email", "n@x.example"}};
  const json imported = {
      {"sha256", std::string(56, 'a') + '#'}, {"type", "private"}, {"name", "imported #"}};
  return {
      {"POST", "/v1/workspaces", kNo, {{"name", "W"}, {"owner", owner}}},
      {"POST", "/v1/workspaces/:id/suspend", kYes},
      {"POST", "/v1/workspaces/:id/resume", kYes, json::object(), "suspend"},
      {"PUT", "/v1/workspace/policy", kYes, {{"secret_prefix", "p#"}}},
      {"POST", "/v1/members", kNo, {{"name", "N"}, {"email", "n@x.example"}, {"role", "admin"}}},
      {"PATCH", "/v1/members/:id", kYes, {{"name", "M"}}},
      {"DELETE", "/v1/members/:id", kYes},
      {"POST", "/v1/members/:id/management_keys", kNo},
      {"POST", "/v1/keys", kNo, {{"type", "private"}, {"name", "#"}}},
      {"POST", "/v1/keys/import", kMany, {{"keys", json::array({imported})}}},
      {"PATCH", "/v1/keys/:id", kYes, {{"name", "renamed #"}}},
      {"DELETE", "/v1/keys/:id", kYes},
      {"POST", "/v1/keys/:id/rotate", kYes},
      {"POST", "/v1/keys/:id/retire", kYes, json::object(), "rotate"},
      {"POST", "/v1/keys/:id/suspend", kYes},
      {"POST", "/v1/keys/:id/resume", kYes, json::object(), "suspend"},
      {"POST", "/v1/keys/:id/revoke", kYes},
  };
}

// These POSTs change nothing that a caller asked to have changed, or are of nobody who could be
// told of a version or a repeat (self_revoke, leaks).
const std::set<std::string> kNoChanges = {"POST /v1/keys/verify",
                                          "POST /v1/keys/verify_batch",
                                          "POST /v1/keys/lookup",
                                          "POST /v1/keys/self_revoke",
                                          "POST /v1/leaks",
                                          "* /v1/authorize",
                                          "* /v1/authorize/:id/:environment"};

class EveryChange : public ::testing::Test {
 protected:
  // A call that would succeed and change something that nobody has touched yet.
  struct Prepared {
    std::string target;
    json body;
  };
  Prepared prepare(const Row& row) {
    const std::string number = std::to_string(10'000'000 + ++made_);
    Prepared out{row.pattern, row.body};
    fill_in(out.body, number);
    const auto at = out.target.find(":id");
    if (at == std::string::npos) return out;
    std::string id;
    if (out.target.starts_with("/v1/keys")) id = it.add_key("key " + number)["key"]["id"];
    if (out.target.starts_with("/v1/members")) id = it.add_member("verifier").id;
    if (out.target.starts_with("/v1/workspaces")) id = it.add_tenant().workspace;
    out.target.replace(at, 3, id);
    if (*row.before != '\0') {
      const std::string path = out.target.substr(0, out.target.rfind('/') + 1) + row.before;
      const json body =
          std::string_view(row.before) == "rotate" ? json{{"overlap_seconds", 60}} : json::object();
      EXPECT_EQ(call("POST", path, body).status, 200) << path;
    }
    return out;
  }

  // Puts the number where a text ends with '#'.
  static void fill_in(json& value, const std::string& number) {
    if (value.is_structured()) {
      for (json& inner : value) fill_in(inner, number);
    } else if (value.is_string() && value.get<std::string>().ends_with('#')) {
      const std::string text = value;
      value = text.substr(0, text.size() - 1) + number;
    }
  }

  TestLedger::Answer call(std::string_view method, std::string_view target, const json& body,
                          const TestLedger::Headers& headers = {}) {
    return it.call(it.owner.secret, method, target, body.dump(), headers);
  }
  RecordedEvent event_at(std::uint64_t position) {
    const auto at = EventReader(it.log).at(position);
    EXPECT_TRUE(at) << position;
    return at ? at->event : RecordedEvent{};
  }

  TestLedger it;

 private:
  int made_ = 0;
};

TEST_F(EveryChange, HasARow) {
  std::set<std::string> by_hand = kNoChanges;
  for (const Row& row : rows()) by_hand.insert(std::string(row.method) + ' ' + row.pattern);
  for (const http::Route& route : http::routes()) {
    if (route.method == "GET") continue;
    const std::string name = std::string(route.method) + ' ' + std::string(route.pattern);
    EXPECT_TRUE(by_hand.contains(name)) << name;
  }
}

TEST_F(EveryChange, AnswersWithThePositionOfItsOwnLastEvent) {
  for (const Row& row : rows()) {
    SCOPED_TRACE(std::string(row.method) + ' ' + row.pattern);
    const Prepared change = prepare(row);
    const auto before = it.size();
    const auto answer = call(row.method, change.target, change.body, {{"X-Request-Id", "req 7"}});
    ASSERT_LT(answer.status, 300) << answer.response.body;
    ASSERT_GT(it.size(), before);
    EXPECT_EQ(answer.position(), it.size() - 1);
    EXPECT_EQ(answer.header("ETag") == "", row.versioned == Versioned::kMany);
    for (std::uint64_t at = before; at < it.size(); ++at) {
      EXPECT_EQ(event_at(at).request_id, "req 7") << "in every event it caused";
    }
  }
}

TEST_F(EveryChange, TakesAReasonFromTheBodyOrTheHeader) {
  for (const Row& row : rows()) {
    SCOPED_TRACE(std::string(row.method) + ' ' + row.pattern);
    Prepared change = prepare(row);
    const auto by_header = call(row.method, change.target, change.body, {{"X-Reason", "why not"}});
    ASSERT_LT(by_header.status, 300) << by_header.response.body;
    EXPECT_EQ(event_at(by_header.position()).reason, "why not");
    change = prepare(row);
    change.body["reason"] = "because";
    const auto by_body = call(row.method, change.target, change.body);
    ASSERT_LT(by_body.status, 300) << by_body.response.body;
    EXPECT_EQ(event_at(by_body.position()).reason, "because");
  }
}

TEST_F(EveryChange, RefusesAVersionThatIsNotTheCurrentOne) {
  for (const Row& row : rows()) {
    if (row.versioned != Versioned::kYes) continue;
    SCOPED_TRACE(std::string(row.method) + ' ' + row.pattern);
    const Prepared change = prepare(row);
    const auto before = it.size();
    const auto stale = call(row.method, change.target, change.body, {{"If-Match", "\"77\""}});
    EXPECT_EQ(stale.status, 412);
    EXPECT_EQ(stale.code(), "version_mismatch");
    EXPECT_EQ(it.size(), before);
    const std::string current = std::to_string(stale.body["current_version"].get<int>());
    EXPECT_EQ(stale.header("ETag"), '"' + current + '"');
    const auto fresh =
        call(row.method, change.target, change.body, {{"If-Match", stale.header("ETag")}});
    EXPECT_LT(fresh.status, 300) << fresh.response.body;
  }
}

TEST_F(EveryChange, NamesAFieldThatItDoesNotKnowAndWritesNothing) {
  for (const Row& row : rows()) {
    SCOPED_TRACE(std::string(row.method) + ' ' + row.pattern);
    Prepared change = prepare(row);
    change.body["surprise"] = 1;
    const auto before = it.size();
    const auto answer = call(row.method, change.target, change.body);
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.faults(), ElementsAre("surprise unknown_field"));
    const auto query = call(row.method, change.target + "?surprise=1", row.body);
    EXPECT_EQ(query.status, 400);
    EXPECT_THAT(query.faults(), ElementsAre("surprise unknown_field"));
    EXPECT_EQ(it.size(), before);
  }
}

// The answer of the first call, whatever has happened since; only a secret that is shown again
// leaves a trace.
TEST_F(EveryChange, AnswersARepeatOfAPostAsTheFirst) {
  int number = 0;
  for (const Row& row : rows()) {
    if (std::string_view(row.method) != "POST") continue;
    SCOPED_TRACE(row.pattern);
    const Prepared change = prepare(row);
    const TestLedger::Headers once = {{"Idempotency-Key", "once " + std::to_string(++number)}};
    const auto first = call(row.method, change.target, change.body, once);
    ASSERT_LT(first.status, 300) << first.response.body;
    const auto before = it.size();
    const auto again = call(row.method, change.target, change.body, once);
    EXPECT_EQ(again.status, first.status);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.header("Idempotent-Replay"), "true");
    for (const char* header : {"ETag", "Location", "Ledger-Position"}) {
      EXPECT_EQ(again.header(header), first.header(header)) << header;
    }
    const bool shows = first.response.body.find("\"secret\":\"") != std::string::npos;
    EXPECT_EQ(it.size(), before + (shows ? 1 : 0));

    json other = change.body;
    other["reason"] = "another body";
    const auto mismatch = call(row.method, change.target, other, once);
    EXPECT_EQ(mismatch.status, 422);
    EXPECT_EQ(mismatch.code(), "idempotency_mismatch");
  }
}

}  // namespace
}  // namespace keyledger
