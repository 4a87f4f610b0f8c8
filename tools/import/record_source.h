// The keys in a file that is to be imported, one at a time, as entries of POST /v1/keys/import.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/result.h"

namespace keyledger {

enum class ImportFormat : std::uint8_t { kCsv, kNdjson };

struct ImportRecord {
  std::uint64_t line = 0;  // where it begins, from 1
  std::string entry;       // a JSON object; only what the file says, checked by nobody yet
  std::string sha256;      // of it, as it stands there; maybe empty, maybe no hash
  // Why there is no entry: the line is no JSON object, or has more or fewer cells than the header.
  std::optional<std::string> fault;
};

// Not for two threads.
class RecordSource {
 public:
  // CSV: the header row names the fields; "metadata.team" and "rate_limit.limit" stand for a field
  // within a field; the entries of a list have spaces or semicolons between them; an empty cell is
  // no value. kInvalidRequest for a header with a name that no key has; kUnavailable if the file
  // cannot be opened.
  [[nodiscard]] static Result<RecordSource> open(const std::string& path, ImportFormat format);
  RecordSource(RecordSource&& other) noexcept;
  RecordSource& operator=(RecordSource&& other) noexcept;
  ~RecordSource();

  // Nothing at the end. Errors end the file: kInvalidRequest, naming the line (CsvReader, a line of
  // NDJSON that is too long), kStorage.
  [[nodiscard]] Result<std::optional<ImportRecord>> next();

  [[nodiscard]] std::uint64_t bytes_read() const;
  [[nodiscard]] std::uint64_t size() const;  // of the file; 0 if it has none, like a pipe

 private:
  struct Rep;
  explicit RecordSource(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
