// Who asks, and who is asked for: addresses, forged headers, browsers.
#include <gtest/gtest.h>

#include "http/client_address.h"
#include "tests/http/gateway_fixture.h"

namespace keyledger {
namespace {

using http::TrustedProxies;

// The client as it is seen, or "unknown"; "-" for a peer whose word does not count.
std::string seen(std::string_view peer, const std::vector<std::string>& lines,
                 const TrustedProxies& proxies = TrustedProxies()) {
  http::Request request;
  request.peer = peer;
  for (const std::string& line : lines) request.headers.emplace("x-forwarded-for", line);
  const auto client = http::client_address(request, proxies);
  const bool no_address = client.text.empty() || client.text == "unknown" || client.text == "unix";
  EXPECT_EQ(client.ip ? to_text(*client.ip) : "none", no_address ? "none" : client.text);
  return (client.through_proxy ? "" : "-") + (client.named ? "" : std::string("?")) + client.text;
}

TEST(ClientAddress, IsTheRightMostThatIsNoProxyOfOurs) {
  struct Row {
    std::string peer;
    std::vector<std::string> lines;
    std::string client;
  };
  const Row rows[] = {
      {"127.0.0.1", {"203.0.113.9"}, "203.0.113.9"},
      {"::1", {"203.0.113.9"}, "203.0.113.9"},
      {"unix", {"203.0.113.9"}, "203.0.113.9"},
      {"::ffff:127.0.0.1", {"203.0.113.9"}, "203.0.113.9"},
      {"127.0.0.1", {"1.1.1.1, 2.2.2.2"}, "2.2.2.2"},
      {"127.0.0.1", {"1.1.1.1", "2.2.2.2"}, "2.2.2.2"},
      {"127.0.0.1", {"1.1.1.1, 2.2.2.2", "127.0.0.1,127.0.0.2"}, "2.2.2.2"},
      {"127.0.0.1", {"127.0.0.3 ,\t127.0.0.2"}, "127.0.0.3"},  // all are ours: the first
      {"127.0.0.1", {"203.0.113.9:4711"}, "203.0.113.9"},
      {"127.0.0.1", {"[2001:DB8::1]:4711"}, "2001:db8::1"},
      {"127.0.0.1", {"[2001:db8::1]"}, "2001:db8::1"},
      {"127.0.0.1", {"2001:db8::1"}, "2001:db8::1"},
      {"127.0.0.1", {"1.1.1.1, evil"}, "unknown"},
      {"127.0.0.1", {"1.1.1.1,"}, "unknown"},
      {"127.0.0.1", {""}, "unknown"},
      {"127.0.0.1", {"unknown"}, "unknown"},
      {"127.0.0.1", {"1.1.1.1:"}, "unknown"},
      {"127.0.0.1", {"1.1.1.1:99999"}, "unknown"},
      {"127.0.0.1", {"[1.1.1.1]:80"}, "unknown"},
      {"127.0.0.1", {"[2001:db8::1"}, "unknown"},
      {"127.0.0.1", {"2001:db8::1]:80"}, "unknown"},
      {"127.0.0.1", {"1.1.1.1, 2.2.2.2 3.3.3.3"}, "unknown"},
      {"127.0.0.1", {"evil, 2.2.2.2"}, "2.2.2.2"},  // what a client wrote itself
      {"127.0.0.1", {}, "?127.0.0.1"},
      {"unix", {}, "?unix"},
      {"203.0.113.1", {"10.0.0.1"}, "-?203.0.113.1"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(seen(row.peer, row.lines), row.client) << row.peer << ' ' << row.client;
  }
}

TEST(ClientAddress, TrustsWhomTheOperatorNames) {
  const TrustedProxies ours({*parse_network("10.0.0.0/8"), *parse_network("2001:db8::/32")});
  EXPECT_EQ(seen("10.1.1.1", {"1.1.1.1, 10.2.2.2"}, ours), "1.1.1.1");
  EXPECT_EQ(seen("2001:db8::5", {"1.1.1.1"}, ours), "1.1.1.1");
  EXPECT_EQ(seen("127.0.0.1", {"1.1.1.1"}, ours), "-?127.0.0.1") << "the list is the whole list";
  EXPECT_EQ(seen("unix", {"1.1.1.1"}, TrustedProxies(std::vector<NetworkRule>())), "1.1.1.1");
  EXPECT_EQ(seen("127.0.0.1", {"1.1.1.1"}, TrustedProxies(std::vector<NetworkRule>())),
            "-?127.0.0.1");
}

TEST(TrustedProxies, AreReadAsAnOperatorWritesThem) {
  const auto read = [](std::vector<std::string> given) { return TrustedProxies::parse(given); };
  EXPECT_TRUE(read({})->trusts("127.0.0.1"));
  EXPECT_FALSE(read({"none"})->trusts("127.0.0.1"));
  EXPECT_TRUE(read({"none"})->trusts("unix"));
  const auto two = read({"10.0.0.0/8", "2001:db8::7"});
  EXPECT_TRUE(two->trusts("10.9.8.7"));
  EXPECT_TRUE(two->trusts("2001:db8::7"));
  EXPECT_FALSE(two->trusts("2001:db8::8"));
  EXPECT_FALSE(two->trusts("127.0.0.1"));
  for (const std::string bad : {"10.0.0.1/8", "proxy.example.com", "", "10.0.0.0/8 "}) {
    const auto refused = read({"192.0.2.1", bad});
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().detail.find("--trusted-proxies: " + bad), 0U);
  }
  EXPECT_FALSE(read({"none", "10.0.0.0/8"}));
}

class AuthorizeClient : public GatewayTest {};

TEST_F(AuthorizeClient, HoldsKeysToTheClientsAddressAndNotTheGateways) {
  const std::string key = make("k", {{"allowed_ips", {"203.0.113.0/24", "127.0.0.1"}}});
  const auto status = [&](const Headers& headers, std::string_view peer = "127.0.0.1") {
    Headers all = {{"X-Original-Method", "GET"}, {"X-Original-URI", "/v1/open"}};
    all.insert(all.end(), headers.begin(), headers.end());
    return send("GET", authorize_path("live"), key, all, peer).status;
  };
  EXPECT_EQ(status({{"X-Forwarded-For", "203.0.113.9"}}), 200);
  EXPECT_EQ(status({{"X-Forwarded-For", "203.0.113.9, 198.51.100.1"}}), 403) << "forged in front";
  EXPECT_EQ(status({{"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-For", "198.51.100.1"}}), 403);
  EXPECT_EQ(status({{"X-Forwarded-For", "203.0.113.9, garbage"}}), 403);
  EXPECT_EQ(status({}), 403) << "a gateway that does not say leaves it unknown";
  EXPECT_EQ(status({{"Forwarded", "for=203.0.113.9"}, {"X-Real-IP", "203.0.113.9"}}), 403);
  EXPECT_EQ(send("GET", "/v1/whoami", key, {}).status, 403) << "whoami has the same rule";
  EXPECT_EQ(send("GET", "/v1/whoami", key, {{"X-Forwarded-For", "198.51.100.1"}}).status, 403);
  EXPECT_EQ(
      send("GET", "/v1/whoami", key, {{"X-Forwarded-For", "203.0.113.4"}}).body["client"]["ip"],
      "203.0.113.4");
}

TEST_F(AuthorizeClient, IgnoresTheAddressesThatAnUntrustedPeerClaims) {
  const std::string key = make("k", {{"allowed_ips", {"203.0.113.0/24"}}});
  const auto who = [&](std::string_view peer, const Headers& headers) {
    return send("GET", "/v1/whoami", key, headers, peer).status;
  };
  EXPECT_EQ(who("198.51.100.1", {{"X-Forwarded-For", "203.0.113.9"}}), 403);
  EXPECT_EQ(who("203.0.113.9", {{"X-Forwarded-For", "198.51.100.1"}}), 200);
}

TEST_F(AuthorizeClient, TakesNoProxyForTheClientThatItDoesNotName) {
  const std::string key = make("k");
  const auto seen = [&](const Headers& headers, std::string_view peer) -> std::string {
    return send("GET", "/v1/whoami", key, headers, peer).body["client"]["ip"];
  };
  EXPECT_EQ(seen({}, "127.0.0.1"), "unknown");
  EXPECT_EQ(seen({}, "unix"), "unknown");
  EXPECT_EQ(seen({}, "198.51.100.1"), "198.51.100.1") << "nobody stands between";
  EXPECT_EQ(seen({{"X-Forwarded-For", "127.0.0.1"}}, "127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(seen({{"X-Forwarded-For", ""}}, "127.0.0.1"), "unknown");
}

// An operator who reads that his own address is not allowed looks in the wrong place.
TEST_F(AuthorizeClient, SaysThatTheProxyNamedNobody) {
  const std::string key = make("k", {{"allowed_ips", {"127.0.0.0/8"}}});
  const auto detail = [&](const std::string& target, const Headers& headers) -> std::string {
    Headers all = {{"X-Original-Method", "GET"}, {"X-Original-URI", "/v1/open"}};
    all.insert(all.end(), headers.begin(), headers.end());
    const auto answer = send("GET", target, key, all);
    EXPECT_EQ(answer.status, 403);
    return answer.body.value("detail", "");
  };
  for (const std::string& target : {authorize_path("live"), std::string("/v1/whoami")}) {
    EXPECT_EQ(detail(target, {}).find("The proxy sent no X-Forwarded-For"), 0U);
    EXPECT_EQ(detail(target, {{"X-Forwarded-For", "evil"}})
                  .find("The proxy's X-Forwarded-For names no address"),
              0U);
    EXPECT_EQ(detail(target, {{"X-Forwarded-For", "203.0.113.9"}}),
              "The key may not be used from this address.");
  }
}

// For the calls of members: their key's addresses, and who stands in the trail.
TEST_F(AuthorizeClient, KnowsWhoChangesWhatBehindAProxy) {
  const auto issued =
      it.call(it.owner.secret, "POST", "/v1/members/" + it.owner.id + "/management_keys",
              R"({"allowed_ips":["203.0.113.9"]})");
  const std::string key = issued.body["secret"];
  const auto suspend = [&](std::string_view made, const Headers& headers, std::string_view peer) {
    const auto path = "/v1/keys/" + std::string(made) + "/suspend";
    return send("POST", path, key, headers, peer).status;
  };
  const std::string made = it.add_key("k")["key"]["id"];
  EXPECT_EQ(suspend(made, {}, "127.0.0.1"), 403);
  EXPECT_EQ(suspend(made, {{"X-Forwarded-For", "203.0.113.9"}}, "198.51.100.1"), 403);
  EXPECT_EQ(suspend(made, {{"X-Forwarded-For", "garbage"}}, "127.0.0.1"), 403);
  EXPECT_EQ(suspend(made, {{"X-Forwarded-For", "203.0.113.9"}}, "127.0.0.1"), 200);
  const auto entry = it.call(it.owner.secret, "GET", "/v1/audit?action=key.suspended").body["data"];
  EXPECT_EQ(entry[0]["actor"]["ip"], "203.0.113.9");
  const auto unknown = send("POST", "/v1/keys/" + made + "/resume", it.owner.secret,
                            {{"X-Forwarded-For", "garbage"}});
  EXPECT_EQ(unknown.status, 200) << unknown.response.body;
  const auto resumed = it.call(it.owner.secret, "GET", "/v1/audit?action=key.resumed").body["data"];
  EXPECT_EQ(resumed[0]["actor"]["ip"], "unknown");
}

TEST_F(AuthorizeClient, LetsNobodyButAProxySpeakForARequest) {
  const std::string key = make("k");
  const std::string stranger = "198.51.100.1";
  const std::string path = authorize_path("live");
  for (const Headers& headers :
       {Headers{{"X-Original-Method", "GET"}, {"X-Original-URI", "/v1/open"}},
        Headers{{"X-Forwarded-Method", "GET"}, {"X-Forwarded-Uri", "/v1/open"}},
        Headers{{"X-Original-URI", "/v1/open"}}}) {
    const auto answer = send("GET", path, key, headers, stranger);
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(answer.code(), "forbidden");
    EXPECT_FALSE(answer.response.header("X-Key-Id"));
  }
  EXPECT_EQ(send("GET", path + "/v1/open", key, {}, stranger).code(), "forbidden");
  const auto silent = send("GET", path, key, {}, stranger);
  EXPECT_EQ(silent.status, 400) << "nor can a request that nobody described be let through";
}

TEST_F(AuthorizeClient, TellsTheVerdictToProxiesAlone) {
  TestLedger free;
  const std::string key = free.add_key("k")["secret"];
  for (const std::string peer : {"127.0.0.1", "198.51.100.1"}) {
    http::Request request;
    request.method = "GET";
    request.target = "/v1/authorize";
    request.peer = peer;
    for (const std::string& credential : {key, std::string("unknown")}) {
      request.headers = {{"Authorization", credential}};
      const auto response = http::handle(*free.api, request);
      EXPECT_EQ(response.status, credential == key ? 200 : 401);
      EXPECT_EQ(response.header("X-Verdict").has_value(), peer == "127.0.0.1");
    }
  }
}

// What a client sends under our names is neither read nor answered.
TEST_F(AuthorizeClient, IsNotImpressedByForgedAnswers) {
  const Headers forged = {{"X-Key-Id", "key_forged"},
                          {"X-Key-Scopes", "ALL"},
                          {"X-Key-Type", "private"},
                          {"X-Workspace-Id", "ws_forged"},
                          {"X-Key-External-Id", "forged"},
                          {"X-Verdict", "VALID"},
                          {"X-Status", "200"}};
  const auto good = ask({make("k"), "GET", "/v1/open", forged});
  EXPECT_EQ(good.status, 200);
  for (const auto& [name, value] : good.response.headers) {
    EXPECT_EQ(value.find("forged"), std::string::npos) << name;
  }
  EXPECT_EQ(ask({"unknown", "GET", "/v1/open", forged}).status, 401);
  EXPECT_EQ(ask({"", "GET", "/v1/open", forged}).status, 401);
}

// --- Browsers ---

constexpr const char* kExposed = "RateLimit, RateLimit-Policy, Retry-After, X-Request-Id";

class AuthorizeBrowser : public GatewayTest {
 protected:
  AuthorizeBrowser() {
    page_ = it.add_key("page", {{"type", "public"},
                                {"allowed_origins", {"example.com", "https://a.example.org:8443"}},
                                {"scopes", {"BLOG_READ"}}});
  }
  TestLedger::Answer preflight(const std::string& origin, const std::string& method = "GET",
                               const std::string& path = "/v1/blog/a",
                               const std::string& headers = {}, const std::string& target = {}) {
    Headers all = {{"Origin", origin}, {"Access-Control-Request-Method", method}};
    if (!headers.empty()) all.emplace_back("Access-Control-Request-Headers", headers);
    return ask({"", "OPTIONS", path, all, "203.0.113.9", "127.0.0.1", target});
  }
  void expect_refused(const TestLedger::Answer& answer) {
    EXPECT_EQ(answer.status, 403) << answer.response.body;
    for (const auto& [name, value] : answer.response.headers) {
      EXPECT_NE(name.substr(0, 15), "Access-Control-") << name;
    }
  }
  [[nodiscard]] std::string page_path() const {
    return "/v1/keys/" + page_["key"]["id"].get<std::string>();
  }

  nlohmann::json page_;
};

TEST_F(AuthorizeBrowser, AnswersAPreflightWithoutAKey) {
  const auto answer =
      preflight("https://www.example.com", "GET", "/v1/blog/a?b", "authorization,X-Version");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "https://www.example.com");
  EXPECT_EQ(answer.header("Access-Control-Allow-Methods"), "GET");
  EXPECT_EQ(answer.header("Access-Control-Allow-Headers"), "authorization, X-Version");
  EXPECT_EQ(answer.header("Access-Control-Max-Age"), "600");
  EXPECT_NE(answer.header("Vary").find("Origin"), std::string::npos);
  EXPECT_EQ(answer.header("Access-Control-Allow-Credentials"), "");
  EXPECT_EQ(answer.response.body, "");
  // As Envoy asks: its own method is the original one.
  const auto envoy =
      send("OPTIONS", authorize_path("live") + "/v1/blog/a", "",
           {{"Origin", "https://example.com"}, {"Access-Control-Request-Method", "GET"}});
  EXPECT_EQ(envoy.status, 204);
}

TEST_F(AuthorizeBrowser, RefusesAPreflightWithoutAWordOfCors) {
  expect_refused(preflight("https://evilexample.com"));
  expect_refused(preflight("https://example.com.evil.org"));
  expect_refused(preflight("http://a.example.org:8443"));
  expect_refused(preflight("https://a.example.org"));
  expect_refused(preflight("null"));
  expect_refused(preflight("https://example.com@evil.org"));
  expect_refused(preflight("https://example.com", "POST"));
  expect_refused(preflight("https://example.com", "GET", "/v1/unlisted"));
  expect_refused(preflight("https://example.com", "GET", "/v1/blog/../a"));
  expect_refused(preflight("https://example.com", "G T"));
  expect_refused(preflight("https://example.com", "GET", "/v1/blog/a", "a b"));
  expect_refused(preflight("https://example.com", "GET", "/v1/blog/a", "a,,b"));
  expect_refused(preflight("https://example.com", "GET", "/v1/blog/a", "", authorize_path("test")));
}

TEST_F(AuthorizeBrowser, CountsOnlyKeysThatAreActive) {
  const std::string origin = "https://example.com";
  const auto act = [&](std::string_view what) {
    const auto path = page_path() + std::string(what);
    ASSERT_EQ(it.call(it.owner.secret, "POST", path).status, 200);
  };
  EXPECT_EQ(preflight(origin).status, 204);
  act("/suspend");
  expect_refused(preflight(origin));
  act("/resume");
  EXPECT_EQ(preflight(origin).status, 204);
  it.call(it.owner.secret, "PATCH", page_path(), R"({"allowed_origins":["example.net"]})");
  expect_refused(preflight(origin));
  EXPECT_EQ(preflight("https://example.net").status, 204);
  it.restart();
  EXPECT_EQ(preflight("https://example.net").status, 204) << "also after a start";
  act("/revoke");
  expect_refused(preflight("https://example.net"));

  make("soon", {{"type", "public"},
                {"allowed_origins", {"example.net"}},
                {"not_before", "2026-03-30T13:00:00Z"},
                {"expires_at", "2026-03-30T14:00:00Z"}});
  expect_refused(preflight("https://example.net"));
  it.clock.advance_ms(60 * 60 * 1000);
  EXPECT_EQ(preflight("https://example.net").status, 204);
  it.clock.advance_ms(60 * 60 * 1000);
  expect_refused(preflight("https://example.net"));
  make("private", {{"allowed_ips", {"10.0.0.0/8"}}});
  expect_refused(preflight("https://example.net"));
  make("every", {{"type", "public"}, {"allowed_origins", {"*"}}});
  EXPECT_EQ(preflight("null").header("Access-Control-Allow-Origin"), "null");
  expect_refused(preflight("not an origin"));
}

TEST_F(AuthorizeBrowser, LetsThePageReadAnswersAndRefusals) {
  const std::string key = page_["secret"];
  const auto allow = [&](std::string_view secret, const std::string& origin,
                         const std::string& path = "/v1/blog/a",
                         const std::string& method = "GET") {
    const auto answer = ask({secret, method, path, {{"Origin", origin}}});
    EXPECT_NE(answer.header("Vary").find("Origin"), std::string::npos);
    return std::to_string(answer.status) + ' ' + answer.header("Access-Control-Allow-Origin") +
           answer.header("Access-Control-Expose-Headers");
  };
  const std::string exposed = kExposed;
  EXPECT_EQ(allow(key, "https://example.com"), "200 https://example.com" + exposed);
  EXPECT_EQ(allow("unknown", "https://example.com"), "401 https://example.com" + exposed);
  EXPECT_EQ(allow(key, "https://evil.org"), "403 ");
  EXPECT_EQ(allow(key, "https://example.com", "/v1/other"), "403 ");
  EXPECT_EQ(allow(key, "https://example.com", "/v1/blog/a", "OPTIONS"), "403 ");
}

// A question that cannot be judged is refused in words that the page may need.
TEST_F(AuthorizeBrowser, LetsThePageReadWhatIsWrongWithAQuestion) {
  const Headers page = {{"Origin", "https://example.com"}};
  const auto with = [&](Headers more) {
    more.insert(more.end(), page.begin(), page.end());
    return more;
  };
  const Headers twice = {{"Access-Control-Request-Headers", "a"},
                         {"Access-Control-Request-Headers", "b"}};
  const auto repeated = ask({"", "GET", "/v1/open", with(twice)});
  EXPECT_EQ(repeated.status, 400);
  EXPECT_EQ(repeated.header("Access-Control-Allow-Origin"), "https://example.com");
  EXPECT_EQ(repeated.header("Vary"), "Origin");
  // Of which endpoint a page would be is not known: none is public.
  for (const Question& unclear : {Question{"", "", "", page}, Question{"", "GET", "", page}}) {
    const auto answer = ask(unclear);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "");
    EXPECT_EQ(answer.header("Vary"), "Origin");
  }
}

TEST_F(AuthorizeBrowser, LetsThePageReadThatTooManyWrongKeysCame) {
  http::ApiOptions options;
  options.clock = [this] { return it.clock.now(); };
  options.refusals_per_minute = 1;
  it.api = std::make_unique<http::Api>(*it.ledger, *it.projections, it.log, options);
  const Question wrong = {"unknown", "GET", "/v1/blog/a", {{"Origin", "https://example.com"}}};
  for (const int status : {401, 429, 429}) {
    const auto answer = ask(wrong);
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "https://example.com");
    EXPECT_EQ(answer.header("Access-Control-Expose-Headers"), kExposed);
    EXPECT_EQ(answer.header("Vary"), "Origin");
    EXPECT_EQ(answer.header("X-Verdict"), "NOT_FOUND");
    EXPECT_EQ(answer.header("WWW-Authenticate").empty(), status == 429);
  }
}

TEST_F(AuthorizeBrowser, ManagementRoutesSendNoCors) {
  const auto answer = send("GET", "/v1/whoami", page_["secret"].get<std::string>(),
                           {{"Origin", "https://example.com"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "");
}

}  // namespace
}  // namespace keyledger
