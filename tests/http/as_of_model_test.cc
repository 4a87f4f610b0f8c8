// The past against what was answered then, and against a plain replay of the events: random
// histories through the whole service, then random questions about any of its moments.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "events/log/event_reader.h"
#include "tests/support/fake_state.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using nlohmann::json;

constexpr const char* kNames[] = {"crm", "billing", "shop", "Crawl", "zz"};
// All orders and filters that the past knows, but `created_by` and `owner_id`, whose values are
// ids.
constexpr const char* kQueries[] = {"",
                                    "order=desc",
                                    "sort=name",
                                    "sort=name&order=desc",
                                    "status=active",
                                    "status=suspended",
                                    "status=revoked",
                                    "status=expired",
                                    "status=pending",
                                    "name=crm",
                                    "name=crm&sort=name&order=desc",
                                    "q=c",
                                    "type=public",
                                    "environment=test",
                                    "external_id=c1",
                                    "external_id=c2&sort=name",
                                    "metadata%5Bteam%5D=a",
                                    "scope=read"};

// Of use nothing is known of the past.
json without_uses(json key) {
  for (const char* field : {"last_used_at", "use_count", "last_refused_at", "refused_count",
                            "retired_secret_last_presented_at"}) {
    key.erase(field);
  }
  for (json& secret : key["secrets"]) secret.erase("last_used_at");
  if (key["retiring"].is_object()) {
    key["retiring"].erase("last_used_at");
    key["retiring"].erase("safe_to_retire_since");
  }
  return key;
}

// What the service answered at a moment.
struct Seen {
  std::uint64_t position = 0;
  std::string query;
  json keys;
  json members;
  json removed;
  json policy;
  json verdicts;
};

class AsOfModel : public testing::TestWithParam<std::uint64_t> {
 protected:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool chance(unsigned percent) { return below(100) < percent; }

  TestLedger::Answer get(const std::string& target) {
    return it.call(it.owner.secret, "GET", target);
  }
  TestLedger::Answer send(const char* method, const std::string& target, const json& body) {
    return it.call(it.owner.secret, method, target, body.dump());
  }
  // `target` with `as_of`, if there is one.
  static std::string at(std::string target, const std::string& as_of) {
    if (as_of.empty()) return target;
    target += target.find('?') == std::string::npos ? '?' : '&';
    return target + "as_of=" + as_of;
  }

