// Who may ask, about what, at which version and with which reason: what all commands share.
#include <gmock/gmock.h>

#include "tests/support/given.h"

namespace keyledger {
namespace {

// A policy that no scenario has.
Policy unlike_any() {
  Policy policy;
  policy.secret_prefix = "acme";
  return policy;
}

using enum ErrorCode;

TEST(Caller, IsNobodyByDefault) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  EXPECT_THAT(s.permitting(RoleSet{}).when(SuspendKey{kKey}), is_refused(kForbidden));
}

TEST(Caller, NeedsARoleThatIsPermittedAndIsToldWhich) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  const RoleSet managers(Role::kOwner, Role::kAdmin);
  EXPECT_THAT(s.as(s.owner).permitting(managers).when(SuspendKey{kKey}), makes(KeySuspended{}));
  EXPECT_THAT(s.as(s.admin).permitting(managers).when(SuspendKey{kKey}), makes(KeySuspended{}));
  EXPECT_THAT(s.as(s.auditor).permitting(managers).when(SuspendKey{kKey}), is_refused(kForbidden));
  EXPECT_THAT(s.as(s.verifier).permitting(managers).when(SuspendKey{kKey}),
              is_refused_saying("owner or admin"));
}

TEST(Caller, HasTheRoleOfNow) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(s.admin, MemberRoleChanged{{Role::kAdmin, Role::kAuditor}});
  const RoleSet managers(Role::kOwner, Role::kAdmin);
  EXPECT_THAT(s.as(s.admin).permitting(managers).when(SuspendKey{kKey}), is_refused(kForbidden));
}

TEST(Caller, IsAMemberOfTheWorkspaceThatWasNotRemoved) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(s.admin, MemberRemoved{});
  EXPECT_THAT(s.as(s.admin).when(SuspendKey{kKey}), is_refused(kForbidden));
  s.as(test_id<MemberId>(99)).call.actor.acting_key = std::nullopt;
  EXPECT_THAT(s.when(SuspendKey{kKey}), is_refused(kForbidden));
  s.as(s.stranger).call.actor.acting_key = std::nullopt;
  EXPECT_THAT(s.when(SuspendKey{kKey}), is_refused(kForbidden));
}

TEST(Caller, ActsWithALivingManagementKey) {
  struct Row {
    std::string_view what;
    Event event;
  };
  const Row rows[] = {
      {"revoked", KeyRevoked{}},
      {"compromised", KeyCompromised{}},
      {"suspended", KeySuspended{}},
      {"expired", KeyExpiryChanged{{std::nullopt, kNoon}}},
  };
  for (const Row& row : rows) {
    Scenario s;
    s.given(kKey, private_key("ci"));
    s.given(Scenario::management_key_of(s.admin), row.event);
    EXPECT_THAT(s.as(s.admin).when(SuspendKey{kKey}), is_refused(kUnauthenticated)) << row.what;
  }
}

TEST(Caller, ActsWithAManagementKeyOfItsOwn) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  for (const KeyId& wrong : {Scenario::management_key_of(s.owner), kKey, kOtherKey,
                             Scenario::management_key_of(s.stranger)}) {
    s.as(s.admin).call.actor.acting_key = wrong;
    EXPECT_THAT(s.when(SuspendKey{kKey}), is_refused(kForbidden)) << to_text(wrong);
  }
  // A command line that runs beside the data needs no key.
  s.as(s.admin).call.actor.acting_key = std::nullopt;
  EXPECT_THAT(s.when(SuspendKey{kKey}), makes(KeySuspended{}));
}

TEST(Caller, ThatIsTheSystemMayAlways) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  EXPECT_THAT(s.as_system().when(SuspendKey{kKey}), makes(KeySuspended{}));
}

TEST(Caller, ThatHoldsAKeyIsOnlyEverSeen) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(kKey, KeyRotated{test_secret(2), test_secret(1).id, kNoon});
  const Actor holder{ActorKind::kKeyHolder, kKey.bytes, std::nullopt};
  s.call.actor = holder;
  EXPECT_THAT(s.when(RevokeKey{kKey}), is_refused(kForbidden));
  s.call.actor = holder;
  EXPECT_THAT(s.when(RecordRetiredSecretUse{kKey, test_secret(1).id}),
              makes(KeyRetiredSecretPresented{test_secret(1).id}));
  s.call.actor = holder;
  EXPECT_THAT(s.when(RecordRetiredSecretUse{kOtherKey, test_secret(1).id}), is_refused(kForbidden));
}

