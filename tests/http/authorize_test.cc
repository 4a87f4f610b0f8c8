// Forward authentication: what a gateway is answered, and what it may not be talked into.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/http/gateway_fixture.h"

namespace keyledger {
namespace {

class Authorize : public GatewayTest {};

TEST_F(Authorize, SaysWhoseKeyItIs) {
  const auto made =
      it.add_key("My käy, 1", {{"external_id", "app/7"}, {"scopes", {"BLOG_READ", "BLOG_WRITE"}}});
  const std::string secret = made["secret"];
  for (const std::string& credential : {secret, "Bearer " + secret, "bearer  " + secret}) {
    const auto answer = ask({credential});
    ASSERT_EQ(answer.status, 200) << answer.response.body;
    EXPECT_EQ(made["key"]["id"], answer.header("X-Key-Id"));
    EXPECT_EQ(answer.header("X-Key-Name"), "My%20k%C3%A4y%2C%201");
    EXPECT_EQ(answer.header("X-Key-Type"), "private");
    EXPECT_EQ(answer.header("X-Key-Environment"), "live");
    EXPECT_EQ(answer.header("X-Key-Scopes"), "BLOG_READ,BLOG_WRITE");
    EXPECT_EQ(answer.header("X-Key-External-Id"), "app%2F7");
    EXPECT_EQ(answer.header("X-Workspace-Id"), to_text(it.workspace));
    EXPECT_EQ(answer.header("X-Verdict"), "VALID");
    EXPECT_EQ(answer.header("Cache-Control"), "no-store");
    EXPECT_EQ(answer.response.body, "{}");
  }
  const std::string path = "/v1/keys/" + made["key"]["id"].get<std::string>();
  EXPECT_EQ(it.call(it.owner.secret, "GET", path).body["use_count"], 3) << "each counts as use";
}

// A header that is not answered would leave the client's own in place.
TEST_F(Authorize, AnswersEveryHeaderEvenIfThereIsNothingToSay) {
  const auto answer = ask({make("plain")});
  const auto external = answer.response.header("X-Key-External-Id");
  ASSERT_TRUE(external);
  EXPECT_EQ(*external, "");
}

TEST_F(Authorize, RefusesWithTheStatusAndCodeOfTheContract) {
  const auto path_of = [](const nlohmann::json& made) {
    return "/v1/keys/" + made["key"]["id"].get<std::string>();
  };
  const auto after = [&](std::string_view act, std::string_view body = "{}") {
    const auto made = it.add_key("k");
    const auto path = path_of(made) + std::string(act);
    EXPECT_EQ(it.call(it.owner.secret, "POST", path, body).status, 200);
    return made["secret"].get<std::string>();
  };
  const std::string expired = make("expired", {{"ttl_seconds", 1}});
  it.clock.advance_ms(1000);
  std::string malformed = make("malformed");
  malformed.back() = malformed.back() == '0' ? '1' : '0';
  struct Row {
    std::string secret;
    int status;
    std::string code;
    std::string verdict;
  };
  const Row rows[] = {
      {"", 401, "invalid_api_key", "MALFORMED"},
      {malformed, 401, "invalid_api_key", "MALFORMED"},
      {"Basic dXNlcjpwYXNz", 401, "invalid_api_key", "MALFORMED"},
      {"nobody-knows-this", 401, "invalid_api_key", "NOT_FOUND"},
      {it.owner.secret, 401, "invalid_api_key", "NOT_FOUND"},
      {after("/revoke"), 401, "invalid_api_key", "REVOKED"},
      {after("/revoke", R"({"reason_code":"key_compromise"})"), 401, "invalid_api_key",
       "COMPROMISED"},
      {after("/rotate"), 401, "invalid_api_key", "SECRET_RETIRED"},
      {expired, 401, "EXPIRED", "EXPIRED"},
      {after("/suspend"), 401, "SUSPENDED", "SUSPENDED"},
      {make("later", {{"not_before", "2030-01-01T00:00:00Z"}}), 401, "NOT_YET_VALID",
       "NOT_YET_VALID"},
      {make("test", {{"environment", "test"}}), 403, "ENVIRONMENT_NOT_ALLOWED",
       "ENVIRONMENT_NOT_ALLOWED"},
      {make("ip", {{"allowed_ips", {"10.0.0.0/8"}}}), 403, "IP_NOT_ALLOWED", "IP_NOT_ALLOWED"},
      {make("origin", {{"type", "public"}, {"allowed_origins", {"example.com"}}}), 403,
       "ORIGIN_NOT_ALLOWED", "ORIGIN_NOT_ALLOWED"},
  };
  std::string hidden;  // the same for all of them
  for (const Row& row : rows) {
    SCOPED_TRACE(row.verdict);
    const auto size = it.size();
    const auto answer = ask({row.secret});
    EXPECT_EQ(answer.status, row.status);
    EXPECT_EQ(answer.code(), row.code);
    EXPECT_EQ(answer.body["status"], row.status);
    EXPECT_EQ(answer.header("X-Verdict"), row.verdict);
    EXPECT_EQ(answer.response.content_type, "application/problem+json");
    EXPECT_EQ(answer.header("WWW-Authenticate").empty(), row.status != 401);
    EXPECT_FALSE(answer.response.header("X-Key-Id"));
    EXPECT_EQ(it.size(), size + (row.verdict == "SECRET_RETIRED" ? 1 : 0)) << "recorded";
    if (row.code != "invalid_api_key") continue;
    if (hidden.empty()) hidden = answer.body["detail"];
    EXPECT_EQ(answer.body["detail"], hidden) << "why is nobody's business";
  }
}

TEST_F(Authorize, HoldsKeysToEndpointsAndScopes) {
  const std::string all = make("all");
  const std::string reader = make("reader", {{"scopes", {"BLOG_READ"}}});
  const std::string page =
      make("page", {{"type", "public"}, {"allowed_origins", {"*"}}, {"scopes", {"ALL"}}});
  struct Row {
    std::string_view secret;
    std::string method;
    std::string path;
    std::string code;
  };
  const Row rows[] = {
      {all, "GET", "/v1/blog/a/b?c=d", ""},
      {all, "DELETE", "/unlisted", ""},
      {all, "GET", "/v1/blog/../secret", "ENDPOINT_NOT_ALLOWED"},
      {all, "GET", "/v1/blog/%2e%2e/secret", "ENDPOINT_NOT_ALLOWED"},
      {all, "GET", "/v1/blog//a", "ENDPOINT_NOT_ALLOWED"},
      {reader, "HEAD", "/v1/blog/a", ""},
      {reader, "GET", "/v1/open", ""},
      {reader, "POST", "/v1/blog/a", "SCOPE_NOT_GRANTED"},
      {reader, "GET", "/unlisted", "ENDPOINT_NOT_ALLOWED"},
      {page, "GET", "/v1/blog/a", ""},
      {page, "POST", "/v1/blog/a", "ENDPOINT_NOT_ALLOWED"},
      {page, "GET", "/v1/blog/a%2fb", "ENDPOINT_NOT_ALLOWED"},
      {page, "GET", "/v1/blog", "ENDPOINT_NOT_ALLOWED"},
  };
  for (const Row& row : rows) {
    const auto answer = ask({row.secret, row.method, row.path});
    EXPECT_EQ(answer.status, row.code.empty() ? 200 : 403) << row.method << ' ' << row.path;
    EXPECT_EQ(answer.code(), row.code) << row.method << ' ' << row.path;
  }
}

// --- The request that is asked about ---

TEST_F(Authorize, TakesAnyOneFamily) {
  const std::string key = make("k", {{"scopes", {"BLOG_READ"}}});
  const auto verdict = [&](const std::string& target, const Headers& headers,
                           const std::string& method = "GET") {
    return send(method, target, key, headers).header("X-Verdict");
  };
  const std::string here = authorize_path("live");
  EXPECT_EQ(verdict(here, {{"X-Original-Method", "GET"}, {"X-Original-URI", "/v1/blog/a?b"}}),
            "VALID");
  EXPECT_EQ(verdict(here, {{"X-Original-Method", "GET"},
                           {"X-Original-URL", "https://api.example.com/v1/blog/a?b"}}),
            "VALID");
  EXPECT_EQ(
      verdict(here, {{"X-Forwarded-Method", "GET"}, {"X-Forwarded-Uri", "/v1/blog/a"}}, "POST"),
      "VALID");
  EXPECT_EQ(verdict(here + "/v1/blog/a?nginx=1&b=%&b=c", {}), "VALID") << "Envoy appends it";
  EXPECT_EQ(verdict(here + "/v1/blog/a", {}, "POST"), "SCOPE_NOT_GRANTED");
  EXPECT_EQ(verdict(here + "/v1/blog/a%2fb", {}), "ENDPOINT_NOT_ALLOWED");
  EXPECT_EQ(verdict(here + "/", {}), "ENDPOINT_NOT_ALLOWED");
  EXPECT_EQ(verdict(here + "//v1/blog/a", {}), "ENDPOINT_NOT_ALLOWED");
  for (const char* method : {"PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"}) {
    EXPECT_EQ(verdict(here, {{"X-Original-Method", "GET"}, {"X-Original-URI", "/v1/open"}}, method),
              "VALID");
  }
  EXPECT_EQ(verdict(here + "/v1/blog/a",
                    {{"X-Original-Method", "GET"}, {"X-Original-URI", "/v1/blog/a"}}),
            "VALID")
      << "two that agree";
}

// As Caddy passes on the URL of a client that writes it whole. A scheme has no case.
TEST_F(Authorize, ReadsTheUrlBehindASchemeInAnyCase) {
  const std::string key = make("k", {{"scopes", {"BLOG_READ"}}});
  const auto verdict = [&](const std::string& url) {
    const Headers headers = {{"X-Forwarded-Method", "GET"}, {"X-Forwarded-Uri", url}};
    return send("GET", authorize_path("live"), key, headers).header("X-Verdict");
  };
  for (const std::string scheme : {"http", "https", "HTTP", "HTTPS", "hTTpS"}) {
    EXPECT_EQ(verdict(scheme + "://h/v1/blog/a?b"), "VALID") << scheme;
    EXPECT_EQ(verdict(scheme + "://h/v1/other"), "ENDPOINT_NOT_ALLOWED") << scheme;
    EXPECT_EQ(verdict(scheme + "://h"), "ENDPOINT_NOT_ALLOWED") << scheme;
  }
  for (const char* url : {"ftp://h/v1/blog/a", "HTTPS:/v1/blog/a", "HTTPS//h/v1/blog/a"}) {
    EXPECT_EQ(verdict(url), "ENDPOINT_NOT_ALLOWED") << url;
  }
}

// They are the client's, for the API behind; to refuse them here would close the API to it.
TEST_F(Authorize, DoesNotJudgeHeadersThatAreForAnotherServer) {
  const std::string key = make("k");
  const std::vector<Headers> theirs = {
      {{"X-Request-Id", "caf\xC3\xA9"}},
      {{"X-Request-Id", std::string(300, 'a')}},
      {{"X-Request-Id", ""}},
      {{"X-Request-Id", "one"}, {"X-Request-Id", "two"}},
      {{"If-Match", "\"1\""}, {"If-Match", "\"2\""}},
      {{"Content-Type", "text/plain"}, {"Content-Type", "text/html"}},
      {{"Idempotency-Key", "a"}, {"Idempotency-Key", "b"}},
      {{"X-Reason", "\xFF"}, {"X-Reason", "b"}},
      {{"X-On-Behalf-Of", "a"}, {"X-On-Behalf-Of", "b"}},
  };
  for (const Headers& headers : theirs) {
    const auto answer = ask({key, "GET", "/v1/open", headers});
    EXPECT_EQ(answer.status, 200) << headers.front().first << answer.response.body;
    EXPECT_EQ(answer.header("X-Request-Id").size(), 26U) << "a new one";
    EXPECT_EQ(send("GET", "/v1/keys", it.owner.secret, headers).status, 400)
        << headers.front().first << ": for us it is";
  }
  EXPECT_EQ(ask({key, "GET", "/v1/open", {{"X-Request-Id", "mine"}}}).header("X-Request-Id"),
            "mine");
}

TEST_F(Authorize, RefusesHalfAFamilyAndTwoThatDiffer) {
  const std::string key = make("k");
  struct Row {
    Headers headers;
    std::string fault;
    std::string appended = {};
  };
  const Row rows[] = {
      {{{"X-Original-Method", "GET"}}, "X-Original-URI required"},
      {{{"X-Original-URI", "/v1/open"}}, "X-Original-Method required"},
      {{{"X-Forwarded-Method", "GET"}}, "X-Forwarded-Uri required"},
      {{{"X-Forwarded-Uri", "/v1/open"}}, "X-Forwarded-Method required"},
      {{{"X-Original-Method", "GET"}, {"X-Original-URI", ""}}, "X-Original-URI invalid"},
      {{{"X-Original-Method", "G T"}, {"X-Original-URI", "/"}}, "X-Original-Method invalid"},
      {{{"X-Original-Method", "GET"},
        {"X-Original-URI", "/v1/open"},
        {"X-Original-URL", "https://h/v1/blog"}},
       "X-Original-URL conflict"},
      {{{"X-Original-Method", "GET"},
        {"X-Original-URI", "/v1/open"},
        {"X-Forwarded-Method", "GET"},
        {"X-Forwarded-Uri", "/v1/other"}},
       "X-Forwarded-Method conflict"},
      {{{"X-Original-Method", "GET"},
        {"X-Original-URI", "/v1/open"},
        {"X-Forwarded-Method", "POST"},
        {"X-Forwarded-Uri", "/v1/open"}},
       "X-Forwarded-Method conflict"},
      {{{"X-Original-Method", "GET"}, {"X-Original-URI", "/v1/open"}}, "url conflict", "/other"},
      {{{"X-Original-Method", "GET"}, {"X-Original-Method", "GET"}, {"X-Original-URI", "/"}},
       "X-Original-Method invalid"},
      {{{"X-Forwarded-Method", "GET"}, {"X-Forwarded-Uri", "/"}, {"X-Forwarded-Uri", "/"}},
       "X-Forwarded-Uri invalid"},
      {{{"Origin", "https://a.example"}, {"Origin", "https://b.example"}}, "Origin invalid"},
      {{{"Authorization", "other"}}, "Authorization invalid"},
      {{}, "X-Original-Method required"},  // the policy has a list of endpoints
  };
  for (const Row& row : rows) {
    const auto target = authorize_path("live") + row.appended;
    const auto answer = send("GET", target, key, row.headers);
    EXPECT_EQ(answer.status, 400) << row.fault << answer.response.body;
    ASSERT_FALSE(answer.faults().empty()) << row.fault << answer.response.body;
    EXPECT_EQ(answer.faults().front(), row.fault);
    EXPECT_FALSE(answer.response.header("X-Key-Id"));
  }
}

TEST_F(Authorize, KnowsTheWorkspaceOfTheUrlAndNoOther) {
  const std::string key = make("k");
  const std::string test_key = make("t", {{"environment", "test"}});
  const auto at = [&](const std::string& secret, const std::string& target) {
    return ask({secret, "GET", "/v1/open", {}, "203.0.113.9", "127.0.0.1", target}).status;
  };
  EXPECT_EQ(at(key, authorize_path("live")), 200);
  EXPECT_EQ(at(key, authorize_path("test")), 403);
  EXPECT_EQ(at(test_key, authorize_path("test")), 200);
  EXPECT_EQ(at(key, authorize_path("any")), 200);
  EXPECT_EQ(at(test_key, authorize_path("any")), 200);
  EXPECT_EQ(at(key, "/v1/authorize"), 200) << "there is one workspace";
  EXPECT_EQ(at(key, authorize_path("prod")), 404);
  for (const std::string id : {"nonsense", "ws_00000000000000000000000000"}) {
    const auto answer = send("GET", "/v1/authorize/" + id + "/live", key, {});
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.body["detail"].get<std::string>().find("There is no workspace"), 0U);
  }
  EXPECT_EQ(at(key, "/v1/authorize/" + to_text(it.workspace)), 404);
  EXPECT_EQ(at(key, "/v1/authorized"), 404);
  EXPECT_EQ(at(key, "/v1/authorize?nginx=2"), 400);
  EXPECT_EQ(at(key, "/v1/authorize?other=1"), 400);
  const auto tenant = it.add_tenant();
  EXPECT_EQ(at(key, "/v1/authorize/" + tenant.workspace + "/live"), 401);
  const auto bare = ask({key, "GET", "/v1/open", {}, "203.0.113.9", "127.0.0.1", "/v1/authorize"});
  EXPECT_EQ(bare.status, 400);
  EXPECT_EQ(bare.code(), "invalid_request");
}

TEST_F(Authorize, SuspendsWithTheWorkspace) {
  const auto tenant = it.add_tenant();
  const auto made =
      it.call(tenant.secret, "POST", "/v1/keys", R"({"type":"private","name":"theirs"})");
  const std::string key = made.body["secret"];
  const std::string target = "/v1/authorize/" + tenant.workspace + "/any";
  EXPECT_EQ(send("GET", target, key, {}).status, 200);
  it.call(it.owner.secret, "POST", "/v1/workspaces/" + tenant.workspace + "/suspend");
  const auto answer = send("GET", target, key, {});
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(answer.code(), "SUSPENDED");
}

// --- nginx passes on 401 and 403 alone ---

TEST_F(Authorize, RestatesForNginxWhatItCannotPassOn) {
  const std::string key = make("k");
  const std::string target = authorize_path("live") + "?nginx=1";
  const auto half = send("GET", target, key, {{"X-Original-Method", "GET"}});
  EXPECT_EQ(half.status, 403);
  EXPECT_EQ(half.header("X-Status"), "400");
  EXPECT_EQ(half.body["status"], 400);
  const auto twice = send("GET", target, key, {{"Origin", "a"}, {"Origin", "b"}});
  EXPECT_EQ(twice.status, 403) << "also what is refused before the handler";
  EXPECT_EQ(twice.header("X-Status"), "400");
  http::Request too_large;
  too_large.method = "GET";
  too_large.target = target;
  too_large.unreadable = Error{ErrorCode::kTooLarge, "Too many headers.", {}, std::nullopt};
  const auto refused = http::handle(*it.api, too_large);
  EXPECT_EQ(refused.status, 403) << "also what the listener refuses";
  EXPECT_EQ(refused.header("X-Status"), "413");
  const auto good =
      send("GET", target, key, {{"X-Original-Method", "GET"}, {"X-Original-URI", "/v1/open"}});
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.header("X-Status"), "");
  EXPECT_EQ(
      send("GET", target, "bad", {{"X-Original-Method", "GET"}, {"X-Original-URI", "/"}}).status,
      401);
  // A client's own query that Envoy appended changes nothing.
  const auto envoy =
      send("GET", authorize_path("live") + "/v1/open?nginx=1", key, {{"X-Original-Method", "GET"}});
  EXPECT_EQ(envoy.status, 400);
}

