#include "http/base64.h"

#include <cstdint>

namespace keyledger::http {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode(std::string_view bytes, std::string_view alphabet) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char byte : bytes) {
    bits = bits << 8U | static_cast<std::uint8_t>(byte);
    for (count += 8; count >= 6; count -= 6) {
      out.push_back(alphabet[bits >> (count - 6) & 0x3FU]);
    }
  }
  if (count > 0) out.push_back(alphabet[bits << (6 - count) & 0x3FU]);
  return out;
}

// Without padding.
std::optional<std::string> decode(std::string_view text, std::string_view alphabet) {
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::size_t value = alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(static_cast<std::uint8_t>(bits >> count)));
    }
  }
  const bool left_over = count == 6 || (bits & ((1U << count) - 1)) != 0;
  if (left_over) return std::nullopt;
  return out;
}

}  // namespace

std::string base64(std::string_view bytes) {
  std::string out = encode(bytes, kStandard);
  while (out.size() % 4 != 0) out.push_back('=');
  return out;
}

std::string base64(const Digest& digest) {
  return base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string base64url(std::string_view bytes) { return encode(bytes, kUrl); }

std::optional<std::string> parse_base64(std::string_view text) {
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  if (text.size() % 4 != 0) return std::nullopt;
  return decode(text.substr(0, text.size() - padding), kStandard);
}

std::optional<std::string> parse_base64url(std::string_view text) { return decode(text, kUrl); }

}  // namespace keyledger::http
