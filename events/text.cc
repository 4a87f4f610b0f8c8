#include "events/text.h"

#include <algorithm>
#include <cstdint>

namespace keyledger {
namespace {

constexpr std::uint8_t at(std::string_view text, std::size_t index) {
  return static_cast<std::uint8_t>(text[index]);
}

constexpr bool within(std::uint8_t byte, std::uint8_t low, std::uint8_t high) {
  return byte >= low && byte <= high;
}

// Bytes of the well-formed sequence at the front of a non-empty `text`; 0 if there is none.
std::size_t sequence_size(std::string_view text) {
  const std::uint8_t first = at(text, 0);
  if (first < 0x80) return 1;
  // The second byte's range depends on the first: that excludes overlong forms (E0, F0),
  // surrogates (ED) and what lies above U+10FFFF (F4).
  std::size_t size = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (within(first, 0xC2, 0xDF)) {
    size = 2;
  } else if (within(first, 0xE0, 0xEF)) {
    size = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (within(first, 0xF0, 0xF4)) {
    size = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  }
  if (size == 0 || text.size() < size || !within(at(text, 1), low, high)) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if (!within(at(text, i), 0x80, 0xBF)) return 0;
  }
  return size;
}

bool same_letter(char a, char b) { return ascii_lower(a) == ascii_lower(b); }

}  // namespace

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = sequence_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (const char byte : text) count += (static_cast<std::uint8_t>(byte) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

bool has_control_characters(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint8_t byte = at(text, i);
    if (byte < 0x20 || byte == 0x7F) return true;
    // C1 in UTF-8: C2 80 to C2 9F. C2 is never a second or later byte of a character.
    if (byte == 0xC2 && i + 1 < text.size() && at(text, i + 1) < 0xA0) return true;
  }
  return false;
}

bool is_clean_text(std::string_view text) {
  // Nearly all texts are printable ASCII: one short loop for them.
  while (!text.empty() && within(at(text, 0), 0x20, 0x7E)) text.remove_prefix(1);
  return !has_control_characters(text) && is_valid_utf8(text);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), same_letter);
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same_letter) != text.end();
}

}  // namespace keyledger
