#include "tools/listen_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

namespace keyledger {

Result<ListenAddress> parse_listen_address(std::string_view option, std::string_view text) {
  const auto bad = [&] {
    return fail(ErrorCode::kInvalidRequest,
                fmt::format("{} wants HOST:PORT, for example 127.0.0.1:8080 or [::1]:8080, not {}",
                            option, text));
  };
  ListenAddress address;
  const std::size_t colon = text.rfind(':');
  std::string_view host = colon == std::string_view::npos ? "127.0.0.1" : text.substr(0, colon);
  const std::string_view port = colon == std::string_view::npos ? text : text.substr(colon + 1);
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad();  // an IPv6 address without brackets: which colon is the port's?
  }
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (host.empty() || error != std::errc() || end != port.data() + port.size()) return bad();
  address.host = host;
  return address;
}

std::string host_in_url(std::string_view host) {
  const bool v6 = host.find(':') != std::string_view::npos;
  return v6 ? fmt::format("[{}]", host) : std::string(host);
}

bool is_loopback(std::string_view host) {
  if (host == "localhost") return true;
  const std::string text(host);
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

Result<void> check_is_private(std::string_view option, const ListenAddress& address,
                              bool behind_tls_proxy) {
  if (behind_tls_proxy || is_loopback(address.host)) return {};
  return fail(
      ErrorCode::kNotSupported,
      fmt::format("{} {}: keyledger speaks plain HTTP, and secrets would travel unprotected. "
                  "Listen on 127.0.0.1 and put a TLS proxy on this host before it; if the "
                  "proxy is on another host and the network between is yours, say "
                  "--behind-tls-proxy",
                  option, address.host));
}

}  // namespace keyledger
