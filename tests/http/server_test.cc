// The listener over a real socket, with a handler that says what reached it.
#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <mutex>
#include <stdexcept>
#include <thread>

#include "tests/http/front/raw_connection.h"

namespace keyledger::http {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() : server_(options(), [this](const Request& request) { return echo(request); }) {
    if (!server_.bind()) throw std::runtime_error("bind");
    thread_ = std::thread([this] { server_.run(); });
  }
  ~ServerTest() override {
    server_.stop();
    thread_.join();
  }

  static ServerOptions options() {
    ServerOptions options;
    options.port = 0;
    options.threads = 4;
    options.max_body_bytes = 1000;
    return options;
  }

  Response echo(const Request& request) {
    const std::lock_guard lock(mutex_);
    seen_.push_back(request);
    if (request.target == "/throw") throw std::runtime_error("secret detail");
    Response response;
    response.headers.emplace_back("X-Request-Id", "r");
    response.body = R"({"body":")" + std::string(2000, 'e') + "\"}";
    if (request.unreadable) {
      response.status = request.unreadable->code == ErrorCode::kTooLarge ? 413 : 400;
      response.body = R"({"unreadable":true})";
    }
    return response;
  }
  Request newest() {
    const std::lock_guard lock(mutex_);
    return seen_.empty() ? Request() : seen_.back();
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return seen_.size();
  }
  // One request on a connection of its own.
  std::string exchange(std::string_view bytes) {
    RawConnection connection(server_.port());
    connection.send(bytes);
    return connection.answer();
  }

  std::mutex mutex_;
  std::vector<Request> seen_;
  Server server_;
  std::thread thread_;
};

TEST_F(ServerTest, HandsOverTheRequestAsItCame) {
  httplib::Client client("127.0.0.1", server_.port());
  const httplib::Headers headers = {{"X-One", "1"}, {"REMOTE_ADDR", "6.6.6.6"}};
  const auto answer =
      client.Post("/v1/k%65ys?q=a%2Bb&q=c", headers, R"({"a":1})", "application/json");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->get_header_value("Content-Type"), "application/json; charset=utf-8");
  const Request seen = newest();
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.target, "/v1/k%65ys?q=a%2Bb&q=c");
  EXPECT_EQ(seen.body, R"({"a":1})");
  EXPECT_EQ(seen.header("x-one"), "1");
  EXPECT_EQ(seen.header("Content-Type"), "application/json");
  EXPECT_EQ(seen.peer, "127.0.0.1");
  EXPECT_FALSE(seen.header("REMOTE_ADDR"));
  EXPECT_FALSE(seen.unreadable);
}

TEST_F(ServerTest, ServesEveryMethod) {
  httplib::Client client("127.0.0.1", server_.port());
  EXPECT_EQ(client.Get("/a")->status, 200);
  EXPECT_EQ(newest().method, "GET");
  EXPECT_EQ(client.Delete("/a")->status, 200);
  EXPECT_EQ(newest().method, "DELETE");
  EXPECT_EQ(client.Patch("/a", "{}", "application/json")->status, 200);
  EXPECT_EQ(newest().method, "PATCH");
  EXPECT_EQ(client.Put("/a", "{}", "application/json")->status, 200);
  EXPECT_EQ(newest().method, "PUT");
  EXPECT_EQ(client.Options("/a")->status, 200);
  EXPECT_EQ(newest().method, "OPTIONS");
  const auto head = client.Head("/a");
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->body, "");
  EXPECT_GT(std::stoul(head->get_header_value("Content-Length")), 2000U);
}

TEST_F(ServerTest, KeepsAConnectionForManyRequests) {
  RawConnection connection(server_.port());
  for (int i = 0; i < 20; ++i) {
    connection.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
    EXPECT_THAT(connection.answer(), StartsWith("HTTP/1.1 200"));
  }
}

