#include "tools/import/batches.h"

#include <charconv>
#include <utility>

#include "events/crypto.h"
#include "http/base64.h"

namespace keyledger {
namespace {

// Half of what a call may have, so that one more record of the largest size still fits.
constexpr std::size_t kMaxBatchBytes = std::size_t{2} << 20U;

}  // namespace

std::string ImportBatch::body() const {
  std::string text = R"({"keys":[)";
  for (const ImportRecord& record : records) {
    if (text.back() != '[') text += ',';
    text += record.entry;
  }
  return text + "]}";
}

std::string idempotency_key_of(std::string_view body) {
  return "import " + http::base64(sha256(body));
}

BatchReader::BatchReader(RecordSource source, std::size_t most)
    : source_(std::move(source)), most_(most) {}

// Hashes are spread evenly, so one record in most/2 cuts: seven batches in eight end with one.
bool BatchReader::is_cut(const ImportRecord& record) const {
  constexpr std::size_t kDigits = 8;
  constexpr std::uint64_t kValues = std::uint64_t{1} << 32U;
  if (record.sha256.size() < kDigits) return false;
  std::uint32_t value = 0;
  const char* const begin = record.sha256.data();
  const auto parsed = std::from_chars(begin, begin + kDigits, value, 16);
  return parsed.ec == std::errc() && parsed.ptr == begin + kDigits && value < 2 * kValues / most_;
}

Result<std::optional<ImportBatch>> BatchReader::next() {
  ImportBatch batch;
  const std::uint64_t before = source_.bytes_read();
  std::size_t body_bytes = 0;
  while (!error_ && batch.records.size() < most_ && body_bytes < kMaxBatchBytes) {
    auto record = source_.next();
    if (!record) {
      error_ = record.error();
      break;
    }
    if (!*record) break;
    body_bytes += (*record)->entry.size();
    batch.records.push_back(std::move(**record));
    if (is_cut(batch.records.back())) break;
  }
  batch.bytes = source_.bytes_read() - before;
  if (!batch.records.empty()) return std::optional(std::move(batch));
  if (error_) return fail(*error_);
  return std::optional<ImportBatch>();
}

}  // namespace keyledger
