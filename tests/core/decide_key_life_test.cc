// Rotation, suspension and the end of a key.
#include <gmock/gmock.h>

#include "tests/support/given.h"

namespace keyledger {
namespace {

using enum ErrorCode;

constexpr std::uint64_t kThirtyDays = 2'592'000;

// The three ways in which a key ends. (A function: g++ 12 takes all memory there is to find out
// whether a constant of this type could be made at compile time.)
std::vector<Event> ends() {
  std::vector<Event> all;
  all.emplace_back(KeyRevoked{});
  all.emplace_back(KeyCompromised{});
  all.emplace_back(KeyExpiryChanged{{std::nullopt, kNoon}});
  return all;
}

TEST(RotateKey, RetiresTheCurrentSecretAtOnce) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  const auto decision = s.when(RotateKey{kKey, test_secret(2), 0});
  ASSERT_THAT(decision, makes(KeyRotated{test_secret(2), test_secret(1).id, kNoon}));
  EXPECT_EQ((*decision)[0].stream, stream_of(kKey));
}

TEST(RotateKey, RetiresItAfterAnOverlapOfUpToThirtyDays) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  EXPECT_THAT(s.when(RotateKey{kKey, test_secret(2), 60}),
              makes(KeyRotated{test_secret(2), test_secret(1).id, kNoon + 60 * kSecond}));
  EXPECT_THAT(s.when(RotateKey{kKey, test_secret(2), kThirtyDays}),
              makes(KeyRotated{test_secret(2), test_secret(1).id, kNoon + 30 * kDay}));
  EXPECT_THAT(s.when(RotateKey{kKey, test_secret(2), kThirtyDays + 1}),
              is_refused_for("overlap_seconds", FieldFault::kInvalid));
  EXPECT_THAT(s.when(RotateKey{kKey, test_secret(2), UINT64_MAX}),
              is_refused_for("overlap_seconds", FieldFault::kInvalid));
}

TEST(RotateKey, DuringAnOverlapEndsTheOlderSecret) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.done(RotateKey{kKey, test_secret(2), kThirtyDays});
  s.now = kNoon + kHour;
  s.done(RotateKey{kKey, test_secret(3), 60});
  const Key key = s.key(kKey);
  ASSERT_EQ(key.secrets.size(), 3U);
  EXPECT_EQ(key.secrets[0].retires_at, kNoon + kHour);
  EXPECT_EQ(key.secrets[1].retires_at, kNoon + kHour + 60 * kSecond);
  EXPECT_EQ(key.secrets[2].retires_at, std::nullopt);
}

TEST(RotateKey, WorksOnSuspendedAndPendingKeys) {
  Scenario s;
  KeyCreated created = private_key("ci");
  created.not_before = kNoon + kHour;
  s.given(kKey, created);
  EXPECT_TRUE(s.when(RotateKey{kKey, test_secret(2), 0}));
  s.given(kKey, KeySuspended{});
  EXPECT_TRUE(s.when(RotateKey{kKey, test_secret(2), 0}));
}

TEST(EndOverlap, RetiresTheRetiringSecretNow) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  EXPECT_THAT(s.when(EndOverlap{kKey}), makes_nothing());
  s.done(RotateKey{kKey, test_secret(2), 60});
  s.now = kNoon + kSecond;
  EXPECT_THAT(s.when(EndOverlap{kKey}), makes(KeyOverlapEnded{test_secret(1).id}));
  s.done(EndOverlap{kKey});
  EXPECT_EQ(s.key(kKey).secrets[0].retires_at, kNoon + kSecond);
  EXPECT_THAT(s.when(EndOverlap{kKey}), makes_nothing());
}

TEST(EndOverlap, HasNothingToEndAfterIt) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.done(RotateKey{kKey, test_secret(2), 60});
  s.now = kNoon + 60 * kSecond;
  EXPECT_THAT(s.when(EndOverlap{kKey}), makes_nothing());
}

TEST(SuspendKey, StopsAnActiveOrPendingKeyOnce) {
  Scenario s;
  KeyCreated created = private_key("ci");
  created.not_before = kNoon + kHour;
  s.given(kKey, created);
  EXPECT_THAT(s.when(SuspendKey{kKey}), makes(KeySuspended{}));
  s.now = kNoon + kHour;
  EXPECT_THAT(s.when(SuspendKey{kKey}), makes(KeySuspended{}));
  s.done(SuspendKey{kKey});
  EXPECT_THAT(s.when(SuspendKey{kKey}), makes_nothing());
}

