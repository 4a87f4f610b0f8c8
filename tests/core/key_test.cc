#include "core/key.h"

#include <gmock/gmock.h>

#include "tests/support/given.h"

namespace keyledger {
namespace {

Cause cause_of_position(std::uint64_t position, const Event& event) {
  Cause cause;
  cause.position = position & 0xFFFF'FFFF'FFFFULL;
  cause.type = tag_of(event);
  return cause;
}

// One key's history, written by hand: no rule decides here.
class KeyHistory {
 public:
  explicit KeyHistory(const KeyCreated& created, bool with_blob = false) {
    add(created, kNoon, with_blob);
  }

  KeyHistory& add(Event event, Timestamp time, bool with_blob = false) {
    RecordedEvent recorded;
    recorded.position = next_position_++;
    recorded.time = time;
    recorded.workspace = test_id<WorkspaceId>(1);
    recorded.stream = stream_of(kKey);
    if (!is_notice(event)) ++version_;
    recorded.version = version_;
    recorded.actor = {ActorKind::kMember, test_id<MemberId>(1).bytes, std::nullopt};
    if (with_blob) recorded.subject_commitment = sha256("blob");
    recorded.event = std::move(event);
    evolve(key, recorded);
    return *this;
  }

  Key key;

 private:
  std::uint64_t next_position_ = 7;
  std::uint32_t version_ = 0;
};

TEST(KeyEvolve, BeginsWithEverythingThatCreationSays) {
  KeyCreated created = public_key("web");
  created.environment = Environment::kTest;
  created.scopes = {"A", "B"};
  created.allowed_origins = {any_origin()};
  created.allow_missing_origin = true;
  created.allowed_ips = {NetworkRule{}};
  created.not_before = kNoon + kHour;
  created.expires_at = kNoon + kDay;
  created.member = test_id<MemberId>(4);
  created.rate_limit = RateLimit{5, 60};
  created.replaces = kOtherKey;
  const Key key = KeyHistory(created, true).key;

  EXPECT_EQ(key.id, kKey);
  EXPECT_EQ(key.workspace, test_id<WorkspaceId>(1));
  EXPECT_EQ(key.type, KeyType::kPublic);
  EXPECT_EQ(key.environment, Environment::kTest);
  EXPECT_EQ(key.name, "web");
  EXPECT_EQ(key.scopes, (ScopeSet{"A", "B"}));
  EXPECT_EQ(key.allowed_origins, created.allowed_origins);
  EXPECT_TRUE(key.allow_missing_origin);
  EXPECT_EQ(key.allowed_ips, created.allowed_ips);
  EXPECT_EQ(key.not_before, created.not_before);
  EXPECT_EQ(key.expires_at, created.expires_at);
  EXPECT_EQ(key.owner, created.owner);
  EXPECT_EQ(key.member, created.member);
  EXPECT_EQ(key.rate_limit, created.rate_limit);
  EXPECT_EQ(key.replaces, kOtherKey);
  EXPECT_EQ(key.created_at, kNoon);
  EXPECT_EQ(key.updated_at, kNoon);
  EXPECT_EQ(key.created_by.id, test_id<MemberId>(1).bytes);
  EXPECT_EQ(key.version, 1U);
  ASSERT_EQ(key.secrets.size(), 1U);
  EXPECT_EQ(key.current_secret().facts, created.secret);
  EXPECT_EQ(key.current_secret().created_at, kNoon);
  EXPECT_EQ(key.current_secret().retires_at, std::nullopt);
  const Cause creation = cause_of_position(7, created);
  for (const Cause& cause :
       {key.created_cause, key.newest_cause, key.scopes_cause, key.origins_cause,
        key.addresses_cause, key.start_cause, key.expiry_cause}) {
    EXPECT_EQ(cause, creation);
  }
  EXPECT_FALSE(key.suspension_cause.exists());
  EXPECT_FALSE(key.end_cause.exists());
  EXPECT_EQ(key.description_at, 7U);
  EXPECT_EQ(key.metadata_at, 7U);
  EXPECT_EQ(key.external_id_at, 7U);
}

TEST(KeyEvolve, HasNoTextsWithoutABlob) {
  const Key key = KeyHistory(private_key("ci")).key;
  EXPECT_EQ(key.description_at, std::nullopt);
  EXPECT_EQ(key.metadata_at, std::nullopt);
  EXPECT_EQ(key.external_id_at, std::nullopt);
}

TEST(KeyEvolve, FollowsEachChangeAndRemembersWhichEventItWas) {
  KeyHistory history(private_key("ci"), true);
  history.add(KeyRenamed{{"ci", "build"}}, kNoon + 1)
      .add(KeyScopesChanged{{{"ALL"}, {"READ"}}}, kNoon + 2)
      .add(KeyOriginsChanged{{{}, {any_origin()}}}, kNoon + 3)
      .add(KeyAddressesChanged{{{}, {NetworkRule{}}}}, kNoon + 4)
      .add(KeyStartChanged{{std::nullopt, kNoon + 50}}, kNoon + 5)
      .add(KeyExpiryChanged{{std::nullopt, kNoon + 90}}, kNoon + 6)
      .add(KeyRateLimitChanged{{std::nullopt, RateLimit{1, 2}}}, kNoon + 7)
      .add(KeyOwnerChanged{{test_id<MemberId>(1), test_id<MemberId>(2)}}, kNoon + 8)
      .add(KeyDescriptionChanged{{7}}, kNoon + 9, true)
      .add(KeyMetadataChanged{{7}}, kNoon + 10, true)
      .add(KeyExternalIdChanged{{7}}, kNoon + 11, false)
      .add(KeyReplaced{kOtherKey}, kNoon + 12);
  const Key& key = history.key;
  EXPECT_EQ(key.name, "build");
  EXPECT_EQ(key.scopes, ScopeSet{"READ"});
  EXPECT_EQ(key.scopes_cause.position, 9U);
  EXPECT_EQ(key.allowed_origins.size(), 1U);
  EXPECT_EQ(key.origins_cause.position, 10U);
  EXPECT_EQ(key.allowed_ips.size(), 1U);
  EXPECT_EQ(key.addresses_cause.position, 11U);
  EXPECT_EQ(key.not_before, kNoon + 50);
  EXPECT_EQ(key.start_cause.position, 12U);
  EXPECT_EQ(key.expires_at, kNoon + 90);
  EXPECT_EQ(key.expiry_cause.position, 13U);
  EXPECT_EQ(key.rate_limit, (RateLimit{1, 2}));
  EXPECT_EQ(key.owner, test_id<MemberId>(2));
  EXPECT_EQ(key.description_at, 16U);
  EXPECT_EQ(key.metadata_at, 17U);
  EXPECT_EQ(key.external_id_at, std::nullopt);
  EXPECT_EQ(key.replaced_by, kOtherKey);
  EXPECT_EQ(key.newest_cause, cause_of_position(19, KeyReplaced{}));
  EXPECT_EQ(key.updated_at, kNoon + 12);
  EXPECT_EQ(key.version, 13U);

  history.add(KeyMissingOriginChanged{{false, true}}, kNoon + 13);
  EXPECT_TRUE(history.key.allow_missing_origin);
  EXPECT_EQ(history.key.origins_cause.position, 20U);
}

TEST(KeyEvolve, KeepsEverySecretAndWhatRetiredIt) {
  KeyHistory history(private_key("ci"));
  history.add(KeyRotated{test_secret(2), test_secret(1).id, kNoon + 10 + kDay}, kNoon + 10);
  ASSERT_EQ(history.key.secrets.size(), 2U);
  EXPECT_EQ(history.key.secrets[0].retires_at, kNoon + 10 + kDay);
  EXPECT_EQ(history.key.secrets[0].retired_cause.position, 8U);
  EXPECT_EQ(history.key.current_secret().facts, test_secret(2));
  EXPECT_EQ(history.key.rotated_at, kNoon + 10);

  // A rotation during the overlap ends the older secret at once.
  history.add(KeyRotated{test_secret(3), test_secret(2).id, kNoon + 20 + kHour}, kNoon + 20);
  ASSERT_EQ(history.key.secrets.size(), 3U);
  EXPECT_EQ(history.key.secrets[0].retires_at, kNoon + 20);
  EXPECT_EQ(history.key.secrets[0].retired_cause.position, 9U);
  EXPECT_EQ(history.key.secrets[1].retires_at, kNoon + 20 + kHour);

  history.add(KeyOverlapEnded{test_secret(2).id}, kNoon + 30);
  EXPECT_EQ(history.key.secrets[0].retires_at, kNoon + 20);
  EXPECT_EQ(history.key.secrets[1].retires_at, kNoon + 30);
  EXPECT_EQ(history.key.secrets[1].retired_cause,
            cause_of_position(10, KeyOverlapEnded{test_secret(2).id}));

  // A secret that retired long ago keeps its own time and its own event.
  history.add(KeyRotated{test_secret(4), test_secret(3).id, kNoon + 40}, kNoon + 40);
  EXPECT_EQ(history.key.secrets[0].retired_cause.position, 9U);
  EXPECT_EQ(history.key.secrets[1].retires_at, kNoon + 30);
  EXPECT_EQ(history.key.secrets[2].retires_at, kNoon + 40);
}

TEST(KeyEvolve, SuspendsResumesAndEnds) {
  KeyHistory history(private_key("ci"));
  history.add(KeySuspended{}, kNoon + 1);
  EXPECT_TRUE(history.key.suspended);
  EXPECT_EQ(history.key.suspension_cause, cause_of_position(8, KeySuspended{}));
  history.add(KeyResumed{}, kNoon + 2);
  EXPECT_FALSE(history.key.suspended);
  EXPECT_EQ(history.key.suspension_cause, cause_of_position(9, KeyResumed{}));
  history.add(KeyRevoked{RevocationCode::kSuperseded}, kNoon + 3);
  ASSERT_TRUE(history.key.end);
  EXPECT_EQ(history.key.end->status, KeyStatus::kRevoked);
  EXPECT_EQ(history.key.end->code, RevocationCode::kSuperseded);
  EXPECT_EQ(history.key.end->at, kNoon + 3);
  EXPECT_EQ(history.key.end->by.id, test_id<MemberId>(1).bytes);
  EXPECT_EQ(history.key.end_cause.position, 10U);
  history.add(KeyCompromised{}, kNoon + 4);
  EXPECT_EQ(history.key.end->status, KeyStatus::kCompromised);
  EXPECT_EQ(history.key.end->code, RevocationCode::kKeyCompromise);
  EXPECT_EQ(history.key.end_cause, cause_of_position(11, KeyCompromised{}));
}

TEST(KeyEvolve, IgnoresNotices) {
  KeyHistory history(private_key("ci"));
  const Key before = history.key;
  history.add(KeyExpired{kNoon}, kNoon + 1)
      .add(KeySecretRetired{test_secret(1).id, kNoon}, kNoon + 2)
      .add(KeyRetiredSecretPresented{test_secret(1).id}, kNoon + 3)
      .add(KeySecretReplayed{test_secret(1).id}, kNoon + 4);
  EXPECT_EQ(history.key, before);
}

TEST(KeyEvolve, IgnoresOtherStreamsAndWhatComesBeforeCreation) {
  RecordedEvent foreign;
  foreign.stream = stream_of(kOtherKey);
  foreign.version = 2;
  foreign.event = KeySuspended{};
  KeyHistory history(private_key("ci"));
  const Key before = history.key;
  evolve(history.key, foreign);
  foreign.stream = {StreamKind::kMember, kKey.bytes};
  evolve(history.key, foreign);
  foreign.stream = stream_of(kKey);
  foreign.event = private_key("again");
  evolve(history.key, foreign);
  EXPECT_EQ(history.key, before);

  Key nothing;
  foreign.event = KeySuspended{};
  evolve(nothing, foreign);
  EXPECT_EQ(nothing, Key{});
}

TEST(KeyStatus, FollowsTheClockAtItsBoundaries) {
  KeyCreated created = private_key("ci");
  created.not_before = kNoon + 10;
  created.expires_at = kNoon + 20;
  const Key key = KeyHistory(created).key;
  EXPECT_EQ(status_of(key, kNoon + 9), KeyStatus::kPending);
  EXPECT_EQ(status_of(key, kNoon + 10), KeyStatus::kActive);
  EXPECT_EQ(status_of(key, kNoon + 19), KeyStatus::kActive);
  EXPECT_EQ(status_of(key, kNoon + 20), KeyStatus::kExpired);
}

TEST(KeyStatus, PutsTheEndBeforeExpiryBeforeSuspensionBeforeTheStart) {
  KeyCreated created = private_key("ci");
  created.not_before = kNoon + 30;
  created.expires_at = kNoon + 20;
  KeyHistory history(created);
  history.add(KeySuspended{}, kNoon + 1);
  EXPECT_EQ(status_of(history.key, kNoon + 2), KeyStatus::kSuspended);
  EXPECT_EQ(status_of(history.key, kNoon + 20), KeyStatus::kExpired);
  history.add(KeyRevoked{}, kNoon + 3);
  EXPECT_EQ(status_of(history.key, kNoon + 20), KeyStatus::kRevoked);
  history.add(KeyCompromised{}, kNoon + 4);
  EXPECT_EQ(status_of(history.key, kNoon + 20), KeyStatus::kCompromised);
}

TEST(KeyStatus, IsFinalForThreeOfSix) {
  EXPECT_FALSE(is_final(KeyStatus::kPending));
  EXPECT_FALSE(is_final(KeyStatus::kActive));
  EXPECT_FALSE(is_final(KeyStatus::kSuspended));
  EXPECT_TRUE(is_final(KeyStatus::kRevoked));
  EXPECT_TRUE(is_final(KeyStatus::kExpired));
  EXPECT_TRUE(is_final(KeyStatus::kCompromised));
}

TEST(KeyStatus, HasTheNamesOfTheContract) {
  EXPECT_EQ(status_name(KeyStatus::kPending), "pending");
  EXPECT_EQ(status_name(KeyStatus::kActive), "active");
  EXPECT_EQ(status_name(KeyStatus::kSuspended), "suspended");
  EXPECT_EQ(status_name(KeyStatus::kRevoked), "revoked");
  EXPECT_EQ(status_name(KeyStatus::kExpired), "expired");
  EXPECT_EQ(status_name(KeyStatus::kCompromised), "compromised");
}

TEST(RetiringSecret, IsThereUntilTheOverlapIsOver) {
  KeyHistory history(private_key("ci"));
  EXPECT_EQ(retiring_secret(history.key, kNoon), nullptr);
  history.add(KeyRotated{test_secret(2), test_secret(1).id, kNoon + 10}, kNoon + 1);
  ASSERT_NE(retiring_secret(history.key, kNoon + 9), nullptr);
  EXPECT_EQ(retiring_secret(history.key, kNoon + 9)->facts, test_secret(1));
  EXPECT_EQ(retiring_secret(history.key, kNoon + 10), nullptr);
}

}  // namespace
}  // namespace keyledger
