#include "projections/key_versions.h"

#include <utility>

#include "events/bytes.h"
#include "projections/key_table_rows.h"

namespace keyledger {
namespace {

std::string row_key(const KeyId& id, std::uint64_t position) {
  std::string key(id_bytes(id));
  ByteWriter(key).u64(position);
  return key;
}

}  // namespace

Result<void> KeyVersions::open(Store& store, std::string_view table) {
  store_ = &store;
  const auto opened = store.table(table);
  if (!opened) return fail(opened.error());
  table_ = *opened;
  return {};
}

void KeyVersions::keep(StoreBatch& batch, const KeyRow& until, std::uint64_t position) const {
  batch.put(*table_, row_key(until.key.id, position), encode_key_row(until));
}

// The row was read at some moment and the cursor sees another one. If it sees too little, what it
// lacks was written meanwhile, and a new cursor sees it.
Result<std::optional<KeyRow>> KeyRowsAt::row(KeyRow now) {
  if (now.key.created_cause.position > position_) return std::optional<KeyRow>();
  if (now.key.newest_cause.position <= position_) return std::optional(std::move(now));
  bool found = cursor_ != nullptr && find(now.key.id);
  if (!found) {
    cursor_ = versions_.rows();
    found = find(now.key.id);
  }
  if (auto status = cursor_->status(); !status) return fail(status.error());
  if (!found) return damaged_row("the states that keys have left");
  auto then = decode_key_row(cursor_->value());
  if (!then) return fail(then.error());
  return std::optional(std::move(*then));
}

bool KeyRowsAt::find(const KeyId& id) {
  cursor_->seek(row_key(id, position_ + 1));
  return cursor_->valid() && cursor_->key().starts_with(id_bytes(id));
}

}  // namespace keyledger
