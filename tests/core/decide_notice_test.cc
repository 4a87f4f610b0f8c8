#include <gmock/gmock.h>

#include "tests/support/given.h"

namespace keyledger {
namespace {

using enum ErrorCode;

TEST(RecordExpiry, IsDueWhenTheClockSaysSo) {
  Scenario s;
  KeyCreated created = private_key("ci");
  created.expires_at = kNoon + kHour;
  s.given(kKey, created);
  s.now = kNoon + (kHour - 1);
  EXPECT_THAT(s.as_system().when(RecordExpiry{kKey}), makes_nothing());
  s.now = kNoon + kHour;
  EXPECT_THAT(s.as_system().when(RecordExpiry{kKey}), makes(KeyExpired{kNoon + kHour}));
}

TEST(RecordExpiry, IsNotDueForKeysThatEndedOtherwiseOrNever) {
  Scenario s;
  KeyCreated created = private_key("ci");
  created.expires_at = kNoon + kHour;
  s.given(kKey, created);
  s.given(kKey, KeyRevoked{});
  s.given(kOtherKey, private_key("lasting"));
  s.now = kNoon + kDay;
  EXPECT_THAT(s.as_system().when(RecordExpiry{kKey}), makes_nothing());
  EXPECT_THAT(s.as_system().when(RecordExpiry{kOtherKey}), makes_nothing());
  EXPECT_THAT(s.as_system().when(RecordExpiry{kNewKey}), is_refused(kNotFound));
}

TEST(RecordExpiring, IsDueSoManyDaysBeforeTheExpiryThatIsMeant) {
  Scenario s;
  KeyCreated created = private_key("ci");
  const Timestamp expiry = kNoon + 30 * kDay;
  created.expires_at = expiry;
  s.given(kKey, created);
  s.given(kOtherKey, private_key("lasting"));
  s.now = kNoon + (23 * kDay - 1);
  EXPECT_THAT(s.as_system().when(RecordExpiring{kKey, expiry, 7}), makes_nothing());
  s.now = kNoon + 23 * kDay;
  EXPECT_THAT(s.as_system().when(RecordExpiring{kKey, expiry, 7}), makes(KeyExpiring{expiry, 7}));
  EXPECT_THAT(s.as_system().when(RecordExpiring{kKey, expiry + 1, 7}), makes_nothing());
  EXPECT_THAT(s.as_system().when(RecordExpiring{kOtherKey, expiry, 7}), makes_nothing());
  EXPECT_THAT(s.as_system().when(RecordExpiring{kNewKey, expiry, 7}), is_refused(kNotFound));
  s.now = expiry;
  EXPECT_THAT(s.as_system().when(RecordExpiring{kKey, expiry, 7}), makes_nothing());
}

TEST(RecordExpiring, IsNotDueForKeysThatEndedOtherwise) {
  Scenario s;
  KeyCreated created = private_key("ci");
  created.expires_at = kNoon + kDay;
  s.given(kKey, created);
  s.given(kKey, KeyRevoked{});
  s.now = kNoon + kHour;
  EXPECT_THAT(s.as_system().when(RecordExpiring{kKey, kNoon + kDay, 1}), makes_nothing());
}

TEST(RecordRetirement, IsDueWhenTheOverlapIsOver) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(kKey, KeyRotated{test_secret(2), test_secret(1).id, kNoon + kHour});
  const auto record = [&](std::uint32_t secret) {
    return s.as_system().when(RecordRetirement{kKey, test_secret(secret).id});
  };
  s.now = kNoon + (kHour - 1);
  EXPECT_THAT(record(1), makes_nothing());
  s.now = kNoon + kHour;
  EXPECT_THAT(record(1), makes(KeySecretRetired{test_secret(1).id, kNoon + kHour}));
  EXPECT_THAT(record(2), makes_nothing());  // current
  EXPECT_THAT(record(9), makes_nothing());  // of nobody
}

TEST(RecordRetiredSecretUse, IsOnlyAboutASecretThatHasRetired) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(kKey, KeyRotated{test_secret(2), test_secret(1).id, kNoon + kHour});
  const auto record = [&](std::uint32_t secret) {
    return s.as_system().when(RecordRetiredSecretUse{kKey, test_secret(secret).id});
  };
  EXPECT_THAT(record(1), makes_nothing());
  s.now = kNoon + kHour;
  EXPECT_THAT(record(1), makes(KeyRetiredSecretPresented{test_secret(1).id}));
  EXPECT_THAT(record(2), makes_nothing());
  EXPECT_THAT(record(9), makes_nothing());
}

TEST(RecordRetiredSecretUse, MayComeFromWhoeverVerifies) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(kKey, KeyRotated{test_secret(2), test_secret(1).id, kNoon});
  const RecordRetiredSecretUse command{kKey, test_secret(1).id};
  EXPECT_TRUE(s.as(s.verifier).permitting(RoleSet(Role::kVerifier)).when(command));
  EXPECT_THAT(s.as(s.verifier).permitting(RoleSet(Role::kOwner)).when(command),
              is_refused(kForbidden));
}

TEST(RecordSecretReplay, IsForASecretThatStillOpensSomething) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(kKey, KeyRotated{test_secret(2), test_secret(1).id, kNoon + kHour});
  const auto record = [&](std::uint32_t secret) {
    return s.as(s.admin).when(RecordSecretReplay{kKey, test_secret(secret).id});
  };
  EXPECT_THAT(record(1), makes(KeySecretReplayed{test_secret(1).id}));
  EXPECT_THAT(record(2), makes(KeySecretReplayed{test_secret(2).id}));
  EXPECT_THAT(record(9), makes_nothing());
  s.now = kNoon + kHour;
  EXPECT_THAT(record(1), makes_nothing());
  s.given(kKey, KeyRevoked{});
  EXPECT_THAT(record(2), makes_nothing());
}

TEST(RecordSecretReplay, AsksForTheRightAgain) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  const RecordSecretReplay command{kKey, test_secret(1).id};
  EXPECT_THAT(s.as(s.auditor).when(command), is_refused(kForbidden));

  const KeyId issued = Scenario::management_key_of(s.verifier);
  const RecordSecretReplay replay{issued, s.key(issued).current_secret().facts.id};
  EXPECT_TRUE(s.as(s.owner).when(replay));
  EXPECT_TRUE(s.as(s.verifier).when(replay));
  EXPECT_THAT(s.as(s.admin).when(replay), is_refused(kNotFound));
}

TEST(Notices, AskForNeitherVersionNorReason) {
  Scenario s;
  Policy strict;
  strict.require_reason = true;
  strict.require_if_match = true;
  s.given_policy(strict);
  s.given(kKey, private_key("ci"));
  EXPECT_THAT(s.when(RecordSecretReplay{kKey, test_secret(1).id}),
              makes(KeySecretReplayed{test_secret(1).id}));
}

}  // namespace
}  // namespace keyledger
