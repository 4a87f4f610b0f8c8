// A client that sends and reads bytes: for what no well-behaved client does.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keyledger::http {

class RawConnection {
 public:
  // Not connected yet.
  explicit RawConnection(int family = AF_INET) : socket_(::socket(family, SOCK_STREAM, 0)) {
    // A server that says nothing fails a test and does not hang it.
    const timeval patience{30, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  explicit RawConnection(std::uint16_t port) : RawConnection() { connect(port); }
  ~RawConnection() { ::close(socket_); }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  void connect(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  void connect_to_path(std::string_view path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the other side has closed: what it said can still be read
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void end_sending() { ::shutdown(socket_, SHUT_WR); }
  // The connection ends with an error for the other side.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  }

  // One whole answer, by its Content-Length.
  std::string answer() {
    while (true) {
      const std::size_t head = buffer_.find("\r\n\r\n");
      const std::size_t at = buffer_.find("Content-Length: ");
      if (head != std::string::npos && at < head) {
        const std::size_t size = head + 4 + std::stoul(buffer_.substr(at + 16));
        if (buffer_.size() >= size) return take(size);
      }
      if (!receive()) return std::exchange(buffer_, "");
    }
  }
  // So many bytes, or fewer if there are no more.
  std::string take(std::size_t size) {
    while (buffer_.size() < size && receive()) continue;
    std::string out = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return out;
  }
  // All until the other side closes.
  std::string rest() {
    while (receive()) continue;
    return std::exchange(buffer_, "");
  }
  // The other side has closed, and said nothing before it.
  bool ends_silently() {
    char byte = 0;
    return buffer_.empty() && ::recv(socket_, &byte, 1, 0) == 0;
  }
  // After rest(): the end was an error and not an end.
  [[nodiscard]] bool was_reset() const { return was_reset_; }
  // The other side has cut the connection off; nothing is read.
  [[nodiscard]] bool is_cut_off() const {
    pollfd at{socket_, POLLRDHUP, 0};
    return ::poll(&at, 1, 0) > 0;
  }
  static RawConnection& first_to_answer(const std::vector<std::unique_ptr<RawConnection>>& all) {
    std::vector<pollfd> waited;
    for (const auto& one : all) waited.push_back({one->socket_, POLLIN, 0});
    ::poll(waited.data(), waited.size(), 30'000);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (waited[i].revents != 0) return *all[i];
    }
    throw std::runtime_error("nobody answers");
  }

 private:
  void connect_to(const sockaddr* address, socklen_t size) {
    if (::connect(socket_, address, size) != 0) throw std::runtime_error("connect");
  }
  bool receive() {
    char bytes[65536];
    const auto size = ::recv(socket_, bytes, sizeof(bytes), 0);
    was_reset_ = size < 0 && errno == ECONNRESET;
    if (size <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(size));
    return true;
  }

  const int socket_;
  std::string buffer_;
  bool was_reset_ = false;
};

}  // namespace keyledger::http
