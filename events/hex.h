// Hexadecimal digits of either case (RFC 4648 section 8).
#pragma once

#include <optional>
#include <string_view>

#include "events/digest.h"

namespace keyledger {

// The value of a digit; -1 for what is none.
[[nodiscard]] constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Exactly 64 digits; nothing for anything else.
[[nodiscard]] std::optional<Digest> parse_digest(std::string_view text);

}  // namespace keyledger