  json new_key() {
    json body = {{"name", kNames[below(5)]}, {"type", chance(40) ? "public" : "private"}};
    if (chance(30)) body["environment"] = "test";
    if (chance(50)) body["scopes"] = {"read"};
    if (chance(40)) body["external_id"] = "c" + std::to_string(1 + below(2));
    if (chance(40)) body["metadata"] = {{"team", chance(50) ? "a" : "b"}};
    if (chance(30)) body["ttl_seconds"] = 1 + below(60);
    if (chance(20))
      body["not_before"] = to_text(it.clock.now() + static_cast<std::int64_t>(1 + below(30'000)));
    if (body["type"] == "public") body["allowed_origins"] = {"https://a.example"};
    return body;
  }
  json key_change() {
    json body = {{"reason", "why not"}};
    if (chance(40)) body["name"] = kNames[below(5)];
    if (chance(30)) body["scopes"] = {chance(50) ? "read" : "write"};
    if (chance(30))
      body["external_id"] = chance(30) ? json() : json("c" + std::to_string(1 + below(2)));
    if (chance(30)) body["metadata"] = {{"team", chance(50) ? "a" : "b"}};
    if (chance(20)) body["description"] = "d" + std::to_string(below(10));
    return body;
  }

  void keep_secret(const TestLedger::Answer& answer) {
    if (answer.status < 300 && answer.body["secret"].is_string()) {
      secrets_.push_back(answer.body["secret"]);
    }
  }

  void change_key() {
    const std::string path = "/v1/keys/" + keys_[below(keys_.size())];
    switch (below(6)) {
      case 0:
        return keep_secret(send("POST", path + "/rotate", {{"overlap_seconds", below(3) * 20}}));
      case 1: send("POST", path + "/suspend", json::object()); return;
      case 2: send("POST", path + "/resume", json::object()); return;
      case 3:
        if (chance(40)) send("POST", path + "/revoke", {{"reason_code", "superseded"}});
        return;
      default: send("PATCH", path, key_change()); return;
    }
  }

  void change_people() {
    if (members_.empty() || chance(30)) {
      members_.push_back(it.add_member(chance(50) ? "admin" : "auditor"));
      return;
    }
    const std::string path = "/v1/members/" + members_[below(members_.size())].id;
    if (chance(20)) {
      send("DELETE", path, json::object());
    } else {
      send("PATCH", path,
           {{"name", kNames[below(5)]}, {"role", chance(50) ? "admin" : "verifier"}});
    }
  }

  void change_policy() {
    json policy = get("/v1/workspace/policy").body;
    for (const char* field : {"updated_at", "version", "position"}) policy.erase(field);
    policy["unique_names"] = false;
    policy["rotation_age_days"] = 1 + below(100);
    policy["required_headers"] = json::array();
    if (chance(30)) policy["required_headers"] = {{{"name", "X-V"}, {"values", {"1"}}}};
    send("PUT", "/v1/workspace/policy", policy);
  }

  // One change, and time before it.
  void step() {
    it.clock.advance_ms(static_cast<std::int64_t>(below(4'000)));
    const std::uint64_t pick = below(100);
    if (keys_.empty() || pick < 20) {
      // Perhaps by somebody who may not, or not any more.
      const bool by_owner = members_.empty() || chance(50);
      const auto& secret = by_owner ? it.owner.secret : members_[below(members_.size())].secret;
      const auto made = it.call(secret, "POST", "/v1/keys", new_key().dump());
      if (made.status == 201) keys_.push_back(made.body["key"]["id"]);
      keep_secret(made);
    } else if (pick < 30) {
      change_people();
    } else if (pick < 36) {
      change_policy();
    } else {
      change_key();
    }
  }

  json list(const std::string& target, const std::string& as_of, std::size_t limit) {
    json all = json::array();
    std::string cursor;
    do {
      std::string page = target + (target.find('?') == std::string::npos ? '?' : '&');
      page += "limit=" + std::to_string(limit) + cursor;
      const auto answer = get(at(page, as_of));
      EXPECT_EQ(answer.status, 200) << answer.response.body;
      if (answer.status != 200) return all;
      for (const json& entry : answer.body["data"]) all.push_back(entry);
      const json next = answer.body["next_cursor"];
      cursor = next.is_null() ? "" : "&cursor=" + next.get<std::string>();
    } while (!cursor.empty());
    return all;
  }

  json verdicts(const std::string& as_of) {
    json out = json::array();
    for (std::size_t i = 0; i < secrets_.size(); ++i) {
      json body = {{"key", secrets_[i]}, {"scopes", {"read"}}, {"headers", {{"X-V", "1"}}}};
      if (i % 3 == 0) body.erase("headers");
      if (i % 2 == 0) body["origin"] = "https://a.example";
      if (!as_of.empty()) body["as_of"] = as_of;
      json verdict = send("POST", "/v1/keys/verify", body).body;
      if (!as_of.empty()) {
        EXPECT_EQ("position:" + std::to_string(verdict["position"].get<std::uint64_t>()), as_of);
      }
      verdict.erase("position");
      out.push_back(std::move(verdict));
    }
    return out;
  }

  // What is so, or was. Verdicts last, since an old secret that is presented is recorded.
  Seen look(const std::string& query, const std::string& as_of, std::size_t limit) {
    Seen seen;
    seen.query = query;
    seen.keys = json::array();
    for (const json& key : list("/v1/keys?" + query, as_of, limit)) {
      seen.keys.push_back(without_uses(key));
      const std::string path = "/v1/keys/" + key["id"].get<std::string>();
      if (chance(20)) {
        EXPECT_EQ(without_uses(get(at(path, as_of)).body), seen.keys.back());
      }
    }
    seen.members = list("/v1/members", as_of, limit);
    seen.removed = list("/v1/members?status=removed", as_of, limit);
    seen.policy = get(at("/v1/workspace/policy", as_of)).body;
    seen.verdicts = verdicts(as_of);
    return seen;
  }

  // Changes and what was answered right after each.
  std::vector<Seen> live(std::size_t steps) {
    std::vector<Seen> all;
    for (std::size_t i = 0; i < steps; ++i) {
      const std::uint64_t size = it.size();
      step();
      if (it.size() == size) continue;  // now is later than the newest event
      const std::uint64_t position = it.size() - 1;
      const std::string query = kQueries[below(std::size(kQueries))];
      all.push_back(look(query, "", 1000));
      all.back().position = position;
    }
    return all;
  }

  std::vector<RecordedEvent> history() {
    std::vector<RecordedEvent> events;
    EventReader reader(it.log);
    for (std::uint64_t i = 0; i < it.size(); ++i) events.push_back(reader.at(i)->event);
    return events;
  }

  // The keys at T: those of a fold of all events recorded up to then, judged by that clock.
  void expect_as_replayed(const std::vector<RecordedEvent>& events, Timestamp time) {
    FakeState state;
    for (const RecordedEvent& event : events) {
      if (event.time <= time) state.apply(event);
    }
    std::map<std::string, const Key*> wanted;
    const std::vector<Key> keys = state.keys();
    for (const Key& key : keys) wanted[to_text(key.id)] = &key;
    const json shown = list("/v1/keys", to_text(time), 50);
    ASSERT_EQ(shown.size(), wanted.size());
    for (const json& one : shown) {
      const auto key = wanted.find(one["id"].get<std::string>());
      ASSERT_NE(key, wanted.end());
      EXPECT_EQ(one["name"], key->second->name);
      EXPECT_EQ(one["version"], key->second->version);
      EXPECT_EQ(one["scopes"], nlohmann::json(key->second->scopes));
      EXPECT_EQ(one["status"], std::string(status_name(status_of(*key->second, time))));
      EXPECT_EQ(one["secrets"].size(), retiring_secret(*key->second, time) == nullptr ? 1U : 2U);
    }
  }

  TestLedger it;

 private:
  std::mt19937_64 random_{GetParam()};
  std::vector<std::string> keys_;
  std::vector<std::string> secrets_;
  std::vector<TestLedger::Person> members_;
};

TEST_P(AsOfModel, AnswersWhatWasAnsweredThen) {
  const std::vector<Seen> all = live(70);
  ASSERT_GT(all.size(), 30U);
  for (int restarted = 0; restarted < 2; ++restarted) {
    for (const Seen& seen : all) {
      SCOPED_TRACE("seed " + std::to_string(GetParam()) + " at " + std::to_string(seen.position) +
                   ' ' + seen.query);
      const std::string as_of = "position:" + std::to_string(seen.position);
      const Seen then = look(seen.query, as_of, 1 + below(5));
      ASSERT_EQ(then.keys, seen.keys);
      ASSERT_EQ(then.members, seen.members);
      ASSERT_EQ(then.removed, seen.removed);
      ASSERT_EQ(then.policy, seen.policy);
      for (std::size_t i = 0; i < seen.verdicts.size(); ++i) {
        ASSERT_EQ(then.verdicts[i], seen.verdicts[i]);
      }
      for (std::size_t i = seen.verdicts.size(); i < then.verdicts.size(); ++i) {
        const std::string code = then.verdicts[i]["code"];
        ASSERT_TRUE(code == "NOT_FOUND" || code == "HEADER_REQUIRED") << code;
      }
    }
    it.restart(TestLedger::Rows::kForget);
  }
}

TEST_P(AsOfModel, AnswersAtATimeAsAReplayUpToThatTime) {
  live(70);
  it.clock.advance_ms(5'000);
  const auto events = history();
  const Timestamp first = events.front().time;
  const auto span = static_cast<std::uint64_t>(it.clock.now().ms - first.ms);
  for (int i = 0; i < 40; ++i) {
    SCOPED_TRACE("seed " + std::to_string(GetParam()) + " question " + std::to_string(i));
    // Often the very millisecond of an event, or the one before it.
    Timestamp time = first + static_cast<std::int64_t>(below(span));
    if (chance(50)) {
      time = events[below(events.size())].time + -static_cast<std::int64_t>(below(2));
    }
    expect_as_replayed(events, time);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AsOfModel, testing::Range<std::uint64_t>(1, 5));

}  // namespace
}  // namespace keyledger
