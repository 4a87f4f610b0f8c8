// Base64 (RFC 4648): the standard alphabet with padding in answers and signatures, the URL alphabet
// without padding in cursors. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/digest.h"

namespace keyledger::http {

[[nodiscard]] std::string base64(std::string_view bytes);
[[nodiscard]] std::string base64(const Digest& digest);
// Nothing for what base64() does not make of any bytes: strict, one text for one value.
[[nodiscard]] std::optional<std::string> parse_base64(std::string_view text);

[[nodiscard]] std::string base64url(std::string_view bytes);
// Nothing for any other character, padding, or bits that no encoder leaves set.
[[nodiscard]] std::optional<std::string> parse_base64url(std::string_view text);

}  // namespace keyledger::http
