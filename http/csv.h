// Tables as comma-separated values (RFC 4180) that a spreadsheet may open: names and comments come
// from strangers, and a spreadsheet runs a cell that begins with '=' as a formula.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keyledger::http {

// The cell, as it stands between two commas: quoted if it has to be. An apostrophe is put before
// what a spreadsheet could take for a formula (OWASP, "CSV Injection"): at the beginning, and
// behind each ; tab and line break, where other spreadsheets begin another cell. Formulas begin
// with one of = + - @, also in their other widths, or with a control character, perhaps behind
// quotation marks and characters that nobody sees. An apostrophe there gets one, too: so who takes
// one apostrophe off in all these places has exactly the text that went in.
[[nodiscard]] std::string csv_cell(std::string_view text);

// One record with its line end.
[[nodiscard]] std::string csv_record(const std::vector<std::string>& texts);

inline constexpr std::string_view kCsvType = "text/csv; charset=utf-8; header=present";

}  // namespace keyledger::http
