// A gateway over a real socket: the answer that is made on the event thread, and its bytes.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "http/retired_use.h"
#include "http/server.h"
#include "tests/http/front/raw_connection.h"
#include "tests/http/gateway_fixture.h"

namespace keyledger {
namespace {

using http::RawConnection;

class AuthorizeSocket : public GatewayTest {
 protected:
  AuthorizeSocket()
      : server_(options(), [this](const http::Request& request) {
          ++slow_;
          return http::handle(*it.api, request);
        }) {
    it.keep_access_log = false;  // several threads
    if (!server_.bind()) throw std::runtime_error("bind");
    thread_ = std::thread([this] { server_.run(); });
  }
  ~AuthorizeSocket() override {
    server_.stop();
    thread_.join();
  }

  http::ServerOptions options() {
    http::ServerOptions options;
    options.port = 0;
    options.threads = 2;
    options.fast = [this](const http::RequestView& view, http::Response& response) {
      return http::handle_at_once(*it.api, view, response);
    };
    return options;
  }

  // The bytes of the answer to a request with these header lines.
  std::string exchange(const std::string& line, const std::string& headers) {
    RawConnection connection(server_.port());
    connection.send(line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers +
                    "\r\n");
    return connection.answer();
  }
  static bool has(const std::string& answer, const std::string& text) {
    return answer.find(text) != std::string::npos;
  }

  std::atomic<int> slow_ = 0;
  http::Server server_;
  std::thread thread_;
};

const std::string kAsNginx =
    "X-Original-Method: GET\r\nX-Original-URI: /v1/blog/a\r\nX-Forwarded-For: 203.0.113.9\r\n";

TEST_F(AuthorizeSocket, AnswersOnTheEventThread) {
  const std::string key = make("k", {{"allowed_ips", {"203.0.113.9"}}});
  const std::string path = authorize_path("live");
  for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"}) {
    const auto answer =
        exchange(method + (' ' + path), "Authorization: " + key + "\r\n" + kAsNginx);
    EXPECT_TRUE(has(answer, "HTTP/1.1 200 OK\r\n")) << method << answer;
    EXPECT_TRUE(has(answer, "\r\nX-Key-Name: k\r\n")) << method;
    EXPECT_TRUE(has(answer, "\r\nX-Key-External-Id: \r\n")) << method;
  }
  const auto unknown = exchange("GET " + path, "Authorization: nobody\r\n" + kAsNginx);
  EXPECT_TRUE(has(unknown, "HTTP/1.1 401 ")) << unknown;
  EXPECT_TRUE(has(unknown, "\r\nX-Verdict: NOT_FOUND\r\n")) << "loopback is trusted";
  const auto preflight = exchange("OPTIONS " + path + "/v1/blog/a",
                                  "Origin: https://a.example\r\n"
                                  "Access-Control-Request-Method: GET\r\n");
  EXPECT_TRUE(has(preflight, "HTTP/1.1 403 ")) << preflight;
  make("page", {{"type", "public"}, {"allowed_origins", {"https://a.example.org"}}});
  const auto allowed = exchange("OPTIONS " + path + "/v1/blog/a",
                                "Origin: https://a.example.org\r\n"
                                "Access-Control-Request-Method: GET\r\n");
  EXPECT_TRUE(has(allowed, "HTTP/1.1 204 No Content\r\n")) << allowed;
  EXPECT_TRUE(has(allowed, "\r\nAccess-Control-Allow-Origin: https://a.example.org\r\n"));
  EXPECT_FALSE(has(allowed, "Content-Length"));
  EXPECT_EQ(slow_, 0);
}

// Recording it waits for the disk, which an event thread must not. Once that is done, what it costs
// does not tell it from a key that is unknown.
TEST_F(AuthorizeSocket, RecordsARetiredSecretOnAWorkerOnceAnHour) {
  const auto made = it.add_key("k");
  const std::string id = made["key"]["id"];
  ASSERT_EQ(it.call(it.owner.secret, "POST", "/v1/keys/" + id + "/rotate").status, 200);
  const auto size = it.size();
  const auto present = [&](int slow, std::uint64_t recorded) {
    const auto answer =
        exchange("GET " + authorize_path("live"),
                 "Authorization: " + made["secret"].get<std::string>() + "\r\n" + kAsNginx);
    EXPECT_TRUE(has(answer, "HTTP/1.1 401 ")) << answer;
    EXPECT_TRUE(has(answer, "\r\nX-Verdict: SECRET_RETIRED\r\n"));
    EXPECT_EQ(slow_, slow);
    EXPECT_EQ(it.size(), size + recorded);
  };
  present(1, 1);
  present(1, 1);
  it.clock.advance_ms(http::RetiredUse::kOnceInMs - 1);
  present(1, 1);
  it.clock.advance_ms(1);
  present(2, 2);
}

// Lines of a header that stand twice reach the rules as two, whatever their case.
TEST_F(AuthorizeSocket, SeesHeadersThatAreSentTwice) {
  const std::string key = make("k", {{"allowed_ips", {"203.0.113.9"}}});
  const std::string line = "GET " + authorize_path("live");
  const std::string credential = "Authorization: " + key + "\r\n";
  EXPECT_TRUE(has(exchange(line, credential + credential + kAsNginx), "HTTP/1.1 400 "));
  EXPECT_TRUE(
      has(exchange(line, credential + kAsNginx + "x-original-uri: /v1/open\r\n"), "HTTP/1.1 400 "));
  EXPECT_TRUE(has(exchange(line, credential + kAsNginx + "x-forwarded-for: 198.51.100.1\r\n"),
                  "HTTP/1.1 403 "))
      << "the last one is the nearest";
  EXPECT_TRUE(
      has(exchange(line + "?nginx=1", credential + credential + kAsNginx), "HTTP/1.1 403 "));
}

// A body that comes along is the client's and none of our business.
TEST_F(AuthorizeSocket, DoesNotLookAtABody) {
  const std::string key = make("k");
  const auto answer = exchange("POST " + authorize_path("live") + "/v1/open",
                               "Authorization: " + key +
                                   "\r\nContent-Type: text/xml\r\nContent-Encoding: gzip\r\n"
                                   "Content-Length: 3\r\n\r\n<a>");
  EXPECT_TRUE(has(answer, "HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_EQ(slow_, 0) << "nor does what a client says of it choose a worker";
}

}  // namespace
}  // namespace keyledger
