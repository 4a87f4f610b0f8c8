#include "projections/key_table_rows.h"

#include <algorithm>

#include "events/bytes.h"

namespace keyledger {
namespace {

std::string with_position(std::string prefix, std::uint64_t position) {
  ByteWriter(prefix).u64(position);
  return prefix;
}

}  // namespace

std::string names_prefix(const WorkspaceId& workspace, std::string_view name) {
  std::string prefix(id_bytes(workspace));
  ByteWriter out(prefix);
  out.raw(name);
  out.u8(0);
  return prefix;
}

std::string external_prefix(const Digest& index) {
  return {reinterpret_cast<const char*>(index.data()), index.size()};
}

std::optional<KeyId> key_id_in(std::string_view bytes) {
  ByteReader in(bytes);
  const KeyId id{in.array<16>()};
  if (!in.finished()) return std::nullopt;
  return id;
}

Result<void> KeyTableRows::open(Store& store, std::string_view label) {
  store_ = &store;
  return store.open_tables(label, {{"rows", &rows_},
                                   {"created", &created_},
                                   {"names", &names_},
                                   {"external", &external_},
                                   {"management", &management_}});
}

Result<std::optional<KeyRow>> KeyTableRows::row(const KeyId& id) const {
  const auto bytes = store_->get(*rows_, id_bytes(id));
  if (!bytes) return fail(bytes.error());
  if (!*bytes) return std::optional<KeyRow>();
  auto row = decode_key_row(**bytes);
  if (!row) return fail(row.error());
  return std::optional(std::move(*row));
}

void KeyTableRows::write(StoreBatch& batch, const std::optional<KeyRow>& before,
                         const KeyRow& after) const {
  const std::vector<Entry> wanted = entries_of(after);
  const std::vector<Entry> there = before ? entries_of(*before) : std::vector<Entry>();
  const auto has = [](const std::vector<Entry>& all, const Entry& one) {
    return std::any_of(all.begin(), all.end(), [&](const Entry& entry) {
      return entry.table == one.table && entry.key == one.key;
    });
  };
  for (const Entry& entry : there) {
    if (!entry.stays && !has(wanted, entry)) batch.erase(*entry.table, entry.key);
  }
  for (const Entry& entry : wanted) {
    if (!has(there, entry)) batch.put(*entry.table, entry.key, entry.value);
  }
  batch.put(*rows_, id_bytes(after.key.id), encode_key_row(after));
}

void KeyTableRows::write_lasting(StoreBatch& batch, const KeyRow& state) const {
  for (const Entry& entry : entries_of(state)) {
    if (entry.stays) batch.put(*entry.table, entry.key, entry.value);
  }
}

Result<KeyRow> RowFinder::find(const KeyId& id) {
  const std::string_view wanted = id_bytes(id);
  if (cursor_->valid() && cursor_->key() != wanted) {
    descending_ ? cursor_->previous() : cursor_->next();
  }
  if (!cursor_->valid() || cursor_->key() != wanted) cursor_->seek(wanted);
  if (auto walked = cursor_->status(); !walked) return fail(walked.error());
  if (!cursor_->valid() || cursor_->key() != wanted) return damaged_row("the key table");
  return decode_key_row(cursor_->value());
}

std::vector<KeyTableRows::Entry> KeyTableRows::entries_of(const KeyRow& row) const {
  const Key& key = row.key;
  const std::string_view id = id_bytes(key.id);
  const std::uint64_t position = key.created_cause.position;
  std::vector<Entry> entries;
  entries.push_back({created_, with_position(std::string(id_bytes(key.workspace)), position), id});
  entries.push_back({names_, with_position(names_prefix(key.workspace, key.name), position), id});
  if (row.external) {
    entries.push_back({external_, with_position(external_prefix(*row.external), position), id});
  }
  if (!key.end && key.type == KeyType::kManagement && key.member) {
    entries.push_back({management_, std::string(id_bytes(*key.member)).append(id), {}, false});
  }
  return entries;
}

}  // namespace keyledger
