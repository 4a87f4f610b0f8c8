// What all endpoints have in common: http/dispatch.cc, through whole calls.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "http/routes.h"
#include "http/secret.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Dispatch : public ::testing::Test {
 protected:
  TestLedger::Answer get(std::string_view target, const TestLedger::Headers& headers = {}) {
    return it.call(it.owner.secret, "GET", target, "", headers);
  }
  // A secret that stands nowhere: it must not be let in, known or not.
  const http::Secret stray_ = http::make_secret(KeyType::kPrivate, Environment::kLive, "");
  const std::string stray = std::string(stray_.reveal());

  TestLedger it;
};

TEST_F(Dispatch, EveryAnswerHasItsHeaders) {
  for (const char* target : {"/v1/workspace", "/v1/nothing", "/v1/members/mem_x", "/healthz",
                             "/v1/keys?odd=1", "/v1/keys?%"}) {
    for (const std::string& secret : {it.owner.secret, std::string()}) {
      const auto answer = it.call(secret, "GET", target);
      EXPECT_EQ(answer.position(), it.size() - 1) << target;
      EXPECT_EQ(answer.header("Cache-Control"), "no-store") << target;
      EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff") << target;
      EXPECT_EQ(answer.header("X-Request-Id").size(), 26U) << target;
    }
  }
}

// A page whose name was made to point here (DNS rebinding) must not read a thing.
TEST_F(Dispatch, AnswersOnlyForTheHostsItWasGiven) {
  http::ApiOptions options = it.api->options;
  options.hosts = {"ledger.example.com", "10.0.0.1:8080", "[::1]"};
  http::Api guarded(*it.ledger, *it.projections, it.log, options);
  const auto status = [&](std::optional<std::string> host, std::string_view target) {
    http::Request request;
    request.method = "GET";
    request.target = target;
    if (host) request.headers.emplace("Host", *host);
    return http::handle(guarded, request).status;
  };
  for (const char* host :
       {"ledger.example.com", "LEDGER.example.com:8443", "10.0.0.1:8080", "[::1]", "[::1]:8080"}) {
    EXPECT_EQ(status(host, "/healthz"), 200) << host;
  }
  for (const char* host :
       {"evil.example", "ledger.example.com.evil.example", "x.ledger.example.com", "10.0.0.1",
        "10.0.0.1:8081", "::1", "[::2]", "", ":8080"}) {
    EXPECT_EQ(status(host, "/healthz"), 421) << host;
    EXPECT_EQ(status(host, "/v1/keys"), 421) << host;
  }
  EXPECT_EQ(status(std::nullopt, "/healthz"), 421);
  EXPECT_EQ(get("/v1/workspace", {{"Host", "whoever.example"}}).status, 200) << "none configured";
  EXPECT_THAT(get("/v1/workspace", {{"Host", "a"}, {"Host", "b"}}).faults(),
              ElementsAre("Host invalid"));
}

TEST_F(Dispatch, KeepsTheRequestIdOfTheClient) {
  const auto answer = get("/v1/workspace", {{"x-request-id", "req 1!"}});
  EXPECT_EQ(answer.header("X-Request-Id"), "req 1!");
  EXPECT_EQ(get("/v1/nothing", {{"X-Request-Id", "a"}}).body["instance"], "urn:request:a");
}

TEST_F(Dispatch, RefusesARequestIdThatIsNoToken) {
  for (const std::string& id : {std::string(), std::string(256, 'x'),
                                std::string("a\r\nSet-Cookie: b"), std::string("é")}) {
    const auto answer = get("/v1/workspace", {{"X-Request-Id", id}});
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.faults(), ElementsAre("X-Request-Id invalid"));
    EXPECT_EQ(answer.header("X-Request-Id").size(), 26U);
  }
}

