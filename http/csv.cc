#include "http/csv.h"

#include <algorithm>
#include <array>
#include <utility>

namespace keyledger::http {
namespace {

using Range = std::pair<char32_t, char32_t>;  // of code points, both included

// With which a formula begins: = + - @, their full-width and small forms, the minus sign.
constexpr std::array<Range, 13> kFormulaStarts = {{{'=', '='},
                                                   {'+', '+'},
                                                   {'-', '-'},
                                                   {'@', '@'},
                                                   {0x2212, 0x2212},
                                                   {0xFE62, 0xFE63},
                                                   {0xFE66, 0xFE66},
                                                   {0xFE6B, 0xFE6B},
                                                   {0xFF0B, 0xFF0B},
                                                   {0xFF0D, 0xFF0D},
                                                   {0xFF1D, 0xFF1D},
                                                   {0xFF20, 0xFF20},
                                                   {'\'', '\''}}};

// What a spreadsheet may drop before it looks: the quotation mark, and White_Space (but for
// controls) and Default_Ignorable_Code_Point of Unicode 15, with the blank of Braille.
constexpr std::array<Range, 21> kPassedOver = {
    {{' ', ' '},        {'"', '"'},       {0xA0, 0xA0},     {0xAD, 0xAD},     {0x34F, 0x34F},
     {0x61C, 0x61C},    {0x115F, 0x1160}, {0x1680, 0x1680}, {0x17B4, 0x17B5}, {0x180B, 0x180F},
     {0x2000, 0x200F},  {0x2028, 0x202F}, {0x205F, 0x206F}, {0x2800, 0x2800}, {0x3000, 0x3000},
     {0x3164, 0x3164},  {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB},
     {0xE0000, 0xE0FFF}}};

// Behind these another cell may begin: where commas are decimal points a semicolon separates cells,
// and then quotation marks inside of a line say nothing.
constexpr std::string_view kSeparators = ";\t\r\n";

template <std::size_t size>
bool is_in(const std::array<Range, size>& ranges, char32_t code) {
  return std::any_of(ranges.begin(), ranges.end(), [code](const Range& range) {
    return code >= range.first && code <= range.second;
  });
}

bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

// Takes the first character of a text that is not empty. A byte that is no UTF-8 is one, too.
char32_t take_character(std::string_view& text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  const std::size_t size = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (size == 1 || size > text.size()) {
    text.remove_prefix(1);
    return first < 0x80 ? first : 0xFFFD;
  }
  char32_t code = first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) code = code << 6U | (byte(i) & 0x3FU);
  text.remove_prefix(size);
  return code;
}

// Whether what begins here could be taken for a formula.
bool may_be_formula(std::string_view text, bool is_whole_cell) {
  while (!text.empty()) {
    // What follows a separator is looked at for itself.
    if (!is_whole_cell && kSeparators.find(text.front()) != std::string_view::npos) return false;
    const char32_t code = take_character(text);
    if (!is_in(kPassedOver, code)) return is_control(code) || is_in(kFormulaStarts, code);
  }
  return false;
}

}  // namespace

std::string csv_cell(std::string_view text) {
  const bool is_plain = text.find_first_of("\",;\t\r\n ") == std::string_view::npos;
  if (is_plain && !may_be_formula(text, true)) return std::string(text);
  std::string cell = "\"";
  bool may_begin = true;
  while (!text.empty()) {
    if (may_begin && may_be_formula(text, cell.size() == 1)) cell.push_back('\'');
    const char c = text.front();
    if (c == '"') cell.push_back('"');
    cell.push_back(c);
    may_begin = kSeparators.find(c) != std::string_view::npos;
    text.remove_prefix(1);
  }
  cell.push_back('"');
  return cell;
}

std::string csv_record(const std::vector<std::string>& texts) {
  std::string record;
  for (const std::string& text : texts) {
    if (&text != &texts.front()) record.push_back(',');
    record += csv_cell(text);
  }
  return record + "\r\n";
}

}  // namespace keyledger::http
