// What must hold when somebody leaves, whatever people did before: random calls of a few members,
// who note every secret that they were answered, then one of them is removed.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using nlohmann::json;

constexpr std::uint64_t kSeeds = 4;
constexpr int kSteps = 100;

// A workspace with a history that follows from the seed, but for ids and secrets.
class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {
    people_.push_back({it.owner, "Olga", {}});
    people_.push_back({it.add_member("owner", "Leaver"), "Leaver", {}});
    people_.push_back({it.add_member("admin", "Adam"), "Adam", {}});
    people_.push_back({it.add_member("admin", "Anna"), "Anna", {}});
    for (int i = 0; i < kSteps; ++i) step();
  }

  // One call of the removal; `cursor` goes on behind a page before.
  TestLedger::Answer remove(const std::string& keys, bool inherit, const json& cursor,
                            bool dry_run = false) {
    json body = {
        {"keys", keys}, {"limit", 3}, {"reason", "left"}, {"cursor", cursor}, {"dry_run", dry_run}};
    if (inherit) body["new_owner_id"] = people_[2].person.id;
    return it.call(it.owner.secret, "DELETE", "/v1/members/" + leaver().person.id, body.dump());
  }

  // Others are quicker than the call, and give some of the old secrets another while.
  void rotate_some_by_hand() {
    it.clock.advance_ms(1);
    for (const std::string& id : keys_) {
      if (below(2) == 0) post(people_[0], "/v1/keys/" + id + "/rotate", {{"overlap_seconds", 999}});
    }
  }

  // What a reader sees of everything: by name, since ids are random.
  std::map<std::string, std::string> seen() {
    std::map<std::string, std::string> out;
    std::map<std::string, std::string> names;
    for (const auto& someone : people_) names[someone.person.id] = someone.name;
    for (const json& key : all_keys()) {
      out[key["name"]] = key["status"].get<std::string>() + ' ' + key["revoke_reason"].dump() +
                         ' ' + names[key["owner_id"]] + ' ' + key["version"].dump();
    }
    return out;
  }

  // The secrets that the member who left was answered, and whether any opens anything.
  void expect_nothing_opens() {
    for (const std::string& secret : leaver().known) {
      if (secret.starts_with("mk_")) {
        EXPECT_EQ(it.call(secret, "GET", "/v1/workspace").status, 401) << "seen by who left";
      } else {
        EXPECT_NE(verdict(secret), "VALID") << "seen by who left";
      }
    }
  }
  // Management keys are their members' own to rotate.
  void expect_no_client_secret_opens() {
    for (const std::string& secret : leaver().known) {
      if (!secret.starts_with("mk_")) {
        EXPECT_NE(verdict(secret), "VALID") << "seen by who left";
      }
    }
  }

  std::string verdict(const std::string& secret) {
    const json body = {{"key", secret}};
    return it.call(it.owner.secret, "POST", "/v1/keys/verify", body.dump()).body["code"];
  }

  // Names of the keys that the leaver was never answered a secret of, made, or owns.
  std::set<std::string> untouched() {
    std::set<std::string> out;
    for (const json& key : all_keys()) {
      const bool touched = touched_.contains(key["id"]) || key["owner_id"] == leaver().person.id;
      if (!touched) out.insert(key["name"]);
    }
    return out;
  }

  TestLedger it;

 private:
  struct Someone {
    TestLedger::Person person;
    std::string name;
    std::vector<std::string> known;  // secrets that it was answered
  };

  Someone& leaver() { return people_[1]; }
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  json all_keys() { return it.call(it.owner.secret, "GET", "/v1/keys?limit=1000").body["data"]; }

  void step() {
    Someone& who = people_[below(people_.size())];
    it.clock.advance_ms(static_cast<std::int64_t>(below(3)));  // often the same millisecond
    if (keys_.empty() || below(3) == 0) return create(who);
    const std::string path = "/v1/keys/" + keys_[below(keys_.size())];
    switch (below(8)) {
      case 0:
      case 1: return note(who, post(who, path + "/rotate", {{"overlap_seconds", below(2) * 9}}));
      case 2: return void(post(who, path + "/retire", json::object()));
      case 3: return void(post(who, path + "/suspend", json::object()));
      case 4: return void(post(who, path + "/revoke", json::object()));
      case 5: return issue(who);
      default:
        it.call(who.person.secret, "PATCH", path,
                json{{"owner_id", people_[below(people_.size())].person.id}}.dump());
    }
  }

  TestLedger::Answer post(Someone& who, const std::string& path, const json& body,
                          const TestLedger::Headers& headers = {}) {
    return it.call(who.person.secret, "POST", path, body.dump(), headers);
  }

  void create(Someone& who) {
    const std::string number = std::to_string(++made_);
    json body = {{"type", below(3) == 0 ? "public" : "private"}, {"name", "key " + number}};
    if (body["type"] == "public") body["allowed_origins"] = {"*"};
    if (below(6) == 0) body["ttl_seconds"] = 1;
    if (below(4) == 0) body["owner_id"] = people_[below(people_.size())].person.id;
    const auto answer = post(who, "/v1/keys", body, {{"Idempotency-Key", number}});
    keys_.push_back(answer.body["key"]["id"]);
    note(who, answer);
    if (below(4) == 0) note(who, post(who, "/v1/keys", body, {{"Idempotency-Key", number}}));
  }

  void issue(Someone& who) {
    const auto& to = people_[below(people_.size())].person;
    const auto answer = post(who, "/v1/members/" + to.id + "/management_keys",
                             {{"name", "management " + std::to_string(++made_)}});
    if (answer.status != 201) return;
    who.known.push_back(answer.body["secret"]);
    if (&who == &leaver()) touched_.insert(answer.body["id"]);
  }

  void note(Someone& who, const TestLedger::Answer& answer) {
    if (answer.status >= 300 || !answer.body["secret"].is_string()) return;
    who.known.push_back(answer.body["secret"]);
    if (&who == &leaver()) touched_.insert(answer.body["key"]["id"]);
  }

  std::mt19937_64 random_;
  std::vector<Someone> people_;
  std::vector<std::string> keys_;
  std::set<std::string> touched_;  // ids of keys that the leaver was answered a secret of
  int made_ = 0;
};