TEST_F(Dispatch, RefusesHeadersThatStandTwice) {
  const auto answer = get("/v1/workspace", {{"If-Match", "1"}, {"if-match", "2"}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.faults(), ElementsAre("If-Match invalid"));
}

TEST_F(Dispatch, RefusesASecretInAnyHeaderButAuthorization) {
  for (const char* name : {"X-Request-Id", "X-Api-Key", "Cookie", "Referer", "X-Reason"}) {
    const auto answer = get("/v1/workspace", {{name, "see " + stray + "!"}});
    EXPECT_EQ(answer.status, 400) << name;
    EXPECT_EQ(answer.code(), "secret_in_request") << name;
    EXPECT_THAT(answer.faults(), ElementsAre(std::string(name) + " not_allowed"));
    EXPECT_THAT(answer.response.body, Not(HasSubstr(stray)));
    for (const auto& [header, value] : answer.response.headers) {
      EXPECT_THAT(value, Not(HasSubstr(stray))) << header;
    }
  }
  EXPECT_EQ(it.call(stray, "GET", "/v1/workspace").status, 401);
}

TEST_F(Dispatch, RefusesASecretInTheUrlHoweverItIsEscaped) {
  std::string escaped;
  for (const char c : stray) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    escaped += {'%', kHex[byte / 16], kHex[byte % 16]};
  }
  const std::pair<std::string, std::string> rows[] = {
      {"/v1/keys/" + stray, "url not_allowed"},
      {"/v1/keys/" + escaped, "url not_allowed"},
      {"/v1/keys?q=" + stray, "q not_allowed"},
      {"/v1/keys?q=" + escaped, "q not_allowed"},
      {"/v1/keys?" + stray + "=1", "url not_allowed"},
      {"/" + stray, "url not_allowed"},
      {"/v1/keys?bad=%zz&q=" + stray, "url not_allowed"},
  };
  for (const auto& [target, fault] : rows) {
    // Before the caller is looked at: even a stranger's mistake is named.
    const auto answer = it.call("", "GET", target);
    EXPECT_EQ(answer.status, 400) << target;
    EXPECT_EQ(answer.code(), "secret_in_request") << target;
    EXPECT_THAT(answer.faults(), ElementsAre(fault)) << target;
    EXPECT_THAT(answer.response.body, Not(HasSubstr(stray)));
  }
}

TEST_F(Dispatch, AnswersUnknownPathsAndMethods) {
  EXPECT_EQ(get("/v1/nothing").status, 404);
  EXPECT_EQ(get("/v1/keys/").status, 404);
  const auto answer = it.call("", "PUT", "/v1/keys");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.code(), "method_not_allowed");
  EXPECT_EQ(answer.header("Allow"), "POST, GET, HEAD");
  EXPECT_EQ(it.call("", "OPTIONS", "/v1/keys").status, 405);
}

TEST_F(Dispatch, AnswersHeadAsGet) {
  const auto answer = it.call(it.owner.secret, "HEAD", "/v1/workspace");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("ETag"), "\"1\"");
}

TEST_F(Dispatch, RefusesABadEscapeInTheUrl) {
  const auto answer = get("/v1/keys?q=%g1");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.faults(), ElementsAre("url invalid"));
}

TEST_F(Dispatch, TakesTheKeyWithAnyBearerOrRaw) {
  for (const std::string& value : {"Bearer " + it.owner.secret, "bearer " + it.owner.secret,
                                   "BEARER  " + it.owner.secret, it.owner.secret}) {
    EXPECT_EQ(it.call("", "GET", "/v1/workspace", "", {{"Authorization", value}}).status, 200);
  }
}

TEST_F(Dispatch, SaysNothingAboutWhyACredentialIsNone) {
  const std::string sk = it.add_key("app")["secret"];
  std::set<std::string> details;
  for (const std::string& value : {std::string(), std::string("Bearer"), "Basic " + it.owner.secret,
                                   stray, sk, std::string("mk_live_x"), "Bearer " + sk}) {
    const auto answer = it.call("", "GET", "/v1/workspace", "", {{"Authorization", value}});
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.header("WWW-Authenticate"), "Bearer realm=\"keyledger\"");
    details.insert(answer.body.value("detail", ""));
  }
  EXPECT_EQ(details.size(), 1U);
}

