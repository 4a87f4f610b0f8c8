#include "projections/store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

#include "events/log/rocksdb_options.h"

namespace keyledger {

class Table {
 public:
  explicit Table(rocksdb::ColumnFamilyHandle* family) : family_(family) {}
  [[nodiscard]] rocksdb::ColumnFamilyHandle* family() const { return family_; }

 private:
  rocksdb::ColumnFamilyHandle*
      family_;  // owned by the store, which destroys it before the database
};

// RocksDB's own text names files of this machine, which an error must not; its LOG file has it.
class StoreFailures {
 public:
  explicit StoreFailures(std::string_view holds)
      : database_("The database of " + std::string(holds)) {}

  [[nodiscard]] tl::unexpected<Error> of(const rocksdb::Status& status) const {
    if (status.IsCorruption()) return fail(ErrorCode::kCorrupt, database_ + " is damaged.");
    if (status.IsNoSpace()) return fail(ErrorCode::kStorage, database_ + " has a full disk.");
    return fail(ErrorCode::kStorage, database_ + " cannot be read or written.");
  }
  [[nodiscard]] Result<void> check(const rocksdb::Status& status) const {
    if (!status.ok()) return of(status);
    return {};
  }
  // After a failed write or flush the rows in memory may never reach the disk: no more are taken.
  [[nodiscard]] tl::unexpected<Error> of_before() const {
    return fail(ErrorCode::kStorage, database_ + " had a write error; restart to go on.");
  }

 private:
  const std::string database_;
};

namespace {

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

// Memory is bounded by two numbers: the cache, which also holds indexes and filters, and the write
// buffers of all tables together.
rocksdb::Options database_options(const StoreOptions& wanted, std::shared_ptr<WriteErrors> errors) {
  rocksdb::Options options;
  if (wanted.env != nullptr) options.env = wanted.env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  options.atomic_flush = true;  // all tables become durable as one: there is no WAL to tie them
  options.avoid_flush_during_shutdown = false;
  options.max_bgerror_resume_count = 0;
  options.db_write_buffer_size = wanted.write_buffer_bytes;
  options.max_open_files = 256;
  options.max_background_jobs = 2;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.keep_log_file_num = 4;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.skip_stats_update_on_db_open = true;
  options.listeners.push_back(std::move(errors));

  options.write_buffer_size = wanted.write_buffer_bytes;
  options.arena_block_size = 64U << 10U;  // there are many tables, most of them small
  // A filter in memory, too, 64 KiB a table: most keys that are asked for are new ones.
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = 0.002;
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions blocks;
  // Few shards: none keeps a block that is larger than itself, and the filter of a million rows,
  // 2 MB, would be read again for every look-up.
  constexpr int kShardBits = 2;
  blocks.block_cache = rocksdb::NewLRUCache(wanted.cache_bytes, kShardBits);
  blocks.cache_index_and_filter_blocks = true;
  blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  return options;
}

Result<std::vector<std::string>> existing_tables(const rocksdb::Options& options,
                                                 const std::string& path,
                                                 const StoreFailures& failures) {
  const rocksdb::Status there = options.env->FileExists(path + "/CURRENT");
  if (there.IsNotFound()) return std::vector<std::string>{rocksdb::kDefaultColumnFamilyName};
  if (!there.ok()) return failures.of(there);
  std::vector<std::string> names;
  const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(options, path, &names);
  if (!listed.ok()) return failures.of(listed);
  return names;
}

class RocksCursor : public StoreCursor {
 public:
  RocksCursor(std::unique_ptr<rocksdb::Iterator> rows, const StoreFailures& failures)
      : rows_(std::move(rows)), failures_(failures) {}

  void seek(std::string_view key) override { rows_->Seek(slice(key)); }
  void seek_backward(std::string_view key) override { rows_->SeekForPrev(slice(key)); }
  void next() override { rows_->Next(); }
  void previous() override { rows_->Prev(); }
  [[nodiscard]] bool valid() const override { return rows_->Valid(); }
  [[nodiscard]] std::string_view key() const override { return view(rows_->key()); }
  [[nodiscard]] std::string_view value() const override { return view(rows_->value()); }
  [[nodiscard]] Result<void> status() const override { return failures_.check(rows_->status()); }