// --- Secrets ---

TEST_F(Authorize, RefusesASecretInAUrlOrAnotherHeader) {
  const std::string key = make("k");
  std::string escaped = key;
  escaped.replace(2, 1, "%5F");
  struct Row {
    Question question;
    std::string field;
  };
  const Row rows[] = {
      {{key, "GET", "/v1/open?key=" + key}, "X-Original-URI"},
      {{key, "GET", "/v1/open?key=" + escaped}, "X-Original-URI"},
      {{key, "GET", "/v1/" + escaped}, "X-Original-URI"},
      {{key, "GET", "/v1/open", {{"Referer", "https://h/?k=" + key}}}, "Referer"},
      {{key, "GET", "/v1/open", {{"X-Api-Key", key}}}, "X-Api-Key"},
      {{key, "", "", {}, "", "127.0.0.1", authorize_path("live") + "/a?k=" + escaped}, "url"},
      {{key, "", "", {}, "", "127.0.0.1", authorize_path("live") + "/" + key}, "url"},
  };
  for (const Row& row : rows) {
    const auto answer = ask(row.question);
    EXPECT_EQ(answer.status, 400) << row.field << answer.response.body;
    EXPECT_EQ(answer.code(), "secret_in_request") << row.field;
    EXPECT_EQ(answer.body["errors"][0]["field"], row.field);
    EXPECT_EQ(answer.response.body.find(key), std::string::npos);
  }
  for (const auto& record : it.access) {
    EXPECT_EQ(std::string(record.route).find(key), std::string::npos);
  }
}