TEST_F(Dispatch, TakesJsonAlone) {
  const std::string body = R"({"type":"private","name":"a"})";
  const auto post = [&](const char* type) {
    http::Request request;
    request.method = "POST";
    request.target = "/v1/keys";
    request.body = body;
    request.headers.emplace("Authorization", it.owner.secret);
    request.headers.emplace("Content-Type", type);
    return http::handle(*it.api, request);
  };
  for (const char* type :
       {"text/plain", "application/x-www-form-urlencoded", "", "application/jsonp",
        "multipart/form-data; boundary=x", "application/json2; a=b"}) {
    const auto size = it.size();
    EXPECT_EQ(post(type).status, 415) << type;
    EXPECT_EQ(it.size(), size);
  }
  EXPECT_EQ(post("Application/JSON ; charset=utf-8").status, 201);
}

TEST_F(Dispatch, TakesAnEscapedSlashForNoSlash) {
  const std::string id = it.add_key("k")["key"]["id"];
  EXPECT_EQ(get("/v1/keys/" + id + "/history").status, 200);
  EXPECT_EQ(get("/v1/keys/" + id + "/%68istory").status, 200);
  for (const char* slash : {"%2f", "%2F"}) {
    EXPECT_EQ(get("/v1/keys/" + id + slash + "history").status, 404);
    EXPECT_EQ(get("/v1/keys?q=" + std::string(slash)).status, 200) << "a value may have one";
  }
}

TEST_F(Dispatch, RefusesAPackedBody) {
  const auto post = [&](std::string_view encoding) {
    return it
        .call(it.owner.secret, "POST", "/v1/keys", R"({"type":"private","name":"k"})",
              {{"Content-Encoding", std::string(encoding)}})
        .status;
  };
  for (const char* encoding : {"gzip", "br", "deflate", "x", ""}) EXPECT_EQ(post(encoding), 415);
  EXPECT_EQ(post("Identity"), 201);
}

// Nobody may make the service wait who has not shown a management key.
TEST_F(Dispatch, WaitsForNobodyUnknown) {
  for (const char* target : {"/healthz", "/readyz", "/", "/openapi.json", "/v1/whoami"}) {
    EXPECT_THAT(get(std::string(target) + "?min_position=99999").faults(),
                ElementsAre("min_position unknown_field"))
        << target;
  }
  EXPECT_EQ(it.call("", "GET", "/v1/keys?min_position=99999").status, 401);
}

TEST_F(Dispatch, RefusesABodyBeyondOneMebibyte) {
  const std::string body = R"({"type":"private","name":")" + std::string(1U << 20U, 'x') + "\"}";
  const auto answer = it.call(it.owner.secret, "POST", "/v1/keys", body);
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.code(), "too_large");
}

TEST_F(Dispatch, RefusesUnknownAndRepeatedParameters) {
  const auto answer = get("/v1/keys?limit=1&odd=1&limit=2&metadata[a]=1&metadata[a]=2&x%00=1");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.faults(), ElementsAre("odd unknown_field", "limit conflict",
                                           "metadata[a] conflict", "(unprintable) unknown_field"));
  EXPECT_EQ(get("/v1/audit?action=key.created&action=key.revoked").status, 200);
  EXPECT_THAT(it.call(it.owner.secret, "POST", "/v1/keys?dry_run=true", "{}").faults(),
              ElementsAre("dry_run unknown_field"));
}

