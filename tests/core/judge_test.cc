#include "core/judge.h"

#include <gtest/gtest.h>

#include "tests/support/given.h"

namespace keyledger {
namespace {

constexpr WorkspaceId kHome = test_id<WorkspaceId>(1);

// Every event of a credential is told apart by its position.
enum Position : std::uint8_t {
  kNone = 0,
  kCreated = 1,
  kNewest = 2,
  kScopes = 3,
  kStart = 4,
  kExpiry = 5,
  kSuspension = 6,
  kRetirement = 7,
  kEnd = 8,
  kOrigins = 9,
  kAddresses = 10,
  kPolicy = 11,
};

Cause at(Position position) {
  Cause cause;
  cause.position = position;
  cause.type = 1;
  return cause;
}

std::shared_ptr<const Grants> grants(ScopeSet scopes) {
  Grants grants;
  grants.scopes = std::move(scopes);
  return std::make_shared<const Grants>(std::move(grants));
}

Credential valid_credential() {
  Credential held;
  held.key = kKey;
  held.workspace = kHome;
  held.grants = grants({"READ", "WRITE"});
  held.created = at(kCreated);
  held.newest = at(kNewest);
  held.scopes = at(kScopes);
  held.origins = at(kOrigins);
  held.addresses = at(kAddresses);
  held.start = at(kStart);
  held.expiry = at(kExpiry);
  held.suspension = at(kSuspension);
  held.retirement = at(kRetirement);
  held.end = at(kEnd);
  return held;
}

// What can be wrong with a key, one letter each, in the order in which it is looked at.
//   W another workspace   R revoked   C compromised   X expired   S suspended
//   P not valid yet   T secret retired   E the other environment   G scope not granted
// And with the request: H header missing   I address   O origin   N endpoint
Credential credential_with(std::string_view wrongs) {
  Credential held = valid_credential();
  for (const char wrong : wrongs) {
    if (wrong == 'W') held.workspace = test_id<WorkspaceId>(2);
    if (wrong == 'R') held.ended = KeyStatus::kRevoked;
    if (wrong == 'C') held.ended = KeyStatus::kCompromised;
    if (wrong == 'X') held.expires_at_ms = kNoon.ms;
    if (wrong == 'S') held.suspended = true;
    if (wrong == 'P') held.not_before_ms = kNoon.ms + 1;
    if (wrong == 'T') held.retires_at_ms = kNoon.ms;
    if (wrong == 'E') held.environment = Environment::kTest;
    if (wrong == 'G') held.grants = grants({"OTHER"});
  }
  return held;
}

TEST(Judge, AnswersTheFirstThatFails) {
  struct Row {
    std::string_view wrongs;
    Verdict verdict;
    Position decided_by;
  };
  const Row rows[] = {
      {"", Verdict::kValid, kNewest},
      {"W", Verdict::kNotFound, kNone},
      {"R", Verdict::kRevoked, kEnd},
      {"C", Verdict::kCompromised, kEnd},
      {"X", Verdict::kExpired, kExpiry},
      {"S", Verdict::kSuspended, kSuspension},
      {"P", Verdict::kNotYetValid, kStart},
      {"T", Verdict::kSecretRetired, kRetirement},
      {"E", Verdict::kEnvironmentNotAllowed, kCreated},
      {"G", Verdict::kScopeNotGranted, kScopes},
      // Each with everything that comes after it.
      {"WRXSPTEG", Verdict::kNotFound, kNone},
      {"RXSPTEG", Verdict::kRevoked, kEnd},
      {"CXSPTEG", Verdict::kCompromised, kEnd},
      {"XSPTEG", Verdict::kExpired, kExpiry},
      {"SPTEG", Verdict::kSuspended, kSuspension},
      {"PTEG", Verdict::kNotYetValid, kStart},
      {"TEG", Verdict::kSecretRetired, kRetirement},
      {"EG", Verdict::kEnvironmentNotAllowed, kCreated},
      // Some pairs that are apart.
      {"RG", Verdict::kRevoked, kEnd},
      {"XT", Verdict::kExpired, kExpiry},
      {"SE", Verdict::kSuspended, kSuspension},
      {"PG", Verdict::kNotYetValid, kStart},
      {"TG", Verdict::kSecretRetired, kRetirement},
  };
  const std::vector<std::string> scopes = {"READ"};
  const VerifyRequest request{kHome, Environment::kLive, scopes};
  for (const Row& row : rows) {
    const Credential held = credential_with(row.wrongs);
    const Judgement judged = judge(&held, Policy{}, request, kNoon);
    EXPECT_EQ(judged.verdict, row.verdict) << row.wrongs << " " << verdict_name(judged.verdict);
    EXPECT_EQ(judged.decided_by.position, row.decided_by) << row.wrongs;
    EXPECT_EQ(judged.decided_by.exists(), row.decided_by != kNone) << row.wrongs;
  }
}

NetworkRule some_network() { return {parse_address("10.0.0.0")->bytes, 104}; }

OriginRule some_origin() {
  OriginRule rule;
  rule.host = "example.com";
  rule.subdomains = true;
  return rule;
}

RequestSource from(std::string_view ip, std::string_view origin) {
  return {parse_address(ip), parse_origin(origin)};
}

// Every set of things that are wrong at once: the first in the contract's order is the answer.
TEST(Judge, AnswersTheFirstOfAnySetThatFails) {
  struct Check {
    char wrong;
    Verdict verdict;
    Position decided_by;
  };
  constexpr Check kInOrder[] = {
      {'H', Verdict::kHeaderRequired, kPolicy},
      {'W', Verdict::kNotFound, kNone},
      {'R', Verdict::kRevoked, kEnd},
      {'X', Verdict::kExpired, kExpiry},
      {'S', Verdict::kSuspended, kSuspension},
      {'P', Verdict::kNotYetValid, kStart},
      {'T', Verdict::kSecretRetired, kRetirement},
      {'E', Verdict::kEnvironmentNotAllowed, kCreated},
      {'I', Verdict::kIpNotAllowed, kAddresses},
      {'O', Verdict::kOriginNotAllowed, kOrigins},
      {'N', Verdict::kEndpointNotAllowed, kPolicy},
      {'G', Verdict::kScopeNotGranted, kScopes},
  };
  const std::vector<std::string> scopes = {"READ"};
  Policy policy;
  policy.required_headers = {{"Version", {"1", "2"}}};
  policy.endpoints = {{"GET", "/open", "", true}};
  for (unsigned set = 0; set < 1U << std::size(kInOrder); ++set) {
    std::string wrongs;
    for (std::size_t i = 0; i < std::size(kInOrder); ++i) {
      if ((set >> i & 1U) != 0) wrongs += kInOrder[i].wrong;
    }
    Credential held = credential_with(wrongs);
    held.type = KeyType::kPublic;
    Grants narrow = *held.grants;
    narrow.origins = {some_origin()};
    narrow.networks = {some_network()};
    held.grants = std::make_shared<const Grants>(narrow);
    const bool bad_ip = wrongs.find('I') != std::string::npos;
    const bool bad_origin = wrongs.find('O') != std::string::npos;
    VerifyRequest request{kHome, Environment::kLive, scopes};
    request.from = from(bad_ip ? "11.0.0.1" : "10.9.8.7",
                        bad_origin ? "https://evilexample.com" : "https://www.example.com");
    const bool bad_path = wrongs.find('N') != std::string::npos;
    request.endpoint = {"GET", bad_path ? "/closed" : "/open"};
    const RequestHeader header{"version", wrongs.find('H') != std::string::npos ? "3" : "2"};
    request.headers = std::span(&header, 1);
    request.policy = at(kPolicy);
    const auto* const first =
        std::find_if(std::begin(kInOrder), std::end(kInOrder),
                     [&](const Check& check) { return wrongs[0] == check.wrong; });
    const bool valid = wrongs.empty();
    const Judgement judged = judge(&held, policy, request, kNoon);
    EXPECT_EQ(judged.verdict, valid ? Verdict::kValid : first->verdict) << wrongs;
    EXPECT_EQ(judged.decided_by.position, valid ? kNewest : first->decided_by) << wrongs;
  }
}

// What a key with these rules says to a request that comes from there.
Verdict verdict_from(KeyType type, const Grants& grants, const RequestSource& source) {
  Credential held = valid_credential();
  held.type = type;
  held.grants = std::make_shared<const Grants>(grants);
  VerifyRequest request{kHome, std::nullopt, {}};
  request.from = source;
  return judge(&held, Policy{}, request, kNoon).verdict;
}

TEST(Judge, HoldsEveryTypeOfKeyToItsAddresses) {
  Grants grants;
  const RequestSource inside{parse_address("10.1.2.3"), std::nullopt};
  const RequestSource outside{parse_address("2001:db8::1"), std::nullopt};
  EXPECT_EQ(verdict_from(KeyType::kPrivate, grants, {}), Verdict::kValid) << "no rule, no check";
  EXPECT_EQ(verdict_from(KeyType::kPrivate, grants, outside), Verdict::kValid);
  grants.networks = {NetworkRule{parse_address("192.0.2.1")->bytes, 128}, some_network()};
  grants.origins = {any_origin_rule()};
  for (const KeyType type : {KeyType::kPrivate, KeyType::kPublic}) {
    EXPECT_EQ(verdict_from(type, grants, inside), Verdict::kValid);
    EXPECT_EQ(verdict_from(type, grants, outside), Verdict::kIpNotAllowed);
    EXPECT_EQ(verdict_from(type, grants, {}), Verdict::kIpNotAllowed) << "absent fails";
  }
}

TEST(Judge, HoldsPublicKeysAloneToOrigins) {
  const RequestSource none;
  const RequestSource null = from("", "null");
  const RequestSource good = from("", "https://example.com");
  const RequestSource bad = from("", "https://example.org");
  Grants grants;
  EXPECT_EQ(verdict_from(KeyType::kPrivate, grants, bad), Verdict::kValid);
  for (const RequestSource& source : {none, null, good, bad}) {
    EXPECT_EQ(verdict_from(KeyType::kPublic, grants, source), Verdict::kOriginNotAllowed)
        << "a public key without origins matches nothing";
  }
  grants.origins = {some_origin()};
  EXPECT_EQ(verdict_from(KeyType::kPublic, grants, good), Verdict::kValid);
  for (const RequestSource& source : {none, null, bad}) {
    EXPECT_EQ(verdict_from(KeyType::kPublic, grants, source), Verdict::kOriginNotAllowed);
  }
  grants.allow_missing_origin = true;
  EXPECT_EQ(verdict_from(KeyType::kPublic, grants, none), Verdict::kValid);
  EXPECT_EQ(verdict_from(KeyType::kPublic, grants, null), Verdict::kOriginNotAllowed);
  EXPECT_EQ(verdict_from(KeyType::kPublic, grants, bad), Verdict::kOriginNotAllowed);
  grants.allow_missing_origin = false;
  grants.origins = {any_origin_rule()};
  for (const RequestSource& source : {none, null, good, bad}) {
    EXPECT_EQ(verdict_from(KeyType::kPublic, grants, source), Verdict::kValid);
  }
}

TEST(Judge, FindsNoUnknownSecretAndNoManagementKey) {
  const VerifyRequest request{kHome, std::nullopt, {}};
  EXPECT_EQ(judge(nullptr, Policy{}, request, kNoon).verdict, Verdict::kNotFound);
  EXPECT_FALSE(judge(nullptr, Policy{}, request, kNoon).decided_by.exists());

  Credential held = valid_credential();
  held.type = KeyType::kManagement;
  held.ended = KeyStatus::kRevoked;
  EXPECT_EQ(judge(&held, Policy{}, request, kNoon).verdict, Verdict::kNotFound);
  EXPECT_FALSE(judge(&held, Policy{}, request, kNoon).decided_by.exists());
}

TEST(Judge, DrawsTheLinesOfTimeToTheMillisecond) {
  Credential held = valid_credential();
  held.not_before_ms = kNoon.ms;
  held.retires_at_ms = kNoon.ms + 10;
  held.expires_at_ms = kNoon.ms + 20;
  const VerifyRequest request{kHome, std::nullopt, {}};
  const auto verdict_at = [&](std::int64_t offset) {
    return judge(&held, Policy{}, request, kNoon + offset).verdict;
  };
  EXPECT_EQ(verdict_at(-1), Verdict::kNotYetValid);
  EXPECT_EQ(verdict_at(0), Verdict::kValid);
  EXPECT_EQ(verdict_at(9), Verdict::kValid);
  EXPECT_EQ(verdict_at(10), Verdict::kSecretRetired);
  EXPECT_EQ(verdict_at(19), Verdict::kSecretRetired);
  EXPECT_EQ(verdict_at(20), Verdict::kExpired);
}

TEST(Judge, ChecksEnvironmentAndScopesOnlyWhenAsked) {
  const Credential held = credential_with("EG");
  EXPECT_EQ(judge(&held, Policy{}, {kHome, std::nullopt, {}}, kNoon).verdict, Verdict::kValid);
  EXPECT_EQ(judge(&held, Policy{}, {kHome, Environment::kTest, {}}, kNoon).verdict,
            Verdict::kValid);
}

TEST(Judge, WantsEveryScopeThatIsAskedFor) {
  const Credential held = valid_credential();
  const auto verdict_for = [&](const std::vector<std::string>& scopes) {
    return judge(&held, Policy{}, {kHome, std::nullopt, scopes}, kNoon).verdict;
  };
  EXPECT_EQ(verdict_for({"READ", "WRITE"}), Verdict::kValid);
  EXPECT_EQ(verdict_for({"WRITE", "READ"}), Verdict::kValid);
  EXPECT_EQ(verdict_for({"READ", "DELETE"}), Verdict::kScopeNotGranted);
  EXPECT_EQ(verdict_for({"read"}), Verdict::kScopeNotGranted);
  EXPECT_EQ(verdict_for({"ALL"}), Verdict::kScopeNotGranted);
}

TEST(Judge, GrantsNothingWithoutGrants) {
  Credential held = valid_credential();
  held.grants = nullptr;
  const std::vector<std::string> scopes = {"READ"};
  EXPECT_EQ(judge(&held, Policy{}, {kHome, std::nullopt, scopes}, kNoon).verdict,
            Verdict::kScopeNotGranted);
}

TEST(GrantsScope, OfEveryCombination) {
  Policy listed;
  listed.scopes = {{"PUB", "", true}, {"PRIV", "", false}};
  const Policy free;
  constexpr KeyType kPublic = KeyType::kPublic;
  constexpr KeyType kPrivate = KeyType::kPrivate;
  struct Row {
    ScopeSet scopes;
    KeyType type;
    const Policy& policy;
    std::string_view wanted;
    bool granted;
  };
  const Row rows[] = {
      {{"ALL"}, kPrivate, listed, "PRIV", true},
      {{"ALL"}, kPrivate, listed, "UNHEARD_OF", true},
      {{"ALL"}, kPrivate, listed, "ALL", true},
      {{"PRIV"}, kPrivate, listed, "PRIV", true},
      {{"PRIV"}, kPrivate, listed, "PUB", false},
      {{"ALL"}, kPublic, listed, "PUB", true},
      {{"ALL"}, kPublic, listed, "PRIV", false},
      {{"ALL"}, kPublic, listed, "UNHEARD_OF", false},
      {{"ALL"}, kPublic, listed, "ALL", false},
      {{"PUB"}, kPublic, listed, "PUB", true},
      // Granted while the policy still called it public, or still had it.
      {{"PRIV"}, kPublic, listed, "PRIV", false},
      {{"GONE"}, kPublic, listed, "GONE", false},
      {{"ANY"}, kPublic, free, "ANY", true},
      {{"ANY"}, kPublic, free, "OTHER", false},
      {{"ALL"}, kPublic, free, "ANY", false},
      {{"ALL"}, kPublic, free, "ALL", false},
      {{"ANY"}, kPrivate, free, "ANY", true},
      {{}, kPrivate, free, "ANY", false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(grants_scope(row.scopes, row.type, row.policy, row.wanted), row.granted)
        << (row.type == kPublic ? "public " : "private ")
        << (row.scopes.empty() ? "-" : row.scopes[0]) << " wants " << row.wanted;
  }
}

TEST(CredentialOf, SeesTheKeyThroughOneOfItsSecrets) {
  Scenario s;
  KeyCreated created = private_key("ci");
  created.environment = Environment::kTest;
  created.not_before = kNoon + 5;
  created.expires_at = kNoon + kDay;
  s.given(kKey, created);
  s.given(kKey, KeyRotated{test_secret(2), test_secret(1).id, kNoon + kHour});
  s.given(kKey, KeySuspended{});
  s.given(kKey, KeyRevoked{});
  const Key key = s.key(kKey);
  const auto shared = grants({"READ"});
  const Credential older = credential_of(key, key.secrets[0], shared);
  EXPECT_EQ(older.key, kKey);
  EXPECT_EQ(older.workspace, s.workspace);
  EXPECT_EQ(older.environment, Environment::kTest);
  EXPECT_EQ(older.type, KeyType::kPrivate);
  EXPECT_EQ(older.not_before_ms, kNoon.ms + 5);
  EXPECT_EQ(older.expires_at_ms, kNoon.ms + kDay);
  EXPECT_EQ(older.retires_at_ms, kNoon.ms + kHour);
  EXPECT_EQ(older.grants, shared);
  EXPECT_TRUE(older.suspended);
  EXPECT_EQ(older.ended, KeyStatus::kRevoked);
  EXPECT_EQ(older.created, key.created_cause);
  EXPECT_EQ(older.newest, key.newest_cause);
  EXPECT_EQ(older.scopes, key.scopes_cause);
  EXPECT_EQ(older.start, key.start_cause);
  EXPECT_EQ(older.expiry, key.expiry_cause);
  EXPECT_EQ(older.suspension, key.suspension_cause);
  EXPECT_EQ(older.end, key.end_cause);
  EXPECT_EQ(older.retirement, key.secrets[0].retired_cause);
  EXPECT_TRUE(older.retirement.exists());

  const Credential current = credential_of(key, key.current_secret(), shared);
  EXPECT_EQ(current.retires_at_ms, Credential::kNever);
  EXPECT_FALSE(current.retirement.exists());
}

TEST(CredentialOf, HasNoLimitsWhereTheKeyHasNone) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  const Key key = s.key(kKey);
  const Credential held = credential_of(key, key.current_secret(), grants({"ALL"}));
  const VerifyRequest request{s.workspace, std::nullopt, {}};
  EXPECT_EQ(judge(&held, Policy{}, request, Timestamp{0}).verdict, Verdict::kValid);
  EXPECT_EQ(judge(&held, Policy{}, request, kNoon + 10'000 * kDay).verdict, Verdict::kValid);
  EXPECT_EQ(held.ended, std::nullopt);
}

TEST(VerdictName, IsThatOfTheContract) {
  EXPECT_EQ(verdict_name(Verdict::kHeaderRequired), "HEADER_REQUIRED");
  EXPECT_EQ(verdict_name(Verdict::kMalformed), "MALFORMED");
  EXPECT_EQ(verdict_name(Verdict::kNotFound), "NOT_FOUND");
  EXPECT_EQ(verdict_name(Verdict::kRevoked), "REVOKED");
  EXPECT_EQ(verdict_name(Verdict::kCompromised), "COMPROMISED");
  EXPECT_EQ(verdict_name(Verdict::kExpired), "EXPIRED");
  EXPECT_EQ(verdict_name(Verdict::kSuspended), "SUSPENDED");
  EXPECT_EQ(verdict_name(Verdict::kNotYetValid), "NOT_YET_VALID");
  EXPECT_EQ(verdict_name(Verdict::kSecretRetired), "SECRET_RETIRED");
  EXPECT_EQ(verdict_name(Verdict::kEnvironmentNotAllowed), "ENVIRONMENT_NOT_ALLOWED");
  EXPECT_EQ(verdict_name(Verdict::kIpNotAllowed), "IP_NOT_ALLOWED");
  EXPECT_EQ(verdict_name(Verdict::kOriginNotAllowed), "ORIGIN_NOT_ALLOWED");
  EXPECT_EQ(verdict_name(Verdict::kEndpointNotAllowed), "ENDPOINT_NOT_ALLOWED");
  EXPECT_EQ(verdict_name(Verdict::kScopeNotGranted), "SCOPE_NOT_GRANTED");
  EXPECT_EQ(verdict_name(Verdict::kRateLimited), "RATE_LIMITED");
  EXPECT_EQ(verdict_name(Verdict::kValid), "VALID");
}

TEST(VerdictSentence, IsThereForEachAndDiffers) {
  std::set<std::string_view> sentences;
  for (unsigned i = 0; i <= static_cast<unsigned>(Verdict::kValid); ++i) {
    const std::string_view sentence = verdict_sentence(static_cast<Verdict>(i));
    EXPECT_EQ(sentence.back(), '.');
    EXPECT_TRUE(sentences.insert(sentence).second) << sentence;
  }
}

}  // namespace
}  // namespace keyledger
