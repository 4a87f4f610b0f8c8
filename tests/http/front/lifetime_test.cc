// A connection from its beginning to its end: deadlines, caps, queues, the fast path, and the end
// of the server, each over a real socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/un.h>

#include <atomic>
#include <future>
#include <memory>
#include <vector>

#include "tests/http/front/raw_connection.h"
#include "tests/http/front/running_server.h"

namespace keyledger::http {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view kBlock = "GET /block HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr milliseconds kShort{100};

// Requests to /block wait until release().
class Gate {
 public:
  Response answer(const Request& request) {
    if (request.target == "/block" && !request.unreadable) {
      ++waiting_;
      waiting_.notify_all();
      opened_.wait();
    }
    return plain_answer(request);
  }
  void wait_for(int count) const {
    for (int now = waiting_; now < count; now = waiting_) waiting_.wait(now);
  }
  void release() {
    if (!std::exchange(released_, true)) open_.set_value();
  }
  ~Gate() { release(); }

 private:
  std::atomic<int> waiting_ = 0;
  bool released_ = false;
  std::promise<void> open_;
  std::shared_future<void> opened_ = open_.get_future().share();
};

std::string exchange(std::uint16_t port, std::string_view bytes) {
  RawConnection connection(port);
  connection.send(bytes);
  return connection.answer();
}

Server::Handle plain() {
  return [](const Request& request) { return plain_answer(request); };
}

// Of this process in 600 ms. What spins takes all that it can get, which on a busy machine is not
// much; what waits takes next to nothing.
constexpr milliseconds kLittle{60};
std::chrono::microseconds processor_time_of_a_while() {
  const auto used = [] {
    rusage use{};
    ::getrusage(RUSAGE_SELF, &use);
    return std::chrono::seconds(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           std::chrono::microseconds(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
  };
  const auto before = used();
  std::this_thread::sleep_for(milliseconds(600));
  return used() - before;
}

TEST(Deadlines, EndARequestThatDoesNotArrive) {
  ServerOptions options = any_port();
  options.deadlines.head = options.deadlines.body = kShort;
  const RunningServer server(options, plain());
  for (const char* part :
       {"G", "GET /a HTTP/1.1\r\nHost: x\r\n",
        "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
        "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n"}) {
    RawConnection connection(server.port());
    connection.send(part);
    EXPECT_THAT(connection.rest(), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("in time"))) << part;
  }
}

TEST(Deadlines, AreNotMovedByAByteNowAndThen) {
  ServerOptions options = any_port();
  options.deadlines.head = milliseconds(300);
  const RunningServer server(options, plain());
  RawConnection connection(server.port());
  connection.send("GET /a HTTP/1.1\r\nX: ");
  std::atomic<bool> over = false;
  std::thread dripping([&] {
    while (!over) {
      connection.send("x");
      std::this_thread::sleep_for(milliseconds(20));
    }
  });
  EXPECT_THAT(connection.rest(), HasSubstr("in time"));
  over = true;
  dripping.join();
}

TEST(Deadlines, CloseConnectionsThatSayNothing) {
  ServerOptions options = any_port();
  options.deadlines.head = options.deadlines.idle = kShort;
  const RunningServer server(options, plain());
  RawConnection silent(server.port());
  EXPECT_TRUE(silent.ends_silently());
  RawConnection idle(server.port());
  idle.send(kGet);
  EXPECT_THAT(idle.answer(), StartsWith("HTTP/1.1 200"));
  EXPECT_TRUE(idle.ends_silently());
}

TEST(Deadlines, CutOffWhoDoesNotTakeTheAnswer) {
  ServerOptions options = any_port();
  options.deadlines.send = kShort;
  options.min_bytes_per_second = 1U << 30U;
  const std::size_t size = 64U << 20U;
  const RunningServer server(options, [&](const Request& request) {
    return plain_answer(request, std::string(size, 'e'));
  });
  RawConnection connection(server.port());
  connection.send(kGet);
  while (!connection.is_cut_off()) std::this_thread::sleep_for(milliseconds(20));
  EXPECT_LT(connection.rest().size(), size);
}

TEST(Caps, BoundConnectionsInAll) {
  ServerOptions options = any_port();
  options.admission.connections = 3;
  const RunningServer server(options, plain());
  std::vector<std::unique_ptr<RawConnection>> three;
  for (int i = 0; i < 3; ++i) {
    three.push_back(std::make_unique<RawConnection>(server.port()));
    three.back()->send(kGet);
    ASSERT_THAT(three.back()->answer(), StartsWith("HTTP/1.1 200"));
  }
  RawConnection fourth(server.port());
  EXPECT_THAT(fourth.rest(), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("too many connections")));
  three.pop_back();
  while (exchange(server.port(), kGet).find("200 OK") == std::string::npos) continue;
}

TEST(Caps, BoundConnectionsOfAnAddress) {
  ServerOptions options = any_port();
  options.admission.per_address = 1;
  for (const bool spare : {true, false}) {
    options.admission.spare_this_machine = spare;
    const RunningServer server(options, plain());
    RawConnection first(server.port());
    first.send(kGet);
    ASSERT_THAT(first.answer(), StartsWith("HTTP/1.1 200"));
    RawConnection second(server.port());
    if (spare) second.send(kGet);
    EXPECT_THAT(second.answer(), StartsWith(spare ? "HTTP/1.1 200" : "HTTP/1.1 503"));
  }
}

TEST(Caps, CountANetworkOfIpv6AsOneAddress) {
  AdmissionLimits limits;
  limits.per_address = 1;
  Admission admission(limits);
  const auto first = admission.admit("2001:db8:1:2::1");
  EXPECT_TRUE(first);
  EXPECT_FALSE(admission.admit("2001:db8:1:2:ffff::7"));
  EXPECT_TRUE(admission.admit("2001:db8:1:3::1"));
  const auto v4 = admission.admit("192.0.2.1");
  EXPECT_FALSE(admission.admit("192.0.2.1"));
  EXPECT_TRUE(admission.admit("192.0.2.2"));
  EXPECT_EQ(admission.count(), 2U);
}

TEST(Caps, BoundTheMemoryOfUnfinishedRequests) {
  ServerOptions options = any_port();
  options.max_buffered_bytes = 2U << 20U;
  options.max_body_bytes = 1U << 20U;
  const RunningServer server(options, plain());
  const std::string half =
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + std::string(500'000, 'x');
  std::vector<std::unique_ptr<RawConnection>> clients;
  for (int i = 0; i < 6; ++i) {  // one after the other there is room for all, also if they stay
    clients.push_back(std::make_unique<RawConnection>(server.port()));
    clients.back()->send(half + std::string(500'000, 'x'));
    EXPECT_THAT(clients.back()->answer(), StartsWith("HTTP/1.1 200")) << i;
  }
  clients.clear();
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<RawConnection>(server.port()));
    clients.back()->send(half);
  }
  // 3 MB are on their way into 2 MB.
  EXPECT_THAT(RawConnection::first_to_answer(clients).answer(), StartsWith("HTTP/1.1 503"));
  clients.clear();
  while (!exchange(server.port(), half + std::string(500'000, 'x')).starts_with("HTTP/1.1 200")) {
    continue;  // the memory comes back; a wait without end is a failed test
  }
}

TEST(Caps, AreWithinWhatTheProcessMayOpen) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit little = before;
  little.rlim_cur = 256;
  ::setrlimit(RLIMIT_NOFILE, &little);
  ServerOptions options = any_port();
  options.admission.connections = 600;
  const RunningServer server(options, plain());
  rlimit after{};
  ::getrlimit(RLIMIT_NOFILE, &after);
  EXPECT_GE(after.rlim_cur, std::min<rlim_t>(before.rlim_max, 1600));
}

// accept() that fails for want of a descriptor would be reported again and again.
TEST(Caps, WaitWhenThereIsNoDescriptorLeft) {
  const RunningServer server(any_port(), plain());
  EXPECT_THAT(exchange(server.port(), kGet), StartsWith("HTTP/1.1 200"));
  std::vector<std::unique_ptr<RawConnection>> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(std::make_unique<RawConnection>());
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  rlimit none = limit;
  none.rlim_cur = 3;
  ::setrlimit(RLIMIT_NOFILE, &none);
  for (auto& client : clients) client->connect(server.port());
  for (auto& client : clients) client->send(kGet);
  const auto spent = processor_time_of_a_while();
  ::setrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_LT(spent, kLittle);
  for (auto& client : clients) EXPECT_THAT(client->answer(), StartsWith("HTTP/1.1 200"));
}

TEST(Queue, RefusesWhatDoesNotFit) {
  Gate gate;
  ServerOptions options = any_port();
  options.threads = 1;
  options.longest_queue = 1;
  const RunningServer server(options, [&](const Request& r) { return gate.answer(r); });
  RawConnection running(server.port());
  running.send(kBlock);
  gate.wait_for(1);
  std::vector<std::unique_ptr<RawConnection>> two;
  for (int i = 0; i < 2; ++i) {
    two.push_back(std::make_unique<RawConnection>(server.port()));
    two.back()->send(kBlock);
  }
  // One of the two is in the queue and the other is told at once.
  RawConnection& refused = RawConnection::first_to_answer(two);
  RawConnection& queued = &refused == two[0].get() ? *two[1] : *two[0];
  EXPECT_THAT(refused.answer(), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("are waiting")));
  gate.release();
  EXPECT_THAT(running.answer(), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(queued.answer(), StartsWith("HTTP/1.1 200"));
  refused.send(kGet);  // the connection is as good as before
  EXPECT_THAT(refused.answer(), StartsWith("HTTP/1.1 200"));
}

TEST(FastPath, AnswersWhileAllWorkersWait) {
  Gate gate;
  ServerOptions options = any_port();
  options.threads = 1;
  options.answers_at_once = [](const RequestView& view) { return view.target == "/inline"; };
  options.fast = [](const RequestView& view, Response& response) {
    if (view.target != "/fast") return false;
    response.body = "fast " + std::string(view.body) + ' ' + std::string(view.peer) + ' ' +
                    std::string(view.header("x-one").value_or(""));
    return true;
  };
  const RunningServer server(options, [&](const Request& r) { return gate.answer(r); });
  RawConnection running(server.port());
  running.send(kBlock);
  gate.wait_for(1);
  EXPECT_THAT(exchange(server.port(),
                       "POST /fast HTTP/1.1\r\nHost: x\r\nX-One: 1\r\nContent-Length: 2\r\n\r\n{}"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("\r\n\r\nfast {} 127.0.0.1 1")));
  RawConnection head(server.port());
  head.send("HEAD /fast HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(head.rest(), AllOf(HasSubstr("Content-Length: 16\r\n"), EndsWith("\r\n\r\n")));
  EXPECT_THAT(exchange(server.port(), "GET /inline HTTP/1.1\r\nHost: x\r\n\r\n"),
              StartsWith("HTTP/1.1 200"));
  gate.release();
  EXPECT_THAT(running.answer(), StartsWith("HTTP/1.1 200"));
}

TEST(Connections, AreAskedForTheBodyThatTheyHoldBack) {
  const RunningServer server(
      any_port(), [](const Request& request) { return plain_answer(request, request.body); });
  RawConnection connection(server.port());
  connection.send(
      "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(connection.take(25), "HTTP/1.1 100 Continue\r\n\r\n");
  connection.send("hello");
  EXPECT_THAT(connection.answer(), AllOf(StartsWith("HTTP/1.1 200"), EndsWith("hello")));
}

TEST(Connections, MayEndTheirSendingBeforeTheAnswer) {
  const RunningServer server(any_port(), plain());
  RawConnection whole(server.port());
  whole.send(kGet);
  whole.end_sending();
  EXPECT_THAT(whole.rest(), StartsWith("HTTP/1.1 200"));
  RawConnection part(server.port());
  part.send("GET /a HTTP/1.1\r\n");
  part.end_sending();
  EXPECT_THAT(part.rest(), AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("whole")));
}

TEST(Connections, MayGoWhileTheyAreHandled) {
  Gate gate;
  const RunningServer server(any_port(), [&](const Request& r) { return gate.answer(r); });
  for (int i = 0; i < 3; ++i) {
    RawConnection connection(server.port());
    connection.send(std::string(kBlock) + std::string(kGet));
    gate.wait_for(i + 1);
    if (i == 1) connection.reset();
  }
  gate.release();
  EXPECT_THAT(exchange(server.port(), kGet), StartsWith("HTTP/1.1 200"));
}

TEST(Connections, MaySendMoreWhileTheyAreHandled) {
  Gate gate;
  const RunningServer server(any_port(), [&](const Request& r) { return gate.answer(r); });
  RawConnection connection(server.port());
  connection.send(kBlock);
  gate.wait_for(1);
  connection.send(kGet);
  EXPECT_LT(processor_time_of_a_while(), kLittle);  // nobody looks again and again
  gate.release();
  EXPECT_THAT(connection.answer(), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(connection.answer(), StartsWith("HTTP/1.1 200"));
}

TEST(Connections, AreTakenOnUnixSocketsToo) {
  ServerOptions options = any_port();
  const std::string path = ::testing::TempDir() + "keyledger_lifetime_test.sock";
  options.host = "unix:" + path;
  std::atomic<bool> was_unix = false;
  for (int i = 0; i < 2; ++i) {  // the second finds the file of the first
    const RunningServer server(options, [&](const Request& request) {
      was_unix = request.peer == "unix";
      return plain_answer(request);
    });
    RawConnection connection(AF_UNIX);
    connection.connect_to_path(path);
    connection.send(kGet);
    EXPECT_THAT(connection.answer(), StartsWith("HTTP/1.1 200"));
    EXPECT_TRUE(was_unix);
    Server other(options, plain());
    EXPECT_FALSE(other.bind());  // this one lives
  }
}

TEST(Connections, OfBothFamiliesAreTakenOnOneSocket) {
  ServerOptions options = any_port();
  options.host = "::";
  {
    Server probe(options, plain());
    if (!probe.bind()) GTEST_SKIP() << "no IPv6 here";
  }
  std::promise<std::string> peer;
  const RunningServer server(options, [&](const Request& request) {
    peer.set_value(request.peer);
    return plain_answer(request);
  });
  EXPECT_THAT(exchange(server.port(), kGet), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(peer.get_future().get(), "127.0.0.1");  // not ::ffff:127.0.0.1
}

TEST(Stop, FinishesWhatIsRunningAndClosesTheRest) {
  Gate gate;
  ServerOptions options = any_port();
  options.deadlines.linger = kShort;
  RunningServer server(options, [&](const Request& r) { return gate.answer(r); });
  RawConnection idle(server.port());
  idle.send(kGet);
  EXPECT_THAT(idle.answer(), Not(HasSubstr("Connection: close")));
  RawConnection running(server.port());
  running.send(kBlock);
  gate.wait_for(1);
  server.begin_stop();
  EXPECT_TRUE(idle.ends_silently());
  gate.release();
  EXPECT_THAT(running.rest(), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Connection: close")));
  const std::uint16_t port = server.port();
  server.stop();
  EXPECT_THROW(RawConnection{port}, std::runtime_error);
}

TEST(Stop, DoesNotWaitForEverForWhoIsSlow) {
  ServerOptions options = any_port();
  options.deadlines.drain = kShort;
  RunningServer server(options, plain());
  RawConnection slow(server.port());
  slow.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(slow.take(25), "HTTP/1.1 100 Continue\r\n\r\n");
  server.stop();  // a wait without end is a failed test
  EXPECT_EQ(slow.rest(), "");
}

}  // namespace
}  // namespace keyledger::http
