#include <gmock/gmock.h>

#include "tests/support/given.h"

namespace keyledger {
namespace {

using enum ErrorCode;

// A public key, since it has every field.
Scenario& with_web_key(Scenario& s) {
  KeyCreated created = public_key("web");
  created.scopes = {"READ"};
  s.given(kKey, created);
  return s;
}

TEST(ChangeKey, MakesOneEventForEachIntent) {
  Scenario s;
  with_web_key(s);
  ChangeKey command = change_of(kKey);
  command.name = "site";
  command.scopes = ScopeSet{"WRITE"};
  command.allowed_origins = std::vector<OriginRule>{any_origin()};
  command.allow_missing_origin = true;
  command.allowed_ips = std::vector<NetworkRule>{NetworkRule{}};
  command.not_before = OptionalTime(kNoon + kHour);
  command.expires_at = OptionalTime(kNoon + kDay);
  command.rate_limit = std::optional<RateLimit>(RateLimit{5, 60});
  command.owner = s.admin;
  command.description = test_blob("description");
  command.metadata = test_blob("metadata");
  command.external_id = test_blob("external id");
  const auto decision = s.when(command);
  ASSERT_THAT(
      decision,
      makes(KeyRenamed{{"web", "site"}}, KeyDescriptionChanged{{std::nullopt}},
            KeyScopesChanged{{{"READ"}, {"WRITE"}}}, KeyOriginsChanged{{{}, {any_origin()}}},
            KeyMissingOriginChanged{{false, true}}, KeyAddressesChanged{{{}, {NetworkRule{}}}},
            KeyStartChanged{{std::nullopt, kNoon + kHour}},
            KeyExpiryChanged{{std::nullopt, kNoon + kDay}}, KeyMetadataChanged{{std::nullopt}},
            KeyExternalIdChanged{{std::nullopt}}, KeyOwnerChanged{{s.owner, s.admin}},
            KeyRateLimitChanged{{std::nullopt, RateLimit{5, 60}}}));
  for (const NewEvent& made : *decision) EXPECT_EQ(made.stream, stream_of(kKey));
  EXPECT_EQ((*decision)[1].subject->commitment, command.description->commitment);
  EXPECT_EQ((*decision)[8].subject->commitment, command.metadata->commitment);
  EXPECT_EQ((*decision)[9].subject->commitment, command.external_id->commitment);
  EXPECT_FALSE((*decision)[0].subject);
}

TEST(ChangeKey, SaysWhereTheTextsWereBefore) {
  Scenario s;
  CreateKey create = create_private("ci");
  create.details = test_blob("details");
  const std::uint64_t created_at = s.done(create)[0].position;
  ChangeKey command = change_of(kNewKey);
  command.description = test_blob("description");
  const std::uint64_t described_at = s.done(command)[0].position;
  EXPECT_THAT(s.when(command), makes(KeyDescriptionChanged{{described_at}}));
  command.metadata = test_blob("metadata");
  EXPECT_THAT(s.when(command),
              makes(KeyDescriptionChanged{{described_at}}, KeyMetadataChanged{{created_at}}));
}

TEST(ChangeKey, ToWhatItIsAlreadyMakesNothing) {
  Scenario s;
  KeyCreated created = public_key("web");
  created.not_before = kNoon + 1;
  created.expires_at = kNoon + kDay;
  created.rate_limit = RateLimit{5, 60};
  s.given(kKey, created);
  ChangeKey command = change_of(kKey);
  EXPECT_THAT(s.when(command), makes_nothing());
  command.name = "web";
  command.scopes = ScopeSet{"ALL"};
  command.allowed_origins.emplace();
  command.allow_missing_origin = false;
  command.allowed_ips.emplace();
  command.not_before = created.not_before;
  command.expires_at = created.expires_at;
  command.rate_limit = created.rate_limit;
  command.owner = created.owner;
  EXPECT_THAT(s.when(command), makes_nothing());
  EXPECT_THAT(s.matching(77).when(command), is_refused(kVersionMismatch))
      << "who names a version wants to know whether it was current";
  command.scopes = ScopeSet{"READ"};
  EXPECT_THAT(s.when(command), makes(KeyScopesChanged{{{"ALL"}, {"READ"}}}));
}

TEST(ChangeKey, ClearsWhatIsNull) {
  Scenario s;
  KeyCreated created = private_key("ci");
  created.not_before = kNoon + 1;
  created.expires_at = kNoon + kDay;
  created.rate_limit = RateLimit{5, 60};
  s.given(kKey, created);
  ChangeKey command = change_of(kKey);
  command.not_before.emplace(std::nullopt);
  command.expires_at.emplace(std::nullopt);
  command.rate_limit.emplace(std::nullopt);
  EXPECT_THAT(s.when(command), makes(KeyStartChanged{{created.not_before, std::nullopt}},
                                     KeyExpiryChanged{{created.expires_at, std::nullopt}},
                                     KeyRateLimitChanged{{created.rate_limit, std::nullopt}}));
}

TEST(ChangeKey, OfAKeyThatHasEnded) {
  for (const Event& end : {Event(KeyRevoked{}), Event(KeyCompromised{}),
                           Event(KeyExpiryChanged{{std::nullopt, kNoon}})}) {
    Scenario s;
    s.given(kKey, private_key("ci"));
    s.given(kKey, end);
    ChangeKey command = change_of(kKey);
    command.name = "build";
    EXPECT_THAT(s.when(command), is_refused(kKeyFinal)) << action_name(end);
    command = change_of(kKey);
    command.expires_at.emplace(std::nullopt);
    if (!std::holds_alternative<KeyExpiryChanged>(end)) continue;
    EXPECT_THAT(s.when(command), is_refused(kKeyFinal));  // an expired key does not come back
  }
}

TEST(ChangeKey, ToANameThatALiveKeyHolds) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(kOtherKey, private_key("build"));
  ChangeKey command = change_of(kKey);
  command.name = "build";
  EXPECT_THAT(s.when(command), is_refused(kNameTaken));
  s.given(kOtherKey, KeyRenamed{{"build", "other"}});
  EXPECT_THAT(s.when(command), makes(KeyRenamed{{"ci", "build"}}));
}

TEST(ChangeKey, MayTakeTheNameOfItsPredecessorOnly) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  KeyCreated successor = private_key("ci2");
  successor.replaces = kKey;
  s.given(kOtherKey, successor);
  s.given(kKey, KeyReplaced{kOtherKey});
  ChangeKey command = change_of(kOtherKey);
  command.name = "ci";
  EXPECT_TRUE(s.when(command));
  s.given(kOtherKey, KeyRenamed{{"ci2", "ci"}});
  s.given(kKey, KeyRenamed{{"ci", "old"}});
  ChangeKey back = change_of(kKey);
  back.name = "ci";
  EXPECT_THAT(s.when(back), is_refused(kNameTaken));
}

