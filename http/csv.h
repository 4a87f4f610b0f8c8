// Tables as comma-separated values (RFC 4180) that a spreadsheet may open: names and comments come
// from strangers, and a spreadsheet runs a cell that begins with '=' as a formula.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keyledger::http {

// The cell, as it stands between two commas. One that a spreadsheet could take for a formula gets
// an apostrophe in front (OWASP, "CSV Injection"), and so does one that begins with an apostrophe:
// who takes one leading apostrophe off every cell has exactly the texts that went in. Formulas
// begin, perhaps behind white space, with one of = + - @, also in their full-width forms, or with a
// control character.
[[nodiscard]] std::string csv_cell(std::string_view text);

// One record with its line end.
[[nodiscard]] std::string csv_record(const std::vector<std::string>& texts);

inline constexpr std::string_view kCsvType = "text/csv; charset=utf-8; header=present";

}  // namespace keyledger::http
