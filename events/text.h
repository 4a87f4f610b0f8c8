// What may stand in a stored text: valid UTF-8 without control characters, compared byte for byte
// and never normalised. One rule for the codec and for the fields of HTTP requests. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace keyledger {

// Well-formed UTF-8 (Unicode 15 table 3-7): no overlong form, no surrogate, nothing above U+10FFFF.
[[nodiscard]] bool is_valid_utf8(std::string_view text);

// Code points of a valid UTF-8 text: what "1-128 characters" means in the API.
[[nodiscard]] std::size_t count_characters(std::string_view text);

// C0 (U+0000-U+001F), DEL or C1 (U+0080-U+009F), in a valid UTF-8 text.
[[nodiscard]] bool has_control_characters(std::string_view text);

// Valid UTF-8 without control characters.
[[nodiscard]] bool is_clean_text(std::string_view text);

// An upper case ASCII letter as a lower case one, all else as it is.
[[nodiscard]] constexpr char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Whether `part` stands in the text but for the case of ASCII letters: what `q` finds.
[[nodiscard]] bool contains_ignoring_case(std::string_view text, std::string_view part);

// Whether the two are the same but for the case of ASCII letters: names of headers, hosts, schemes.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace keyledger