// --- Every mixture of descriptions, against the words of the contract ---

TEST_F(Authorize, ReadsEveryMixtureOfDescriptionsAsTheContractDoes) {
  const std::string key = make("k", {{"scopes", {"BLOG_READ"}}});
  constexpr std::uint64_t kSeed = 20'260'402;
  std::mt19937_64 random(kSeed);
  const auto chance = [&](unsigned one_in) { return random() % one_in == 0; };
  const std::vector<std::string> paths = {"/v1/open", "/v1/open", "/v1/blog/a", "/other"};
  it.keep_access_log = false;
  std::map<int, int> seen;
  for (int round = 0; round < 4000; ++round) {
    const std::string method = chance(4) ? "POST" : "GET";
    const std::string path = paths[random() % paths.size()];
    const auto of = [&](const std::string& usual, const std::string& other) {
      return chance(8) ? other : usual;
    };
    Headers headers;
    std::vector<std::pair<std::string, std::string>> said;
    bool half = false;
    for (const auto& [name, url] : {std::pair("X-Original-Method", "X-Original-URI"),
                                    std::pair("X-Forwarded-Method", "X-Forwarded-Uri")}) {
      if (chance(2)) continue;
      const std::string its_method = of(method, "DELETE");
      const std::string its_path = of(path, "/v1/different");
      const bool has_method = !chance(10);
      const bool has_url = !chance(10);
      if (has_method) headers.emplace_back(name, its_method);
      if (has_url) headers.emplace_back(url, its_path + (chance(2) ? "?q" : ""));
      if (has_method != has_url) half = true;
      if (has_method && has_url) said.emplace_back(its_method, its_path);
    }
    const std::string own_method = of(method, "PUT");
    const std::string appended = chance(2) ? of(path, "/v1/different") : "";
    if (!appended.empty()) said.emplace_back(own_method, appended);
    const bool trusted = !chance(6);
    const std::string credential = chance(5) ? "nobody" : key;

    int expected = 200;
    const bool differ =
        std::any_of(said.begin(), said.end(), [&](const auto& one) { return one != said.front(); });
    const bool allowed = !said.empty() && said.front().first == "GET" &&
                         (said.front().second == "/v1/open" || said.front().second == "/v1/blog/a");
    if (!trusted && (half || !said.empty())) {
      expected = 403;
    } else if (half || differ || said.empty()) {
      expected = 400;
    } else if (credential != key) {
      expected = 401;
    } else if (!allowed) {
      expected = 403;
    }
    const auto answer = send(own_method, authorize_path("live") + appended, credential, headers,
                             trusted ? "127.0.0.1" : "198.51.100.1");
    ASSERT_EQ(answer.status, expected) << "round " << round << " seed " << kSeed;
    ++seen[expected];
  }
  for (const auto& [status, count] : seen) EXPECT_GT(count, 200) << status;
}

