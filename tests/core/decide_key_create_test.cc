#include <gmock/gmock.h>

#include "tests/support/given.h"

namespace keyledger {
namespace {

using enum ErrorCode;

constexpr std::uint64_t kDaySeconds = 86'400;

// The one event of a decision, as the fact that it must be.
template <typename Fact>
Fact only(const Result<Decision>& decision) {
  if (!decision || decision->empty()) {
    ADD_FAILURE() << describe(decision);
    return {};
  }
  const Fact* fact = std::get_if<Fact>(&(*decision)[0].event);
  if (fact == nullptr) ADD_FAILURE() << describe(decision);
  return fact == nullptr ? Fact{} : *fact;
}

TEST(CreateKey, SaysAllThatTheCallSaid) {
  Scenario s;
  CreateKey command = create_public("web");
  command.environment = Environment::kTest;
  command.scopes = ScopeSet{"A", "B"};
  command.allowed_origins = {any_origin()};
  command.allow_missing_origin = true;
  command.allowed_ips = {NetworkRule{}};
  command.not_before = kNoon + kHour;
  command.expires_at = kNoon + kDay;
  command.owner = s.verifier;
  command.rate_limit = RateLimit{5, 60};
  command.details = test_blob("details");
  KeyCreated created;
  created.type = KeyType::kPublic;
  created.environment = Environment::kTest;
  created.name = "web";
  created.secret = test_secret(3);
  created.scopes = {"A", "B"};
  created.allowed_origins = {any_origin()};
  created.allow_missing_origin = true;
  created.allowed_ips = {NetworkRule{}};
  created.not_before = kNoon + kHour;
  created.expires_at = kNoon + kDay;
  created.owner = s.verifier;
  created.rate_limit = RateLimit{5, 60};
  const auto decision = s.as(s.admin).when(command);
  ASSERT_THAT(decision, makes(created));
  EXPECT_EQ((*decision)[0].stream, stream_of(kNewKey));
  EXPECT_EQ((*decision)[0].subject->commitment, command.details->commitment);
}

TEST(CreateKey, TakesWhatIsNotSaidFromThePolicyAndTheCaller) {
  Scenario s;
  const auto created = only<KeyCreated>(s.as(s.admin).when(create_private("ci")));
  EXPECT_EQ(created.type, KeyType::kPrivate);
  EXPECT_EQ(created.environment, Environment::kLive);
  EXPECT_EQ(created.scopes, ScopeSet{"ALL"});
  EXPECT_EQ(created.owner, s.admin);
  EXPECT_EQ(created.member, std::nullopt);
  EXPECT_EQ(created.expires_at, std::nullopt);

  Policy policy;
  policy.default_scopes = {"READ"};
  policy.default_ttl_seconds = 60;
  s.given_policy(policy);
  const auto limited = only<KeyCreated>(s.when(create_private("ci")));
  EXPECT_EQ(limited.scopes, ScopeSet{"READ"});
  EXPECT_EQ(limited.expires_at, kNoon + 60 * kSecond);
}

TEST(CreateKey, CountsATtlFromTheRecordedTime) {
  Scenario s;
  CreateKey command = create_private("ci");
  command.ttl_seconds = 90;
  EXPECT_EQ(only<KeyCreated>(s.when(command)).expires_at, kNoon + 90 * kSecond);
}

TEST(CreateKey, OfATypeThatThePolicyDoesNotAllow) {
  Scenario s;
  Policy policy;
  policy.allow_public = false;
  s.given_policy(policy);
  EXPECT_THAT(s.when(create_public("web")), is_refused_for("type", FieldFault::kNotAllowed));
  EXPECT_TRUE(s.when(create_private("ci")));
  policy.allow_public = true;
  policy.allow_private = false;
  s.given_policy(policy);
  EXPECT_TRUE(s.when(create_public("web")));
  EXPECT_THAT(s.when(create_private("ci")), is_refused_for("type", FieldFault::kNotAllowed));

  CreateKey management = create_private("mine");
  management.type = KeyType::kManagement;
  EXPECT_THAT(s.when(management), is_refused_for("type", FieldFault::kNotAllowed));
}

TEST(CreateKey, WithWhiteSpaceInANameThatMayHaveNone) {
  Scenario s;
  EXPECT_TRUE(s.when(create_private("my integration")));
  Policy policy;
  policy.name_rule = NameRule::kNoWhitespace;
  s.given_policy(policy);
  struct Row {
    std::string name;
    std::string_view says;
  };
  const Row rows[] = {
      {"my integration", "character 3 is a space (U+0020)"},
      {" ci", "character 1 is a space (U+0020)"},
      {"ci ", "character 3 is a space (U+0020)"},
      {"a b\tc", "character 2 is a space (U+0020)"},
      {"a\tb c", "character 2 is a tab (U+0009)"},
      {"gr\xC3\xBC\xC3\x9F\xC2\xA0x", "character 5 is a no-break space (U+00A0)"},
      {"a\xE3\x80\x80z", "character 2 is an ideographic space (U+3000)"},
      {"a\xE2\x80\xA8z", "character 2 is a line separator (U+2028)"},
      {"a\xC2\x85z", "character 2 is a next line (U+0085)"},
  };
  for (const Row& row : rows) {
    const auto refused = s.when(create_private(row.name));
    EXPECT_THAT(refused, is_refused_for("name", FieldFault::kInvalid)) << row.name;
    EXPECT_THAT(refused, is_refused_saying(std::string(row.says)));
    EXPECT_THAT(refused, is_refused_saying("no_whitespace"));
  }
  // Not white space: a zero-width space, letters whose bytes look alike.
  for (const char* name : {"my-integration", "a\xE2\x80\x8Bz", "\xC3\xA0", "\xE0\xA0\x80"}) {
    EXPECT_TRUE(s.when(create_private(name))) << name;
  }
}

TEST(CreateKey, WithANameThatALiveKeyHolds) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  const auto refused = s.when(create_private("ci"));
  EXPECT_THAT(refused, is_refused(kNameTaken));
  EXPECT_THAT(refused, is_refused_saying(to_text(kKey)));
  ASSERT_EQ(refused.error().fields.size(), 1U);
  EXPECT_EQ(refused.error().fields[0].field, "name");
  EXPECT_TRUE(s.when(create_private("CI")));  // compared byte for byte

