// Records out of a CSV file (RFC 4180), one at a time, from files of any size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "events/result.h"

namespace keyledger {

// Bytes of one record, in CSV as in NDJSON: more than the largest key needs, little enough to hold.
inline constexpr std::size_t kMaxRecordBytes = 512U << 10U;

struct CsvRecord {
  std::uint64_t line = 0;  // where it begins, from 1
  std::vector<std::string> cells;
};

// Commas between cells, quotes around a cell that holds commas, quotes (doubled) or line ends.
// Lines end with LF or CRLF, the last one maybe with nothing. A byte order mark at the beginning
// and empty lines are passed over. Not for two threads.
class CsvReader {
 public:
  explicit CsvReader(std::istream& in);

  // Nothing at the end. kInvalidRequest, naming the line, for what is no CSV: a quote in a bare
  // cell, text behind a closing quote, a quote that is never closed, a lone CR, a NUL, a record of
  // more than kMaxRecordBytes. Where the next record begins is not known then: the end follows.
  // Passes on what the stream's buffer throws when it cannot be read.
  [[nodiscard]] Result<std::optional<CsvRecord>> next();

  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_; }

 private:
  // What comes after a cell.
  enum class After : std::uint8_t { kCell, kRecord, kEnd };

  int take();  // the next byte, or kEof
  int peek() { return in_.rdbuf()->sgetc(); }
  [[nodiscard]] Result<After> read_cell(std::string& cell);
  [[nodiscard]] Result<After> read_quoted(std::string& cell);
  [[nodiscard]] Result<After> after(int c);
  tl::unexpected<Error> fault(const std::string& what);

  std::istream& in_;
  std::uint64_t bytes_ = 0;
  std::uint64_t line_ = 1;         // of the next byte
  std::size_t record_bytes_ = 0;   // of the record that is being read
  std::uint64_t record_line_ = 1;  // where it began
  bool ended_ = false;
};

}  // namespace keyledger
