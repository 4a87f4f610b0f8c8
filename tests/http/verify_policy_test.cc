// What a policy's endpoints and required headers do to a verify over the API.
#include <gtest/gtest.h>

#include "tests/http/gateway_fixture.h"

namespace keyledger {
namespace {

using nlohmann::json;

Policy strict_policy() {
  Policy policy = gateway_policy();
  policy.required_headers = {{"Quo-Api-Version", {"2026-03-30", "2026-09-01"}}};
  return policy;
}

class VerifyPolicy : public GatewayTest {
 protected:
  VerifyPolicy() : GatewayTest(strict_policy()) {}

  TestLedger::Answer verify(const json& body) {
    return it.call(it.owner.secret, "POST", "/v1/keys/verify", body.dump());
  }
};

TEST_F(VerifyPolicy, ChecksAnEndpointWhereOneIsGiven) {
  const std::string reader = make("reader", {{"scopes", {"BLOG_READ"}}});
  const auto answer = [&](const std::string& method, const std::string& path) {
    return verify({{"key", reader}, {"method", method}, {"path", path}}).body;
  };
  EXPECT_EQ(answer("GET", "/v1/blog/a?b")["code"], "VALID");
  const json scope = answer("POST", "/v1/blog/a");
  EXPECT_EQ(scope["code"], "SCOPE_NOT_GRANTED");
  EXPECT_EQ(scope["decided_by"]["type"], "key.created");
  for (const char* path : {"/unlisted", "/v1/blog/../a", "relative", "/v1/blog/%"}) {
    const json refused = answer("GET", path);
    EXPECT_EQ(refused["code"], "ENDPOINT_NOT_ALLOWED") << path;
    EXPECT_EQ(refused["decided_by"]["type"], "policy.set") << path;
    EXPECT_EQ(refused["key"]["name"], "reader");
  }
  EXPECT_EQ(verify({{"key", reader}}).body["code"], "VALID") << "not asked, not checked";
}

TEST_F(VerifyPolicy, ListsWhatWasNotGiven) {
  const std::string key = make("k");
  const auto listed = [&](json body) {
    body["key"] = key;
    return verify(body).body["not_checked"];
  };
  const json version = {{"Quo-Api-Version", "2026-03-30"}};
  EXPECT_EQ(listed({}), json({"endpoint", "scopes", "headers"}));
  EXPECT_EQ(listed({{"headers", version}}), json({"endpoint", "scopes"}));
  EXPECT_EQ(listed({{"method", "GET"}, {"path", "/"}, {"scopes", json::array()}}),
            json({"headers"}));
}

TEST_F(VerifyPolicy, WantsRequiredHeadersBeforeAnythingElse) {
  const std::string key = make("k");
  for (const json& headers :
       {json::object(), json{{"Quo-Api-Version", "2025-01-01"}}, json{{"Other", "2026-03-30"}}}) {
    for (const std::string& presented : {key, std::string("unknown"), std::string(" malformed ")}) {
      const auto answer = verify({{"key", presented}, {"headers", headers}});
      EXPECT_EQ(answer.status, 200);
      EXPECT_EQ(answer.body["code"], "HEADER_REQUIRED");
      EXPECT_EQ(answer.body["key"], nullptr) << "it was not looked at";
      EXPECT_EQ(answer.body["decided_by"]["type"], "policy.set");
      EXPECT_EQ(answer.body["detail"],
                "The header Quo-Api-Version is required; accepted values: 2026-03-30, 2026-09-01.");
    }
  }
  const auto good = [&](const json& headers) {
    return verify({{"key", key}, {"headers", headers}}).body["code"];
  };
  EXPECT_EQ(good({{"quo-api-VERSION", "2026-09-01"}, {"Authorization", key}}), "VALID")
      << "the checked request's own headers may hold its key";
}

TEST_F(VerifyPolicy, RefusesAHeaderThatIsNamedTwice) {
  const auto answer =
      verify({{"key", "k"}, {"headers", {{"Quo-Api-Version", "1"}, {"quo-api-version", "2"}}}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.faults(), std::vector<std::string>{"headers conflict"});
}

TEST_F(VerifyPolicy, ChecksEachItemOfABatch) {
  const std::string reader = make("reader", {{"scopes", {"BLOG_READ"}}});
  const json items = {
      {{"key", reader}, {"method", "GET"}, {"path", "/v1/blog/a"}},
      {{"key", reader}, {"method", "GET"}, {"path", "/unlisted"}},
      {{"key", reader}, {"headers", json::object()}},
  };
  const auto answer =
      it.call(it.owner.secret, "POST", "/v1/keys/verify_batch", json{{"items", items}}.dump());
  ASSERT_EQ(answer.status, 200) << answer.response.body;
  EXPECT_EQ(answer.body["data"][0]["code"], "VALID");
  EXPECT_EQ(answer.body["data"][1]["code"], "ENDPOINT_NOT_ALLOWED");
  EXPECT_EQ(answer.body["data"][2]["code"], "HEADER_REQUIRED");
}

TEST_F(VerifyPolicy, IsAnsweredOnTheEventThread) {
  const std::string key = make("k");
  const std::string authorization = "Bearer " + it.owner.secret;
  const std::vector<http::HeaderView> headers = {{"Authorization", authorization},
                                                 {"Content-Type", "application/json"}};
  const json version = {{"Quo-Api-Version", "2026-03-30"}};
  for (const json& extra :
       {json{{"method", "GET"}, {"path", "/v1/blog/a"}}, json{{"method", "GET"}, {"path", "/%"}},
        json{{"headers", version}}, json{{"headers", json::object()}}}) {
    json body = {{"key", key}};
    body.update(extra);
    const std::string text = body.dump();
    const http::RequestView view{"POST", "/v1/keys/verify", text, "192.0.2.7", headers};
    http::Response quick;
    ASSERT_TRUE(http::handle_at_once(*it.api, view, quick)) << text;
    EXPECT_EQ(quick.body, verify(body).response.body);
  }
}

}  // namespace
}  // namespace keyledger
