// The ways to hurt an HTTP server that stack.md 2.2 measured on the library as it comes, each as a
// test over a real socket. docs/http-front-end.md has the table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <memory>
#include <random>
#include <vector>

#include "tests/http/front/raw_connection.h"
#include "tests/http/front/running_server.h"

namespace keyledger::http {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::size_t kMiB = 1U << 20U;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kMayGrow = 1024 * kMiB;  // shadow memory, and what is freed is kept
#else
constexpr std::size_t kMayGrow = 24 * kMiB;
#endif

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t pages = 0;
  statm >> pages >> pages;
  return pages * 4096;
}

class Hazard : public ::testing::Test {
 protected:
  Hazard() : server_(any_port(), [this](const Request& request) { return answer(request); }) {
    exchange("GET /warm HTTP/1.1\r\nHost: x\r\n\r\n");
    before_ = resident_bytes();
  }

  Response answer(const Request& request) {
    ++handled_;
    return plain_answer(request, std::string(answer_size_, 'e'));
  }
  std::string exchange(std::string_view bytes) {
    RawConnection connection(server_.port());
    connection.send(bytes);
    return connection.answer();
  }
  // What comes back when this is sent over and over, until the server has heard enough.
  std::string flood(std::string_view head, std::string_view piece, std::size_t bytes) {
    RawConnection connection(server_.port());
    connection.send(head);
    for (std::size_t sent = 0; sent < bytes; sent += piece.size()) connection.send(piece);
    return connection.rest();
  }
  void expect_service() {
    EXPECT_THAT(exchange("GET /a HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  }
  void expect_little_memory() {
    const std::size_t now = resident_bytes();
    EXPECT_LT(now > before_ ? now - before_ : 0, kMayGrow);
  }

  std::size_t answer_size_ = 200;
  std::atomic<int> handled_ = 0;
  RunningServer server_;
  std::size_t before_ = 0;
};

TEST_F(Hazard, IdleClientsHoldNobodyUp) {
  std::vector<std::unique_ptr<RawConnection>> idle;
  for (int i = 0; i < 100; ++i) {
    idle.push_back(std::make_unique<RawConnection>(server_.port()));
    idle.back()->send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_THAT(idle.back()->answer(), StartsWith("HTTP/1.1 200"));
  }
  expect_service();
}

// Each sends a byte now and then of a request that never ends.
TEST_F(Hazard, AThousandSlowClientsDisturbNobody) {
  const std::string_view head = "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\nX-Slow: ";
  std::vector<std::unique_ptr<RawConnection>> slow;
  for (std::size_t i = 0; i < 1000; ++i) {
    slow.push_back(std::make_unique<RawConnection>(server_.port()));
    slow.back()->send(head.substr(0, 1 + i % head.size()));
    if (i % 3 == 0) slow.back()->send("\r\n\r\nhalf of the bo");
  }
  const int before = handled_;
  RawConnection other(server_.port());
  for (std::size_t i = 0; i < 200; ++i) {
    slow[i * 5]->send("x");
    other.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
    ASSERT_THAT(other.answer(), StartsWith("HTTP/1.1 200"));
    expect_service();
  }
  EXPECT_GE(handled_ - before, 400);
  expect_little_memory();
}

TEST_F(Hazard, PipelinedRequestsAreAllAnsweredInOrder) {
  RawConnection connection(server_.port());
  std::string all;
  for (int i = 0; i < 1000; ++i) {
    all += i % 2 == 0 ? "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
                      : "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";
  }
  connection.send(all + "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  for (int i = 0; i < 1000; ++i) {
    ASSERT_THAT(connection.answer(), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("eee"))) << i;
  }
  EXPECT_THAT(connection.rest(), HasSubstr("Connection: close"));
}

TEST_F(Hazard, AHeaderLineWithoutEndIsCut) {
  const std::string answer =
      flood("GET /a HTTP/1.1\r\nHost: x\r\nX: ", std::string(65536, 'x'), 64 * kMiB);
  EXPECT_THAT(answer, ::testing::AnyOf(StartsWith("HTTP/1.1 413"), ""));
  expect_little_memory();
  expect_service();
}

TEST_F(Hazard, HeadersWithoutEndAreCut) {
  std::string lines;
  for (int i = 0; i < 5000; ++i) lines += "X-Many: 1\r\n";
  const std::string answer = flood("GET /a HTTP/1.1\r\nHost: x\r\n", lines, 6 * kMiB);
  EXPECT_THAT(answer, ::testing::AnyOf(StartsWith("HTTP/1.1 413"), ""));
  expect_little_memory();
  expect_service();
}

TEST_F(Hazard, AChunkedBodyWithoutEndIsCut) {
  const std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
  const std::string answer =
      flood("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", chunk, 100 * kMiB);
  EXPECT_THAT(answer, ::testing::AnyOf(StartsWith("HTTP/1.1 413"), ""));
  expect_little_memory();
  expect_service();
}

TEST_F(Hazard, AChunkedBodyOverTheLimitIsReadToItsEndAndRefused) {
  const std::string chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
  RawConnection connection(server_.port());
  connection.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 400; ++i) connection.send(chunk);
  connection.send("0\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(connection.answer(), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(connection.answer(), StartsWith("HTTP/1.1 200"));
  expect_little_memory();
}

TEST_F(Hazard, ManyRangesAreOneAnswer) {
  answer_size_ = 500'000;
  std::string ranges = "GET /a HTTP/1.1\r\nHost: x\r\nRange: bytes=0-";
  for (int i = 0; i < 2500; ++i) ranges += ",0-";
  const std::string answer = exchange(ranges + "\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_LT(answer.size(), 501'000U);
  expect_little_memory();
}

TEST_F(Hazard, LengthsThatAreNoneAreRefusedAtOnce) {
  for (const char* framing : {"Content-Length: -1\r\n\r\n", "Content-Length: abc\r\n\r\n",
                              "Transfer-Encoding: chunked\r\n\r\n-2\r\n",
                              "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"}) {
    RawConnection connection(server_.port());
    connection.send("POST /a HTTP/1.1\r\nHost: x\r\n" + std::string(framing));
    EXPECT_THAT(connection.rest(), StartsWith("HTTP/1.1 400")) << framing;
  }
}

TEST_F(Hazard, ABareLineFeedIsAnsweredAtOnce) {
  RawConnection connection(server_.port());
  connection.send("GET /a HTTP/1.1\nHost: x\n\n");
  EXPECT_THAT(connection.rest(), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("line feed")));
}

TEST_F(Hazard, AnswersToBrowsersAreNotCompressed) {
  answer_size_ = 100'000;
  EXPECT_THAT(exchange("GET /a HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip, deflate, br\r\n\r\n"),
              AllOf(HasSubstr("Content-Length: 100000"), Not(HasSubstr("Content-Encoding"))));
}

// A client that asks and does not read is not answered further, and does not fill memory.
TEST_F(Hazard, WhoDoesNotReadIsNotAnsweredFurther) {
  answer_size_ = kMiB;
  RawConnection connection(server_.port());
  std::string all;
  for (int i = 0; i < 200; ++i) all += "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
  const int before = handled_;
  connection.send(all);
  for (int i = 0; i < 20; ++i) expect_service();
  EXPECT_LT(handled_ - before, 20 + 30);  // the kernel's buffers take a few
  for (int i = 0; i < 200; ++i) ASSERT_THAT(connection.answer(), StartsWith("HTTP/1.1 200")) << i;
  expect_little_memory();
}

// Random bytes and cut-off requests, many at a time: the server is there afterwards.
TEST_F(Hazard, RubbishHurtsNobody) {
  std::mt19937_64 random(20'261'122);
  const std::string good =
      "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  for (int i = 0; i < 300; ++i) {
    std::string bytes = good + good;
    for (int j = 0; j < 3; ++j) bytes[random() % bytes.size()] = static_cast<char>(random());
    RawConnection connection(server_.port());
    connection.send(std::string_view(bytes).substr(0, 1 + random() % bytes.size()));
    if (i % 2 == 0) connection.end_sending();
    if (i % 4 == 0) connection.rest();
  }
  expect_service();
  expect_little_memory();
}

}  // namespace
}  // namespace keyledger::http
