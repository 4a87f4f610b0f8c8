// How keys were before: one row for each state that a key has left, so that its state just after
// any event is found with one search. A key that never changed has no row here, and making one
// costs none. Part of the key table, which owns the states that have not been left yet: ask
// KeyTable::key_at(). Thread safety: as the store's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "projections/key_row.h"
#include "projections/store.h"

namespace keyledger {

// Names one table's rows:
//   key id, position of the event that ended the state -> the key's row until then (key_row.h)
// Neighbours are nearly the same bytes, which is what the store's compression is good at.
class KeyVersions {
 public:
  [[nodiscard]] Result<void> open(Store& store, std::string_view table);

  // The state that the event at `position` is about to change.
  void keep(StoreBatch& batch, const KeyRow& until, std::uint64_t position) const;

  [[nodiscard]] std::unique_ptr<StoreCursor> rows() const { return store_->cursor(*table_); }

 private:
  Store* store_ = nullptr;
  const Table* table_ = nullptr;
};

// Rows of the key table as they were just after one event. For one request, one thread.
class KeyRowsAt {
 public:
  KeyRowsAt(const KeyVersions& versions, std::uint64_t position)
      : versions_(versions), position_(position) {}

  // From the row of a key as it is, or was at any time since: the row as it was. Nothing if the key
  // was made later. A key that has not changed since costs no look at the disk.
  [[nodiscard]] Result<std::optional<KeyRow>> row(KeyRow now);

 private:
  // Under the cursor lies the first state of the key that was left after the position.
  [[nodiscard]] bool find(const KeyId& id);

  const KeyVersions& versions_;
  const std::uint64_t position_;
  std::unique_ptr<StoreCursor> cursor_;
};

}  // namespace keyledger
