#include "events/text.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

#include "tests/support/random_events.h"

namespace keyledger {
namespace {

using namespace std::string_view_literals;

// A second opinion, made the other way round: decode by the bit pattern, then check the number.
std::optional<std::u32string> decode_utf8(std::string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<std::uint8_t>(text[i]);
    std::size_t size = 1;
    char32_t point = first;
    if (first >= 0xF8U || (first >= 0x80U && first < 0xC0U)) return std::nullopt;
    if (first >= 0xC0U) {
      size = first >= 0xF0U ? 4 : first >= 0xE0U ? 3 : 2;
      point = first & (0x7FU >> size);
    }
    if (i + size > text.size()) return std::nullopt;
    for (std::size_t k = 1; k < size; ++k) {
      const auto next = static_cast<std::uint8_t>(text[i + k]);
      if ((next & 0xC0U) != 0x80U) return std::nullopt;
      point = point << 6U | (next & 0x3FU);
    }
    constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kSmallest[size] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
      return std::nullopt;
    }
    out += point;
    i += size;
  }
  return out;
}

TEST(Text, Utf8IsValidExactlyWhenItDecodes) {
  // All sequences of two bytes, and of three and four around every bound of the second byte.
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      const char two[] = {static_cast<char>(a), static_cast<char>(b)};
      const std::string_view pair(two, 2);
      ASSERT_EQ(is_valid_utf8(pair), decode_utf8(pair).has_value()) << a << " " << b;
      for (const char c : {'\x00', '\x7F', '\x80', '\xBF', '\xC0', '\xFF'}) {
        const std::string three = std::string(pair) + c;
        ASSERT_EQ(is_valid_utf8(three), decode_utf8(three).has_value()) << a << " " << b;
        for (const char d : {'\x7F', '\x80', '\xBF', '\xC0'}) {
          const std::string four = three + d;
          ASSERT_EQ(is_valid_utf8(four), decode_utf8(four).has_value()) << a << " " << b;
        }
      }
    }
  }
}

TEST(Text, InvalidUtf8IsRefused) {
  for (const std::string_view bad : {"\x80"sv, "\xC0\x80"sv, "\xC1\xBF"sv, "\xE0\x9F\xBF"sv,
                                     "\xED\xA0\x80"sv, "\xF0\x8F\xBF\xBF"sv, "\xF4\x90\x80\x80"sv,
                                     "\xF5\x80\x80\x80"sv, "\xFF"sv, "\xE2\x82"sv, "a\xE2\x82"sv}) {
    EXPECT_FALSE(is_valid_utf8(bad));
    EXPECT_FALSE(is_clean_text(bad));
  }
  EXPECT_TRUE(is_valid_utf8(""));
  EXPECT_TRUE(is_valid_utf8("plain"));
  EXPECT_TRUE(is_valid_utf8("\u00E9 \u20AC \U0001F511 \U0010FFFF"));
}

TEST(Text, CharactersAreCodePoints) {
  EXPECT_EQ(count_characters(""), 0U);
  EXPECT_EQ(count_characters("abc"), 3U);
  EXPECT_EQ(count_characters("\u00E9\u20AC\U0001F511"), 3U);
  RandomEvents random(7);
  for (int i = 0; i < 2000; ++i) {
    const std::string text = random.text(40);
    ASSERT_TRUE(is_clean_text(text));
    ASSERT_EQ(count_characters(text), decode_utf8(text).value().size());
  }
}

TEST(Text, ControlCharactersAreFound) {
  for (char32_t point = 0; point < 0x300; ++point) {
    std::string text = "a";
    if (point < 0x80) {
      text += static_cast<char>(point);
    } else {
      text += static_cast<char>(0xC0U | point >> 6U);
      text += static_cast<char>(0x80U | (point & 0x3FU));
    }
    text += "z";
    const bool control = point < 0x20 || (point >= 0x7F && point <= 0x9F);
    EXPECT_EQ(has_control_characters(text), control) << static_cast<unsigned>(point);
    EXPECT_EQ(is_clean_text(text), !control) << static_cast<unsigned>(point);
  }
}

}  // namespace
}  // namespace keyledger
