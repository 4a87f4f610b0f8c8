#include <gmock/gmock.h>

#include "tests/support/given.h"

namespace keyledger {
namespace {

FoundLedger founding() {
  FoundLedger command;
  command.log_id = test_id<LogId>(1);
  command.origin = "example.org/log";
  command.workspace = test_id<WorkspaceId>(1);
  command.workspace_name = "Acme";
  command.profile = "quo";
  command.policy.name_rule = NameRule::kNoWhitespace;
  command.owner = test_id<MemberId>(1);
  command.owner_profile = test_blob("Olga");
  command.key = kKey;
  command.key_name = "first key";
  command.secret = test_secret(1);
  return command;
}

TEST(FoundLedger, MakesLogWorkspacePolicyOwnerAndKeyInThisOrder) {
  const FakeState nothing;
  const FoundLedger command = founding();
  const auto decision = decide(nothing, {CallContext{}, command}, kNoon);
  KeyCreated key;
  key.type = KeyType::kManagement;
  key.name = "first key";
  key.secret = test_secret(1);
  key.owner = command.owner;
  key.member = command.owner;
  ASSERT_THAT(decision, makes(LedgerCreated{command.log_id, "example.org/log", 1},
                              WorkspaceCreated{"Acme", "quo", true}, PolicySet{command.policy},
                              MemberAdded{Role::kOwner}, key));
  EXPECT_EQ((*decision)[0].stream, stream_of(command.log_id));
  EXPECT_EQ((*decision)[1].stream, stream_of(command.workspace));
  EXPECT_EQ((*decision)[2].stream, policy_stream_of(command.workspace));
  EXPECT_EQ((*decision)[3].stream, stream_of(command.owner));
  EXPECT_EQ((*decision)[3].subject->commitment, command.owner_profile.commitment);
  EXPECT_EQ((*decision)[4].stream, stream_of(command.key));
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ((*decision)[i].workspace, command.workspace);
}

TEST(FoundLedger, GivesAnOwnerWhoCanAct) {
  FakeState state;
  const auto decision = decide(state, {CallContext{}, founding()}, kNoon);
  ASSERT_TRUE(decision);
  state.record(*decision, CallContext{}, kNoon);
  CallContext call;
  call.workspace = test_id<WorkspaceId>(1);
  call.actor = {ActorKind::kMember, test_id<MemberId>(1).bytes, kKey};
  call.permitted = RoleSet(Role::kOwner);
  EXPECT_TRUE(decide(state, {call, create_private("ci")}, kNoon));
}

TEST(FoundLedger, IsRefusedOnceThereIsAnything) {
  Scenario s;
  EXPECT_THAT(s.as_system().when(founding()), is_refused(ErrorCode::kWrongState));
}

TEST(FoundLedger, IsForTheProgramAlone) {
  Scenario s;
  EXPECT_THAT(s.as(s.owner).when(founding()), is_refused(ErrorCode::kForbidden));
}

TEST(AcceptRollback, NamesTheLogAnew) {
  Scenario s;
  s.as_system().call.workspace = WorkspaceId{};
  const auto decision = s.when(AcceptRollback{test_id<LogId>(1), "example.org/log2", 20, 12});
  ASSERT_THAT(decision, makes(LedgerRollbackAccepted{"example.org/log2", 20, 12}));
  EXPECT_EQ((*decision)[0].stream, stream_of(test_id<LogId>(1)));
}

TEST(AcceptRollback, IsRefusedBeforeTheLedgerIsFounded) {
  const FakeState nothing;
  const AcceptRollback command{test_id<LogId>(1), "x", 20, 12};
  EXPECT_THAT(decide(nothing, {CallContext{}, command}, kNoon), is_refused(ErrorCode::kWrongState));
}

TEST(AcceptRollback, IsForTheProgramAlone) {
  Scenario s;
  EXPECT_THAT(s.as(s.owner).when(AcceptRollback{test_id<LogId>(1), "x", 20, 12}),
              is_refused(ErrorCode::kForbidden));
}

TEST(LedgerCommands, PassOnWhatTheStateCannotRead) {
  FakeState broken;
  broken.fail_with(Error{ErrorCode::kCorrupt, "bits", {}, std::nullopt});
  EXPECT_THAT(decide(broken, {CallContext{}, founding()}, kNoon), is_refused(ErrorCode::kCorrupt));
  EXPECT_THAT(decide(broken, {CallContext{}, AcceptRollback{}}, kNoon),
              is_refused(ErrorCode::kCorrupt));
}

}  // namespace
}  // namespace keyledger
