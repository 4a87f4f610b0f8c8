// Web origins: where a request says it comes from (RFC 6454 section 6.2), and whether a resolved
// rule allows it. What a pattern means was decided when it was set (http/origin_pattern.h); no
// suffix list is read here. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/access_rules.h"

namespace keyledger {

// The origin of a request. Opaque is what cannot be compared: "null", and all that is no origin.
struct Origin {
  std::string scheme;                 // lower-case
  std::string host;                   // as canonical_host() gives it; empty: opaque
  std::optional<std::uint16_t> port;  // as given, else the scheme's own; none for unknown schemes

  [[nodiscard]] bool opaque() const { return host.empty(); }
  bool operator==(const Origin&) const = default;
};

// Reads the value of an Origin header. Total: what is no origin is opaque.
[[nodiscard]] Origin parse_origin(std::string_view text);

// Whether the rule allows it. Does not allocate.
[[nodiscard]] bool matches(const OriginRule& rule, const Origin& origin);
// The rule "*", which allows every origin, opaque ones and none at all.
[[nodiscard]] bool is_any(const OriginRule& rule);
[[nodiscard]] OriginRule any_origin_rule();

// As a person may give it: "*.example.com", "https://app.example.com:8443".
[[nodiscard]] std::string to_text(const OriginRule& rule);

// --- Pieces that reading a pattern shares with reading an origin ---

// A host with perhaps a port behind it, not looked at any further. The brackets of an IPv6 address
// belong to the host.
struct HostAndPort {
  std::string_view host;
  std::optional<std::string_view> port;
};
[[nodiscard]] HostAndPort split_port(std::string_view text);
// 1 to 65535, in decimal without leading zeros.
[[nodiscard]] std::optional<std::uint16_t> parse_port(std::string_view text);
[[nodiscard]] std::optional<std::uint16_t> default_port(std::string_view scheme);
// A scheme of RFC 3986 section 3.1 in lower case; nothing if it is none or has more than 32
// characters.
[[nodiscard]] std::optional<std::string> canonical_scheme(std::string_view text);
// An ASCII host in its one form: lower-case, no trailing dot, IPv4 as four decimal numbers, IPv6 in
// brackets after RFC 5952. Nothing if it is none of these (labels of 1 to 63 letters, digits, '-'
// and '_', 253 in all).
[[nodiscard]] std::optional<std::string> canonical_host(std::string_view text);
// Whether a canonical host is an address and not a name.
[[nodiscard]] bool is_address(std::string_view canonical_host);

}  // namespace keyledger
