#include "core/workspace.h"

#include <gtest/gtest.h>

#include "tests/support/given.h"

namespace keyledger {
namespace {

RecordedEvent recorded(StreamId stream, std::uint32_t version, Event event) {
  RecordedEvent made;
  made.position = 10U + version;
  made.time = kNoon + static_cast<std::int64_t>(version);
  made.workspace = test_id<WorkspaceId>(1);
  made.stream = stream;
  made.version = version;
  made.event = std::move(event);
  return made;
}

const StreamId kWorkspaceStream = stream_of(test_id<WorkspaceId>(1));
const StreamId kPolicyStream = policy_stream_of(test_id<WorkspaceId>(1));
const StreamId kMemberStream = stream_of(test_id<MemberId>(1));

TEST(WorkspaceEvolve, FollowsItsFacts) {
  Workspace workspace;
  evolve(workspace, recorded(kWorkspaceStream, 1, WorkspaceCreated{"Acme", "quo", true}));
  EXPECT_EQ(workspace.id, test_id<WorkspaceId>(1));
  EXPECT_EQ(workspace.name, "Acme");
  EXPECT_EQ(workspace.profile, "quo");
  EXPECT_TRUE(workspace.is_operator);
  EXPECT_EQ(workspace.created_at, kNoon + 1);
  EXPECT_EQ(workspace.version, 1U);
  EXPECT_EQ(workspace.position, 11U);

  evolve(workspace, recorded(kWorkspaceStream, 2, WorkspaceSuspended{}));
  EXPECT_TRUE(workspace.suspended);
  evolve(workspace, recorded(kWorkspaceStream, 3, WorkspaceResumed{}));
  EXPECT_FALSE(workspace.suspended);
  EXPECT_EQ(workspace.version, 3U);
  EXPECT_EQ(workspace.position, 13U);
}

TEST(WorkspaceEvolve, CountsThePolicyApart) {
  Workspace workspace;
  evolve(workspace, recorded(kWorkspaceStream, 1, WorkspaceCreated{"Acme", "quo", false}));
  Policy policy;
  policy.require_reason = true;
  evolve(workspace, recorded(kPolicyStream, 5, PolicySet{policy}));
  EXPECT_EQ(workspace.policy, policy);
  EXPECT_EQ(workspace.policy_version, 5U);
  EXPECT_EQ(workspace.policy_position, 15U);
  EXPECT_EQ(workspace.policy_updated_at, kNoon + 5);
  EXPECT_EQ(workspace.version, 1U);
}

TEST(WorkspaceEvolve, IgnoresWhatIsNotItsOwn) {
  Workspace workspace;
  evolve(workspace, recorded(kPolicyStream, 1, PolicySet{}));
  evolve(workspace, recorded(kWorkspaceStream, 1, WorkspaceSuspended{}));
  EXPECT_EQ(workspace, Workspace{});

  evolve(workspace, recorded(kWorkspaceStream, 1, WorkspaceCreated{"Acme", "quo", false}));
  const Workspace before = workspace;
  const WorkspaceId other = test_id<WorkspaceId>(2);
  evolve(workspace, recorded(stream_of(other), 2, WorkspaceSuspended{}));
  evolve(workspace, recorded(policy_stream_of(other), 2, PolicySet{}));
  evolve(workspace, recorded(kWorkspaceStream, 2, WorkspaceCreated{"Again", "quo", false}));
  evolve(workspace, recorded(kMemberStream, 2, MemberRemoved{}));
  EXPECT_EQ(workspace, before);
}

TEST(MemberEvolve, FollowsItsFacts) {
  Member member;
  auto added = recorded(kMemberStream, 1, MemberAdded{Role::kAuditor});
  added.subject_commitment = sha256("blob");
  evolve(member, added);
  EXPECT_EQ(member.id, test_id<MemberId>(1));
  EXPECT_EQ(member.workspace, test_id<WorkspaceId>(1));
  EXPECT_EQ(member.role, Role::kAuditor);
  EXPECT_FALSE(member.removed);
  EXPECT_EQ(member.created_at, kNoon + 1);
  EXPECT_EQ(member.profile_at, 11U);

  evolve(member, recorded(kMemberStream, 2, MemberRoleChanged{{Role::kAuditor, Role::kOwner}}));
  EXPECT_EQ(member.role, Role::kOwner);
  EXPECT_EQ(member.profile_at, 11U);
  auto changed = recorded(kMemberStream, 3, MemberProfileChanged{{11}});
  changed.subject_commitment = sha256("blob");
  evolve(member, changed);
  EXPECT_EQ(member.profile_at, 13U);
  evolve(member, recorded(kMemberStream, 4, MemberRemoved{}));
  EXPECT_TRUE(member.removed);
  EXPECT_EQ(member.version, 4U);
  EXPECT_EQ(member.position, 14U);
  EXPECT_EQ(member.updated_at, kNoon + 4);
}

TEST(MemberEvolve, IgnoresWhatIsNotItsOwn) {
  Member member;
  evolve(member, recorded(kMemberStream, 1, MemberRemoved{}));
  EXPECT_EQ(member, Member{});
  evolve(member, recorded(kMemberStream, 1, MemberAdded{Role::kAdmin}));
  const Member before = member;
  evolve(member, recorded(stream_of(test_id<MemberId>(2)), 2, MemberRemoved{}));
  evolve(member, recorded(kMemberStream, 2, MemberAdded{Role::kOwner}));
  evolve(member, recorded(kWorkspaceStream, 2, WorkspaceSuspended{}));
  evolve(member, recorded(kMemberStream, 2, WorkspaceSuspended{}));
  EXPECT_EQ(member, before);
}

TEST(RoleSet, HoldsExactlyWhatItIsGiven) {
  EXPECT_FALSE(RoleSet{}.has(Role::kOwner));
  const RoleSet two(Role::kOwner, Role::kVerifier);
  EXPECT_TRUE(two.has(Role::kOwner));
  EXPECT_FALSE(two.has(Role::kAdmin));
  EXPECT_FALSE(two.has(Role::kAuditor));
  EXPECT_TRUE(two.has(Role::kVerifier));
}

TEST(RoleName, IsThatOfTheContract) {
  EXPECT_EQ(role_name(Role::kOwner), "owner");
  EXPECT_EQ(role_name(Role::kAdmin), "admin");
  EXPECT_EQ(role_name(Role::kAuditor), "auditor");
  EXPECT_EQ(role_name(Role::kVerifier), "verifier");
}

}  // namespace
}  // namespace keyledger
