// Addresses and the networks that hold them (RFC 4291, RFC 4632): reading them strictly, and asking
// whether one lies in the other. IPv4 is v4-mapped throughout, so that one comparison does for
// both. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/access_rules.h"
#include "events/result.h"

namespace keyledger {

// One address: IPv6, or IPv4 as ::ffff:a.b.c.d.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const IpAddress&) const = default;
};

// "192.0.2.7" (four decimal numbers without leading zeros) or "2001:db8::1" (no zone, no brackets).
[[nodiscard]] std::optional<IpAddress> parse_address(std::string_view text);
[[nodiscard]] std::string to_text(const IpAddress& address);

// An address or a network in CIDR form. kInvalidRequest whose detail says what is wrong, in words
// that follow the name of a field; host bits are refused with the network that may be meant.
[[nodiscard]] Result<NetworkRule> parse_network(std::string_view text);
// As parse_network() reads it; a single address stands without its prefix length.
[[nodiscard]] std::string to_text(const NetworkRule& network);

// IPv4 addresses lie in IPv4 networks alone: ::/0 means every IPv6 address. Does not allocate.
[[nodiscard]] bool contains(const NetworkRule& network, const IpAddress& address);

}  // namespace keyledger