TEST(Caller, ChangesNothingInASuspendedWorkspace) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given_suspended();
  EXPECT_THAT(s.when(SuspendKey{kKey}), is_refused(kForbidden));
  EXPECT_THAT(s.when(SuspendKey{kKey}), is_refused_saying("suspended"));
  EXPECT_THAT(s.as_system().when(SuspendKey{kKey}), makes(KeySuspended{}));
}

TEST(Caller, NeedsAWorkspaceThatIsThere) {
  Scenario s;
  s.as_system().call.workspace = test_id<WorkspaceId>(99);
  EXPECT_THAT(s.when(create_private("ci")), is_refused(kNotFound));
  s.as_system().call.workspace = WorkspaceId{};
  EXPECT_THAT(s.when(create_private("ci")), is_refused(kNotFound));
}

TEST(Caller, CanBeCheckedAlone) {
  Scenario s;
  EXPECT_TRUE(check_caller(s.state, s.call, s.now));
  s.given(Scenario::management_key_of(s.owner), KeyRevoked{});
  const auto refused = check_caller(s.state, s.call, s.now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, kUnauthenticated);
}

TEST(Target, OfAnotherWorkspaceIsAsUnknownAsAnUnknownOne) {
  Scenario s;
  s.given_elsewhere(kOtherKey, private_key("theirs"));
  const auto foreign = s.when(RevokeKey{kOtherKey});
  const auto unknown = s.when(RevokeKey{kNewKey});
  EXPECT_THAT(foreign, is_refused(kNotFound));
  EXPECT_THAT(unknown, is_refused(kNotFound));
  EXPECT_EQ(describe(foreign), describe(unknown));
  EXPECT_THAT(s.as_system().when(RevokeKey{kOtherKey}), is_refused(kNotFound));

  const auto foreign_member = s.when(RemoveMember{s.stranger});
  const auto unknown_member = s.when(RemoveMember{test_id<MemberId>(99)});
  EXPECT_THAT(foreign_member, is_refused(kNotFound));
  EXPECT_EQ(describe(foreign_member), describe(unknown_member));
}

// Columns: by whom, on whose management key (nobody: a client's key), change, rotate.
TEST(Target, IsForThoseWhomTheTableOfRolesNames) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  const MemberId nobody;
  const auto kYes = std::optional<ErrorCode>();
  struct Row {
    MemberId by;
    MemberId whose;
    std::optional<ErrorCode> change;
    std::optional<ErrorCode> rotate;
  };
  const Row rows[] = {
      {s.owner, nobody, kYes, kYes},
      {s.admin, nobody, kYes, kYes},
      {s.auditor, nobody, kForbidden, kForbidden},
      {s.verifier, nobody, kForbidden, kForbidden},
      {s.owner, s.owner, kYes, kYes},
      {s.owner, s.admin, kYes, kForbidden},
      {s.owner, s.verifier, kYes, kForbidden},
      {s.admin, s.admin, kYes, kYes},
      {s.admin, s.owner, kNotFound, kNotFound},
      {s.admin, s.auditor, kNotFound, kNotFound},
      {s.auditor, s.auditor, kYes, kYes},
      {s.auditor, s.owner, kForbidden, kForbidden},
      {s.verifier, s.verifier, kYes, kYes},
      {s.verifier, s.admin, kForbidden, kForbidden},
  };
  const auto is = [](std::optional<ErrorCode> refusal, Event event) {
    return refusal ? is_refused(*refusal) : makes(std::move(event));
  };
  for (const Row& row : rows) {
    const KeyId id = row.whose == nobody ? kKey : Scenario::management_key_of(row.whose);
    const SecretId current = s.key(id).current_secret().facts.id;
    SCOPED_TRACE(to_text(row.by) + " on " + to_text(row.whose));
    EXPECT_THAT(s.as(row.by).when(SuspendKey{id}), is(row.change, KeySuspended{}));
    EXPECT_THAT(s.as(row.by).when(RevokeKey{id}), is(row.change, KeyRevoked{}));
    EXPECT_THAT(s.as(row.by).when(RotateKey{id, test_secret(9), 0}),
                is(row.rotate, KeyRotated{test_secret(9), current, kNoon}));
  }
}

