#include "tools/import/csv_reader.h"

#include <fmt/format.h>

#include <utility>

namespace keyledger {
namespace {

constexpr int kEof = std::istream::traits_type::eof();
constexpr int kByteOrderMark[] = {0xEF, 0xBB, 0xBF};

}  // namespace

CsvReader::CsvReader(std::istream& in) : in_(in) {
  if (peek() != kByteOrderMark[0]) return;
  // A file that begins with part of a mark is not UTF-8, which the server will say of its cells.
  for (const int byte : kByteOrderMark) {
    if (peek() == byte) take();
  }
}

int CsvReader::take() {
  const int c = in_.rdbuf()->sbumpc();
  if (c == kEof) return kEof;
  ++bytes_;
  ++record_bytes_;
  if (c == '\n') ++line_;
  return c;
}

tl::unexpected<Error> CsvReader::fault(const std::string& what) {
  ended_ = true;
  return fail(ErrorCode::kInvalidRequest,
              fmt::format("The record that begins in line {} {}", record_line_, what));
}

Result<CsvReader::After> CsvReader::after(int c) {
  switch (c) {
    case ',': return After::kCell;
    case '\n': return After::kRecord;
    case kEof: return After::kEnd;
    case '\r':
      if (peek() != '\n') return fault("has a carriage return without a line feed.");
      take();
      return After::kRecord;
    default: return fault("goes on behind a closing quote.");
  }
}

Result<CsvReader::After> CsvReader::read_quoted(std::string& cell) {
  while (true) {
    const int c = take();
    if (c == kEof) return fault("has a quote that is never closed.");
    if (record_bytes_ > kMaxRecordBytes) {
      return fault(
          fmt::format("has more than {} KiB; is a quote never closed?", kMaxRecordBytes >> 10U));
    }
    if (c == '\0') return fault("has a NUL byte.");
    if (c == '"') {
      if (peek() != '"') return after(take());
      take();
    }
    cell.push_back(static_cast<char>(c));
  }
}

Result<CsvReader::After> CsvReader::read_cell(std::string& cell) {
  if (peek() == '"') {
    take();
    return read_quoted(cell);
  }
  while (true) {
    const int c = take();
    if (c == ',' || c == '\n' || c == '\r' || c == kEof) return after(c);
    if (record_bytes_ > kMaxRecordBytes) {
      return fault(fmt::format("has more than {} KiB.", kMaxRecordBytes >> 10U));
    }
    if (c == '\0') return fault("has a NUL byte.");
    if (c == '"') return fault("has a quote in a cell that does not begin with one.");
    cell.push_back(static_cast<char>(c));
  }
}

Result<std::optional<CsvRecord>> CsvReader::next() {
  while (!ended_) {
    record_bytes_ = 0;
    record_line_ = line_;
    CsvRecord record{line_, {}};
    const bool bare = peek() != '"';
    After then = After::kCell;
    while (then == After::kCell) {
      std::string cell;
      const auto read = read_cell(cell);
      if (!read) return fail(read.error());
      then = *read;
      record.cells.push_back(std::move(cell));
    }
    ended_ = then == After::kEnd;
    const bool is_empty = bare && record.cells.size() == 1 && record.cells[0].empty();
    if (!is_empty) return std::optional(std::move(record));
  }
  return std::optional<CsvRecord>();
}

}  // namespace keyledger
