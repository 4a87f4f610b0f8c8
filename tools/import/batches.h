// The records of a file, cut into the batches that are sent as one call each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/import/record_source.h"

namespace keyledger {

struct ImportBatch {
  std::vector<ImportRecord> records;  // in the order of the file
  std::uint64_t bytes = 0;            // of the file

  [[nodiscard]] std::string body() const;  // of POST /v1/keys/import; no record may have a fault
};

// The same for the same entries, and for no others.
[[nodiscard]] std::string idempotency_key_of(std::string_view body);

// Cuts where the content says so: behind a record whose hash is small, and behind `most` records at
// the latest. So the same file is always cut alike, and a line that is mended, added or taken out
// changes the batch around it and, by and large, no other: what was imported before is known again.
class BatchReader {
 public:
  // `most` from 1 to 1000.
  BatchReader(RecordSource source, std::size_t most);

  // Never empty; nothing at the end. Errors as RecordSource::next(), after the records before.
  [[nodiscard]] Result<std::optional<ImportBatch>> next();

  [[nodiscard]] std::uint64_t size() const { return source_.size(); }

 private:
  [[nodiscard]] bool is_cut(const ImportRecord& record) const;

  RecordSource source_;
  const std::size_t most_;
  std::optional<Error> error_;  // to be told when the batch before it was taken
};

}  // namespace keyledger
