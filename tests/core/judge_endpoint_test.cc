// What a policy's endpoints and required headers do to a verdict.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/endpoint.h"
#include "core/judge.h"
#include "tests/support/given.h"

namespace keyledger {
namespace {

constexpr WorkspaceId kHome = test_id<WorkspaceId>(1);

Cause at(std::uint8_t position) {
  Cause cause;
  cause.position = position;
  cause.type = 1;
  return cause;
}
const Cause kPolicySet = at(1);
const Cause kScopesSet = at(2);

Credential key_of(KeyType type, ScopeSet scopes) {
  Grants grants;
  grants.scopes = std::move(scopes);
  grants.origins = {any_origin_rule()};
  Credential held;
  held.workspace = kHome;
  held.type = type;
  held.scopes = kScopesSet;
  held.newest = at(3);
  held.grants = std::make_shared<const Grants>(std::move(grants));
  return held;
}

Judgement judged(const Credential& held, const Policy& policy, RequestEndpoint endpoint) {
  VerifyRequest request{kHome, std::nullopt, {}};
  request.endpoint = endpoint;
  request.policy = kPolicySet;
  return judge(&held, policy, request, kNoon);
}

// The tables of the seed (design product.md section 1), typed by hand.
Policy seed_policy() {
  Policy policy;
  policy.scopes = {{"ANALYTICS_WRITE", "", true}, {"AUDIENCE_WRITE", "", true},
                   {"BLOG_READ", "", true},       {"FLOW_TRIGGER", "", true},
                   {"BLOG_WRITE", "", false},     {"AUDIENCE_READ", "", false}};
  policy.endpoints = {
      {"POST", "/api/v0/analytics", "ANALYTICS_WRITE", true},
      {"POST", "/api/v0/audience/people", "AUDIENCE_WRITE", true},
      {"POST", "/api/v0/audience/companies", "AUDIENCE_WRITE", true},
      {"POST", "/api/v0/audience/lists/:slug/people", "AUDIENCE_WRITE", true},
      {"DELETE", "/api/v0/audience/lists/:slug/people", "AUDIENCE_WRITE", true},
      {"GET", "/api/v0/blog/*", "BLOG_READ", true},
      {"POST", "/api/v0/flow/:id/trigger", "FLOW_TRIGGER", true},
      {"GET", "/api/v0/whoami", "", true},
  };
  return policy;
}

TEST(JudgeEndpoint, TheSeedsEightLines) {
  struct Row {
    std::string_view method;
    std::string_view target;
    std::string scope;  // the one that is enough; empty: none is needed
  };
  const Row rows[] = {
      {"POST", "/api/v0/analytics", "ANALYTICS_WRITE"},
      {"POST", "/api/v0/audience/people", "AUDIENCE_WRITE"},
      {"POST", "/api/v0/audience/companies?x=1", "AUDIENCE_WRITE"},
      {"POST", "/api/v0/audience/lists/new%20ones/people", "AUDIENCE_WRITE"},
      {"DELETE", "/api/v0/audience/lists/old/people", "AUDIENCE_WRITE"},
      {"GET", "/api/v0/blog/posts/a/b", "BLOG_READ"},
      {"HEAD", "/api/v0/blog/tags", "BLOG_READ"},
      {"POST", "/api/v0/flow/f1/trigger", "FLOW_TRIGGER"},
      {"GET", "/api/v0/whoami", ""},
  };
  const Policy policy = seed_policy();
  for (const Row& row : rows) {
    const auto verdict = [&](KeyType type, const std::string& scope) {
      return judged(key_of(type, {scope}), policy, {row.method, row.target}).verdict;
    };
    for (const KeyType type : {KeyType::kPublic, KeyType::kPrivate}) {
      EXPECT_EQ(verdict(type, "ALL"), Verdict::kValid) << row.target;
      EXPECT_EQ(verdict(type, row.scope), Verdict::kValid) << row.target;
      const Verdict other = row.scope.empty() ? Verdict::kValid : Verdict::kScopeNotGranted;
      EXPECT_EQ(verdict(type, "SOMETHING_ELSE"), other) << row.target;
      const Credential held = key_of(type, {"ALL"});
      const auto elsewhere = judged(held, policy, {"PUT", row.target});
      EXPECT_EQ(elsewhere.verdict,
                type == KeyType::kPrivate ? Verdict::kValid : Verdict::kEndpointNotAllowed);
    }
  }
}

TEST(JudgeEndpoint, NamesTheEventThatDecided) {
  Policy policy = seed_policy();
  const RequestEndpoint blog{"GET", "/api/v0/blog/posts"};
  const RequestEndpoint unlisted{"GET", "/api/v0/keys"};
  const Credential held = key_of(KeyType::kPublic, {"FLOW_TRIGGER"});
  EXPECT_EQ(judged(held, policy, blog).decided_by, kScopesSet);
  EXPECT_EQ(judged(held, policy, unlisted).decided_by, kPolicySet);
  EXPECT_EQ(judged(key_of(KeyType::kPrivate, {"FLOW_TRIGGER"}), policy, unlisted).verdict,
            Verdict::kEndpointNotAllowed);
  policy.endpoints.clear();
  EXPECT_EQ(judged(held, policy, unlisted).verdict, Verdict::kValid) << "no list, no check";
}

TEST(JudgeEndpoint, RefusesAnAmbiguousPathToEveryKey) {
  const Policy policy = seed_policy();
  for (const KeyType type : {KeyType::kPublic, KeyType::kPrivate}) {
    for (const char* target : {"/api/v0/blog/../keys", "/api/v0/blog//a", "/api/v0/blog/%2e%2e/a",
                               "/api/v0/blog/a%2fb", "/api/v0/blog/a;b", "", "/%"}) {
      const auto answer = judged(key_of(type, {"ALL"}), policy, {"GET", target});
      EXPECT_EQ(answer.verdict, Verdict::kEndpointNotAllowed) << target;
      EXPECT_EQ(answer.decided_by, kPolicySet) << target;
    }
  }
}

TEST(JudgeEndpoint, IsPublicIfALineSaysSo) {
  Policy policy;
  EXPECT_TRUE(is_public(policy, {"GET", "/any"})) << "no list, no check";
  policy.endpoints = {{"GET", "/a", "", false}, {"GET", "/a", "X", true}, {"GET", "/b", "", false}};
  EXPECT_TRUE(is_public(policy, {"GET", "/a?q"}));
  EXPECT_TRUE(is_public(policy, {"HEAD", "/a"}));
  EXPECT_FALSE(is_public(policy, {"POST", "/a"}));
  EXPECT_FALSE(is_public(policy, {"GET", "/b"}));
  EXPECT_FALSE(is_public(policy, {"GET", "/a/../a"}));
}

// --- Against the words of the contract, one sentence at a time ---

Verdict naive(KeyType type, const ScopeSet& scopes, const Policy& policy,
              RequestEndpoint endpoint) {
  const bool is_public_key = type == KeyType::kPublic;
  const auto has = [&](const std::string& scope) {
    return std::count(scopes.begin(), scopes.end(), scope) > 0;
  };
  if (policy.endpoints.empty()) return Verdict::kValid;
  const RequestPath path(endpoint.target);
  if (!path.is_usable()) return Verdict::kEndpointNotAllowed;
  std::vector<PolicyEndpoint> lines;
  for (const PolicyEndpoint& line : policy.endpoints) {
    if (matches(line, endpoint.method, path)) lines.push_back(line);
  }
  if (lines.empty()) {
    return !is_public_key && has("ALL") ? Verdict::kValid : Verdict::kEndpointNotAllowed;
  }
  if (is_public_key) {
    std::erase_if(lines, [](const PolicyEndpoint& line) { return !line.is_public; });
    if (lines.empty()) return Verdict::kEndpointNotAllowed;
  }
  for (const PolicyEndpoint& line : lines) {
    if (line.scope.empty()) return Verdict::kValid;
    bool granted = has(line.scope) || has("ALL");
    if (is_public_key) {
      const auto known =
          std::find_if(policy.scopes.begin(), policy.scopes.end(),
                       [&](const PolicyScope& scope) { return scope.name == line.scope; });
      granted = known == policy.scopes.end() ? policy.scopes.empty() && has(line.scope)
                                             : granted && known->is_public;
      if (known == policy.scopes.end() && has("ALL")) granted = false;
    }
    if (granted) return Verdict::kValid;
  }
  return Verdict::kScopeNotGranted;
}

TEST(JudgeEndpoint, AnswersAsTheContractReads) {
  constexpr std::uint64_t kSeed = 20'260'401;
  std::mt19937_64 random(kSeed);
  const auto pick = [&](const auto& of) { return of[random() % of.size()]; };
  const std::vector<std::string> names = {"A", "B", "C"};
  const std::vector<std::string> methods = {"GET", "POST"};
  const std::vector<std::string> patterns = {"/a", "/a/:x", "/a/*", "/:x", "/*", "/a/b"};
  const std::vector<std::string> targets = {"/a", "/a/b", "/a/c", "/b", "/a/b/c", "/", "/a/../b"};
  std::array<int, 3> seen{};
  for (int round = 0; round < 40'000; ++round) {
    Policy policy;
    if (random() % 4 != 0) policy.scopes = {{"A", "", true}, {"B", "", false}};
    for (auto i = random() % 4; i > 0; --i) {
      policy.endpoints.push_back({pick(methods), pick(patterns),
                                  random() % 3 == 0 ? std::string() : pick(names),
                                  random() % 2 == 0});
    }
    ScopeSet scopes;
    if (random() % 3 == 0)
      scopes = {"ALL"};
    else if (random() % 3 != 0)
      scopes = {pick(names)};
    const KeyType type = random() % 2 == 0 ? KeyType::kPublic : KeyType::kPrivate;
    const std::string method = random() % 5 == 0 ? "HEAD" : pick(methods);
    const std::string target = pick(targets);
    const RequestEndpoint endpoint{method, target};
    const Verdict expected = naive(type, scopes, policy, endpoint);
    const Judgement answer = judged(key_of(type, scopes), policy, endpoint);
    ASSERT_EQ(answer.verdict, expected) << "round " << round << " seed " << kSeed;
    if (expected == Verdict::kValid) ++seen[0];
    if (expected == Verdict::kEndpointNotAllowed) ++seen[1];
    if (expected == Verdict::kScopeNotGranted) ++seen[2];
  }
  EXPECT_GT(*std::min_element(seen.begin(), seen.end()), 2000);
}

TEST(MissingHeader, IsTheFirstThatThePolicyRequiresInVain) {
  Policy policy;
  policy.required_headers = {{"Quo-Api-Version", {"2026-03-30", "2027-01-01"}}, {"X-Two", {"2"}}};
  const auto missing = [&](std::vector<RequestHeader> headers) {
    const RequiredHeader* const found = missing_header(policy, std::span(std::as_const(headers)));
    return found == nullptr ? std::string() : found->name;
  };
  EXPECT_EQ(missing({}), "Quo-Api-Version");
  EXPECT_EQ(missing({{"X-Two", "2"}}), "Quo-Api-Version");
  EXPECT_EQ(missing({{"quo-api-version", "2026-03-30"}}), "X-Two");
  EXPECT_EQ(missing({{"QUO-API-VERSION", "2027-01-01"}, {"x-two", "2"}, {"other", "3"}}), "");
  for (const char* value :
       {"", "2026-03-3", "2026-03-301", " 2026-03-30", "2026-03-30, 2026-03-30"}) {
    EXPECT_EQ(missing({{"Quo-Api-Version", value}, {"X-Two", "2"}}), "Quo-Api-Version") << value;
  }
  EXPECT_EQ(missing({{"Quo-Api-Version", "2026-03-30"}, {"X-Two", "2"}, {"x-two", "3"}}), "X-Two");
  EXPECT_EQ(missing({{"Quo-Api-Version", "2026-03-30"}, {"X-Two", "3"}, {"x-two", "2"}}), "X-Two");
  EXPECT_EQ(missing_header(policy, std::nullopt), nullptr) << "absent headers are not checked";
  EXPECT_EQ(missing_header(Policy{}, RequestHeaders(std::span<const RequestHeader>())), nullptr);
}

TEST(MissingHeader, ComesBeforeAnUnknownKey) {
  Policy policy;
  policy.required_headers = {{"Version", {"1"}}};
  VerifyRequest request{kHome, std::nullopt, {}};
  request.policy = kPolicySet;
  EXPECT_EQ(judge(nullptr, policy, request, kNoon).verdict, Verdict::kNotFound);
  request.headers = std::span<const RequestHeader>();
  const Judgement answer = judge(nullptr, policy, request, kNoon);
  EXPECT_EQ(answer.verdict, Verdict::kHeaderRequired);
  EXPECT_EQ(answer.decided_by, kPolicySet);
}

}  // namespace
}  // namespace keyledger