// --- Required headers ---

Policy versioned_policy() {
  Policy policy;
  policy.required_headers = {{"Quo-Api-Version", {"2026-03-30", "2026-09-01"}}};
  return policy;
}

class AuthorizeVersioned : public GatewayTest {
 protected:
  AuthorizeVersioned() : GatewayTest(versioned_policy()) {}
};

TEST_F(AuthorizeVersioned, WantsTheHeaderBeforeAnythingElse) {
  const std::string key = make("k");
  const auto with = [&](std::string_view secret, const Headers& headers) {
    return ask({secret, "GET", "/", headers});
  };
  EXPECT_EQ(with(key, {{"quo-api-version", "2026-09-01"}}).status, 200);
  for (const Headers& headers :
       {Headers{}, Headers{{"Quo-Api-Version", "2025-01-01"}}, Headers{{"Quo-Api-Version", ""}}}) {
    for (const std::string_view secret :
         {std::string_view(key), std::string_view("unknown"), std::string_view()}) {
      const auto answer = with(secret, headers);
      EXPECT_EQ(answer.status, 400);
      EXPECT_EQ(answer.code(), "HEADER_REQUIRED");
      EXPECT_EQ(answer.header("X-Verdict"), "HEADER_REQUIRED");
      const std::string detail = answer.body["detail"];
      EXPECT_NE(detail.find("Quo-Api-Version"), std::string::npos);
      EXPECT_NE(detail.find("2026-03-30, 2026-09-01"), std::string::npos);
    }
  }
  const auto twice =
      with(key, {{"Quo-Api-Version", "2026-03-30"}, {"Quo-Api-Version", "2026-03-30"}});
  EXPECT_EQ(twice.faults(), std::vector<std::string>{"Quo-Api-Version invalid"});
  EXPECT_EQ(send("GET", authorize_path("live"), key, {{"Quo-Api-Version", "2026-03-30"}}).status,
            200)
      << "without a list of endpoints nobody need say what is asked for";
}

}  // namespace
}  // namespace keyledger