 private:
  std::unique_ptr<rocksdb::Iterator> rows_;
  const StoreFailures& failures_;  // the store's
};

}  // namespace

// Rows in the order of their tables and keys when they are written: RocksDB's memory is a skip list
// that remembers where the last row went, so that a neighbour costs a third of a row elsewhere.
struct StoreBatch::Rep {
  struct Row {
    rocksdb::ColumnFamilyHandle* family;
    std::size_t begin;
    std::size_t key_size;
    std::size_t value_size;
    bool erased;
  };
  struct Range {
    rocksdb::ColumnFamilyHandle* family;
    std::string begin;
    std::string end;
  };
  std::string bytes;  // of all rows: key, value
  std::vector<Row> rows;
  std::vector<Range> erased_ranges;

  void add(const Table& table, std::string_view key, std::string_view value, bool erased) {
    rows.push_back({table.family(), bytes.size(), key.size(), value.size(), erased});
    bytes.append(key).append(value);
  }
  [[nodiscard]] std::string_view key(const Row& row) const {
    return std::string_view(bytes).substr(row.begin, row.key_size);
  }
  [[nodiscard]] std::string_view value(const Row& row) const {
    return std::string_view(bytes).substr(row.begin + row.key_size, row.value_size);
  }

  // Adding to a batch fails only beyond its size limit, and it has none.
  rocksdb::WriteBatch sorted() {
    std::stable_sort(rows.begin(), rows.end(), [this](const Row& a, const Row& b) {
      if (a.family != b.family) return std::less<>()(a.family, b.family);
      return key(a) < key(b);
    });
    rocksdb::WriteBatch batch(bytes.size() + rows.size() * 16);
    for (const Range& range : erased_ranges) {
      batch.DeleteRange(range.family, range.begin, range.end).PermitUncheckedError();
    }
    for (const Row& row : rows) {
      const rocksdb::Status added = row.erased
                                        ? batch.Delete(row.family, slice(key(row)))
                                        : batch.Put(row.family, slice(key(row)), slice(value(row)));
      added.PermitUncheckedError();
    }
    return batch;
  }
};

StoreBatch::StoreBatch() : rep_(std::make_unique<Rep>()) {}
StoreBatch::~StoreBatch() = default;
StoreBatch::StoreBatch(StoreBatch&&) noexcept = default;
StoreBatch& StoreBatch::operator=(StoreBatch&&) noexcept = default;

void StoreBatch::put(const Table& table, std::string_view key, std::string_view value) {
  rep_->add(table, key, value, false);
}

void StoreBatch::erase(const Table& table, std::string_view key) {
  rep_->add(table, key, {}, true);
}

void StoreBatch::erase_range(const Table& table, std::string_view begin, std::string_view end) {
  rep_->erased_ranges.push_back({table.family(), std::string(begin), std::string(end)});
}

struct Store::Rep {
  explicit Rep(const StoreOptions& wanted) : logged(wanted.logged), failures(wanted.holds) {}

  const bool logged;
  const StoreFailures failures;
  std::shared_ptr<WriteErrors> errors = std::make_shared<WriteErrors>();
  rocksdb::ColumnFamilyOptions table_options;
  std::unique_ptr<rocksdb::DB> database;
  mutable std::mutex mutex;  // of the map; a table itself never changes
  std::map<std::string, std::unique_ptr<Table>, std::less<>> tables;

  ~Rep() {
    if (database) close_or_abandon(std::move(database), families(), *errors);
  }

  [[nodiscard]] std::vector<rocksdb::ColumnFamilyHandle*> families() const {
    const std::lock_guard lock(mutex);
    std::vector<rocksdb::ColumnFamilyHandle*> all;
    for (const auto& [name, table] : tables) all.push_back(table->family());
    return all;
  }

  [[nodiscard]] Result<void> accepts_writes() const {
    if (!errors->seen()) return {};
    return failures.of_before();
  }
};

Store::Store(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}

Store::~Store() { static_cast<void>(flush()); }

Result<std::unique_ptr<Store>> Store::open(const std::string& path, const StoreOptions& options) {
  auto rep = std::make_unique<Rep>(options);
  const rocksdb::Options settings = database_options(options, rep->errors);
  rep->table_options = rocksdb::ColumnFamilyOptions(settings);
  const auto names = existing_tables(settings, path, rep->failures);
  if (!names) return fail(names.error());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : *names) families.emplace_back(name, rep->table_options);

  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* database = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(settings, path, families, &handles, &database);
  if (!opened.ok()) return rep->failures.of(opened);
  rep->database.reset(database);
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    rep->tables.emplace(handle->GetName(), std::make_unique<Table>(handle));
  }
  return std::unique_ptr<Store>(new Store(std::move(rep)));
}

