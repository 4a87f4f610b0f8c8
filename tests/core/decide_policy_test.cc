#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/given.h"

namespace keyledger {
namespace {

using enum ErrorCode;

Policy with_scopes() {
  Policy policy;
  policy.scopes = {{"READ", "", true}, {"WRITE", "", false}};
  return policy;
}

TEST(SetPolicy, IsForOwnersAlone) {
  Scenario s;
  const SetPolicy command{s.workspace, with_scopes()};
  for (const MemberId& member : {s.admin, s.auditor, s.verifier}) {
    EXPECT_THAT(s.as(member).when(command), is_refused(kForbidden));
  }
  EXPECT_THAT(s.when(command), makes(PolicySet{with_scopes()}));
  EXPECT_THAT(s.as_system().when(command), makes(PolicySet{with_scopes()}));
}

TEST(SetPolicy, CarriesItWhole) {
  Scenario s;
  const auto recorded = s.done(SetPolicy{s.workspace, with_scopes()});
  ASSERT_EQ(recorded.size(), 1U);
  EXPECT_EQ(recorded[0].stream, policy_stream_of(s.workspace));
  EXPECT_THAT(s.when(SetPolicy{s.workspace, with_scopes()}), makes_nothing());
}

TEST(SetPolicy, MakesASetOfTheDefaultScopes) {
  Scenario s;
  Policy policy = with_scopes();
  policy.default_scopes = {"WRITE", "READ", "WRITE"};
  const auto recorded = s.done(SetPolicy{s.workspace, policy});
  EXPECT_EQ(std::get<PolicySet>(recorded[0].event).policy.default_scopes,
            (ScopeSet{"READ", "WRITE"}));
  EXPECT_THAT(s.when(SetPolicy{s.workspace, policy}), makes_nothing());
}

TEST(SetPolicy, WithAVersionThatIsNotTheCurrentOne) {
  Scenario s;
  s.given_policy(Policy{});
  const std::uint32_t now = s.state.workspace(s.workspace).value()->policy_version;
  EXPECT_THAT(s.matching(now + 1).when(SetPolicy{s.workspace, with_scopes()}),
              is_refused(kVersionMismatch));
  EXPECT_TRUE(s.matching(now).when(SetPolicy{s.workspace, with_scopes()}));
  // Also where it would change nothing: the caller believes something that is not so.
  EXPECT_THAT(s.matching(now + 1).when(SetPolicy{s.workspace, Policy{}}),
              is_refused(kVersionMismatch));
}

TEST(SetPolicy, HoldsForTheNextKeyAndForNoOther) {
  Scenario s;
  s.given(kOtherKey, private_key("my key"));
  Policy strict;
  strict.name_rule = NameRule::kNoWhitespace;
  s.done(SetPolicy{s.workspace, strict});
  EXPECT_EQ(s.key(kOtherKey).name, "my key");
  EXPECT_THAT(s.when(create_private("other key")), is_refused_for("name", FieldFault::kInvalid));
}

struct BadPolicy {
  const char* field;
  FieldFault fault;
  void (*spoil)(Policy&);
};
void PrintTo(const BadPolicy& row, std::ostream* out) { *out << row.field; }

class SpoiltPolicy : public ::testing::TestWithParam<BadPolicy> {};

TEST_P(SpoiltPolicy, IsRefusedWhole) {
  Scenario s;
  Policy policy = with_scopes();
  policy.endpoints = {{"GET", "/a/:id", "READ", true}, {"POST", "/a", "", false}};
  policy.required_headers = {{"X-Version", {"1"}}};
  ASSERT_TRUE(s.when(SetPolicy{s.workspace, policy}));
  GetParam().spoil(policy);
  EXPECT_THAT(s.when(SetPolicy{s.workspace, policy}),
              is_refused_for(GetParam().field, GetParam().fault));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, SpoiltPolicy,
    ::testing::Values(BadPolicy{"key_types", FieldFault::kInvalid,
                                [](Policy& p) { p.allow_public = p.allow_private = false; }},
                      BadPolicy{"scopes[2].name", FieldFault::kConflict,
                                [](Policy& p) {
                                  p.scopes.push_back({"READ", "again", false});
                                }},
                      BadPolicy{"scopes[2].public", FieldFault::kConflict,
                                [](Policy& p) {
                                  p.scopes.push_back({"ALL", "", true});
                                }},
                      BadPolicy{"default_scopes", FieldFault::kInvalid,
                                [](Policy& p) { p.default_scopes.clear(); }},
                      BadPolicy{"default_scopes", FieldFault::kConflict,
                                [](Policy& p) {
                                  p.default_scopes = {"ALL", "READ"};
                                }},
                      BadPolicy{"default_scopes[1]", FieldFault::kNotAllowed,
                                [](Policy& p) {
                                  p.default_scopes = {"WRITE", "SING", "READ"};
                                }},
                      BadPolicy{"endpoints[2]", FieldFault::kConflict,
                                [](Policy& p) {
                                  p.endpoints.push_back({"GET", "/a/:other", "", true});
                                }},
                      BadPolicy{"endpoints[1].scope", FieldFault::kNotAllowed,
                                [](Policy& p) { p.endpoints[1].scope = "SING"; }},
                      BadPolicy{"required_headers[0].name", FieldFault::kNotAllowed,
                                [](Policy& p) { p.required_headers[0].name = "AUTHORIZATION"; }},
                      BadPolicy{"required_headers[1].name", FieldFault::kConflict,
                                [](Policy& p) {
                                  p.required_headers.push_back({"x-version", {"2"}});
                                }},
                      BadPolicy{"required_headers[0].values", FieldFault::kRequired,
                                [](Policy& p) { p.required_headers[0].values.clear(); }},
                      BadPolicy{"default_ttl_seconds", FieldFault::kConflict, [](Policy& p) {
                                  p.max_ttl_seconds = 10;
                                  p.default_ttl_seconds = 11;
                                }}));

TEST(SetPolicy, TakesLinesThatOnlyLookAlike) {
  Scenario s;
  Policy policy;
  policy.endpoints = {{"GET", "/a/:id", "", true},   {"POST", "/a/:id", "", true},
                      {"GET", "/a/:id/b", "", true}, {"GET", "/a/*", "", true},
                      {"GET", "/a/b:id", "", true},  {"GET", "/a/b:x", "", true}};
  EXPECT_TRUE(s.when(SetPolicy{s.workspace, policy}));
}

TEST(SetPolicy, AsksForNoHeaderThatNoRequestCanBringThroughAGateway) {
  Scenario s;
  const auto fault_of = [&s](const std::string& name) {
    Policy policy;
    policy.required_headers = {{"X-Version", {"1"}}, {name, {"1"}}};
    const auto refused = s.when(SetPolicy{s.workspace, policy});
    if (refused) return std::string("none");
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidRequest) << name;
    EXPECT_EQ(refused.error().fields.size(), 1U) << name;
    const FieldError& field = refused.error().fields.front();
    EXPECT_EQ(field.fault, FieldFault::kNotAllowed) << name;
    EXPECT_GT(field.message.size(), 30U) << name;
    return field.field;
  };
  for (const char* name :
       {"Authorization",   "Connection",          "Keep-Alive",    "TE",
        "Trailer",         "Transfer-Encoding",   "Upgrade",       "Content-Length",
        "Expect",          "Proxy-Authorization", "Host",          "Origin",
        "Cookie",          "Forwarded",           "X-Real-IP",     "X-Forwarded-For",
        "x-forwarded-uri", "X-ORIGINAL-URL",      "X-Rewrite-Url", "X-Key-Id",
        "X-Workspace-Id",  "X_Version",           "Api_Version",   "_"}) {
    EXPECT_EQ(fault_of(name), "required_headers[1].name") << name;
  }
  for (const char* name : {"Quo-Api-Version", "X-Hosted", "Hosts", "X-Keyring", "Content-Type",
                           "Accept", "T", "X-Forward", "Originator", "X-Connection"}) {
    EXPECT_EQ(fault_of(name), "none") << name;
  }
}

}  // namespace
}  // namespace keyledger
