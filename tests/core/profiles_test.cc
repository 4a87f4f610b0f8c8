#include "core/profiles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/judge.h"
#include "tests/support/given.h"

namespace keyledger {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> public_scopes(const Policy& policy) {
  std::vector<std::string> names;
  for (const PolicyScope& scope : policy.scopes) {
    if (scope.is_public) names.push_back(scope.name);
  }
  return names;
}

TEST(Profiles, AreThreeAndNoMore) {
  EXPECT_EQ(profile_policy("default"), Policy());
  EXPECT_TRUE(profile_policy("quo"));
  EXPECT_TRUE(profile_policy("quotient"));
  for (const char* other : {"", "Quo", "quo ", "none"})
    EXPECT_FALSE(profile_policy(other)) << other;
  EXPECT_EQ(profile_names(), "default, quo, quotient");
}

// The table of product.md section 1, typed by hand.
TEST(Profiles, QuoIsAsTheTableSays) {
  const Policy quo = profile_policy("quo").value();
  EXPECT_EQ(quo.name_rule, NameRule::kNoWhitespace);
  EXPECT_TRUE(quo.unique_names);
  EXPECT_FALSE(quo.allow_public);
  EXPECT_TRUE(quo.allow_private);
  ASSERT_EQ(quo.scopes.size(), 1U);
  EXPECT_EQ(quo.scopes[0].name, "ALL");
  EXPECT_THAT(quo.default_scopes, ElementsAre("ALL"));
  EXPECT_TRUE(quo.endpoints.empty());
  ASSERT_EQ(quo.required_headers.size(), 1U);
  EXPECT_EQ(quo.required_headers[0].name, "Quo-Api-Version");
  EXPECT_THAT(quo.required_headers[0].values, ElementsAre("2026-03-30"));
  EXPECT_EQ(quo.secret_prefix, "");
}

TEST(Profiles, QuotientIsAsTheTableSays) {
  const Policy quotient = profile_policy("quotient").value();
  EXPECT_EQ(quotient.name_rule, NameRule::kFree);
  EXPECT_FALSE(quotient.unique_names);
  EXPECT_TRUE(quotient.allow_public);
  EXPECT_TRUE(quotient.allow_private);
  EXPECT_EQ(quotient.scopes.size(), 10U);
  EXPECT_THAT(public_scopes(quotient),
              ElementsAre("ANALYTICS_WRITE", "AUDIENCE_WRITE", "BLOG_READ", "FLOW_TRIGGER"));
  EXPECT_THAT(quotient.default_scopes, ElementsAre("ALL"));
  EXPECT_TRUE(quotient.required_headers.empty());
  std::vector<std::string> lines;
  for (const PolicyEndpoint& line : quotient.endpoints) {
    EXPECT_TRUE(line.is_public) << line.path;
    lines.push_back(line.method + " " + line.path + " " + line.scope);
  }
  EXPECT_THAT(lines,
              ElementsAre("POST /api/v0/analytics ANALYTICS_WRITE",
                          "POST /api/v0/audience/people AUDIENCE_WRITE",
                          "POST /api/v0/audience/companies AUDIENCE_WRITE",
                          "POST /api/v0/audience/lists/:slug/people AUDIENCE_WRITE",
                          "DELETE /api/v0/audience/lists/:slug/people AUDIENCE_WRITE",
                          "GET /api/v0/blog/* BLOG_READ",
                          "POST /api/v0/flow/:id/trigger FLOW_TRIGGER", "GET /api/v0/whoami "));
}

// Each can be set as it is: the rules of a policy hold for what we ship.
TEST(Profiles, PassTheRulesOfAPolicy) {
  for (const char* name : {"quo", "quotient"}) {
    Scenario s;
    EXPECT_THAT(s.when(SetPolicy{s.workspace, profile_policy(name).value()}),
                makes(PolicySet{profile_policy(name).value()}));
  }
}

TEST(Profiles, QuotientLetsAPublicKeyWithAllDoWhatIsPublicAlone) {
  const Policy quotient = profile_policy("quotient").value();
  for (const PolicyScope& scope : quotient.scopes) {
    EXPECT_EQ(grants_scope({kAllScopes}, KeyType::kPublic, quotient, scope.name), scope.is_public);
    EXPECT_TRUE(grants_scope({kAllScopes}, KeyType::kPrivate, quotient, scope.name));
  }
}

}  // namespace
}  // namespace keyledger
