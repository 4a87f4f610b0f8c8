// Where a listener listens, and when plain HTTP may be heard there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "events/result.h"

namespace keyledger {

struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;  // 0: any free one

  bool operator==(const ListenAddress&) const = default;
};

// "127.0.0.1:8080", "[::1]:8080", "localhost:8080"; "8080" is that port of 127.0.0.1. `option` is
// what an error calls it: "--listen".
[[nodiscard]] Result<ListenAddress> parse_listen_address(std::string_view option,
                                                         std::string_view text);

// As it stands in a URL and in the header Host: an IPv6 address in brackets.
[[nodiscard]] std::string host_in_url(std::string_view host);

// 127.0.0.0/8, ::1 and "localhost".
[[nodiscard]] bool is_loopback(std::string_view host);

// kNotSupported for an address that others can reach, unless a TLS proxy stands before it: we speak
// plain HTTP, and every request carries a secret.
[[nodiscard]] Result<void> check_is_private(std::string_view option, const ListenAddress& address,
                                            bool behind_tls_proxy);

}  // namespace keyledger
