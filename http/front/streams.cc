#include "http/front/streams.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace keyledger::http {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLastWords{1000};  // for the client to take the end

// The end of a stream that one thread writes.
class SocketStream : public AnswerStream {
 public:
  SocketStream(int fd, bool chunked, std::chrono::milliseconds patience,
               const std::atomic<bool>& stopping)
      : fd_(fd), chunked_(chunked), patience_(patience), stopping_(stopping) {}

  bool write(std::string_view bytes) override {
    if (bytes.empty()) return !failed_;  // an empty chunk would be the end
    if (!chunked_) return send(bytes);
    std::array<char, 24> size{};
    const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    std::string piece(size.data(), static_cast<std::size_t>(length));
    piece.append(bytes).append("\r\n");
    return send(piece);
  }

  bool wanted() const override {
    if (failed_ || stopping_) return false;
    pollfd at{fd_, POLLRDHUP, 0};
    return ::poll(&at, 1, 0) == 0;
  }

  // Bytes as they are. The deadline is for all of them.
  bool send(std::string_view bytes) {
    const auto deadline = Clock::now() + patience_;
    while (!bytes.empty() && !failed_) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN) {
        failed_ = !wait(POLLOUT, deadline);
      } else if (errno != EINTR) {
        failed_ = true;
      }
    }
    return !failed_;
  }

  // After all: a socket that is closed with unread input cuts off what the client has not taken.
  void end_gently() {
    ::shutdown(fd_, SHUT_WR);
    const auto deadline = Clock::now() + kLastWords;
    std::array<char, 4096> unread{};
    while (wait(POLLIN, deadline)) {
      if (::recv(fd_, unread.data(), unread.size(), 0) <= 0) return;
    }
  }

  // The client of a body without an end is to see an error, even where the end of the connection
  // would be the body's end.
  void end_with_error() const {
    const linger none{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
  }

 private:
  bool wait(short event, Clock::time_point deadline) const {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd at{fd_, event, 0};
    return ::poll(&at, 1, static_cast<int>(left)) > 0;
  }

  const int fd_;
  const bool chunked_;
  const std::chrono::milliseconds patience_;
  const std::atomic<bool>& stopping_;
  bool failed_ = false;
};

bool produce(const Producer& producer, AnswerStream& stream) {
  try {
    return producer(stream);
  } catch (...) {
    return false;  // the client sees that the end is missing
  }
}

}  // namespace

Streams::Streams(std::size_t most, std::chrono::milliseconds patience)
    : most_(most), patience_(patience) {}

Streams::~Streams() { finish(Clock::now()); }

bool Streams::reserve() {
  const std::lock_guard lock(mutex_);
  join_those_over();
  if (stopping_ || reserved_ >= most_) return false;
  ++reserved_;
  return true;
}

void Streams::start(StreamJob job) {
  const std::lock_guard lock(mutex_);
  Running& running = running_.emplace_back();
  running.job = std::move(job);
  try {
    running.thread = std::thread([this, &running] { run(running); });
  } catch (const std::system_error&) {  // no thread is left: this client loses its connection
    running_.pop_back();
    --reserved_;
  }
}

void Streams::run(Running& running) {
  StreamJob& job = running.job;
  SocketStream stream(job.socket.fd(), job.chunked, patience_, stopping_);
  bool whole = stream.send(job.unsent) && produce(job.producer, stream);
  if (whole && job.chunked) whole = stream.send("0\r\n\r\n");
  whole ? stream.end_gently() : stream.end_with_error();
  {
    const std::lock_guard lock(mutex_);  // finish() uses the socket under it
    job.producer = nullptr;
    job.socket.close();
    job.ticket = {};
    running.over = true;
    --reserved_;
  }
  one_over_.notify_all();
}

// With mutex_ held; a thread that is over does not take it any more.
void Streams::join_those_over() {
  running_.remove_if([](Running& running) {
    if (running.over) running.thread.join();
    return running.over;
  });
}

void Streams::finish(Clock::time_point deadline) {
  stop_wanting();
  std::unique_lock lock(mutex_);
  const auto all_over = [this] {
    return std::all_of(running_.begin(), running_.end(), [](const Running& r) { return r.over; });
  };
  if (!one_over_.wait_until(lock, deadline, all_over)) {
    for (const Running& running : running_) {
      if (!running.over) ::shutdown(running.job.socket.fd(), SHUT_RDWR);
    }
    one_over_.wait(lock, all_over);
  }
  join_those_over();
}

}  // namespace keyledger::http
