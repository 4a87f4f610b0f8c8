#include "core/policy_effects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/profiles.h"
#include "tests/support/given.h"

namespace keyledger {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Key live_key(KeyType type, ScopeSet scopes = {kAllScopes}) {
  Key key;
  key.id = kKey;
  key.type = type;
  key.name = "my key";
  key.scopes = std::move(scopes);
  key.created_at = key.updated_at = kNoon;
  return key;
}

// "rule effect" of each effect that the change has on the key, an hour after it was made.
std::vector<std::string> effects(const Policy& before, const Policy& after, const Key& key,
                                 const OptionalTime& used = {}, Timestamp now = kNoon + kHour) {
  std::vector<std::string> out;
  for (const PolicyEffect& effect : PolicyChange(before, after, now).effects_on(key, used)) {
    EXPECT_FALSE(effect.detail.empty());
    out.push_back(std::string(effect.rule) + ' ' + std::string(effect_name(effect.kind)));
  }
  return out;
}

TEST(PolicyEffects, AreNoneOfAPolicyThatStaysAsItIs) {
  for (const char* name : {"default", "quo", "quotient"}) {
    const Policy policy = profile_policy(name).value();
    for (const KeyType type : {KeyType::kPublic, KeyType::kPrivate}) {
      EXPECT_THAT(effects(policy, policy, live_key(type)), IsEmpty()) << name;
    }
  }
}

// "Which live keys break max TTL 90 d?"
TEST(PolicyEffects, NameAKeyThatLivesTooLong) {
  Policy limited;
  limited.max_ttl_seconds = 90 * 86'400;
  Key key = live_key(KeyType::kPrivate);
  EXPECT_THAT(effects({}, limited, key), ElementsAre("max_ttl_seconds breaks"));
  key.expires_at = kNoon + 91 * kDay;
  EXPECT_THAT(effects({}, limited, key), ElementsAre("max_ttl_seconds breaks"));
  key.expires_at = kNoon + 90 * kDay;
  EXPECT_THAT(effects({}, limited, key), IsEmpty());
  // A stricter one names those who broke the old one, too.
  key.expires_at.reset();
  Policy stricter = limited;
  stricter.max_ttl_seconds = 30 * 86'400;
  EXPECT_THAT(effects(limited, stricter, key), ElementsAre("max_ttl_seconds breaks"));
}

TEST(PolicyEffects, NameAKeyWhoseNameOrTypeIsNotAllowedAnyMore) {
  Policy strict;
  strict.name_rule = NameRule::kNoWhitespace;
  strict.allow_public = false;
  EXPECT_THAT(effects({}, strict, live_key(KeyType::kPublic)),
              ElementsAre("name_rule breaks", "key_types breaks"));
  EXPECT_THAT(effects({}, strict, live_key(KeyType::kPrivate)), ElementsAre("name_rule breaks"));
}

TEST(PolicyEffects, NameKeysThatShareAName) {
  Policy shared;
  shared.unique_names = false;
  const Policy unique;
  Key key = live_key(KeyType::kPrivate);
  Key in_test = key;
  in_test.environment = Environment::kTest;
  PolicyChange change(shared, unique, kNoon);
  ASSERT_TRUE(change.counts_names());
  for (const Key* each : {&key, &key, &in_test}) change.count_name(*each);
  ASSERT_EQ(change.effects_on(key, {}).size(), 1U);
  EXPECT_EQ(change.effects_on(key, {})[0].rule, "unique_names");
  EXPECT_THAT(change.effects_on(in_test, {}), IsEmpty());
  EXPECT_FALSE(PolicyChange(unique, unique, kNoon).counts_names());
}

TEST(PolicyEffects, SayWhichScopesAPublicKeyLosesAndGains) {
  Policy before;
  before.scopes = {{"A", "", true}, {"B", "", false}, {"C", "", true}};
  Policy after;
  after.scopes = {{"A", "", false}, {"B", "", true}, {"C", "", true}};
  PolicyChange change(before, after, kNoon);
  const auto found = change.effects_on(live_key(KeyType::kPublic), {});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].kind, PolicyEffectKind::kLoses);
  EXPECT_EQ(found[0].detail, "It no longer has A.");
  EXPECT_EQ(found[1].kind, PolicyEffectKind::kGains);
  EXPECT_EQ(found[1].detail, "It has B too from now on.");
  EXPECT_THAT(change.effects_on(live_key(KeyType::kPrivate), {}), IsEmpty());
  EXPECT_THAT(effects(before, after, live_key(KeyType::kPublic, {"A", "C"})),
              ElementsAre("scopes breaks", "scopes loses"));
}

TEST(PolicyEffects, NameLiveKeysOpenToEveryOrigin) {
  Policy strict;
  strict.forbid_wildcard_origin_live = true;
  Key key = live_key(KeyType::kPublic);
  key.allowed_origins = {any_origin()};
  EXPECT_THAT(effects({}, strict, key), ElementsAre("forbid_wildcard_origin_live breaks"));
  key.environment = Environment::kTest;
  EXPECT_THAT(effects({}, strict, key), IsEmpty());
}