// The library would wait 5 s for a body and answer 400.
TEST_F(ServerTest, TakesAPostWithoutLengthForOneWithoutBody) {
  RawConnection connection(server_.port());
  for (int i = 0; i < 2; ++i) {
    connection.send("POST /a HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(connection.answer(), StartsWith("HTTP/1.1 200"));
    EXPECT_EQ(newest().body, "");
    EXPECT_FALSE(newest().unreadable);
  }
}

TEST_F(ServerTest, ReadsChunkedBodiesWithinTheLimit) {
  const std::string head = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_THAT(exchange(head + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(newest().body, "abcde");

  std::string large = head;
  for (int i = 0; i < 200; ++i) large += "a\r\n0123456789\r\n";
  EXPECT_THAT(exchange(large + "0\r\n\r\n"), StartsWith("HTTP/1.1 413"));
  EXPECT_LE(newest().body.size(), 1000U);
}

TEST_F(ServerTest, AnswersALargeBodyAndGoesOn) {
  RawConnection connection(server_.port());
  connection.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n" +
                  std::string(5'000'000, 'x'));
  EXPECT_THAT(connection.answer(), StartsWith("HTTP/1.1 413"));
  connection.send("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_THAT(connection.answer(), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(newest().target, "/b");
}

TEST_F(ServerTest, DoesNotReadABodyWithoutEnd) {
  RawConnection connection(server_.port());
  connection.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
  EXPECT_THAT(connection.rest(), StartsWith("HTTP/1.1 413"));
}

// What two readers could understand differently is refused, and the connection with it: what
// follows must not be taken for a request.
TEST_F(ServerTest, RefusesAmbiguousFraming) {
  const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const char* headers :
       {"Content-Length: 4\r\nContent-Length: 5\r\n", "Content-Length: 4\r\nContent-Length: 4\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Content-Length: four\r\n",
        "Content-Length: -1\r\n", "Content-Length: +4\r\n", "Content-Length: 0x4\r\n",
        "Content-Length: 4,4\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n"}) {
    for (const char* method : {"POST", "GET", "HEAD"}) {
      RawConnection connection(server_.port());
      connection.send(std::string(method) + " /a HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n" +
                      smuggled);
      const std::string answer = connection.rest();
      if (method == std::string("POST")) {
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 400")) << headers;
      }
      EXPECT_EQ(newest().target, "/a") << method << ' ' << headers;
    }
  }
}

TEST_F(ServerTest, DoesNotTakeTheBodyOfAGetForARequest) {
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
    const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    RawConnection connection(server_.port());
    connection.send(std::string(method) + " /a HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                    std::to_string(smuggled.size()) + "\r\n\r\n" + smuggled);
    EXPECT_THAT(connection.rest(), StartsWith("HTTP/1.1 200")) << method;
    EXPECT_EQ(newest().target, "/a") << method;
  }
}

TEST_F(ServerTest, LeavesFormsWhole) {
  httplib::Client client("127.0.0.1", server_.port());
  const std::string form =
      "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n";
  for (const char* type :
       {"multipart/form-data; boundary=x", "application/x-www-form-urlencoded"}) {
    ASSERT_TRUE(client.Post("/a", form, type)) << type;
    EXPECT_EQ(newest().body, form) << type;
    EXPECT_EQ(newest().header("Content-Type"), type);
  }
}

TEST_F(ServerTest, SaysHowLongAConnectionMayBeIdle) {
  EXPECT_THAT(exchange("GET /a HTTP/1.1\r\nHost: x\r\n\r\n"), HasSubstr("timeout=60"));
}

TEST_F(ServerTest, DecodesNoHeader) {
  exchange("GET /a HTTP/1.1\r\nHost: x\r\nX-Reason: caf\xC3\xA9 100%41\r\n\r\n");
  EXPECT_EQ(newest().header("X-Reason"), "caf\xC3\xA9 100%41");
}

TEST_F(ServerTest, DoesNotUnpackBodies) {
  const httplib::Headers headers = {{"Content-Encoding", "gzip"}};
  httplib::Client client("127.0.0.1", server_.port());
  ASSERT_TRUE(client.Post("/a", headers, "packed", "application/json"));
  EXPECT_EQ(newest().body, "packed");
  EXPECT_EQ(newest().header("Content-Encoding"), "gzip");
}

TEST_F(ServerTest, NeitherPacksNorCutsAnswers) {
  const std::string answer = exchange(
      "GET /a HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip, br\r\nRange: bytes=0-1,1-2\r\n\r\n");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr(std::string(2000, 'e')),
                            Not(HasSubstr("Content-Encoding"))));
}

TEST_F(ServerTest, HasEveryRefusalWordedByTheHandler) {
  for (const char* bytes :
       {"BREW /a HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a HTTP/9.9\r\n\r\n", "hello\r\n\r\n"}) {
    EXPECT_THAT(exchange(bytes), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("unreadable")))
        << bytes;
  }
}

TEST_F(ServerTest, KeepsExceptionsToItself) {
  const std::string answer = exchange("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 500"), Not(HasSubstr("secret detail"))));
}

TEST_F(ServerTest, RoutesPathsOfAnyShape) {
  for (const std::string& path : {std::string("/a%0Ab"), "/" + std::string(6000, 'x')}) {
    EXPECT_THAT(exchange("POST " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"),
                StartsWith("HTTP/1.1 200"));
    EXPECT_EQ(newest().target, path);
  }
}

TEST_F(ServerTest, SharesItsPortWithNobody) {
  ServerOptions same = options();
  same.port = server_.port();
  Server other(same, [](const Request&) { return Response(); });
  const auto bound = other.bind();
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(bound.error().detail, HasSubstr(std::to_string(same.port)));
}

TEST(ServerStop, ComesBeforeRunToo) {
  ServerOptions options;
  options.port = 0;
  options.threads = 1;
  Server server(options, [](const Request&) { return Response(); });
  ASSERT_TRUE(server.bind());
  server.stop();
  server.stop();
  server.run();  // returns at once; a stop that is lost hangs here
}

}  // namespace
}  // namespace keyledger::http