std::vector<std::string> Store::table_names() const {
  const std::lock_guard lock(rep_->mutex);
  std::vector<std::string> names;
  for (const auto& [name, table] : rep_->tables) {
    if (name != rocksdb::kDefaultColumnFamilyName) names.push_back(name);  // RocksDB's own, empty
  }
  return names;
}

Result<const Table*> Store::table(std::string_view name) {
  {
    const std::lock_guard lock(rep_->mutex);
    const auto found = rep_->tables.find(name);
    if (found != rep_->tables.end()) return found->second.get();
  }
  rocksdb::ColumnFamilyHandle* handle = nullptr;
  const rocksdb::Status made = rep_->errors->noted(
      rep_->database->CreateColumnFamily(rep_->table_options, std::string(name), &handle));
  if (!made.ok()) return rep_->failures.of(made);
  const std::lock_guard lock(rep_->mutex);
  return rep_->tables.emplace(name, std::make_unique<Table>(handle)).first->second.get();
}

Result<void> Store::open_tables(std::string_view label, Places tables) {
  for (const auto& [name, place] : tables) {
    const auto opened = table(std::string(label).append(".").append(name));
    if (!opened) return fail(opened.error());
    *place = *opened;
  }
  return {};
}

Result<void> Store::drop_table(std::string_view name) {
  std::unique_ptr<Table> table;
  {
    const std::lock_guard lock(rep_->mutex);
    const auto found = rep_->tables.find(name);
    if (found == rep_->tables.end()) return {};
    table = std::move(found->second);
    rep_->tables.erase(found);
  }
  const rocksdb::Status dropped =
      rep_->errors->noted(rep_->database->DropColumnFamily(table->family()));
  rep_->database->DestroyColumnFamilyHandle(table->family()).PermitUncheckedError();
  return rep_->failures.check(dropped);
}

Result<std::optional<std::string>> Store::get(const Table& table, std::string_view key) const {
  std::string value;
  const rocksdb::Status found =
      rep_->database->Get(rocksdb::ReadOptions(), table.family(), slice(key), &value);
  if (found.IsNotFound()) return std::optional<std::string>();
  if (!found.ok()) return rep_->failures.of(found);
  return std::optional<std::string>(std::move(value));
}

std::unique_ptr<StoreCursor> Store::cursor(const Table& table) const {
  return std::make_unique<RocksCursor>(
      std::unique_ptr<rocksdb::Iterator>(
          rep_->database->NewIterator(rocksdb::ReadOptions(), table.family())),
      rep_->failures);
}

Result<void> Store::write(StoreBatch batch) {
  if (auto able = rep_->accepts_writes(); !able) return able;
  rocksdb::WriteOptions options;
  // Always or never: one logged write would break the order of what survives.
  options.disableWAL = !rep_->logged;
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);  // else every comparison of keys is counted
  rocksdb::WriteBatch rows = batch.rep_->sorted();
  return rep_->failures.check(rep_->errors->noted(rep_->database->Write(options, &rows)));
}

Result<void> Store::flush() {
  if (auto able = rep_->accepts_writes(); !able) return able;
  if (rep_->logged) {  // a write that syncs brings all before it along; FlushWAL cannot everywhere
    rocksdb::WriteOptions synced;
    synced.sync = true;
    rocksdb::WriteBatch nothing;
    return rep_->failures.check(rep_->errors->noted(rep_->database->Write(synced, &nothing)));
  }
  return rep_->failures.check(
      rep_->errors->noted(rep_->database->Flush(rocksdb::FlushOptions(), rep_->families())));
}

tl::unexpected<Error> damaged_row(std::string_view whose) {
  return fail(ErrorCode::kCorrupt,
              "A row of " + std::string(whose) + " is damaged; it can be rebuilt.");
}

}  // namespace keyledger
