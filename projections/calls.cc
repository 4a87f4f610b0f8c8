#include "projections/calls.h"

#include "events/bytes.h"

namespace keyledger {
namespace {

// Row: scope; the request's digest, the first position, how many events.
std::string row_of(const IdempotencyEntry& entry, std::uint64_t first_position) {
  std::string row;
  ByteWriter out(row);
  out.array(entry.request);
  out.u64(first_position);
  out.u32(entry.count);
  return row;
}

std::string_view key_of(const Digest& scope) {
  return {reinterpret_cast<const char*>(scope.data()), scope.size()};
}

}  // namespace

struct Calls::Rep {
  Store* store = nullptr;
  const Table* rows = nullptr;
};

Calls::Calls() : rep_(std::make_unique<Rep>()) {}
Calls::~Calls() = default;

Result<std::optional<RememberedCall>> Calls::remembered(const Digest& scope) const {
  const auto row = rep_->store->get(*rep_->rows, key_of(scope));
  if (!row) return fail(row.error());
  if (!*row) return std::optional<RememberedCall>();
  RememberedCall call;
  ByteReader in(**row);
  call.request = in.array<32>();
  call.first_position = in.u64();
  call.count = in.u32();
  if (!in.finished()) {
    return fail(ErrorCode::kCorrupt, "A row of the remembered calls is damaged.");
  }
  return std::optional(call);
}

Result<void> Calls::open(Store& store) {
  rep_->store = &store;
  return store.open_tables(label(), {{"calls", &rep_->rows}});
}

Result<void> Calls::load(std::uint64_t /*size*/) { return {}; }

Result<void> Calls::apply(const CommittedFrame& frame, StoreBatch& batch) {
  for (const IdempotencyEntry& entry : frame.side.calls) {
    batch.put(*rep_->rows, key_of(entry.scope),
              row_of(entry, frame.frame.first_position + entry.first));
  }
  return {};
}

}  // namespace keyledger