TEST(PolicyEffects, SayWhichEndpointsAKeyLosesAndGains) {
  Policy before;
  before.endpoints = {
      {"GET", "/a/:id", "", true}, {"POST", "/a", "W", true}, {"GET", "/b/:x/*", "", true}};
  Policy after;
  after.endpoints = {
      {"GET", "/a/:id", "", false}, {"POST", "/a", "", true}, {"GET", "/b/:x/*", "N", true}};
  const auto details = [&](const Policy& from, const Policy& to, const Key& key) {
    std::vector<std::string> out;
    for (const PolicyEffect& effect : PolicyChange(from, to, kNoon).effects_on(key, {})) {
      EXPECT_EQ(effect.rule, "endpoints");
      out.push_back(effect.detail);
    }
    return out;
  };
  const Key open = live_key(KeyType::kPublic, {"R"});
  EXPECT_THAT(details(before, after, open),
              ElementsAre("It no longer reaches GET /a/:id, GET /b/:x/*.",
                          "It reaches POST /a from now on."));
  EXPECT_THAT(details(before, after, live_key(KeyType::kPrivate)), IsEmpty());
  EXPECT_THAT(details({}, after, open),
              ElementsAre("It no longer reaches GET /a/:id, GET /b/:x/*, endpoints that are not "
                          "listed."));
  EXPECT_THAT(details({}, after, live_key(KeyType::kPrivate)), IsEmpty());

  // A "*" that becomes one segment takes the deeper paths away.
  Policy wide;
  wide.endpoints = {{"GET", "/a/*", "", true}};
  Policy narrow;
  narrow.endpoints = {{"GET", "/a/:x", "", true}};
  EXPECT_THAT(details(wide, narrow, open), ElementsAre("It no longer reaches GET /a/*."));
}

TEST(PolicyEffects, FollowTheRateOfKeysWithoutOneOfTheirOwn) {
  const auto limited = [](std::uint32_t limit, std::uint32_t window) {
    Policy policy;
    policy.rate_limit = RateLimit{limit, window};
    return policy;
  };
  Key key = live_key(KeyType::kPrivate);
  EXPECT_THAT(effects({}, limited(1, 1), key), ElementsAre("rate_limit loses"));
  EXPECT_THAT(effects(limited(1, 1), {}, key), ElementsAre("rate_limit gains"));
  EXPECT_THAT(effects(limited(60, 60), limited(59, 60), key), ElementsAre("rate_limit loses"));
  EXPECT_THAT(effects(limited(60, 60), limited(61, 60), key), ElementsAre("rate_limit gains"));
  EXPECT_THAT(effects(limited(60, 60), limited(60, 61), key), ElementsAre("rate_limit loses"));
  EXPECT_THAT(effects(limited(60, 60), limited(1, 1), key), ElementsAre("rate_limit loses"))
      << "the same in the long run, fewer at once";
  EXPECT_THAT(effects(limited(1, 1), limited(60, 60), key), ElementsAre("rate_limit gains"));
  EXPECT_THAT(effects(limited(100, 60), limited(10, 5), key),
              ElementsAre("rate_limit loses", "rate_limit gains"))
      << "fewer at once, more in the long run";
  EXPECT_THAT(effects(limited(10, 5), limited(100, 60), key),
              ElementsAre("rate_limit loses", "rate_limit gains"));
  key.rate_limit = RateLimit{5, 5};
  EXPECT_THAT(effects({}, limited(1, 1), key), IsEmpty());
}

TEST(PolicyEffects, FollowTheRequiredHeaders) {
  const auto wanting = [](std::vector<RequiredHeader> headers) {
    Policy policy;
    policy.required_headers = std::move(headers);
    return policy;
  };
  const Key key = live_key(KeyType::kPrivate);
  const Policy one = wanting({{"V", {"1", "2"}}});
  EXPECT_THAT(effects({}, one, key), ElementsAre("required_headers loses"));
  EXPECT_THAT(effects(one, {}, key), ElementsAre("required_headers gains"));
  EXPECT_THAT(effects(one, wanting({{"V", {"2"}}}), key), ElementsAre("required_headers loses"));
  EXPECT_THAT(effects(one, wanting({{"V", {"1", "2", "3"}}}), key),
              ElementsAre("required_headers gains"));
  EXPECT_THAT(effects(one, wanting({{"v", {"1", "2"}}}), key), IsEmpty()) << "names have no case";
}

TEST(PolicyEffects, NameKeysThatNobodyUses) {
  Policy strict;
  strict.inactivity_days = 30;
  Key key = live_key(KeyType::kPrivate);
  const Timestamp month_later = kNoon + 30 * kDay;
  EXPECT_THAT(effects({}, strict, key, {}, month_later), ElementsAre("inactivity_days loses"));
  EXPECT_THAT(effects({}, strict, key, {}, {month_later.ms - 1}), IsEmpty());
  EXPECT_THAT(effects({}, strict, key, kNoon + kDay, month_later), IsEmpty());
  key.suspended = true;
  EXPECT_THAT(effects({}, strict, key, {}, month_later), IsEmpty());
}

}  // namespace
}  // namespace keyledger
