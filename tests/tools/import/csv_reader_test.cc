// RFC 4180, by its law: what is written by its rules is read back as it was, and nothing that is
// read takes more memory than a record may have, whatever the bytes.
#include "tools/import/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <sstream>

namespace keyledger {
namespace {

using testing::HasSubstr;
using Table = std::vector<std::vector<std::string>>;

// All records, or the error that ended them.
struct Read {
  Table table;
  std::vector<std::uint64_t> lines;
  std::optional<Error> error;
};
Read read_all(const std::string& text) {
  std::istringstream in(text);
  CsvReader reader(in);
  Read out;
  while (true) {
    auto record = reader.next();
    if (!record) {
      out.error = record.error();
      const auto after = reader.next();
      EXPECT_TRUE(after && !*after) << "an error is the end";
      return out;
    }
    if (!*record) break;
    out.table.push_back((*record)->cells);
    out.lines.push_back((*record)->line);
  }
  EXPECT_EQ(reader.bytes_read(), text.size());
  return out;
}

std::string error_of(const std::string& text) {
  const Read read = read_all(text);
  return read.error ? read.error->detail : "none";
}

TEST(CsvReader, ReadsBackWhatWasWritten) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t limit) { return random() % limit; };
  const std::vector<std::string> pieces = {"a", "\"", "\"\"", ",", "\n", "\r\n", "\r",       " ",
                                           "é", ";",  "",     "1", "\t", "\x01", "long word"};
  for (int round = 0; round < 2000; ++round) {
    Table table;
    std::vector<std::uint64_t> lines;
    std::string text = below(4) == 0 ? "\xEF\xBB\xBF" : "";
    const std::size_t columns = 1 + below(4);
    const std::size_t records = below(6);
    std::uint64_t line = 1;
    for (std::size_t i = 0; i < records; ++i) {
      for (; below(5) == 0; ++line) text += below(2) == 0 ? "\n" : "\r\n";
      lines.push_back(line);
      table.emplace_back();
      for (std::size_t j = 0; j < columns; ++j) {
        std::string cell;
        for (std::size_t k = below(4); k > 0; --k) cell += pieces[below(pieces.size())];
        const bool must_quote = cell.find_first_of("\",\r\n") != std::string::npos;
        const bool lone = columns == 1 && cell.empty();  // bare, it would be an empty line
        if (j > 0) text += ',';
        if (must_quote || lone || below(3) == 0) {
          text += '"';
          for (const char c : cell) text += c == '"' ? std::string(2, c) : std::string(1, c);
          text += '"';
        } else {
          text += cell;
        }
        line += static_cast<std::uint64_t>(std::count(cell.begin(), cell.end(), '\n'));
        table.back().push_back(cell);
      }
      if (i + 1 < records || below(2) == 0) text += below(2) == 0 ? "\n" : "\r\n";
      ++line;
    }
    const Read read = read_all(text);
    ASSERT_FALSE(read.error) << read.error->detail << "\n" << text;
    ASSERT_EQ(read.table, table) << text;
    ASSERT_EQ(read.lines, lines) << text;
  }
}

TEST(CsvReader, TakesAnyBytesAndEnds) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string alphabet("a,\"\"\r\n\n;\0\xEF\xBB\xBF ", 14);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::uint64_t n = random() % 30; n > 0; --n) text += alphabet[random() % alphabet.size()];
    std::istringstream in(text);
    CsvReader reader(in);
    std::size_t records = 0;
    for (auto record = reader.next(); record && *record; record = reader.next()) ++records;
    ASSERT_LE(records, text.size());
    ASSERT_LE(reader.bytes_read(), text.size());
  }
}

TEST(CsvReader, SaysWhatIsNoCsvAndWhereItBegins) {
  EXPECT_THAT(error_of("a,b\nc,\"d\ne"), HasSubstr("line 2 has a quote that is never closed"));
  EXPECT_THAT(error_of("a\"b"), HasSubstr("line 1 has a quote in a cell that does not begin"));
  EXPECT_THAT(error_of("\"a\"b"), HasSubstr("behind a closing quote"));
  EXPECT_THAT(error_of("a\rb"), HasSubstr("carriage return"));
  EXPECT_THAT(error_of("\n\n" + std::string("a\0b", 3)), HasSubstr("line 3 has a NUL byte"));
  EXPECT_THAT(error_of(std::string("\"a\0\"", 4)), HasSubstr("NUL"));
  EXPECT_EQ(error_of("\"a\"\"b\"\r\n\r\n"), "none");
}

TEST(CsvReader, HoldsNoRecordThatIsTooLong) {
  const std::string most(kMaxRecordBytes - 1, 'x');
  EXPECT_EQ(error_of(most + "\n" + most + "\n"), "none");
  EXPECT_THAT(error_of(most + "xxx"), HasSubstr("has more than 512 KiB"));
  EXPECT_THAT(error_of("\"" + most + most), HasSubstr("is a quote never closed?"));
  EXPECT_THAT(error_of(most.substr(0, most.size() / 2) + "," + most), HasSubstr("512 KiB"));
}

}  // namespace
}  // namespace keyledger
