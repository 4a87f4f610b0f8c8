#include "events/ids.h"

namespace keyledger {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kTextSize = 26;

constexpr std::array<std::int8_t, 256> make_values() {
  std::array<std::int8_t, 256> values{};
  for (auto& value : values) value = -1;
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}
constexpr std::array<std::int8_t, 256> kValues = make_values();

}  // namespace

std::string ulid_text(const IdBytes& bytes) {
  std::string text(kTextSize, '0');
  // 26 characters are 130 bits: the first carries only the top three bits of the 128.
  unsigned int buffer = 0;
  int bits = 2;
  std::size_t out = 0;
  for (const std::uint8_t byte : bytes) {
    buffer = (buffer << 8U) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text[out++] = kAlphabet[(buffer >> static_cast<unsigned int>(bits)) & 31U];
    }
  }
  return text;
}

std::optional<IdBytes> parse_ulid(std::string_view text) {
  if (text.size() != kTextSize || text[0] > '7') return std::nullopt;
  IdBytes bytes{};
  unsigned int buffer = 0;
  int bits = -2;
  std::size_t out = 0;
  for (const char c : text) {
    const std::int8_t value = kValues[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    buffer = (buffer << 5U) | static_cast<unsigned int>(value);
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[out++] = static_cast<std::uint8_t>(buffer >> static_cast<unsigned int>(bits));
    }
  }
  return bytes;
}

IdBytes make_ulid(Timestamp now, const std::array<std::uint8_t, 10>& random) {
  IdBytes bytes{};
  const auto ms = static_cast<std::uint64_t>(now.ms);
  for (std::size_t i = 0; i < 6; ++i) {
    bytes[i] = static_cast<std::uint8_t>(ms >> (8U * (5U - i)));
  }
  std::copy(random.begin(), random.end(), bytes.begin() + 6);
  return bytes;
}

}  // namespace keyledger