TEST(ResumeKey, StartsASuspendedKeyOnce) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  EXPECT_THAT(s.when(ResumeKey{kKey}), makes_nothing());
  s.done(SuspendKey{kKey});
  EXPECT_THAT(s.when(ResumeKey{kKey}), makes(KeyResumed{}));
  s.done(ResumeKey{kKey});
  EXPECT_THAT(s.when(ResumeKey{kKey}), makes_nothing());
}

TEST(LifeOfAKey, IsOverWhenItHasEnded) {
  for (const Event& end : ends()) {
    Scenario s;
    s.given(kKey, private_key("ci"));
    s.given(kKey, KeyRotated{test_secret(2), test_secret(1).id, kNoon + kDay});
    s.given(kKey, KeySuspended{});
    s.given(kKey, end);
    SCOPED_TRACE(action_name(end));
    EXPECT_THAT(s.when(RotateKey{kKey, test_secret(3), 0}), is_refused(kKeyFinal));
    EXPECT_THAT(s.when(EndOverlap{kKey}), is_refused(kKeyFinal));
    EXPECT_THAT(s.when(SuspendKey{kKey}), is_refused(kKeyFinal));
    EXPECT_THAT(s.when(ResumeKey{kKey}), is_refused(kKeyFinal));
  }
}

TEST(RevokeKey, EndsAKeyWithItsCode) {
  for (const RevocationCode code :
       {RevocationCode::kUnspecified, RevocationCode::kAffiliationChanged,
        RevocationCode::kSuperseded, RevocationCode::kCessationOfOperation,
        RevocationCode::kPrivilegeWithdrawn}) {
    Scenario s;
    s.given(kKey, private_key("ci"));
    EXPECT_THAT(s.when(RevokeKey{kKey, code}), makes(KeyRevoked{code}));
    s.given(kKey, KeySuspended{});
    EXPECT_THAT(s.when(RevokeKey{kKey, code}), makes(KeyRevoked{code}));
  }
}

TEST(RevokeKey, ForACompromiseSaysSo) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  EXPECT_THAT(s.when(RevokeKey{kKey, RevocationCode::kKeyCompromise}), makes(KeyCompromised{}));
}

// Rows: how the key ended; columns: revoked again, for a compromise or not.
TEST(RevokeKey, OfAKeyThatHasEndedIsNewsOnlyIfItIsACompromise) {
  const RevokeKey again{kKey, RevocationCode::kSuperseded};
  const RevokeKey compromise{kKey, RevocationCode::kKeyCompromise};
  {
    Scenario s;
    s.given(kKey, private_key("ci"));
    s.given(kKey, KeyRevoked{});
    EXPECT_THAT(s.when(again), makes_nothing());
    EXPECT_THAT(s.when(compromise), makes(KeyCompromised{}));
  }
  {
    Scenario s;
    s.given(kKey, private_key("ci"));
    s.given(kKey, KeyExpiryChanged{{std::nullopt, kNoon}});
    EXPECT_THAT(s.when(again), is_refused(kKeyFinal));
    EXPECT_THAT(s.when(compromise), makes(KeyCompromised{}));
  }
  {
    Scenario s;
    s.given(kKey, private_key("ci"));
    s.given(kKey, KeyCompromised{});
    EXPECT_THAT(s.when(again), makes_nothing());
    EXPECT_THAT(s.when(compromise), makes_nothing());
  }
}

TEST(RevokeKey, OfAKeyThatHasEndedIgnoresTheVersion) {
  Scenario s;
  Policy policy;
  policy.require_if_match = true;
  s.given_policy(policy);
  s.given(kKey, private_key("ci"));
  s.given(kKey, KeyRevoked{});
  EXPECT_THAT(s.matching(77).when(RevokeKey{kKey}), makes_nothing());
  EXPECT_THAT(s.when(RevokeKey{kKey}), makes_nothing());
  EXPECT_THAT(s.matching(77).when(RevokeKey{kKey, RevocationCode::kKeyCompromise}),
              makes(KeyCompromised{}));
}

TEST(RevokeKey, EndsTheVeryKeyThatAsks) {
  Scenario s;
  const KeyId own = Scenario::management_key_of(s.admin);
  s.as(s.admin).done(RevokeKey{own});
  EXPECT_EQ(status_of(s.key(own), kNoon), KeyStatus::kRevoked);
  EXPECT_THAT(s.as(s.admin).when(RevokeKey{own}), is_refused(kUnauthenticated));
}

}  // namespace
}  // namespace keyledger