  CreateKey elsewhere = create_private("ci");
  elsewhere.environment = Environment::kTest;
  EXPECT_TRUE(s.when(elsewhere));
  s.given_elsewhere(kOtherKey, private_key("theirs"));
  EXPECT_TRUE(s.when(create_private("theirs")));
  EXPECT_TRUE(s.when(create_private("console")));  // the name of management keys only
}

TEST(CreateKey, MayRepeatANameWhereThePolicyLetsIt) {
  Scenario s;
  Policy policy;
  policy.unique_names = false;
  s.given_policy(policy);
  s.given(kKey, private_key("ci"));
  EXPECT_TRUE(s.when(create_private("ci")));
}

TEST(CreateKey, TakesTheNameOfAKeyThatHasEnded) {
  for (const Event& end : {Event(KeyRevoked{}), Event(KeyCompromised{}),
                           Event(KeyExpiryChanged{{std::nullopt, kNoon}})}) {
    Scenario s;
    s.given(kKey, private_key("ci"));
    s.given(kKey, end);
    EXPECT_TRUE(s.when(create_private("ci"))) << action_name(end);
  }
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(kKey, KeySuspended{});
  EXPECT_THAT(s.when(create_private("ci")), is_refused(kNameTaken));
}

TEST(CreateKey, FindsTheLiveHolderBehindAnExpiredSuccessor) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  KeyCreated successor = private_key("ci");
  successor.replaces = kKey;
  successor.expires_at = kNoon + kHour;
  s.given(kOtherKey, successor);
  s.given(kKey, KeyReplaced{kOtherKey});
  s.now = kNoon + kHour;
  EXPECT_THAT(s.when(create_private("ci")), is_refused(kNameTaken));
  EXPECT_THAT(s.when(create_private("ci")), is_refused_saying(to_text(kKey)));
  CreateKey third = create_private("ci");
  third.replaces = kOtherKey;
  EXPECT_THAT(s.when(third), is_refused_saying(to_text(kKey))) << "it replaces another one";
  s.given(kKey, KeyRenamed{{"ci", "old"}});
  EXPECT_TRUE(s.when(create_private("ci")));
}