TEST(ChangeKey, ChecksANewNameAgainstTheRule) {
  Scenario s;
  s.given(kKey, private_key("old name"));
  Policy policy;
  policy.name_rule = NameRule::kNoWhitespace;
  s.given_policy(policy);
  ChangeKey command = change_of(kKey);
  command.name = "new name";
  EXPECT_THAT(s.when(command), is_refused_for("name", FieldFault::kInvalid));
  command.name = std::nullopt;
  command.scopes = ScopeSet{"READ"};
  EXPECT_TRUE(s.when(command));  // the old name was allowed when it was given
}

TEST(ChangeKey, ChecksScopesAndOrigins) {
  Scenario s;
  with_web_key(s);
  s.given(kOtherKey, private_key("ci"));
  Policy policy;
  policy.scopes = {{"READ", "", true}, {"WRITE", "", false}};
  policy.forbid_wildcard_origin_live = true;
  s.given_policy(policy);
  ChangeKey command = change_of(kKey);
  command.scopes = ScopeSet{"WRITE"};
  EXPECT_THAT(s.when(command), is_refused_for("scopes[0]", FieldFault::kNotAllowed));
  command.scopes = ScopeSet{};
  EXPECT_THAT(s.when(command), is_refused_for("scopes", FieldFault::kInvalid));
  command = change_of(kKey);
  command.allowed_origins = std::vector<OriginRule>{any_origin()};
  EXPECT_THAT(s.when(command), is_refused_for("allowed_origins[0]", FieldFault::kNotAllowed));
  command.id = kOtherKey;
  EXPECT_THAT(s.when(command), is_refused_for("allowed_origins", FieldFault::kNotAllowed));
  command = change_of(kOtherKey);
  command.allow_missing_origin = true;
  EXPECT_THAT(s.when(command), is_refused_for("allow_missing_origin", FieldFault::kNotAllowed));
}

