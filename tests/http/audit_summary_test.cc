// GET /v1/audit/summary against a plain count of what the list answers.
#include <gmock/gmock.h>

#include <map>

#include "tests/http/exported_history.h"

namespace keyledger {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using Counts = std::map<std::string, std::uint64_t>;

class AuditSummary : public ExportedHistory {
 protected:
  json summary(const std::string& query) {
    const auto answer = get("/v1/audit/summary?" + query);
    EXPECT_EQ(answer.status, 200) << query << answer.response.body;
    return answer.body;
  }
  static Counts counts(const json& rows, const char* name) {
    Counts out;
    for (const json& row : rows) {
      const std::string key = row[name].is_null() ? "" : row[name].get<std::string>();
      EXPECT_TRUE(out.emplace(key, row["count"]).second) << "stands twice: " << row;
    }
    return out;
  }
};

TEST_F(AuditSummary, CountsWhatTheListAnswers) {
  make_history();
  const std::string key = listed("action=key.renamed").at(0)["target"]["id"];
  for (const std::string& filter :
       {std::string(), "key=" + key, std::string("action=key.*"), "actor=" + it.owner.id,
        "member=" + it.owner.id, std::string("q=s"), std::string("ip=192.0.2.7"),
        std::string("from=position:3&to=position:9"), std::string("from=2026-03-31T00:00:00Z"),
        std::string("request_id=req-7"), std::string("q=nobody says this")}) {
    SCOPED_TRACE(filter);
    Counts actors;
    Counts actions;
    Counts days;
    std::uint64_t total = 0;
    for (const json& entry : listed(filter)) {
      const json id = entry["actor"]["id"];
      ++actors[id.is_null() ? "" : id.get<std::string>()];
      ++actions[entry["action"]];
      ++days[entry["time"].get<std::string>().substr(0, 10)];
      ++total;
    }
    const json body = summary(filter);
    EXPECT_EQ(body["total"], total);
    EXPECT_EQ(counts(body["by_actor"], "id"), actors);
    EXPECT_EQ(counts(body["by_action"], "action"), actions);
    EXPECT_EQ(counts(body["by_day"], "day"), days);
    EXPECT_TRUE(body["next_cursor"].is_null());
  }
}

TEST_F(AuditSummary, BeginsWithWhatIsMost) {
  make_history();
  const json body = summary("");
  EXPECT_EQ(body["by_actor"][0]["id"], it.owner.id);
  EXPECT_EQ(body["by_actor"][0]["type"], "member");
  EXPECT_EQ(body["by_actor"][1],
            (json{{"type", "system"}, {"id", nullptr}, {"name", "system"}, {"count", 6}}));
  EXPECT_EQ(body["by_action"][0]["action"], "key.created");
  ASSERT_EQ(body["by_day"].size(), 2U);
  EXPECT_EQ(body["by_day"][0]["day"], "2026-03-30");
  EXPECT_EQ(body["by_day"][1]["day"], "2026-03-31");
}

TEST_F(AuditSummary, NamesAKeyThatActedForItself) {
  const json made = it.add_key("leaked");
  const json body = {{"secret", made["secret"]}};
  ASSERT_EQ(it.call("", "POST", "/v1/keys/self_revoke", body.dump()).status, 202);
  const json counted = summary("action=key.compromised");
  ASSERT_EQ(counted["by_actor"].size(), 1U);
  EXPECT_EQ(counted["by_actor"][0],
            (json{{"type", "key"}, {"id", made["key"]["id"]}, {"name", "leaked"}, {"count", 1}}));
}

// With many actors it comes in pages, whose numbers add up.
TEST_F(AuditSummary, GoesOnWhereAPageWasFull) {
  constexpr int kActors = 1020;
  for (int i = 0; i < kActors; ++i) {
    const json made = it.add_key("key " + std::to_string(i));
    const json body = {{"secret", made["secret"]}};
    ASSERT_EQ(it.call("", "POST", "/v1/keys/self_revoke", body.dump()).status, 202);
  }
  std::uint64_t total = 0;
  Counts actors;
  std::string cursor;
  int pages = 0;
  do {
    const json body = summary("action=key.*" + cursor);
    EXPECT_LE(body["by_actor"].size(), 1000U);
    total += body["total"].get<std::uint64_t>();
    for (const auto& [id, count] : counts(body["by_actor"], "id")) actors[id] += count;
    const json next = body["next_cursor"];
    cursor = next.is_null() ? "" : "&cursor=" + next.get<std::string>();
    ++pages;
  } while (!cursor.empty());
  EXPECT_EQ(pages, 2);
  EXPECT_EQ(total, 2U * kActors + 1);  // and the owner's management key
  EXPECT_EQ(actors.size(), kActors + 2U);
}

TEST_F(AuditSummary, WaitsForItsTurn) {
  const auto busy = [&]() -> Result<void> {
    const auto answer = get("/v1/audit/summary");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.code(), "overloaded");
    return {};
  };
  const auto half_busy = [&] { return it.api->walks.take(std::chrono::milliseconds(0), busy); };
  EXPECT_TRUE(it.api->walks.take(std::chrono::milliseconds(0), half_busy));
}

TEST_F(AuditSummary, RefusesBadParameters) {
  const std::pair<const char*, const char*> rows[] = {
      {"action=key.exploded", "action invalid"}, {"from=yesterday", "from invalid"},
      {"to=position:99999", "to invalid"},       {"from=position:2&to=position:1", "from conflict"},
      {"limit=3", "limit unknown_field"},        {"format=csv", "format unknown_field"},
      {"cursor=AAAA", "cursor invalid"},         {"key=x", "key invalid"}};
  for (const auto& [query, fault] : rows) {
    const auto answer = get(std::string("/v1/audit/summary?") + query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_THAT(answer.faults(), ElementsAre(fault)) << query;
  }
}

}  // namespace
}  // namespace keyledger
