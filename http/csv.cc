#include "http/csv.h"

#include <algorithm>
#include <array>

namespace keyledger::http {
namespace {

// The full-width forms are U+FF1D, U+FF0B, U+FF0D and U+FF20: some spreadsheets read them alike.
constexpr std::array<std::string_view, 9> kFormulaStarts = {
    "=", "+", "-", "@", "'", "\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D", "\xEF\xBC\xA0"};

// Spaces that a spreadsheet may drop before it looks: U+0020, U+00A0, U+3000, U+FEFF.
constexpr std::array<std::string_view, 4> kSpaces = {" ", "\xC2\xA0", "\xE3\x80\x80",
                                                     "\xEF\xBB\xBF"};

bool begins_with_control(std::string_view text) {
  return !text.empty() && (static_cast<unsigned char>(text.front()) < 0x20 || text.front() == 0x7F);
}

std::string_view without_spaces(std::string_view text) {
  for (;;) {
    const auto space = std::find_if(kSpaces.begin(), kSpaces.end(),
                                    [&](std::string_view one) { return text.starts_with(one); });
    if (space == kSpaces.end()) return text;
    text.remove_prefix(space->size());
  }
}

bool needs_apostrophe(std::string_view text) {
  text = without_spaces(text);
  return begins_with_control(text) ||
         std::any_of(kFormulaStarts.begin(), kFormulaStarts.end(),
                     [&](std::string_view start) { return text.starts_with(start); });
}

}  // namespace

std::string csv_cell(std::string_view text) {
  const bool apostrophe = needs_apostrophe(text);
  // A semicolon or a tab separates cells in some countries' spreadsheets.
  if (!apostrophe && text.find_first_of("\",;\t\r\n ") == std::string_view::npos) {
    return std::string(text);
  }
  std::string cell = apostrophe ? "\"'" : "\"";
  for (const char c : text) {
    if (c == '"') cell.push_back('"');
    cell.push_back(c);
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