TEST(ChangeKey, ChecksTheLifeThatResults) {
  Scenario s;
  KeyCreated created = private_key("ci");
  created.expires_at = kNoon + kDay;
  s.given(kKey, created);
  const auto change = [&](std::optional<OptionalTime> start, std::optional<OptionalTime> end) {
    ChangeKey command = change_of(kKey);
    command.not_before = start;
    command.expires_at = end;
    return s.when(command);
  };
  const std::optional<OptionalTime> same;
  const auto at = [](std::int64_t offset) { return OptionalTime(kNoon + offset); };
  EXPECT_THAT(change(same, at(0)), is_refused_for("expires_at", FieldFault::kInvalid));
  EXPECT_TRUE(change(same, at(1)));
  EXPECT_THAT(change(at(kDay), same), is_refused_for("not_before", FieldFault::kInvalid));
  EXPECT_TRUE(change(at(kDay - 1), same));
  EXPECT_THAT(change(at(kHour), at(kHour)), is_refused_for("expires_at", FieldFault::kInvalid));
  EXPECT_TRUE(change(at(2 * kDay), at(3 * kDay)));
  EXPECT_TRUE(change(at(2 * kDay), OptionalTime()));
  EXPECT_TRUE(change(at(-kDay), same));
}

TEST(ChangeKey, CountsTheLongestLifeFromTheCreation) {
  Scenario s;
  KeyCreated created = private_key("ci");
  created.expires_at = kNoon + kDay;
  s.given(kKey, created);
  Policy policy;
  policy.max_ttl_seconds = 2 * 86'400;
  s.given_policy(policy);
  s.now = kNoon + kHour;
  ChangeKey command = change_of(kKey);
  command.expires_at = OptionalTime(kNoon + 2 * kDay);
  EXPECT_TRUE(s.when(command));
  command.expires_at = OptionalTime(kNoon + 2 * kDay + 1);
  EXPECT_THAT(s.when(command), is_refused_for("expires_at", FieldFault::kNotAllowed));
  command.expires_at.emplace(std::nullopt);
  EXPECT_THAT(s.when(command), is_refused_for("expires_at", FieldFault::kRequired));
}

TEST(ChangeKey, ToAnOwnerWhoIsNotThere) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(s.auditor, MemberRemoved{});
  ChangeKey command = change_of(kKey);
  for (const MemberId& owner : {s.auditor, s.stranger, test_id<MemberId>(99)}) {
    command.owner = owner;
    EXPECT_THAT(s.when(command), is_refused_for("owner_id", FieldFault::kInvalid));
  }
}

TEST(ChangeKey, OfAManagementKeyIsAboutNameExpiryAndAddressesOnly) {
  Scenario s;
  const KeyId id = Scenario::management_key_of(s.admin);
  Policy policy;
  policy.name_rule = NameRule::kNoWhitespace;
  policy.max_ttl_seconds = 60;
  s.given_policy(policy);
  s.given(kKey, private_key("build"));
  ChangeKey command = change_of(id);
  command.name = "build";  // names of management keys are labels
  command.expires_at = OptionalTime(kNoon + kDay);
  EXPECT_THAT(s.when(command), makes(KeyRenamed{{"console", "build"}},
                                     KeyExpiryChanged{{std::nullopt, kNoon + kDay}}));
  command.name = "my laptop";
  EXPECT_TRUE(s.when(command));
  command.expires_at = OptionalTime(kNoon);
  EXPECT_THAT(s.when(command), is_refused_for("expires_at", FieldFault::kInvalid));
  ChangeKey addresses = change_of(id);
  addresses.allowed_ips = {{NetworkRule{}}};
  EXPECT_THAT(s.when(addresses), makes(KeyAddressesChanged{{{}, {NetworkRule{}}}}));

  struct Row {
    std::string field;
    std::function<void(ChangeKey&)> set;
  };
  const Row rows[] = {
      {"scopes", [](ChangeKey& c) { c.scopes = ScopeSet{"ALL"}; }},
      {"allowed_origins", [](ChangeKey& c) { c.allowed_origins = {{any_origin()}}; }},
      {"allow_missing_origin", [](ChangeKey& c) { c.allow_missing_origin = true; }},
      {"not_before", [](ChangeKey& c) { c.not_before = OptionalTime(kNoon + 1); }},
      {"rate_limit",
       [](ChangeKey& c) {
         c.rate_limit = std::optional(RateLimit{1, 1});
       }},
      {"owner_id", [&](ChangeKey& c) { c.owner = s.owner; }},
      {"description", [](ChangeKey& c) { c.description = test_blob("x"); }},
      {"metadata", [](ChangeKey& c) { c.metadata = test_blob("x"); }},
      {"external_id", [](ChangeKey& c) { c.external_id = test_blob("x"); }},
  };
  for (const Row& row : rows) {
    ChangeKey wrong = change_of(id);
    wrong.name = "laptop";
    row.set(wrong);
    EXPECT_THAT(s.when(wrong), is_refused_for(row.field, FieldFault::kNotAllowed)) << row.field;
  }
}

}  // namespace
}  // namespace keyledger
