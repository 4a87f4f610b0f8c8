// The derived database: everything that can be computed from the log again, in named tables of
// sorted rows. No write-ahead log and no fsync per write: rows become durable together, at a flush,
// so after a crash the whole is as of one earlier frame (docs/durability.md) and is caught up
// before serving. The same, but logged, holds the counts of usage.h. The only file of this room
// that sees RocksDB is store.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/result.h"

namespace rocksdb {
class Env;
}

namespace keyledger {

// A named table. Handles stay valid as long as the store and die with drop_table.
class Table;

// Rows to be written together, all or nothing.
class StoreBatch {
 public:
  StoreBatch();
  ~StoreBatch();
  StoreBatch(StoreBatch&&) noexcept;
  StoreBatch& operator=(StoreBatch&&) noexcept;

  void put(const Table& table, std::string_view key, std::string_view value);
  void erase(const Table& table, std::string_view key);
  // All keys from `begin` on and before `end`, before the rows of the same batch are written.
  void erase_range(const Table& table, std::string_view begin, std::string_view end);

 private:
  friend class Store;
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

// Walks rows in key order. Sees the table as it was when the cursor was made. One thread at a time;
// must die before the store. Views are valid until the next move.
class StoreCursor {
 public:
  virtual ~StoreCursor() = default;
  virtual void seek(std::string_view key) = 0;           // first row >= key
  virtual void seek_backward(std::string_view key) = 0;  // last row <= key
  virtual void next() = 0;
  virtual void previous() = 0;
  [[nodiscard]] virtual bool valid() const = 0;
  [[nodiscard]] virtual std::string_view key() const = 0;
  [[nodiscard]] virtual std::string_view value() const = 0;
  // kStorage or kCorrupt if the walk ended for another reason than the last row.
  [[nodiscard]] virtual Result<void> status() const = 0;
};

// kCorrupt for a row that is not as it was written: "A row of `whose` is damaged; it can be
// rebuilt."
[[nodiscard]] tl::unexpected<Error> damaged_row(std::string_view whose);

struct StoreOptions {
  rocksdb::Env* env = nullptr;  // null: the real one. Must outlive the store.
  std::size_t cache_bytes = 64U << 20U;
  std::size_t write_buffer_bytes = 32U << 20U;
  // With a write-ahead log: a write survives the end of the process, flush() makes it survive a
  // power cut. For rows that nothing can compute again.
  bool logged = false;
  std::string_view holds = "derived rows";  // what errors call it; a literal
};

// Thread safety: reads from any thread at any time; write, create_table, drop_table and flush from
// one thread at a time.
class Store {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const std::string& path,
                                                           const StoreOptions& options);
  ~Store();  // flushes
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  [[nodiscard]] std::vector<std::string> table_names() const;
  // Opens the table or makes it.
  [[nodiscard]] Result<const Table*> table(std::string_view name);
  // The same for several, each named "<label>.<name>", and puts them where they belong.
  using Places = std::initializer_list<std::pair<std::string_view, const Table**>>;
  [[nodiscard]] Result<void> open_tables(std::string_view label, Places tables);
  [[nodiscard]] Result<void> drop_table(std::string_view name);

  [[nodiscard]] Result<std::optional<std::string>> get(const Table& table,
                                                       std::string_view key) const;
  [[nodiscard]] std::unique_ptr<StoreCursor> cursor(const Table& table) const;
  [[nodiscard]] Result<void> write(StoreBatch batch);
  // Makes all rows durable, as one.
  [[nodiscard]] Result<void> flush();

 private:
  struct Rep;
  explicit Store(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
