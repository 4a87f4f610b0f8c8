// A history with events of most types, and its exports: what the tests of both share.
#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "tests/http/taken_text.h"
#include "tests/support/test_ledger.h"

namespace keyledger {

class ExportedHistory : public ::testing::Test {
 protected:
  TestLedger::Answer get(const std::string& target) {
    return it.call(it.owner.secret, "GET", target);
  }

  // All pages of GET /v1/audit.
  std::vector<nlohmann::json> listed(const std::string& query, int limit = 1000) {
    std::vector<nlohmann::json> entries;
    std::string cursor;
    do {
      const auto page = get("/v1/audit?limit=" + std::to_string(limit) + '&' + query + cursor);
      EXPECT_EQ(page.status, 200) << query << page.response.body;
      for (const auto& entry : page.body["data"]) entries.push_back(entry);
      const auto next = page.body.value("next_cursor", nlohmann::json());
      cursor = next.is_null() ? "" : "&cursor=" + next.get<std::string>();
    } while (!cursor.empty());
    return entries;
  }

  std::string exported(const std::string& format, const std::string& query = "order=asc") {
    const auto answer = get("/v1/audit?format=" + format + '&' + query);
    EXPECT_EQ(answer.status, 200) << query << answer.response.body;
    TakenText taken;
    EXPECT_TRUE(answer.response.producer && answer.response.producer(taken));
    return taken.text;
  }
  static std::vector<nlohmann::json> objects(const std::string& text) {
    EXPECT_TRUE(text.empty() || text.back() == '\n') << "a line without an end";
    std::vector<nlohmann::json> out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) out.push_back(nlohmann::json::parse(line));
    return out;
  }

  // Something of each kind, with texts that a format could trip over.
  void make_history() {
    const auto admin = it.add_member("admin", "Adam, \"the\" one");
    change("PATCH", "/v1/members/" + admin.id, {{"role", "auditor"}, {"name", "Adam"}});
    change("PUT", "/v1/workspace/policy", {{"rotation_age_days", 90}});
    const auto made = it.add_key("=HYPERLINK(1)", {{"reason", "@SUM(1)"},
                                                   {"description", "for, \"billing\""},
                                                   {"metadata", {{"team", "=x"}}}});
    const std::string key = "/v1/keys/" + made["key"]["id"].get<std::string>();
    it.clock.advance_ms(86'400'001);
    change("PATCH", key, {{"name", "naïve 🔑"}, {"scopes", {"a"}}, {"description", nullptr}},
           {{"X-On-Behalf-Of", "someone"}, {"X-Request-Id", "req-7"}});
    change("POST", key + "/rotate", nlohmann::json::object());
    change("POST", "/v1/keys/verify", {{"key", made["secret"]}});  // a notice: it has retired
    change("POST", "/v1/keys/lookup", {{"secret", made["secret"]}});
    change("POST", key + "/suspend", {{"reason", "odd;=1+1; ' a '\\ \u2028 here"}});
    change("POST", key + "/resume", nlohmann::json::object());
    change("POST", key + "/revoke", {{"reason_code", "key_compromise"}, {"comment", "'quoted'"}});
    it.add_key("short", {{"ttl_seconds", 60}});
    it.add_tenant();
  }

  void change(const std::string& method, const std::string& target, const nlohmann::json& body,
              const TestLedger::Headers& headers = {}) {
    const auto answer = it.call(it.owner.secret, method, target, body.dump(), headers);
    EXPECT_EQ(answer.status, 200) << target << answer.response.body;
  }
  TestLedger it;
};

}  // namespace keyledger