// The policy let keys share a name and lets them no more: the newest has expired, an older lives.
TEST(CreateKey, FindsTheLiveHolderBehindAnExpiredTwin) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  KeyCreated twin = private_key("ci");
  twin.expires_at = kNoon + kHour;
  s.given(kOtherKey, twin);
  s.now = kNoon + kHour;
  EXPECT_THAT(s.when(create_private("ci")), is_refused(kNameTaken));
  EXPECT_THAT(s.when(create_private("ci")), is_refused_saying(to_text(kKey)));
  s.given(kOtherKey, KeyExpired{kNoon + kHour});
  EXPECT_THAT(s.when(create_private("ci")), is_refused_saying(to_text(kKey)));
  s.given(kKey, KeyRevoked{});
  EXPECT_TRUE(s.when(create_private("ci")));
}

TEST(CreateKey, ThatReplacesTellsThePredecessor) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  CreateKey command = create_private("ci");  // may take its name
  command.replaces = kKey;
  KeyCreated created = private_key("ci");
  created.secret = test_secret(3);
  created.replaces = kKey;
  const auto decision = s.when(command);
  ASSERT_THAT(decision, makes(created, KeyReplaced{kNewKey}));
  EXPECT_EQ((*decision)[0].stream, stream_of(kNewKey));
  EXPECT_EQ((*decision)[1].stream, stream_of(kKey));

  s.given(kOtherKey, private_key("taken"));
  command.name = "taken";  // but no other's
  EXPECT_THAT(s.when(command), is_refused(kNameTaken));
}

TEST(CreateKey, MayReplaceAKeyThatHasEnded) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(kKey, KeyCompromised{});
  CreateKey command = create_private("ci");
  command.replaces = kKey;
  EXPECT_TRUE(s.when(command));
}

TEST(CreateKey, CannotReplaceWhatIsNotThereNotAClientsKeyOrReplacedBefore) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(kKey, KeyReplaced{kOtherKey});
  s.given_elsewhere(kOtherKey, private_key("theirs"));
  CreateKey command = create_private("new");
  command.replaces = kKey;
  EXPECT_THAT(s.when(command), is_refused_for("replaces", FieldFault::kConflict));
  command.replaces = kOtherKey;
  const auto foreign = s.when(command);
  EXPECT_THAT(foreign, is_refused_for("replaces", FieldFault::kInvalid));
  command.replaces = Scenario::management_key_of(s.owner);
  EXPECT_THAT(s.when(command), is_refused_for("replaces", FieldFault::kInvalid));
  command.replaces = test_id<KeyId>(99);
  EXPECT_EQ(describe(s.when(command)), describe(foreign));
}