// Page after page to the end. The server dies at the append with this number, where the frame is
// stored in truth or not; then the call is repeated. 0: it lives.
struct Death {
  std::size_t at_append = 0;
  bool stored = false;
};
struct Removal {
  std::vector<std::string> rows;  // "name action" of all
  std::set<std::string> secrets;
  bool died = false;
};
Removal remove_all(World& world, const std::string& keys, bool inherit, const Death& death = {}) {
  if (death.at_append != 0) {
    world.it.log.inject(death.at_append, AppendOutcome::kIndeterminate, death.stored);
  }
  Removal done;
  json cursor;
  do {
    auto page = world.remove(keys, inherit, cursor);
    if (page.status == 503 && !done.died) {
      done.died = true;
      world.it.log.reopen();
      world.it.restart();
      page = world.remove(keys, inherit, cursor);
    }
    EXPECT_EQ(page.status, 200) << page.response.body;
    if (page.status != 200) break;
    for (const json& row : page.body["keys"]) {
      done.rows.push_back(row["key"]["name"].get<std::string>() + ' ' +
                          row["action"].get<std::string>());
      const json secret = row.value("secret", json());
      if (secret.is_string()) done.secrets.insert(secret);
    }
    cursor = page.body["next_cursor"];
  } while (!cursor.is_null());
  std::sort(done.rows.begin(), done.rows.end());
  return done;
}

TEST(DepartureLaws, AfterARevocationNoSecretThatWasSeenOpensAnything) {
  std::size_t ended = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    const auto untouched = world.untouched();
    const auto before = world.seen();
    const auto rows = remove_all(world, "revoke", seed % 2 == 0).rows;
    ended += rows.size();
    for (const std::string& row : rows) EXPECT_TRUE(row.ends_with(" revoked")) << row;
    world.expect_nothing_opens();
    const auto after = world.seen();
    for (const std::string& name : untouched) {
      const bool own = name == "management key" || name == "owner";  // of members
      if (!own) {
        EXPECT_EQ(after.at(name), before.at(name)) << name << " is none of theirs";
      }
    }
  }
  EXPECT_GT(ended, 5U * kSeeds) << "too little happens";
}

TEST(DepartureLaws, AfterARotationNoOverlapThatOthersGaveGoesOn) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    remove_all(world, "list", false);
    world.rotate_some_by_hand();
    remove_all(world, "rotate", false);
    world.expect_no_client_secret_opens();
  }
}

// What is tried out is what happens, and trying it out does nothing.
TEST(DepartureLaws, ATrialSaysWhatWillBe) {
  std::uint64_t seed = 0;
  for (const std::string keys : {"list", "rotate", "revoke", "revoke"}) {
    SCOPED_TRACE(keys + ", seed " + std::to_string(++seed));
    World world(seed);
    std::vector<std::string> planned;
    const auto size = world.it.size();
    json cursor;
    do {
      const auto page = world.remove(keys, true, cursor, true);
      ASSERT_EQ(page.status, 200) << page.response.body;
      for (const json& row : page.body["keys"]) {
        planned.push_back(row["key"]["name"].get<std::string>() + ' ' +
                          row["action"].get<std::string>());
      }
      cursor = page.body["next_cursor"];
    } while (!cursor.is_null());
    std::sort(planned.begin(), planned.end());
    EXPECT_EQ(world.it.size(), size);
    EXPECT_EQ(planned, remove_all(world, keys, true).rows);
    EXPECT_GT(planned.size(), 3U);
  }
}

TEST(DepartureLaws, AfterARotationOnlyTheNewSecretsOpen) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    const auto secrets = remove_all(world, "rotate", seed % 2 == 0).secrets;
    EXPECT_GT(secrets.size(), 3U);
    world.expect_no_client_secret_opens();
    for (const std::string& secret : secrets) {
      const std::string verdict = secret.starts_with("mk_") ? "VALID" : world.verdict(secret);
      EXPECT_TRUE(verdict == "VALID" || verdict == "SUSPENDED") << verdict;
    }
  }
}

// Wherever the server dies, a repeat ends in the state in which it would have ended, and says so.
TEST(DepartureLaws, ARepeatAfterADeathEndsAsIfNobodyHadDied) {
  std::uint64_t seed = 0;
  std::size_t deaths = 0;
  for (const std::string keys : {"rotate", "revoke"}) {
    ++seed;
    World unharmed(seed);
    const auto wanted = remove_all(unharmed, keys, true);
    const auto seen = unharmed.seen();
    std::size_t append = 0;
    for (bool died = true; died && !::testing::Test::HasFailure();) {
      const Death death{++append, append % 2 == 0};
      SCOPED_TRACE(keys + ", seed " + std::to_string(seed) + ", dies at append " +
                   std::to_string(death.at_append) + (death.stored ? ", stored" : ""));
      World world(seed);
      const auto done = remove_all(world, keys, true, death);
      died = done.died;
      if (died) ++deaths;
      EXPECT_EQ(done.rows, wanted.rows);
      EXPECT_EQ(world.seen(), seen);
      EXPECT_EQ(world.it.size(), unharmed.it.size()) << "something was done twice";
    }
  }
  EXPECT_GT(deaths, 8U);
}

}  // namespace
}  // namespace keyledger
