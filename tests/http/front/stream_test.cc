// Answers that are made while they are sent, over a real socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <stdexcept>

#include "tests/http/front/raw_connection.h"
#include "tests/http/front/running_server.h"

namespace keyledger::http {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

Server::Handle streaming(Producer producer) {
  return [producer = std::move(producer)](const Request& request) {
    Response response = plain_answer(request);
    if (!request.unreadable) {
      response.content_type = "application/x-ndjson";
      response.producer = producer;
    }
    return response;
  };
}

bool three_pieces(AnswerStream& stream) {
  return stream.write("one\n") && stream.write("") && stream.write("two\n") &&
         stream.write(std::string(20, 'x'));
}

TEST(Stream, ComesInChunksAndEndsTheConnection) {
  const RunningServer server(any_port(), streaming(three_pieces));
  RawConnection connection(server.port());
  connection.send(kGet);
  EXPECT_THAT(connection.rest(),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Transfer-Encoding: chunked\r\n"),
                    HasSubstr("Connection: close\r\n"), HasSubstr("application/x-ndjson"),
                    Not(HasSubstr("Content-Length")),
                    EndsWith("\r\n\r\n4\r\none\n\r\n4\r\ntwo\n\r\n14\r\nxxxxxxxxxxxxxxxxxxxx\r\n"
                             "0\r\n\r\n")));
}

TEST(Stream, ComesAfterTheAnswersBeforeIt) {
  ServerOptions options = any_port();
  options.fast = [](const RequestView& view, Response& response) {
    response.body = "fast";
    return view.target == "/fast";
  };
  const RunningServer server(options, streaming(three_pieces));
  RawConnection connection(server.port());
  connection.send("GET /fast HTTP/1.1\r\nHost: x\r\n\r\n" + std::string(kGet) + std::string(kGet));
  EXPECT_THAT(connection.answer(), EndsWith("fast"));
  EXPECT_THAT(connection.rest(), AllOf(HasSubstr("one"), EndsWith("0\r\n\r\n")));
}

TEST(Stream, GoesToAnOldClientUntilTheEnd) {
  const RunningServer server(any_port(), streaming(three_pieces));
  RawConnection connection(server.port());
  connection.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_THAT(connection.rest(),
              AllOf(Not(HasSubstr("chunked")), EndsWith("\r\n\r\none\ntwo\nxxxxxxxxxxxxxxxxxxxx")));
}

TEST(Stream, HasOnlyAHeadForHead) {
  const RunningServer server(any_port(), streaming([](AnswerStream&) -> bool {
                               throw std::runtime_error("not to be asked");
                             }));
  RawConnection connection(server.port());
  connection.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(connection.rest(), AllOf(StartsWith("HTTP/1.1 200"), EndsWith("\r\n\r\n")));
}

TEST(Stream, ThatFailsHasNoEnd) {
  for (const bool throws : {false, true}) {
    const RunningServer server(any_port(), streaming([&](AnswerStream& stream) {
                                 stream.write("some");
                                 if (throws) throw std::runtime_error("failed");
                                 return false;
                               }));
    RawConnection connection(server.port());
    connection.send(kGet);
    EXPECT_THAT(connection.rest(), Not(HasSubstr("0\r\n\r\n")));
    RawConnection old(server.port());  // where the end of the connection is the end of the body
    old.send("GET /a HTTP/1.0\r\n\r\n");
    old.rest();
    EXPECT_TRUE(old.was_reset());
  }
}

// The producer is held back by a client that does not read, and memory with it.
TEST(Stream, WaitsForTheClient) {
  constexpr int kPieces = 1000;
  std::atomic<int> written = 0;
  const RunningServer server(any_port(), streaming([&](AnswerStream& stream) {
                               const std::string piece(65536, 'p');
                               for (; written < kPieces; ++written) {
                                 if (!stream.write(piece)) return false;
                               }
                               return true;
                             }));
  RawConnection connection(server.port());
  connection.send(kGet);
  connection.take(1000);
  int before = -1;
  while (before != written) {  // until it stands still
    before = written;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_LT(written, kPieces / 2);
  EXPECT_THAT(connection.rest(), EndsWith("0\r\n\r\n"));
  EXPECT_EQ(written, kPieces);
}

TEST(Stream, IsGivenUpWhenTheClientDoesNotRead) {
  ServerOptions options = any_port();
  options.deadlines.send = std::chrono::milliseconds(100);
  std::promise<bool> over;
  const RunningServer server(options, streaming([&](AnswerStream& stream) {
                               const std::string piece(65536, 'p');
                               while (stream.write(piece)) continue;
                               over.set_value(stream.wanted());
                               return true;
                             }));
  RawConnection connection(server.port());
  connection.send(kGet);
  EXPECT_FALSE(over.get_future().get());
}

TEST(Stream, IsRefusedWhenThereAreTooMany) {
  ServerOptions options = any_port();
  options.max_streams = 1;
  std::atomic<bool> go_on = false;
  const RunningServer server(options, streaming([&](AnswerStream& stream) {
                               stream.write("begun");
                               go_on.wait(false);
                               return true;
                             }));
  RawConnection first(server.port());
  first.send(kGet);
  EXPECT_THAT(first.take(20), StartsWith("HTTP/1.1 200"));
  RawConnection second(server.port());
  second.send(kGet);
  EXPECT_THAT(second.rest(), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("being streamed")));
  go_on = true;
  go_on.notify_all();
  EXPECT_THAT(first.rest(), EndsWith("0\r\n\r\n"));
  std::string again;
  while (!again.starts_with("HTTP/1.1 200")) {  // its place is free soon
    RawConnection third(server.port());
    third.send(kGet);
    again = third.rest();
  }
}

// A feed ends itself; what does not look is cut off at the deadline.
TEST(Stream, EndsWithTheServer) {
  for (const bool looks : {true, false}) {
    ServerOptions options = any_port();
    options.deadlines.drain = std::chrono::milliseconds(looks ? 30'000 : 100);
    std::atomic<bool> begun = false;
    RunningServer server(options, streaming([&](AnswerStream& stream) {
                           while (!looks || stream.wanted()) {
                             if (!stream.write("tick\n")) return false;
                             begun = true;
                             begun.notify_all();
                             std::this_thread::sleep_for(std::chrono::milliseconds(5));
                           }
                           return true;
                         }));
    RawConnection connection(server.port());
    connection.send(kGet);
    begun.wait(false);
    server.stop();
    EXPECT_EQ(connection.rest().ends_with("0\r\n\r\n"), looks);
  }
}

TEST(Stream, IsNotWantedByAClientThatHasGone) {
  std::promise<void> over;
  const RunningServer server(any_port(), streaming([&](AnswerStream& stream) {
                               stream.write("begun");
                               while (stream.wanted()) std::this_thread::yield();
                               over.set_value();
                               return true;
                             }));
  {
    RawConnection connection(server.port());
    connection.send(kGet);
    connection.take(20);
  }
  over.get_future().get();  // a wait without end is a failed test
}

}  // namespace
}  // namespace keyledger::http
