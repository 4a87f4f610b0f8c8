#include "http/server.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "http/front/event_loop.h"

namespace keyledger::http {
namespace {

constexpr std::size_t kMostEventThreads = 8;
constexpr int kAcceptedAtOnce = 64;
constexpr std::size_t kOtherDescriptors = 1024;  // the database's files above all
constexpr int kPauseMilliseconds = 100;          // when there is no descriptor left for one more

std::size_t event_threads(const ServerOptions& options) {
  if (options.event_threads > 0) return options.event_threads;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostEventThreads);
}

// More connections than descriptors would leave those who come last waiting instead of refused, and
// the database without files.
AdmissionLimits fitted(AdmissionLimits limits) {
  const std::size_t all = allow_descriptors(limits.connections + kOtherDescriptors);
  const std::size_t ours = all - std::min(all / 2, kOtherDescriptors);
  limits.connections = std::min(limits.connections, ours);
  return limits;
}

FramingLimits framing_limits(const ServerOptions& options) {
  FramingLimits limits;
  limits.body = options.body_limit;
  if (!limits.body) {
    limits.body = [most = options.max_body_bytes](auto, auto) { return most; };
  }
  return limits;
}

}  // namespace

struct Server::Rep {
  Rep(ServerOptions the_options, Handle handle)
      : options(std::move(the_options)),
        limits(framing_limits(options)),
        answerer(options, std::move(handle)),
        budget(options.max_buffered_bytes),
        admission(fitted(options.admission)) {}

  void serve() {
    WorkerPool workers(options.threads, options.longest_queue);
    Streams streams(options.max_streams, options.deadlines.send);
    const Shared shared{options, limits, answerer, budget, workers, streams};
    for (std::size_t i = 0; i < event_threads(options); ++i) {
      loops.push_back(std::make_unique<EventLoop>(shared));
    }
    while (accept_some()) continue;
    listener.close();

    answerer.stop();
    streams.stop_wanting();
    const auto deadline = std::chrono::steady_clock::now() + options.deadlines.drain;
    for (const auto& loop : loops) loop->drain(deadline);
    for (const auto& loop : loops) loop->join();
    streams.finish(deadline);
    workers.finish();  // before the loops go, which they answer to
    loops.clear();
  }

  // False when it is time to stop.
  bool accept_some() {
    std::array<pollfd, 2> waited{{{stop_alarm.fd(), POLLIN, 0}, {listener.fd(), POLLIN, 0}}};
    ::poll(waited.data(), waited.size(), -1);
    if (waited[0].revents != 0) return false;
    for (int i = 0; i < kAcceptedAtOnce; ++i) {
      auto failure = AcceptFailure::kNone;
      auto accepted = accept_from(listener, failure);
      if (accepted) {
        take_in(std::move(*accepted));
      } else if (failure == AcceptFailure::kNoRoom) {
        // The client stays in the backlog, and poll would report it again at once.
        return ::poll(waited.data(), 1, kPauseMilliseconds) == 0;
      } else {
        return failure != AcceptFailure::kClosed;
      }
    }
    return true;
  }

  void take_in(Accepted accepted) {
    if (auto ticket = admission.admit(accepted.peer)) {
      loops[next_loop++ % loops.size()]->add(std::move(accepted), std::move(*ticket));
    } else {
      turn_away(accepted);
    }
  }

  // As well as it goes without waiting for the client.
  void turn_away(const Accepted& accepted) const {
    RequestView nothing;
    nothing.peer = accepted.peer;
    const Error why{ErrorCode::kOverloaded, "There are too many connections.", {}, std::nullopt};
    const Answer answer = answerer.refuse(nothing, why, {false, false, true});
    const int fd = accepted.socket.fd();
    ::send(fd, answer.bytes.data(), answer.bytes.size(), MSG_NOSIGNAL);
    ::shutdown(fd, SHUT_WR);
    std::array<char, 4096> unread{};  // left in the socket, it would cut off the answer
    for (int i = 0; i < 4 && ::recv(fd, unread.data(), unread.size(), 0) > 0; ++i) continue;
  }

  const ServerOptions options;
  const FramingLimits limits;
  Answerer answerer;
  Budget budget;
  Admission admission;
  Socket listener;
  std::uint16_t port = 0;
  const Alarm stop_alarm;
  std::vector<std::unique_ptr<EventLoop>> loops;
  std::size_t next_loop = 0;
};

Server::Server(ServerOptions options, Handle handle)
    : rep_(std::make_unique<Rep>(std::move(options), std::move(handle))) {}

Server::~Server() = default;

Result<void> Server::bind() {
  auto listener = listen_on(rep_->options.host, rep_->options.port);
  if (!listener) return fail(listener.error());
  rep_->listener = std::move(*listener);
  rep_->port = port_of(rep_->listener);
  return {};
}

std::uint16_t Server::port() const { return rep_->port; }

void Server::run() { rep_->serve(); }

void Server::stop() { rep_->stop_alarm.ring(); }

}  // namespace keyledger::http
