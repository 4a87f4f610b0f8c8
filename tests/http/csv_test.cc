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
  for (const char* formula :
       {"=1+1", "+1", "-1", "@SUM(1)", "=cmd|' /C calc'!A0", "\t=1+1", "\r=1+1", "\n=1", " =1+1",
        "\xC2\xA0=1", "\xE3\x80\x80+1", "\xEF\xBB\xBF=1",
        "\xEF\xBC\x9D"
        "1+1",
        "\xEF\xBC\x8B"
        "1",
        "\xEF\xBC\x8D"
        "1",
        "\xEF\xBC\xA0"
        "SUM(1)",
        "'=1", "=HYPERLINK(\"http://x\",\"y\")"}) {
    EXPECT_TRUE(csv_cell(formula).starts_with("\"'")) << formula << " gives " << csv_cell(formula);
  }
}

TEST(CsvRecord, EndsWithItsLine) {
  EXPECT_EQ(csv_record({"", "b", "=c"}), ",b,\"'=c\"\r\n");
  EXPECT_EQ(csv_record({"a"}), "a\r\n");
}

// A reader of RFC 4180 that takes one leading apostrophe off each cell.
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
  for (std::string& cell : cells) {
    if (cell.starts_with('\'')) cell.erase(0, 1);
  }
  return cells;
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
      const std::string shown = cell.starts_with('"') ? cell.substr(1) : cell;
      const std::size_t first = shown.find_first_not_of(' ');
      const bool formula = first != std::string::npos &&
                           std::string("=+-@\t\r\n").find(shown[first]) != std::string::npos;
      ASSERT_FALSE(formula) << cell;
    }
  }
}

}  // namespace
}  // namespace keyledger::http
