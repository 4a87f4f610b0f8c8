// The rules that narrow a key, as events carry them: resolved values, never references. What a
// pattern means was decided when it was set and is stored, so that a newer suffix list changes no
// key and no answer about the past. Plain values; thread-safe as any value is.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace keyledger {

// Sorts a list and drops its doubles: the form in which events carry sets.
template <typename T>
void make_set(std::vector<T>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

// Names of rights, a set; kAllScopes alone means every right.
using ScopeSet = std::vector<std::string>;
inline constexpr const char* kAllScopes = "ALL";

// One allowed origin, resolved (design product.md section 4). `host` is lower-case, IDNA A-labels,
// no trailing dot; "*" alone with nothing else means any origin.
struct OriginRule {
  std::optional<std::string> scheme;
  std::string host;
  std::optional<std::uint16_t> port;
  bool self = true;         // the host itself matches
  bool subdomains = false;  // every host below it matches

  auto operator<=>(const OriginRule&) const = default;
};

// One allowed network: IPv4 is stored v4-mapped (::ffff:a.b.c.d, prefix + 96). Host bits are zero.
struct NetworkRule {
  std::array<std::uint8_t, 16> address{};
  std::uint8_t prefix = 128;

  auto operator<=>(const NetworkRule&) const = default;
};

struct RateLimit {
  std::uint32_t limit = 0;
  std::uint32_t window_seconds = 0;

  auto operator<=>(const RateLimit&) const = default;
};

}  // namespace keyledger
