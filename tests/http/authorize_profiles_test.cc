// The rows of both seeds that a gateway shows (design product.md section 1), one test each, under
// the policies that are shipped.
#include <gtest/gtest.h>

#include "core/profiles.h"
#include "tests/http/gateway_fixture.h"

namespace keyledger {
namespace {

using nlohmann::json;

class Quo : public GatewayTest {
 protected:
  Quo() : GatewayTest(*profile_policy("quo")) {}
  TestLedger::Answer visit(const std::string& credential, const Headers& headers) {
    return ask({credential, "GET", "/v1/calls", headers});
  }
  const Headers version_ = {{"Quo-Api-Version", "2026-03-30"}};
};

TEST_F(Quo, Q1TheKeyTravelsRawOrAsBearer) {
  const std::string key = make("crm");
  EXPECT_EQ(visit(key, version_).status, 200);
  EXPECT_EQ(visit("Bearer " + key, version_).status, 200);
  EXPECT_EQ(visit("Basic " + key, version_).status, 401);
  EXPECT_EQ(visit("", version_).status, 401);
}

TEST_F(Quo, Q3EveryKeyHasFullAccess) {
  const auto answer = visit(make("crm"), version_);
  EXPECT_EQ(answer.header("X-Key-Scopes"), "ALL");
}

TEST_F(Quo, Q7AVersionHeaderIsRequired) {
  const std::string key = make("crm");
  for (const Headers& headers : {Headers{}, Headers{{"Quo-Api-Version", "2020-01-01"}}}) {
    const auto answer = visit(key, headers);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.code(), "HEADER_REQUIRED");
    EXPECT_NE(answer.body["detail"].get<std::string>().find("2026-03-30"), std::string::npos);
  }
}

TEST_F(Quo, Q11AccessEndsAtOnce) {
  const auto made = it.add_key("crm");
  ASSERT_EQ(visit(made["secret"], version_).status, 200);
  it.call(it.owner.secret, "DELETE", "/v1/keys/" + made["key"]["id"].get<std::string>());
  EXPECT_EQ(visit(made["secret"], version_).code(), "invalid_api_key");
}

class Quotient : public GatewayTest {
 protected:
  Quotient() : GatewayTest(*profile_policy("quotient")) {}
  std::string make_page(const json& scopes = {"ALL"}) {
    return make("page",
                {{"type", "public"}, {"allowed_origins", {"example.com"}}, {"scopes", scopes}});
  }
  // "200", or the code of the refusal.
  std::string from_page(const std::string& key, const std::string& method, const std::string& path,
                        const std::string& origin = "https://app.example.com") {
    const auto answer = ask({"Bearer " + key, method, path, {{"Origin", origin}}});
    return answer.status == 200 ? "200" : answer.code();
  }
};

TEST_F(Quotient, T2PublicKeysReachWhatIsPublicAlone) {
  const std::string page = make_page();
  EXPECT_EQ(from_page(page, "POST", "/api/v0/analytics"), "200");
  EXPECT_EQ(from_page(page, "GET", "/api/v0/blog/posts?limit=3"), "200");
  EXPECT_EQ(from_page(page, "HEAD", "/api/v0/blog/posts"), "200");
  EXPECT_EQ(from_page(page, "DELETE", "/api/v0/audience/lists/news/people"), "200");
  EXPECT_EQ(from_page(page, "GET", "/api/v0/whoami"), "200");
  EXPECT_EQ(from_page(page, "POST", "/api/v0/blog/posts"), "ENDPOINT_NOT_ALLOWED");
  EXPECT_EQ(from_page(page, "GET", "/api/v0/memory"), "ENDPOINT_NOT_ALLOWED");
  EXPECT_EQ(from_page(page, "GET", "/api/v0/blog/%2e%2e/memory"), "ENDPOINT_NOT_ALLOWED");
  const std::string reader = make_page({"BLOG_READ"});
  EXPECT_EQ(from_page(reader, "GET", "/api/v0/blog/posts"), "200");
  EXPECT_EQ(from_page(reader, "POST", "/api/v0/analytics"), "SCOPE_NOT_GRANTED");
}

TEST_F(Quotient, T3PrivateKeysHaveAnAddressList) {
  const std::string server = make("server", {{"allowed_ips", {"203.0.113.0/24"}}});
  EXPECT_EQ(from_page(server, "GET", "/api/v0/memory"), "200") << "ALL: also what is on no list";
  const auto elsewhere = ask({server, "GET", "/api/v0/memory", {}, "198.51.100.7"});
  EXPECT_EQ(elsewhere.code(), "IP_NOT_ALLOWED");
}

TEST_F(Quotient, T4PublicKeysAreHeldToTheirOrigins) {
  const std::string page = make_page();
  EXPECT_EQ(from_page(page, "GET", "/api/v0/whoami", "https://example.com"), "200");
  EXPECT_EQ(from_page(page, "GET", "/api/v0/whoami", "https://example.com.evil.org"),
            "ORIGIN_NOT_ALLOWED");
  EXPECT_EQ(ask({page, "GET", "/api/v0/whoami"}).code(), "ORIGIN_NOT_ALLOWED");
}

TEST_F(Quotient, T6AfterItsExpiryAKeyHasACodeOfItsOwn) {
  const std::string key = make("short", {{"ttl_seconds", 60}});
  EXPECT_EQ(from_page(key, "GET", "/api/v0/whoami"), "200");
  it.clock.advance_ms(60'000);
  EXPECT_EQ(from_page(key, "GET", "/api/v0/whoami"), "EXPIRED");
}

TEST_F(Quotient, T11ABrowserMayAskFirst) {
  static_cast<void>(make_page());
  const auto preflight = [&](const std::string& origin, const std::string& method,
                             const std::string& path) {
    return ask({"",
                "OPTIONS",
                path,
                {{"Origin", origin},
                 {"Access-Control-Request-Method", method},
                 {"Access-Control-Request-Headers", "authorization,content-type"}}})
        .status;
  };
  EXPECT_EQ(preflight("https://app.example.com", "POST", "/api/v0/analytics"), 204);
  EXPECT_EQ(preflight("https://app.example.com", "DELETE", "/api/v0/analytics"), 403);
  EXPECT_EQ(preflight("https://evil.org", "POST", "/api/v0/analytics"), 403);
}

TEST_F(Quotient, T12AGatewayOfOneEnvironmentRefusesKeysOfTheOther) {
  const std::string test_key = make("test", {{"environment", "test"}});
  EXPECT_EQ(from_page(test_key, "GET", "/api/v0/whoami"), "ENVIRONMENT_NOT_ALLOWED");
}

// Nobody need tell the gateway.
TEST_F(Quotient, APolicyHoldsFromTheAnswerOn) {
  const std::string page = make_page();
  json policy = it.call(it.owner.secret, "GET", "/v1/workspace/policy").body;
  for (json& line : policy["endpoints"]) line["public"] = line["path"] == "/api/v0/whoami";
  for (const char* shown : {"version", "updated_at", "position", "workspace_id"}) {
    policy.erase(shown);
  }
  const auto set = it.call(it.owner.secret, "PUT", "/v1/workspace/policy", policy.dump());
  ASSERT_EQ(set.status, 200) << set.response.body;
  EXPECT_EQ(from_page(page, "GET", "/api/v0/whoami"), "200");
  EXPECT_EQ(from_page(page, "GET", "/api/v0/blog/posts"), "ENDPOINT_NOT_ALLOWED");
  policy["required_headers"] = json::array({{{"name", "X-Version"}, {"values", {"1"}}}});
  ASSERT_EQ(it.call(it.owner.secret, "PUT", "/v1/workspace/policy", policy.dump()).status, 200);
  EXPECT_EQ(from_page(page, "GET", "/api/v0/whoami"), "HEADER_REQUIRED");
}

}  // namespace
}  // namespace keyledger