TEST(Target, ThatAnAdminMayNotSeeIsAsUnknownAsAnUnknownOne) {
  Scenario s;
  EXPECT_EQ(describe(s.as(s.admin).when(RevokeKey{Scenario::management_key_of(s.owner)})),
            describe(s.as(s.admin).when(RevokeKey{kNewKey})));
}

TEST(Version, ThatDiffersIsRefusedWithTheOneOfNow) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(kKey, KeyRenamed{{"ci", "build"}});
  EXPECT_THAT(s.matching(2).when(SuspendKey{kKey}), makes(KeySuspended{}));
  const auto refused = s.matching(1).when(SuspendKey{kKey});
  EXPECT_THAT(refused, is_refused(kVersionMismatch));
  EXPECT_EQ(refused.error().current_version, 2U);
  EXPECT_THAT(s.matching(3).when(SuspendKey{kKey}), is_refused(kVersionMismatch));
}

// Every command that changes what exists, against a version that is wrong.
TEST(Version, IsComparedByEveryChange) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(kKey, KeyRotated{test_secret(2), test_secret(1).id, kNoon + kDay});
  s.given(kOtherKey, private_key("suspended"));
  s.given(kOtherKey, KeySuspended{});
  ChangeKey rename = change_of(kKey);
  rename.name = "build";
  const Command commands[] = {
      rename,
      RotateKey{kKey, test_secret(9), 0},
      EndOverlap{kKey},
      SuspendKey{kKey},
      ResumeKey{kOtherKey},
      RevokeKey{kKey},
      ChangeMember{s.admin, Role::kAuditor, std::nullopt},
      RemoveMember{s.admin},
      SuspendWorkspace{s.other_workspace},
      SetPolicy{s.workspace, unlike_any()},
  };
  Policy strict;
  strict.require_if_match = true;
  for (const Command& command : commands) {
    SCOPED_TRACE("command " + std::to_string(command.index()));
    s.given_policy(Policy{});
    EXPECT_THAT(s.matching(77).when(command), is_refused(kVersionMismatch));
    EXPECT_TRUE(s.when(command)) << describe(s.when(command));
    s.given_policy(strict);
    EXPECT_THAT(s.when(command), is_refused(kPreconditionRequired));
    EXPECT_TRUE(s.as_system().when(command));
  }
}

TEST(Version, IsNotAskedOfWhatIsNew) {
  Scenario s;
  Policy strict;
  strict.require_if_match = true;
  s.given_policy(strict);
  EXPECT_TRUE(s.when(create_private("ci")));
  EXPECT_TRUE(s.when(AddMember{test_id<MemberId>(9), Role::kAdmin, test_blob("Ann")}));
  EXPECT_TRUE(s.when(issue_to(s.admin)));
}

TEST(Reason, IsRequiredOfEveryChangeWhereThePolicySaysSo) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(kKey, KeyRotated{test_secret(2), test_secret(1).id, kNoon + kDay});
  s.given(kOtherKey, private_key("suspended"));
  s.given(kOtherKey, KeySuspended{});
  Policy strict;
  strict.require_reason = true;
  s.given_policy(strict);
  ChangeKey rename = change_of(kKey);
  rename.name = "build";
  const Command commands[] = {
      create_private("new"),
      issue_to(s.admin),
      rename,
      RotateKey{kKey, test_secret(9), 0},
      EndOverlap{kKey},
      SuspendKey{kKey},
      ResumeKey{kOtherKey},
      RevokeKey{kKey},
      RevokeKey{kKey, RevocationCode::kKeyCompromise},
      AddMember{test_id<MemberId>(9), Role::kAdmin, test_blob("Ann")},
      ChangeMember{s.admin, Role::kAuditor, std::nullopt},
      RemoveMember{s.admin},
      create_workspace(),
      SuspendWorkspace{s.other_workspace},
      SetPolicy{s.workspace, unlike_any()},
  };
  for (const Command& command : commands) {
    SCOPED_TRACE("command " + std::to_string(command.index()));
    EXPECT_THAT(s.when(command), is_refused_for("reason", FieldFault::kRequired));
    EXPECT_TRUE(s.because("audit 7").when(command));
  }
}

