#include "http/front/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

namespace keyledger::http {
namespace {

constexpr int kBacklog = 1024;  // many clients that come at once wait here, not for a SYN retry
constexpr std::string_view kUnix = "unix:";
constexpr int kSocketFlags = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

void switch_option(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof(value));
}

// One of the addresses that the host stands for; nothing if it cannot be bound.
std::optional<Socket> try_to_listen(const addrinfo& address) {
  Socket socket(::socket(address.ai_family, kSocketFlags, 0));
  if (socket.fd() < 0) return std::nullopt;
  switch_option(socket.fd(), SOL_SOCKET, SO_REUSEADDR, 1);  // else a restart waits for old ends
  switch_option(socket.fd(), IPPROTO_TCP, TCP_NODELAY, 1);  // what is accepted inherits it
  if (address.ai_family == AF_INET6) switch_option(socket.fd(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(socket.fd(), address.ai_addr, address.ai_addrlen) != 0) return std::nullopt;
  if (::listen(socket.fd(), kBacklog) != 0) return std::nullopt;
  return socket;
}

// The file of a server that has died stays behind and nobody answers there.
void remove_dead(const sockaddr_un& address) {
  const Socket probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(probe.fd(), generic, sizeof(address)) != 0 && errno == ECONNREFUSED) {
    ::unlink(address.sun_path);
  }
}

std::optional<Socket> listen_on_path(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) return std::nullopt;
  path.copy(address.sun_path, path.size());
  remove_dead(address);
  Socket socket(::socket(AF_UNIX, kSocketFlags, 0));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(socket.fd(), generic, sizeof(address)) != 0) return std::nullopt;
  if (::listen(socket.fd(), kBacklog) != 0) return std::nullopt;
  return socket;
}

std::string text_of(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      ::inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text, sizeof(text));
    } else {
      ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
    }
  } else {
    return "unix";
  }
  return text;
}

}  // namespace

void Socket::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Result<Socket> listen_on(const std::string& host, std::uint16_t port) {
  const std::string service = std::to_string(port);
  if (host.starts_with(kUnix)) {
    auto listener = listen_on_path(std::string_view(host).substr(kUnix.size()));
    if (listener) return std::move(*listener);
    return fail(ErrorCode::kUnavailable,
                "Cannot listen on " + host + ": the path is in use, too long or not writable.");
  }
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), service.c_str(), &wanted, &found);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(
      failed == 0 ? found : nullptr, &::freeaddrinfo);
  for (const addrinfo* one = addresses.get(); one != nullptr; one = one->ai_next) {
    if (auto listener = try_to_listen(*one)) return std::move(*listener);
  }
  return fail(ErrorCode::kUnavailable,
              "Cannot listen on " + host + ":" + service +
                  ": the address is in use, or not one of this machine's.");
}

std::uint16_t port_of(const Socket& listener) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(listener.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  if (address.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  }
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  }
  return 0;
}

std::optional<Accepted> accept_from(const Socket& listener, AcceptFailure& failure) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  const int fd = ::accept4(listener.fd(), reinterpret_cast<sockaddr*>(&address), &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) return Accepted{Socket(fd), text_of(address)};
  const bool no_room = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
  const bool closed = errno == EINVAL || errno == EBADF;
  failure = no_room  ? AcceptFailure::kNoRoom
            : closed ? AcceptFailure::kClosed
                     : AcceptFailure::kNone;
  return std::nullopt;
}

std::size_t allow_descriptors(std::size_t wanted) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

Alarm::Alarm() : socket_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

void Alarm::ring() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(fd(), &one, sizeof(one));  // full: it rings already
}

void Alarm::silence() const {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(fd(), &count, sizeof(count));
}

}  // namespace keyledger::http