TEST(CreateKey, WithScopesThatThePolicyDoesNotHave) {
  Scenario s;
  Policy policy;
  policy.scopes = {{"READ", "", true}, {"WRITE", "", false}};
  s.given_policy(policy);
  const auto with_scopes = [&](CreateKey command, ScopeSet scopes) {
    command.scopes = std::move(scopes);
    return s.when(command);
  };
  const CreateKey secret = create_private("ci");
  const CreateKey open = create_public("web");
  EXPECT_TRUE(with_scopes(secret, {"READ", "WRITE"}));
  EXPECT_TRUE(with_scopes(secret, {"ALL"}));
  EXPECT_TRUE(with_scopes(open, {"READ"}));
  EXPECT_TRUE(with_scopes(open, {"ALL"}));
  EXPECT_THAT(with_scopes(secret, {"READ", "SING"}),
              is_refused_for("scopes[1]", FieldFault::kNotAllowed));
  EXPECT_THAT(with_scopes(secret, {"READ", "SING"}), is_refused_saying("SING"));
  // The entry is named by its place in the caller's list, not in the set.
  EXPECT_THAT(with_scopes(secret, {"WRITE", "SING", "READ"}),
              is_refused_for("scopes[1]", FieldFault::kNotAllowed));
  EXPECT_TRUE(with_scopes(secret, {"ALL", "ALL"}));
  EXPECT_THAT(with_scopes(open, {"READ", "WRITE"}),
              is_refused_for("scopes[1]", FieldFault::kNotAllowed));
  EXPECT_THAT(with_scopes(open, {"WRITE"}), is_refused_saying("private keys only"));
  EXPECT_THAT(with_scopes(secret, {"ALL", "READ"}),
              is_refused_for("scopes", FieldFault::kConflict));
  EXPECT_THAT(with_scopes(secret, {}), is_refused_for("scopes", FieldFault::kInvalid));

  policy.default_scopes = {"WRITE"};
  s.given_policy(policy);
  EXPECT_THAT(s.when(open), is_refused_for("scopes", FieldFault::kNotAllowed));
}

TEST(CreateKey, MakesSetsOfItsLists) {
  Scenario s;
  CreateKey command = create_public("web");
  OriginRule host = any_origin();
  host.host = "example.com";
  NetworkRule network;
  network.address[15] = 1;
  command.scopes = {"b", "a", "b"};
  command.allowed_origins = {host, any_origin(), host};
  command.allowed_ips = {network, NetworkRule{}, network};
  const auto recorded = s.done(command);
  const auto& made = std::get<KeyCreated>(recorded[0].event);
  EXPECT_EQ(made.scopes, (ScopeSet{"a", "b"}));
  EXPECT_EQ(made.allowed_origins, (std::vector<OriginRule>{any_origin(), host}));
  EXPECT_EQ(made.allowed_ips, (std::vector<NetworkRule>{NetworkRule{}, network}));

  ChangeKey same = change_of(command.id);
  same.scopes = {"a", "b", "a"};
  same.allowed_origins = {host, any_origin()};
  same.allowed_ips = {network, NetworkRule{}};
  EXPECT_THAT(s.when(same), makes_nothing());
}

TEST(CreateKey, WithAnyScopeWhereThePolicyNamesNone) {
  Scenario s;
  CreateKey command = create_public("web");
  command.scopes = ScopeSet{"anything:at.all", "else"};
  EXPECT_TRUE(s.when(command));
}

TEST(CreateKey, WithOriginRulesOnAKeyThatIsNotPublic) {
  Scenario s;
  CreateKey command = create_private("ci");
  command.allowed_origins = {any_origin()};
  EXPECT_THAT(s.when(command), is_refused_for("allowed_origins", FieldFault::kNotAllowed));
  command.allowed_origins.clear();
  command.allow_missing_origin = true;
  EXPECT_THAT(s.when(command), is_refused_for("allow_missing_origin", FieldFault::kNotAllowed));
}

TEST(CreateKey, WithEveryOriginWhereThePolicyForbidsIt) {
  Scenario s;
  Policy policy;
  policy.forbid_wildcard_origin_live = true;
  s.given_policy(policy);
  CreateKey command = create_public("web");
  OriginRule host = any_origin();
  host.host = "example.com";
  command.allowed_origins = {host, any_origin()};
  EXPECT_THAT(s.when(command), is_refused_for("allowed_origins[1]", FieldFault::kNotAllowed));
  command.environment = Environment::kTest;
  EXPECT_TRUE(s.when(command));
}