// One call that breaks a rule of every step, mended step by step.
TEST(Order, IsCallerTargetVersionStateFields) {
  Scenario s;
  Policy strict;
  strict.require_reason = true;
  s.given_policy(strict);
  s.given(kKey, private_key("ci"));
  s.given(kOtherKey, private_key("other"));
  s.given(kKey, KeyRevoked{});
  ChangeKey command = change_of(kNewKey);
  command.expires_at = kNoon;
  const RoleSet managers(Role::kOwner, Role::kAdmin);
  EXPECT_THAT(s.as(s.verifier).permitting(managers).matching(9).when(command),
              is_refused(kForbidden));
  EXPECT_THAT(s.matching(9).when(command), is_refused(kNotFound));
  command.id = kKey;
  EXPECT_THAT(s.matching(9).when(command), is_refused(kVersionMismatch));
  EXPECT_THAT(s.matching(2).when(command), is_refused(kKeyFinal));
  command.id = kOtherKey;
  EXPECT_THAT(s.matching(1).when(command), is_refused(kInvalidRequest));
  EXPECT_THAT(s.matching(1).because("so").when(command),
              is_refused_for("expires_at", FieldFault::kInvalid));
}

TEST(Order, PutsWhatIsAlreadySoBeforeTheVersion) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(kKey, KeySuspended{});
  EXPECT_THAT(s.matching(77).when(SuspendKey{kKey}), makes_nothing());
}

// Each command with each of its look-ups failing, one after the other.
TEST(State, ThatCannotBeReadDecidesNothing) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(kKey, KeyRotated{test_secret(2), test_secret(1).id, kNoon + kDay});
  s.given(kOtherKey, private_key("suspended"));
  s.given(kOtherKey, KeySuspended{});
  CreateKey create = create_private("new");
  create.replaces = kKey;
  create.owner = s.admin;
  ChangeKey change = change_of(kKey);
  change.name = "build";
  change.owner = s.admin;
  const Command commands[] = {
      create,
      issue_to(s.admin),
      change,
      RotateKey{kKey, test_secret(9), 0},
      EndOverlap{kKey},
      SuspendKey{kKey},
      ResumeKey{kOtherKey},
      RevokeKey{kKey},
      AddMember{test_id<MemberId>(9), Role::kAdmin, test_blob("Ann")},
      ChangeMember{s.owner, Role::kOwner, test_blob("Olga")},
      ChangeMember{s.admin, Role::kAuditor, std::nullopt},
      RemoveMember{s.admin},
      create_workspace(),
      SuspendWorkspace{s.other_workspace},
      ResumeWorkspace{s.other_workspace},
      SetPolicy{s.workspace, unlike_any()},
      RecordExpiry{kKey},
      RecordExpiring{kKey, kNoon, 1},
      RecordRetirement{kKey, test_secret(1).id},
      RecordRetiredSecretUse{kKey, test_secret(1).id},
      RecordSecretReplay{kKey, test_secret(2).id},
  };
  for (const Command& command : commands) {
    std::size_t look_ups = 0;
    for (;; ++look_ups) {
      s.state.fail_with(Error{kStorage, "disk", {}, std::nullopt}, look_ups);
      const auto decision = s.when(command);
      if (decision) break;
      EXPECT_THAT(decision, is_refused(kStorage)) << look_ups << " of " << command.index();
      ASSERT_LT(look_ups, 20U);
    }
    EXPECT_GE(look_ups, 3U) << command.index();  // workspace, acting key, member
    s.state.fail_with(std::nullopt);
  }
}

}  // namespace
}  // namespace keyledger
