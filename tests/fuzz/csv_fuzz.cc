// Any bytes as a CSV file: the reader ends, holds no more of it than one record may have, and makes
// no byte up.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>

#include "tools/import/csv_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
  keyledger::CsvReader reader(in);
  std::size_t taken = 0;
  for (auto record = reader.next(); record && *record; record = reader.next()) {
    std::size_t bytes = 0;
    for (const std::string& cell : (*record)->cells) bytes += cell.size();
    if (bytes > keyledger::kMaxRecordBytes) std::abort();
    taken += bytes;
  }
  if (taken > size || reader.bytes_read() > size) std::abort();
  return 0;
}