TEST(CreateKey, WithAnEndThatIsNotInTheFuture) {
  Scenario s;
  CreateKey command = create_private("ci");
  for (const Timestamp end : {kNoon + -1, kNoon}) {
    command.expires_at = end;
    EXPECT_THAT(s.when(command), is_refused_for("expires_at", FieldFault::kInvalid));
  }
  command.expires_at = kNoon + 1;
  EXPECT_TRUE(s.when(command));
}

TEST(CreateKey, WithAnEndThatIsNotAfterItsStart) {
  Scenario s;
  CreateKey command = create_private("ci");
  command.not_before = kNoon + kHour;
  command.expires_at = kNoon + kHour;
  EXPECT_THAT(s.when(command), is_refused_for("expires_at", FieldFault::kInvalid));
  command.expires_at = kNoon + kHour + 1;
  EXPECT_TRUE(s.when(command));
  command.expires_at = std::nullopt;
  command.ttl_seconds = 3600;
  EXPECT_THAT(s.when(command), is_refused_for("ttl_seconds", FieldFault::kInvalid));
  command.ttl_seconds = 3601;
  EXPECT_TRUE(s.when(command));
}

TEST(CreateKey, WithATtlThatMakesNoSense) {
  Scenario s;
  CreateKey command = create_private("ci");
  command.ttl_seconds = 60;
  command.expires_at = kNoon + kHour;
  EXPECT_THAT(s.when(command), is_refused_for("ttl_seconds", FieldFault::kConflict));
  command.expires_at = std::nullopt;
  command.ttl_seconds = 0;
  EXPECT_THAT(s.when(command), is_refused_for("ttl_seconds", FieldFault::kInvalid));
  // The year 9999 is the last that can be written; far beyond, arithmetic must not wrap.
  const std::uint64_t left = (253'402'300'799'999ULL - static_cast<std::uint64_t>(kNoon.ms)) / 1000;
  command.ttl_seconds = left;
  EXPECT_TRUE(s.when(command));
  for (const std::uint64_t ttl :
       {left + 1, std::uint64_t{1} << 53U, std::uint64_t{1} << 63U, UINT64_MAX / 1000,
        UINT64_MAX / 1000 + 1,  // times 1000 it wraps to 384 ms
        UINT64_MAX}) {
    command.ttl_seconds = ttl;
    EXPECT_THAT(s.when(command), is_refused_for("ttl_seconds", FieldFault::kInvalid)) << ttl;
  }
}

TEST(CreateKey, LivesNoLongerThanThePolicyAllows) {
  Scenario s;
  Policy policy;
  policy.max_ttl_seconds = kDaySeconds;
  s.given_policy(policy);
  CreateKey command = create_private("ci");
  EXPECT_THAT(s.when(command), is_refused_for("expires_at", FieldFault::kRequired));
  command.ttl_seconds = kDaySeconds;
  EXPECT_TRUE(s.when(command));
  command.ttl_seconds = kDaySeconds + 1;
  EXPECT_THAT(s.when(command), is_refused_for("ttl_seconds", FieldFault::kNotAllowed));
  command.ttl_seconds = std::nullopt;
  command.expires_at = kNoon + kDay;
  EXPECT_TRUE(s.when(command));
  command.expires_at = kNoon + kDay + 1;
  EXPECT_THAT(s.when(command), is_refused_for("expires_at", FieldFault::kNotAllowed));
  EXPECT_THAT(s.when(command), is_refused_saying("86400 seconds"));

  policy.default_ttl_seconds = 60;
  s.given_policy(policy);
  EXPECT_TRUE(s.when(create_private("ci")));
}

TEST(CreateKey, ForAnOwnerWhoIsNotThere) {
  Scenario s;
  s.given(s.auditor, MemberRemoved{});
  CreateKey command = create_private("ci");
  for (const MemberId& owner : {s.auditor, s.stranger, test_id<MemberId>(99)}) {
    command.owner = owner;
    EXPECT_THAT(s.when(command), is_refused_for("owner_id", FieldFault::kInvalid));
  }
  command.owner = std::nullopt;
  EXPECT_THAT(s.as_system().when(command), is_refused_for("owner_id", FieldFault::kRequired));
}

