#include "projections/origin_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "tests/support/given.h"

namespace keyledger {
namespace {

OriginRule rule(std::string host, bool self = true, bool subdomains = false) {
  OriginRule made;
  made.host = std::move(host);
  made.self = self;
  made.subdomains = subdomains;
  return made;
}

Key page(std::vector<OriginRule> origins) {
  Key key;
  key.workspace = test_id<WorkspaceId>(1);
  key.type = KeyType::kPublic;
  key.allowed_origins = std::move(origins);
  key.version = 1;
  return key;
}

TEST(OriginIndex, FindsEveryFormOfARule) {
  OriginRule exact = rule("a.example.com");
  exact.scheme = "https";
  exact.port = 8443;
  struct Row {
    OriginRule rule;
    std::string_view origin;
    bool allowed;
  };
  const Row rows[] = {
      {rule("example.com", true, true), "https://example.com", true},
      {rule("example.com", true, true), "http://a.b.example.com", true},
      {rule("example.com", true, true), "https://evilexample.com", false},
      {rule("example.com", true, true), "https://example.com:8443", false},
      {rule("example.com"), "https://a.example.com", false},
      {rule("example.com", false, true), "https://a.example.com", true},
      {rule("example.com", false, true), "https://example.com", false},
      {exact, "https://a.example.com:8443", true},
      {exact, "http://a.example.com:8443", false},
      {exact, "https://a.example.com", false},
      {rule("[::1]"), "http://[::1]", true},
      {any_origin_rule(), "https://anything.example", true},
      {any_origin_rule(), "null", true},
      {rule("example.com", true, true), "null", false},
  };
  for (const Row& row : rows) {
    OriginIndex index;
    index.change(Key(), page({row.rule}), kNoon);
    EXPECT_EQ(
        index.allows(test_id<WorkspaceId>(1), Environment::kLive, parse_origin(row.origin), kNoon),
        row.allowed)
        << to_text(row.rule) << ' ' << row.origin;
    EXPECT_FALSE(
        index.allows(test_id<WorkspaceId>(2), std::nullopt, parse_origin(row.origin), kNoon));
    EXPECT_FALSE(
        index.allows(test_id<WorkspaceId>(1), Environment::kTest, parse_origin(row.origin), kNoon));
  }
}

// As long as a name can be, with as many labels.
TEST(OriginIndex, FindsRulesAboveADeepHost) {
  std::string deep = "com";
  while (deep.size() + 2 <= 253) deep.insert(0, "a.");
  ASSERT_FALSE(parse_origin("https://" + deep).opaque());
  const auto allows = [&](OriginRule one) {
    OriginIndex index;
    index.change(Key(), page({std::move(one)}), kNoon);
    return index.allows(test_id<WorkspaceId>(1), Environment::kLive,
                        parse_origin("https://" + deep), kNoon);
  };
  EXPECT_TRUE(allows(rule(deep)));
  EXPECT_TRUE(allows(rule("com", false, true)));
  EXPECT_TRUE(allows(rule(deep.substr(100), false, true)));
  EXPECT_FALSE(allows(rule(deep.substr(100))));
  EXPECT_FALSE(allows(rule("b." + deep.substr(100), false, true)));
}

bool is_active(const Key& key, Timestamp now) {
  return key.version != 0 && status_of(key, now) == KeyStatus::kActive;
}

// A random history of keys, against looking at each of them.
TEST(OriginIndex, SaysWhatLookingAtEveryKeySays) {
  constexpr std::uint64_t kSeed = 20'260'330;
  std::mt19937_64 random(kSeed);
  const auto chance = [&](unsigned one_in) { return random() % one_in == 0; };
  std::vector<OriginRule> rules = {rule("a.com", true, true), rule("b.a.com"),
                                   rule("a.com", false, true), rule("c.org"), any_origin_rule()};
  rules.push_back(rule("a.com"));
  rules.back().port = 81;
  rules.push_back(rule("a.com"));
  rules.back().scheme = "http";
  const std::vector<std::string> origins = {"https://a.com",
                                            "http://a.com",
                                            "http://a.com:81",
                                            "https://b.a.com",
                                            "https://x.b.a.com",
                                            "https://c.org",
                                            "null",
                                            "https://d.net",
                                            "https://y.x.b.a.com",
                                            "https://com"};
  OriginIndex index;
  std::vector<Key> keys(8);
  Timestamp now = kNoon;
  int allowed = 0;
  for (int step = 0; step < 20'000; ++step) {
    Key& key = keys[random() % keys.size()];
    Key next = key;
    if (next.version == 0 || chance(3)) {
      next = page({});
      next.environment = chance(2) ? Environment::kLive : Environment::kTest;
      next.workspace = test_id<WorkspaceId>(1 + static_cast<std::uint32_t>(random() % 2));
      if (chance(5)) next.type = KeyType::kPrivate;
      for (const OriginRule& one : rules) {
        if (chance(6)) next.allowed_origins.push_back(one);
      }
      if (chance(3)) next.not_before = now + static_cast<std::int64_t>(random() % 100);
      if (chance(3)) next.expires_at = now + 1 + static_cast<std::int64_t>(random() % 200);
      next.version = key.version + 1;
    }
    if (chance(4)) next.suspended = !next.suspended;
    if (chance(6)) next.end.emplace();
    index.change(key, next, now);
    key = next;
    now = now + static_cast<std::int64_t>(random() % 20);

    const auto workspace = test_id<WorkspaceId>(1 + static_cast<std::uint32_t>(random() % 2));
    const auto environment = chance(3) ? std::nullopt : std::optional(Environment::kLive);
    const Origin origin = parse_origin(origins[random() % origins.size()]);
    const bool expected = std::any_of(keys.begin(), keys.end(), [&](const Key& one) {
      return is_active(one, now) && one.type == KeyType::kPublic && one.workspace == workspace &&
             (!environment || one.environment == *environment) &&
             std::any_of(one.allowed_origins.begin(), one.allowed_origins.end(),
                         [&](const OriginRule& allows) { return matches(allows, origin); });
    });
    ASSERT_EQ(index.allows(workspace, environment, origin, now), expected)
        << "step " << step << " seed " << kSeed;
    allowed += expected ? 1 : 0;
  }
  EXPECT_GT(allowed, 1000);
  EXPECT_LT(allowed, 19'000);
}

}  // namespace
}  // namespace keyledger
