#include <gmock/gmock.h>

#include "tests/support/given.h"

namespace keyledger {
namespace {

using enum ErrorCode;
using ::testing::ElementsAre;

// The entry of that number: a key, a secret and a name that no other number has.
CreateKey entry(std::uint32_t number) {
  CreateKey made = create_private("imported " + std::to_string(number));
  made.id = test_id<KeyId>(100 + number);
  made.secret = test_secret(100 + number);
  return made;
}

ImportKeys import_of(std::uint32_t count) {
  ImportKeys command;
  for (std::uint32_t i = 0; i < count; ++i) command.keys.push_back(entry(i));
  return command;
}

// "field code" of each fault, in their order.
std::vector<std::string> faults(const Result<Decision>& decision) {
  std::vector<std::string> out;
  if (decision) {
    ADD_FAILURE() << describe(decision);
    return out;
  }
  for (const FieldError& error : decision.error().fields) {
    out.push_back(error.field + ' ' + std::string(fault_name(error.fault)));
  }
  return out;
}

TEST(ImportKeys, MakesOneEventForEachKeyWithAllThatWasSaid) {
  Scenario s;
  ImportKeys command = import_of(2);
  command.keys[1].type = KeyType::kPublic;
  command.keys[1].allowed_origins = {any_origin()};
  command.keys[1].details = test_blob("details");
  const auto decision = s.as(s.admin).when(command);
  // What a creation with the same fields says, under another name.
  KeyImported first;
  KeyImported second;
  for (auto [fact, made] :
       {std::pair(&first, &command.keys[0]), std::pair(&second, &command.keys[1])}) {
    const auto created = s.as(s.admin).when(*made);
    ASSERT_TRUE(created) << describe(created);
    static_cast<KeyCreated&>(*fact) = std::get<KeyCreated>((*created)[0].event);
  }
  ASSERT_THAT(decision, makes(first, second));
  EXPECT_EQ((*decision)[1].stream, stream_of(command.keys[1].id));
  EXPECT_EQ((*decision)[1].subject->commitment, command.keys[1].details->commitment);
  EXPECT_EQ(first.owner, s.admin);
  EXPECT_EQ(first.secret, test_secret(100));
}

TEST(ImportKeys, NamesEveryFaultOfEveryEntryAndMakesNothing) {
  Scenario s;
  Policy policy;
  policy.name_rule = NameRule::kNoWhitespace;
  policy.allow_public = false;
  policy.scopes = {{"READ", "", false}};
  policy.max_ttl_seconds = 3600;
  policy.default_ttl_seconds = 60;
  s.given_policy(policy);
  ImportKeys command = import_of(4);
  for (CreateKey& made : command.keys) made.name = std::to_string(made.id.bytes[15]);
  command.keys[0].name = "a b";
  command.keys[1].type = KeyType::kPublic;
  command.keys[3].scopes = {"READ", "WRITE"};
  command.keys[3].expires_at = kNoon + kDay;
  command.keys[3].owner = s.stranger;
  const auto refused = s.when(command);
  EXPECT_THAT(refused, is_refused(kInvalidRequest));
  EXPECT_THAT(faults(refused),
              ElementsAre("keys[0].name invalid", "keys[1].type not_allowed",
                          "keys[3].scopes[1] not_allowed", "keys[3].expires_at not_allowed",
                          "keys[3].owner_id invalid"));
}

TEST(ImportKeys, MakesNoManagementKey) {
  Scenario s;
  ImportKeys command = import_of(1);
  command.keys[0].type = KeyType::kManagement;
  EXPECT_THAT(s.when(command), is_refused_for("keys[0].type", FieldFault::kNotAllowed));
}

TEST(ImportKeys, WantsTheReasonOnce) {
  Scenario s;
  Policy policy;
  policy.require_reason = true;
  s.given_policy(policy);
  EXPECT_THAT(s.when(import_of(2)), is_refused_for("reason", FieldFault::kRequired));
  EXPECT_TRUE(s.because("moving in").when(import_of(2)));
}

TEST(ImportKeys, RefusesNamesThatAreTakenHereOrInTheBatch) {
  Scenario s;
  s.given(kKey, private_key("imported 2"));
  ImportKeys command = import_of(4);
  command.keys[3].name = "imported 1";
  const auto refused = s.when(command);
  EXPECT_THAT(refused, is_refused(kNameTaken));
  EXPECT_THAT(faults(refused), ElementsAre("keys[2].name conflict", "keys[3].name conflict"));
  EXPECT_THAT(refused, is_refused_saying(to_text(kKey)));
  EXPECT_THAT(refused, is_refused_saying("keys[1] has the same name."));

  command.keys[0].scopes = std::vector<std::string>{};
  const auto both = s.when(command);
  EXPECT_THAT(both, is_refused(kInvalidRequest)) << "not the names alone";
  EXPECT_EQ(faults(both).size(), 3U);

  command.keys[0].scopes = std::nullopt;
  command.keys[2].environment = Environment::kTest;
  command.keys[3].environment = Environment::kTest;
  EXPECT_TRUE(s.when(command)) << "names are unique in an environment";
}

TEST(ImportKeys, LetsNamesRepeatWhereThePolicyDoes) {
  Scenario s;
  Policy policy;
  policy.unique_names = false;
  s.given_policy(policy);
  ImportKeys command = import_of(2);
  command.keys[1].name = command.keys[0].name;
  EXPECT_TRUE(s.when(command));
}

TEST(ImportKeys, RefusesASecretTwiceInTheBatch) {
  Scenario s;
  ImportKeys command = import_of(3);
  command.keys[2].secret.hash = command.keys[0].secret.hash;
  const auto refused = s.when(command);
  EXPECT_THAT(refused, is_refused_for("keys[2].sha256", FieldFault::kConflict));
  EXPECT_THAT(refused, is_refused_saying("keys[0] has the same hash."));
}

// Nobody learns which key's it is, nor in which state that is.
TEST(ImportKeys, RefusesASecretThatAnyKeyOfTheWorkspaceHasOrHadInTheSameWords) {
  Scenario s;
  KeyCreated mine = private_key("mine");
  mine.secret = test_secret(100);
  s.given(kKey, mine);
  s.done(RotateKey{kKey, test_secret(55), 0});
  s.done(RevokeKey{kKey, RevocationCode::kUnspecified});
  ImportKeys command = import_of(2);
  command.keys[1].secret.hash =
      s.key(Scenario::management_key_of(s.owner)).current_secret().facts.hash;
  const auto refused = s.when(command);
  EXPECT_THAT(faults(refused), ElementsAre("keys[0].sha256 conflict", "keys[1].sha256 conflict"));
  EXPECT_EQ(refused.error().fields[0].message, refused.error().fields[1].message);
  EXPECT_FALSE(tells_of_another_workspace(refused.error()));
  command.is_rehearsal = true;
  EXPECT_EQ(faults(s.when(command)).size(), 2U);
}

// Or it could be asked for nothing: with an entry that is wrong anyway no guess leaves a key.
TEST(ImportKeys, TellsOfAnotherWorkspaceWhenNothingElseIsWrongAndNeverInARehearsal) {
  Scenario s;
  KeyCreated theirs = private_key("theirs");
  theirs.secret = test_secret(101);
  s.given_elsewhere(kOtherKey, theirs);
  ImportKeys command = import_of(3);
  command.keys[2].type = KeyType::kManagement;
  const auto both = s.when(command);
  EXPECT_THAT(faults(both), ElementsAre("keys[2].type not_allowed"));
  EXPECT_FALSE(tells_of_another_workspace(both.error()));

  command.keys.pop_back();
  const auto alone = s.when(command);
  EXPECT_THAT(alone, is_refused_for("keys[1].sha256", FieldFault::kConflict));
  EXPECT_TRUE(tells_of_another_workspace(alone.error()));

  command.is_rehearsal = true;
  const auto rehearsed = s.when(command);
  ASSERT_TRUE(rehearsed) << describe(rehearsed);
  EXPECT_EQ(rehearsed->size(), 2U);
}

TEST(ImportKeys, PassesOverWhatIsThereButNotItsTwin) {
  Scenario s;
  KeyCreated there = private_key("imported 0");
  there.secret = test_secret(100);
  s.given(kKey, there);
  ImportKeys command = import_of(2);
  command.there = {0};
  const auto decision = s.when(command);
  ASSERT_TRUE(decision) << describe(decision);
  ASSERT_EQ(decision->size(), 1U);
  EXPECT_EQ((*decision)[0].stream, stream_of(command.keys[1].id));

  command.keys[1] = command.keys[0];
  command.there = {0, 1};
  const auto twice = s.when(command);
  EXPECT_THAT(twice, is_refused_saying("keys[0] has the same hash."));
  command.keys.pop_back();
  command.there = {0};
  const auto nothing = s.when(command);
  ASSERT_TRUE(nothing) << describe(nothing);
  EXPECT_TRUE(nothing->empty());
}

TEST(ImportKeys, StopsLookingWhenThereAreMoreFaultsThanAnyoneReads) {
  Scenario s;
  ImportKeys command = import_of(1000);
  for (CreateKey& made : command.keys) made.type = KeyType::kManagement;
  EXPECT_EQ(faults(s.when(command)).size(), kMaxShownFaults);
}

TEST(ImportKeys, IsForOwnersAndAdminsByTheRoute) {
  Scenario s;
  const RoleSet managers(Role::kOwner, Role::kAdmin);
  EXPECT_TRUE(s.as(s.admin).permitting(managers).when(import_of(1)));
  EXPECT_THAT(s.as(s.auditor).permitting(managers).when(import_of(1)), is_refused(kForbidden));
}

// Whatever look-up fails, nothing is decided.
TEST(ImportKeys, PassesOnWhatTheStateCannotSay) {
  Scenario s;
  for (std::size_t after = 0;; ++after) {
    s.state.fail_with(Error{kStorage, "broken", {}, std::nullopt}, after);
    const auto decision = s.when(import_of(2));
    if (decision) {
      EXPECT_GT(after, 6U);
      break;
    }
    ASSERT_THAT(decision, is_refused(kStorage)) << after;
  }
}

}  // namespace
}  // namespace keyledger