TEST(CreateKey, TellsEveryFaultAtOnce) {
  Scenario s;
  Policy policy;
  policy.name_rule = NameRule::kNoWhitespace;
  policy.require_reason = true;
  s.given_policy(policy);
  CreateKey command = create_private("my key");
  command.scopes = ScopeSet{};
  command.expires_at = kNoon;
  const auto refused = s.when(command);
  ASSERT_THAT(refused, is_refused(kInvalidRequest));
  std::vector<std::string> fields;
  for (const FieldError& fault : refused.error().fields) fields.push_back(fault.field);
  EXPECT_THAT(fields, ::testing::ElementsAre("reason", "name", "scopes", "expires_at"));
}

TEST(IssueManagementKey, MakesAKeyThatSpeaksForAMember) {
  Scenario s;
  IssueManagementKey command = issue_to(s.verifier);
  command.expires_at = kNoon + kDay;
  command.allowed_ips = {NetworkRule{}};
  KeyCreated created;
  created.type = KeyType::kManagement;
  created.name = "laptop";
  created.secret = test_secret(3);
  created.allowed_ips = {NetworkRule{}};
  created.expires_at = kNoon + kDay;
  created.owner = s.verifier;
  created.member = s.verifier;
  const auto decision = s.when(command);
  ASSERT_THAT(decision, makes(created));
  EXPECT_EQ((*decision)[0].stream, stream_of(kNewKey));
}

TEST(IssueManagementKey, IsForOwnersAndForAdminsThemselves) {
  Scenario s;
  for (const MemberId& member : {s.owner, s.admin, s.auditor, s.verifier}) {
    EXPECT_TRUE(s.as(s.owner).when(issue_to(member))) << to_text(member);
    EXPECT_TRUE(s.as_system().when(issue_to(member))) << to_text(member);
  }
  EXPECT_TRUE(s.as(s.admin).when(issue_to(s.admin)));
  EXPECT_THAT(s.as(s.admin).when(issue_to(s.owner)), is_refused(kForbidden));
  EXPECT_THAT(s.as(s.admin).when(issue_to(s.verifier)), is_refused(kForbidden));
  EXPECT_THAT(s.as(s.auditor).when(issue_to(s.auditor)), is_refused(kForbidden));
  EXPECT_THAT(s.as(s.verifier).when(issue_to(s.verifier)), is_refused_saying("owner or admin"));
}

TEST(IssueManagementKey, NeedsAMemberWhoIsThere) {
  Scenario s;
  s.given(s.auditor, MemberRemoved{});
  EXPECT_THAT(s.when(issue_to(s.auditor)), is_refused(kWrongState));
  EXPECT_THAT(s.when(issue_to(s.stranger)), is_refused(kNotFound));
  EXPECT_THAT(s.when(issue_to(test_id<MemberId>(99))), is_refused(kNotFound));
}

TEST(IssueManagementKey, EndsInTheFutureIfAtAll) {
  Scenario s;
  IssueManagementKey command = issue_to(s.admin);
  command.expires_at = kNoon;
  EXPECT_THAT(s.when(command), is_refused_for("expires_at", FieldFault::kInvalid));
}

TEST(IssueManagementKey, IsUnderNoRuleForNamesAndTheLivesOfClientsKeys) {
  Scenario s;
  Policy policy;
  policy.name_rule = NameRule::kNoWhitespace;
  policy.max_ttl_seconds = 60;
  policy.default_ttl_seconds = 30;
  s.given_policy(policy);
  s.given(kKey, private_key("my laptop"));
  IssueManagementKey command = issue_to(s.admin);
  command.name = "my laptop";
  EXPECT_EQ(only<KeyCreated>(s.when(command)).expires_at, std::nullopt);
  s.done(command);
  command.id = kOtherKey;
  EXPECT_TRUE(s.when(command));
}

}  // namespace
}  // namespace keyledger