TEST_F(Dispatch, ReadsWhatAPositionHolds) {
  const auto made =
      it.call(it.owner.secret, "POST", "/v1/keys", R"({"type":"private","name":"a"})");
  EXPECT_EQ(made.position(), it.size() - 1);
  const auto answer = get("/v1/keys?min_position=" + made.header("Ledger-Position"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_GE(answer.position(), made.position());
  EXPECT_EQ(answer.body["data"].size(), 2U);
}

TEST_F(Dispatch, WaitsForAPositionThatIsOnItsWay) {
  const std::string next = std::to_string(it.size());
  it.keep_access_log = false;  // two threads
  std::thread late([&] { it.add_key("late"); });
  const auto answer = get("/v1/workspace?min_position=" + next);
  late.join();
  EXPECT_EQ(answer.status, 200);
  EXPECT_GE(answer.position(), std::stoull(next));
}

TEST_F(Dispatch, SaysThatAPositionIsNotThereYet) {
  const auto answer = get("/v1/workspace?min_position=" + std::to_string(it.size()));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code(), "behind");
  EXPECT_NE(answer.header("Retry-After"), "");
}

TEST_F(Dispatch, RefusesAPositionThatIsNoNumber) {
  for (const char* value : {"", "-1", "1.0", "0x1", " 1", "18446744073709551616", "1a"}) {
    const auto answer = get(std::string("/v1/workspace?min_position=") + value);
    EXPECT_EQ(answer.status, 400) << value;
    EXPECT_THAT(answer.faults(), ElementsAre("min_position invalid")) << value;
  }
}

TEST_F(Dispatch, LogsThePatternAndNeverTheUrl) {
  it.access.clear();
  get("/v1/keys/key_private?odd=" + stray);
  get("/v1/keys/key_01ARZ3NDEKTSV4RRFFQ69G5FAV");
  get("/nowhere/at/all");
  ASSERT_EQ(it.access.size(), 3U);
  EXPECT_EQ(it.access[0].route, "");
  EXPECT_EQ(it.access[0].status, 400);
  EXPECT_EQ(it.access[1].route, "/v1/keys/:id");
  EXPECT_EQ(it.access[1].status, 404);
  EXPECT_EQ(it.access[1].method, "GET");
  EXPECT_EQ(it.access[1].client_ip, "192.0.2.7");
  EXPECT_GT(it.access[1].bytes, 0U);
  EXPECT_EQ(it.access[2].route, "");
}

TEST_F(Dispatch, AnswersWhatTheListenerCouldNotRead) {
  http::Request request;
  request.method = "POST";
  request.target = "/v1/keys";
  request.unreadable = Error{ErrorCode::kTooLarge, "Too much.", {}, std::nullopt};
  const auto response = http::handle(*it.api, request);
  EXPECT_EQ(response.status, 413);
  EXPECT_TRUE(response.header("X-Request-Id"));
}

class GuardedDispatch : public testing::Test {
 protected:
  GuardedDispatch() {
    http::ApiOptions options;
    options.clock = [this] { return it.clock.now(); };
    options.refusals_per_minute = 2;
    it.api = std::make_unique<http::Api>(*it.ledger, *it.projections, it.log, options);
  }

  int status(std::string_view secret, std::string_view target) {
    return it.call(secret, "GET", target).status;
  }
  // Uses up what the address has.
  void guess_too_often() {
    for (int i = 0; i < 2; ++i) ASSERT_EQ(status("mk_live_guess", "/v1/keys"), 401);
    ASSERT_EQ(status("mk_live_guess", "/v1/keys"), 429);
  }

  TestLedger it;
};

TEST_F(GuardedDispatch, TurnsRefusalsOfWrongKeysInto429) {
  guess_too_often();
  const auto answer = it.call("mk_live_guess", "GET", "/v1/keys");
  EXPECT_EQ(answer.code(), "rate_limited");
  EXPECT_EQ(answer.header("Retry-After"), "30");
  EXPECT_EQ(answer.header("WWW-Authenticate"), "");
  EXPECT_EQ(status("sk_live_guess", "/v1/whoami"), 429) << "one count for all";
  EXPECT_EQ(status("no key at all", "/v1/whoami"), 429);
  it.clock.advance_ms(30'000);
  EXPECT_EQ(status("mk_live_guess", "/v1/keys"), 401);
  EXPECT_EQ(status("mk_live_guess", "/v1/keys"), 429);
}

TEST_F(GuardedDispatch, NeverRefusesAValidKeyForItsAddress) {
  const std::string secret = it.add_key("crm")["secret"];
  guess_too_often();
  EXPECT_EQ(status(it.owner.secret, "/v1/keys"), 200);
  EXPECT_EQ(status(secret, "/v1/whoami"), 200);
  const auto unknown = it.call(it.owner.secret, "POST", "/v1/keys/verify", R"({"key":"x"})");
  EXPECT_EQ(unknown.status, 200) << "a verdict is no refusal";
}

// Were it not so, a guesser beyond the limit would learn which keys there are.
TEST_F(GuardedDispatch, TellsOfNoKeyThatIsRefusedWithoutAWordWhatItIs) {
  const auto ended = [&](std::string_view act, std::string_view body = "{}") {
    const auto made = it.add_key("ended " + std::to_string(it.size()));
    const std::string id = made["key"]["id"];
    EXPECT_EQ(it.call(it.owner.secret, "POST", "/v1/keys/" + id + std::string(act), body).status,
              200);
    return made["secret"].get<std::string>();
  };
  const auto issued = [&](std::string_view body) {
    return it.call(it.owner.secret, "POST", "/v1/members/" + it.owner.id + "/management_keys",
                   body);
  };
  const auto ended_mk = issued("{}");
  const std::string mk_path = "/v1/keys/" + ended_mk.body["id"].get<std::string>();
  ASSERT_EQ(it.call(it.owner.secret, "DELETE", mk_path).status, 200);
  const std::string expired_mk = issued(R"({"expires_at":"2026-03-30T12:00:01Z"})").body["secret"];
  const std::string good = it.add_key("good")["secret"];
  const std::string expired = it.add_key("expired", {{"ttl_seconds", 1}})["secret"];
  const std::string suspended = ended("/suspend");
  const std::string revoked = ended("/revoke");
  const std::string compromised = ended("/revoke", R"({"reason_code":"key_compromise"})");
  const std::string retired = ended("/rotate");
  const auto tenant = it.add_tenant();
  const auto theirs =
      it.call(tenant.secret, "POST", "/v1/keys", R"({"type":"private","name":"theirs"})");
  const std::string foreign = theirs.body["secret"];
  const std::string gateway = "/v1/authorize/" + to_text(it.workspace) + "/live";
  it.clock.advance_ms(1000);
  guess_too_often();

  const std::map<std::string, std::vector<std::string>> wrong = {
      {gateway,
       {revoked, compromised, retired, foreign, it.owner.secret, tenant.secret,
        ended_mk.body["secret"], expired_mk}},
      {"/v1/whoami",
       {revoked, compromised, retired, expired, suspended, ended_mk.body["secret"], expired_mk}},
      {"/v1/keys",
       {revoked, compromised, retired, expired, suspended, good, foreign, ended_mk.body["secret"],
        expired_mk}},
  };
  for (const auto& [target, secrets] : wrong) {
    const auto said = [&, where = std::string_view(target)](std::string_view secret) {
      const auto answer = it.call(secret, "GET", where);
      std::string text = std::to_string(answer.status);
      for (const auto& [name, value] : answer.response.headers) {
        if (name != "X-Request-Id" && name != "Ledger-Position") text += ' ' + name + ':' + value;
      }
      return text + answer.body.value("code", "") + answer.body.value("detail", "");
    };
    const std::string unknown = said("nobody's");
    EXPECT_EQ(unknown.find("429 "), 0U) << unknown;
    for (std::size_t i = 0; i < secrets.size(); ++i) {
      EXPECT_EQ(said(secrets[i]), unknown) << target << ' ' << i;
    }
  }
  EXPECT_EQ(status(good, gateway), 200);
  EXPECT_EQ(it.call(expired, "GET", gateway).code(), "EXPIRED") << "a verdict of its own";
  EXPECT_EQ(it.call(suspended, "GET", gateway).code(), "SUSPENDED");
  for (const std::string& target : {gateway, std::string("/v1/whoami"), std::string("/v1/keys")}) {
    EXPECT_EQ(status("", target), 401) << "no key is no guess";
  }
}

TEST_F(GuardedDispatch, CountsEveryKeyThatIsRefusedWithoutAWord) {
  const std::string good = it.add_key("good")["secret"];
  EXPECT_EQ(status("", "/v1/keys"), 401);
  EXPECT_EQ(status(good, "/v1/keys"), 401) << "a key, but none for this call";
  EXPECT_EQ(status(it.owner.secret, "/v1/authorize"), 401) << "likewise";
  EXPECT_EQ(status("mk_live_guess", "/v1/keys"), 429);
}

}  // namespace
}  // namespace keyledger
