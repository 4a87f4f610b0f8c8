#include <gmock/gmock.h>

#include "tests/support/given.h"

namespace keyledger {
namespace {

using enum ErrorCode;

constexpr MemberId kNewMember = test_id<MemberId>(9);

TEST(AddMember, RecordsTheRoleAndKeepsTheProfileAside) {
  Scenario s;
  const CommittedBlob profile = test_blob("Ann");
  const auto decision = s.when(AddMember{kNewMember, Role::kAuditor, profile});
  ASSERT_THAT(decision, makes(MemberAdded{Role::kAuditor}));
  EXPECT_EQ((*decision)[0].stream, stream_of(kNewMember));
  EXPECT_EQ((*decision)[0].subject->commitment, profile.commitment);
}

TEST(ChangeMember, MakesOneEventForEachIntent) {
  Scenario s;
  s.done(AddMember{kNewMember, Role::kAuditor, test_blob("Ann")});
  const OptionalPosition profile_at = s.member(kNewMember).profile_at;
  ASSERT_TRUE(profile_at);
  const CommittedBlob profile = test_blob("Anne");
  const auto decision = s.when(ChangeMember{kNewMember, Role::kAdmin, profile});
  ASSERT_THAT(decision, makes(MemberRoleChanged{{Role::kAuditor, Role::kAdmin}},
                              MemberProfileChanged{{profile_at}}));
  EXPECT_FALSE((*decision)[0].subject);
  EXPECT_EQ((*decision)[1].subject->commitment, profile.commitment);
  for (const NewEvent& made : *decision) EXPECT_EQ(made.stream, stream_of(kNewMember));
}

TEST(ChangeMember, ToWhatItIsAlreadyMakesNothing) {
  Scenario s;
  EXPECT_THAT(s.when(ChangeMember{s.admin, Role::kAdmin, std::nullopt}), makes_nothing());
  EXPECT_THAT(s.when(ChangeMember{s.admin, std::nullopt, std::nullopt}), makes_nothing());
  EXPECT_THAT(s.when(ChangeMember{s.owner, Role::kOwner, std::nullopt}), makes_nothing());
}

TEST(ChangeMember, ThatIsNotThereOrWasRemoved) {
  Scenario s;
  s.given(s.admin, MemberRemoved{});
  EXPECT_THAT(s.when(ChangeMember{s.admin, Role::kOwner, std::nullopt}), is_refused(kWrongState));
  EXPECT_THAT(s.when(ChangeMember{s.stranger, Role::kAdmin, std::nullopt}), is_refused(kNotFound));
  EXPECT_THAT(s.when(ChangeMember{kNewMember, Role::kAdmin, std::nullopt}), is_refused(kNotFound));
}

TEST(LastOwner, CanBeNeitherDemotedNorRemoved) {
  Scenario s;
  EXPECT_THAT(s.when(ChangeMember{s.owner, Role::kAdmin, std::nullopt}), is_refused(kLastOwner));
  EXPECT_THAT(s.when(RemoveMember{s.owner}), is_refused(kLastOwner));
  EXPECT_THAT(s.as_system().when(RemoveMember{s.owner}), is_refused(kLastOwner));
  EXPECT_TRUE(s.when(ChangeMember{s.owner, std::nullopt, test_blob("Olga")}));

  s.given(s.admin, MemberRoleChanged{{Role::kAdmin, Role::kOwner}});
  EXPECT_TRUE(s.when(ChangeMember{s.owner, Role::kAdmin, std::nullopt}));
  EXPECT_TRUE(s.when(RemoveMember{s.owner}));
  s.given(s.admin, MemberRemoved{});
  EXPECT_THAT(s.when(RemoveMember{s.owner}), is_refused(kLastOwner));
}

TEST(RemoveMember, EndsItsManagementKeysFirst) {
  Scenario s;
  IssueManagementKey second = issue_to(s.admin);
  s.done(second);
  const auto decision = s.when(RemoveMember{s.admin});
  const KeyRevoked revoked{RevocationCode::kAffiliationChanged};
  ASSERT_THAT(decision, makes(revoked, revoked, MemberRemoved{}));
  EXPECT_EQ((*decision)[0].stream, stream_of(kNewKey));
  EXPECT_EQ((*decision)[1].stream, stream_of(Scenario::management_key_of(s.admin)));
  EXPECT_EQ((*decision)[2].stream, stream_of(s.admin));
}

TEST(RemoveMember, LeavesKeysAloneThatHaveEndedAndThoseOfClients) {
  Scenario s;
  IssueManagementKey expiring = issue_to(s.admin);
  expiring.expires_at = kNoon + kHour;
  s.done(expiring);
  s.given(Scenario::management_key_of(s.admin), KeyRevoked{});
  KeyCreated created = private_key("ci");
  created.owner = s.admin;
  s.given(kKey, created);
  s.now = kNoon + kHour;
  EXPECT_THAT(s.when(RemoveMember{s.admin}), makes(MemberRemoved{}));
}

TEST(RemoveMember, TwiceMakesNothingMore) {
  Scenario s;
  s.done(RemoveMember{s.admin});
  EXPECT_THAT(s.when(RemoveMember{s.admin}), makes_nothing());
  EXPECT_THAT(s.matching(77).when(RemoveMember{s.admin}), makes_nothing());
  EXPECT_THAT(s.when(RemoveMember{kNewMember}), is_refused(kNotFound));
}

TEST(RemoveMember, ShutsItsMemberOutAtOnce) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.done(RemoveMember{s.admin});
  EXPECT_THAT(s.as(s.admin).when(SuspendKey{kKey}), is_refused(kUnauthenticated));
}

TEST(ChangeMember, OfAProfileThatIsNotTheNewestIsRefused) {
  Scenario s;
  ChangeMember command{s.admin, std::nullopt, test_blob("Ada")};
  command.made_from = s.member(s.admin).profile_at.value_or(0) + 1;
  EXPECT_THAT(s.when(command), is_refused(kVersionMismatch));
  command.made_from = s.member(s.admin).profile_at;
  EXPECT_TRUE(s.when(command));
}

}  // namespace
}  // namespace keyledger
