// Sockets as values, and the few calls that a server makes on them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "events/result.h"

namespace keyledger::http {

// A file descriptor that is closed with this.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() { close(); }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  [[nodiscard]] int fd() const { return fd_; }
  void close();

 private:
  int fd_ = -1;
};

// Where a server listens: an address ("127.0.0.1", "::1", "localhost") and a port, 0 for any that
// is free; or "unix:" and a path, without a port.
//
// Not SO_REUSEPORT: two servers would share a port in silence. kUnavailable with a sentence.
[[nodiscard]] Result<Socket> listen_on(const std::string& host, std::uint16_t port);
[[nodiscard]] std::uint16_t port_of(const Socket& listener);

struct Accepted {
  Socket socket;     // does not block
  std::string peer;  // address without the port; IPv4 as such on a socket for both; "unix"
};
enum class AcceptFailure {
  kNone,    // nobody waits, or who waited has gone
  kNoRoom,  // no descriptor or no memory: the one who waits keeps waiting, so try again later
  kClosed,  // the listener does not listen any more
};
[[nodiscard]] std::optional<Accepted> accept_from(const Socket& listener, AcceptFailure& failure);

// Raises how many descriptors this process may have to `wanted`, or as far as it may; how many that
// are. The usual 1,024 would be gone before any limit of ours is reached.
[[nodiscard]] std::size_t allow_descriptors(std::size_t wanted);

// An eventfd, to wake a thread that waits in poll or epoll.
class Alarm {
 public:
  Alarm();
  void ring() const;
  void silence() const;
  [[nodiscard]] int fd() const { return socket_.fd(); }

 private:
  Socket socket_;
};

}  // namespace keyledger::http
