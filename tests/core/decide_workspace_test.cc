#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/given.h"

namespace keyledger {
namespace {

using enum ErrorCode;

constexpr WorkspaceId kNewWorkspace = test_id<WorkspaceId>(9);
constexpr MemberId kNewOwner = test_id<MemberId>(9);
constexpr KeyId kFirstKey = test_id<KeyId>(900);

TEST(CreateWorkspace, MakesItsPolicyOwnerAndKeyInItself) {
  Scenario s;
  const auto decision = s.when(create_workspace());
  ASSERT_TRUE(decision) << describe(decision);
  EXPECT_EQ(describe(decision), "workspace.created policy.set member.added key.created ");
  for (const NewEvent& made : *decision) EXPECT_EQ(made.workspace, kNewWorkspace);
  const auto& created = std::get<WorkspaceCreated>((*decision)[0].event);
  EXPECT_EQ(created, (WorkspaceCreated{"Gamma", "default", false}));
}

TEST(CreateWorkspace, GivesAnOwnerWhoCanActThereAndNowhereElse) {
  Scenario s;
  s.done(create_workspace());
  s.call.workspace = kNewWorkspace;
  s.call.actor = {ActorKind::kMember, kNewOwner.bytes, kFirstKey};
  EXPECT_TRUE(s.when(create_private("theirs")));
  s.call.actor = {ActorKind::kMember, kNewOwner.bytes, kFirstKey};
  EXPECT_THAT(s.when(create_private("not theirs")), is_refused(kForbidden));
}

TEST(CreateWorkspace, NeedsAReasonWhereTheOperatorsPolicySaysSo) {
  Scenario s;
  Policy policy;
  policy.require_reason = true;
  s.given_policy(policy);
  EXPECT_THAT(s.when(create_workspace()), is_refused_for("reason", FieldFault::kRequired));
  EXPECT_TRUE(s.because("a new customer").when(create_workspace()));
}

// The route's roles are not all: core looks itself.
TEST(LookAfterWorkspaces, IsForTheOperatorsOwnersAlone) {
  Scenario s;
  const Command commands[] = {create_workspace(), SuspendWorkspace{s.other_workspace},
                              ResumeWorkspace{s.other_workspace}};
  for (const Command& command : commands) {
    for (const MemberId& member : {s.admin, s.auditor, s.verifier}) {
      EXPECT_THAT(s.as(member).when(command), is_refused(kForbidden));
    }
    s.as(s.stranger);
    s.call.workspace = s.other_workspace;
    EXPECT_THAT(s.when(command),
                is_refused_saying("This needs the role owner in the operator's workspace."));
  }
  s.as(s.stranger);
  s.call.workspace = s.other_workspace;
  EXPECT_THAT(s.when(SuspendWorkspace{s.workspace}), is_refused(kNotFound));
}

TEST(SuspendWorkspace, IsRecordedInTheWorkspaceItIsAbout) {
  Scenario s;
  const auto recorded = s.done(SuspendWorkspace{s.other_workspace});
  ASSERT_EQ(recorded.size(), 1U);
  EXPECT_EQ(recorded[0].workspace, s.other_workspace);
  EXPECT_EQ(recorded[0].event, Event(WorkspaceSuspended{}));
  EXPECT_THAT(s.when(SuspendWorkspace{s.other_workspace}), makes_nothing());
  EXPECT_THAT(s.when(ResumeWorkspace{s.other_workspace}), makes(WorkspaceResumed{}));
}

TEST(SuspendWorkspace, StopsChangesThereUntilItIsResumed) {
  Scenario s;
  const auto create_there = [&s] {
    s.as(s.stranger);
    s.call.workspace = s.other_workspace;
    return s.when(create_private("theirs"));
  };
  EXPECT_TRUE(create_there());
  s.done(SuspendWorkspace{s.other_workspace});
  EXPECT_THAT(create_there(), is_refused_saying("until its operator resumes it"));
  s.done(ResumeWorkspace{s.other_workspace});
  EXPECT_TRUE(create_there());
}

TEST(SuspendWorkspace, RefusesWhatItCannot) {
  Scenario s;
  EXPECT_THAT(s.when(SuspendWorkspace{s.workspace}), is_refused(kWrongState));
  EXPECT_THAT(s.when(SuspendWorkspace{kNewWorkspace}), is_refused(kNotFound));
  EXPECT_THAT(s.matching(9).when(SuspendWorkspace{s.other_workspace}),
              is_refused(kVersionMismatch));
}

// The operator may see again only what it made itself, and only the first key.
TEST(RecordSecretReplay, IsGivenToTheOperatorForTheKeyItMade) {
  Scenario s;
  s.done(create_workspace());
  const auto again = s.when(RecordSecretReplay{kFirstKey, test_secret(900).id});
  ASSERT_TRUE(again) << describe(again);
  ASSERT_EQ(again->size(), 1U);
  EXPECT_EQ(again->front().workspace, kNewWorkspace);
  s.given(s.admin, MemberRoleChanged{{Role::kAdmin, Role::kOwner}});
  EXPECT_THAT(s.as(s.admin).when(RecordSecretReplay{kFirstKey, test_secret(900).id}),
              is_refused(kNotFound));
  const KeyId theirs = Scenario::management_key_of(s.stranger);
  EXPECT_THAT(s.when(RecordSecretReplay{theirs, test_secret(1).id}), is_refused(kNotFound));
}

}  // namespace
}  // namespace keyledger
