#include "http/csv.h"

#include <gtest/gtest.h>

#include <random>

namespace keyledger::http {
namespace {

TEST(CsvCell, LeavesPlainTextsAsTheyAre) {
  for (const char* plain :
       {"", "crm-sync", "a=b", "1.5", "key_01M8", "ключ", "2026-03-30T12:00:00Z"}) {
    EXPECT_EQ(csv_cell(plain), plain);
  }
}

TEST(CsvCell, QuotesWhatSeparatesCellsAndLines) {
  EXPECT_EQ(csv_cell("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_cell("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(csv_cell("a\r\nb"), "\"a\r\nb\"");
  EXPECT_EQ(csv_cell("a;b"), "\"a;b\"") << "a separator where commas are decimal points";
}

// The rows of OWASP's "CSV Injection", and what else spreadsheets are known to run.
TEST(CsvCell, NeverBeginsAFormula) {
  for (const char* formula : {"=1+1",
                              "+1",
                              "-1",
                              "@SUM(1)",
                              "=cmd|' /C calc'!A0",
                              "\t=1+1",
                              "\r=1+1",
                              "\n=1",
                              " =1+1",
                              "\xC2\xA0=1",
                              "\xE3\x80\x80+1",
                              "\xEF\xBB\xBF=1",
                              "\xEF\xBC\x9D"
                              "1+1",
                              "\xEF\xBC\x8B"
                              "1",
                              "\xEF\xBC\x8D"
                              "1",
                              "\xEF\xBC\xA0"
                              "SUM(1)",
                              "'=1",
                              "=HYPERLINK(\"http://x\",\"y\")",
                              "\"=1",
                              "\" =1"}) {
    EXPECT_TRUE(csv_cell(formula).starts_with("\"'")) << formula << " gives " << csv_cell(formula);
  }
}

// Nobody sees these characters, and a spreadsheet may drop them.
TEST(CsvCell, NeverBeginsAFormulaBehindWhatNobodySees) {
  for (const char* unseen :
       {"\xC2\xAD", "\xCD\x8F", "\xE1\x9A\x80", "\xE2\x80\x83", "\xE2\x80\x8B", "\xE2\x80\xAE",
        "\xE2\x80\xAF", "\xE2\x81\xA0", "\xE2\xA0\x80", "\xE3\x85\xA4", "\xEF\xB8\x8F",
        "\xF3\xA0\x80\xA1", "\xE2\x80\xA8", "\xE2\x80\xA9"}) {
    for (const char* start : {"=", "+", "-", "@", "\xEF\xBC\x9D", "\xE2\x88\x92", "\xEF\xB9\xA6"}) {
      const std::string text = std::string(unseen) + unseen + start + "1";
      EXPECT_TRUE(csv_cell(text).starts_with("\"'")) << csv_cell(text);
    }
    EXPECT_FALSE(csv_cell(std::string(unseen) + "a=1").starts_with("\"'"));
  }
  EXPECT_TRUE(csv_cell("\xC2\x85=1").starts_with("\"'")) << "a control character";
}

// Where commas are decimal points, a semicolon ends a cell even between quotation marks that do not
// begin one.
TEST(CsvCell, NeverBeginsAFormulaBehindASeparatorOfOtherCountries) {
  EXPECT_EQ(csv_cell("x;=1+1;y"), "\"x;'=1+1;y\"");
  EXPECT_EQ(csv_cell("x; \"=1\""), "\"x;' \"\"=1\"\"\"");
  EXPECT_EQ(csv_cell("x\t@SUM(1)"), "\"x\t'@SUM(1)\"");
  EXPECT_EQ(csv_cell("x\r\n-1"), "\"x\r\n'-1\"");
  EXPECT_EQ(csv_cell("x;'y"), "\"x;''y\"");
  EXPECT_EQ(csv_cell("=1;=2"), "\"'=1;'=2\"");
  EXPECT_EQ(csv_cell("a;b;c=1"), "\"a;b;c=1\"");
}

TEST(CsvRecord, EndsWithItsLine) {
  EXPECT_EQ(csv_record({"", "b", "=c"}), ",b,\"'=c\"\r\n");
  EXPECT_EQ(csv_record({"a"}), "a\r\n");
}

// Takes off what csv_cell put in.
std::string without_apostrophes(const std::string& cell) {
  std::string text;
  bool may_begin = true;
  for (const char c : cell) {
    if (!may_begin || c != '\'') text.push_back(c);
    may_begin = std::string_view(";\t\r\n").find(c) != std::string_view::npos;
  }
  return text;
}

// A reader of RFC 4180 that does so with each cell.
std::vector<std::string> read_record(std::string_view text) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      cells.back() += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      cells.emplace_back();
    } else if (!quoted && text.substr(i) == "\r\n") {
      break;
    } else {
      cells.back() += c;
    }
  }
  for (std::string& cell : cells) cell = without_apostrophes(cell);
  return cells;
}

// The cells as a spreadsheet sees them that knows other separators: a quotation mark counts where
// it begins a cell.
std::vector<std::string> read_elsewhere(std::string_view text) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  bool begins = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && begins) {
      quoted = true;
    } else if (quoted && c == '"' && text.substr(i + 1).starts_with('"')) {
      cells.back() += text[++i];
    } else if (quoted && c == '"') {
      quoted = false;
    } else if (!quoted && std::string_view(";\t\r\n").find(c) != std::string_view::npos) {
      cells.emplace_back();
      begins = true;
      continue;
    } else {
      cells.back() += c;
    }
    begins = false;
  }
  return cells;
}

bool is_formula(std::string_view cell) {
  const std::size_t first = cell.find_first_not_of(" \"");
  return first != std::string_view::npos &&
         std::string_view("=+-@\t\r\n").find(cell[first]) != std::string_view::npos;
}

TEST(CsvRecord, GivesBackWhatWentInAndNeverAFormula) {
  std::mt19937_64 random(7);
  const std::vector<std::string> pieces = {
      "=",  "+",  "-", "@", "'",        "\"",           ",", ";", "\t",
      "\r", "\n", " ", "a", "\xC2\xA0", "\xEF\xBC\x9D", "é", "1"};
  for (int i = 0; i < 20'000; ++i) {
    std::vector<std::string> texts(1 + random() % 4);
    for (std::string& text : texts) {
      for (std::size_t left = random() % 6; left > 0; --left)
        text += pieces[random() % pieces.size()];
    }
    const std::string record = csv_record(texts);
    ASSERT_EQ(read_record(record), texts) << record;
    for (const std::string& text : texts) {
      const std::string cell = csv_cell(text);
      ASSERT_FALSE(is_formula(cell)) << cell;
    }
    for (const std::string& cell : read_elsewhere(record)) {
      const std::size_t first = cell.find_first_not_of(" \"\t\r\n");
      const bool is_plain = first == std::string::npos ||
                            std::string_view("=+-@").find(cell[first]) == std::string::npos;
      ASSERT_TRUE(is_plain) << record << "has the cell " << cell;
    }
  }
}

}  // namespace
}  // namespace keyledger::http
