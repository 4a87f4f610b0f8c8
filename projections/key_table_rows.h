// The tables behind KeyTable: the rows of the keys and the indexes that find them. Internal to
// key_table*.cc. Thread safety: as the store's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "projections/key_row.h"
#include "projections/store.h"

namespace keyledger {

// Index rows hold the key's id and end with the position at which the key was made, which orders
// keys by the time they were made and never changes:
//   created    workspace, position
//   names      workspace, name, 0, position            every name a key ever had; 0 is in no name
//   external   external_id_index(), position           every external id it ever had
//   management member, key id -> nothing                        live management keys
// What a key once had stays in the index, since lists of the past are found by it; so who finds a
// key there looks whether it has it. Who holds a name is in name_holders.h.
class KeyTableRows {
 public:
  [[nodiscard]] Result<void> open(Store& store, std::string_view label);

  [[nodiscard]] Result<std::optional<KeyRow>> row(const KeyId& id) const;
  // Replaces the row and puts the indexes right. `before` is absent for a new key.
  void write(StoreBatch& batch, const std::optional<KeyRow>& before, const KeyRow& after) const;

  // The index rows that stay, of a state that is left within one frame: write() never sees it.
  void write_lasting(StoreBatch& batch, const KeyRow& state) const;

  [[nodiscard]] std::unique_ptr<StoreCursor> rows() const { return store_->cursor(*rows_); }
  [[nodiscard]] std::unique_ptr<StoreCursor> created() const { return store_->cursor(*created_); }
  [[nodiscard]] std::unique_ptr<StoreCursor> names() const { return store_->cursor(*names_); }
  [[nodiscard]] std::unique_ptr<StoreCursor> external() const { return store_->cursor(*external_); }
  [[nodiscard]] std::unique_ptr<StoreCursor> management() const {
    return store_->cursor(*management_);
  }

 private:
  struct Entry {
    const Table* table;
    std::string key;
    std::string_view value;
    bool stays = true;
  };
  [[nodiscard]] std::vector<Entry> entries_of(const KeyRow& row) const;

  Store* store_ = nullptr;
  const Table* rows_ = nullptr;
  const Table* created_ = nullptr;
  const Table* names_ = nullptr;
  const Table* external_ = nullptr;
  const Table* management_ = nullptr;
};

// Rows by id. Index order is mostly that of the ids, so the next row is tried before a search. Sees
// the rows as they were when it was made.
class RowFinder {
 public:
  RowFinder(const KeyTableRows& rows, bool descending)
      : cursor_(rows.rows()), descending_(descending) {}

  // kCorrupt if there is none.
  [[nodiscard]] Result<KeyRow> find(const KeyId& id);

 private:
  std::unique_ptr<StoreCursor> cursor_;
  bool descending_;
};

// The beginnings of index rows.
template <typename Tag>
[[nodiscard]] std::string_view id_bytes(const Id<Tag>& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}
[[nodiscard]] std::string names_prefix(const WorkspaceId& workspace, std::string_view name);
[[nodiscard]] std::string external_prefix(const Digest& index);

// A key id out of index bytes; nothing if they are none.
[[nodiscard]] std::optional<KeyId> key_id_in(std::string_view bytes);

}  // namespace keyledger
