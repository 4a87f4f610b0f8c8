#include "events/log/rocksdb_frames.h"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/iterator.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "events/bytes.h"
#include "events/checksum.h"
#include "events/log/rocksdb_env.h"

namespace keyledger {
namespace {

using rocksdb::Slice;
using rocksdb::Status;

constexpr std::string_view kOpening = "Opening the ledger";

constexpr std::string_view kMissing = "its frame is missing";
constexpr std::string_view kNotDense = "positions are not dense";

constexpr std::uint64_t kMaxWalBytes = 32U << 20U;
// Only `frames` ever fills its buffer; `sides` is flushed when the write-ahead logs reach their
// limit. If one write fills two at once and the next log cannot be made, RocksDB leaks a reference
// (facebook/rocksdb#12176), and the database can only be abandoned.
constexpr std::size_t kFramesBufferBytes = 8U << 20U;
constexpr std::size_t kSidesBufferBytes = 2 * kMaxWalBytes;
// What opening checks: all that can have been in write-ahead logs, and as much again.
constexpr std::uint64_t kCheckedTailBytes = 2 * kMaxWalBytes;
constexpr std::size_t kCacheBytes = 8U << 20U;  // of each column family
constexpr std::uint64_t kForeverSeconds = std::uint64_t{100} * 365 * 24 * 3600;
constexpr std::size_t kKeySize = 8;
constexpr std::size_t kHeadSize = 4 + 4;

std::string position_key(std::uint64_t position) {
  std::string key;
  ByteWriter(key).u64(position);
  return key;
}

// What stands before the frame in its row.
std::string row_head(std::uint64_t first, std::uint32_t count) {
  std::string checked = position_key(first);
  ByteWriter(checked).u32(count);
  std::string head = checked.substr(kKeySize);
  ByteWriter(head).u32(crc32c(checked));
  return head;
}

// The view is valid until the cursor moves.
struct Row {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
  std::string_view frame;
};

// Nothing if the key or the head is not as put() writes them.
std::optional<Row> parse_row(std::string_view key, std::string_view value) {
  ByteReader key_reader(key);
  const std::uint64_t first = key_reader.u64();
  const std::uint32_t count = ByteReader(value).u32();
  if (!key_reader.finished() || count == 0) return std::nullopt;
  if (value.substr(0, kHeadSize) != row_head(first, count)) return std::nullopt;
  return Row{first, first + count, value.substr(kHeadSize)};
}

tl::unexpected<Error> damaged(std::uint64_t position, std::string_view what) {
  return fail_corrupt(position,
                      fmt::format("The ledger is damaged at position {}: {}.", position, what));
}

tl::unexpected<Error> cannot_read(const Status& status, std::uint64_t position) {
  Error error = report(status, fmt::format("Reading the ledger at position {}", position));
  if (error.code == ErrorCode::kCorrupt) error.position = position;
  return fail(std::move(error));
}

rocksdb::ColumnFamilyOptions family_options(std::size_t write_buffer_bytes) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kCacheBytes);
  table.cache_index_and_filter_blocks = true;  // else they grow with the log, outside the cache
  table.block_size = 4U << 10U;                // a damaged block takes few neighbours along
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.write_buffer_size = write_buffer_bytes;
  family.compression = rocksdb::kLZ4Compression;
  family.paranoid_file_checks = true;  // reads a new file back before the old bytes go
  return family;
}

// RocksDB, asked to create, makes an empty database wherever CURRENT is missing, and deletes files
// that the new database does not know. A real one gets CURRENT before its first data.
Result<void> prepare_directory(rocksdb::Env& env, const std::string& path, bool create) {
  const Status current = env.FileExists(path + "/CURRENT");
  if (current.ok()) return {};
  if (!current.IsNotFound()) return fail(report(current, kOpening));
  std::vector<std::string> names;
  const Status listed = env.GetChildren(path, &names);
  if (!listed.ok() && !listed.IsNotFound()) return fail(report(listed, kOpening));
  for (const std::string& name : names) {
    const std::filesystem::path extension = std::filesystem::path(name).extension();
    if (extension == ".sst" || extension == ".log") {
      return fail(ErrorCode::kCorrupt, "The ledger's CURRENT file is missing, its data is not.");
    }
  }
  if (!create) return fail(ErrorCode::kNotFound, "There is no ledger in this directory.");
  // RocksDB would make it too, but complains about a missing directory first.
  const Status made = env.CreateDirIfMissing(path);
  if (!made.ok()) return fail(report(made, kOpening));
  return {};
}

// RocksDB syncs its own directory, but not that directory's entry in its parent.
Status sync_parent(rocksdb::Env& env, const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path();
  std::unique_ptr<rocksdb::Directory> directory;
  const Status status = env.NewDirectory(parent.empty() ? "." : parent.string(), &directory);
  return status.ok() ? directory->Fsync() : status;
}

std::string without_trailing_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

// Walks both column families in step. Must die before the database.
class FrameRows::Cursor {
 public:
  explicit Cursor(const FrameRows& rows)
      : frames_(rows.db_->NewIterator({}, rows.frames_)),
        sides_(rows.db_->NewIterator({}, rows.sides_)) {}

  void seek_first() {
    frames_->SeekToFirst();
    sides_->SeekToFirst();
  }
  void seek_last() {
    frames_->SeekToLast();
    sides_->SeekToLast();
  }
  // To the frame that begins at `position` or, if none does, the last that begins before.
  void seek(std::uint64_t position) {
    const std::string key = position_key(position);
    frames_->SeekForPrev(key);
    sides_->SeekForPrev(key);
  }
  void next() {
    frames_->Next();
    if (sides_->Valid()) sides_->Next();
  }
  void previous() {
    frames_->Prev();
    if (sides_->Valid()) sides_->Prev();
  }

  // Whether no side lies at or beyond `position`. Call after seek_last().
  [[nodiscard]] bool no_side_from(std::uint64_t position) const {
    return !sides_->Valid() || sides_->key().compare(position_key(position)) < 0;
  }

  // The frame here, without its side; nothing if there is none. `position` is what an error names
  // if the frame cannot say its own.
  [[nodiscard]] Result<std::optional<Row>> frame(std::uint64_t position) const {
    if (!frames_->status().ok()) return cannot_read(frames_->status(), position);
    if (!frames_->Valid()) return std::nullopt;
    const std::string_view key = frames_->key().ToStringView();
    const auto row = parse_row(key, frames_->value().ToStringView());
    if (row) return row;
    if (key.size() == kKeySize) position = ByteReader(key).u64();
    return damaged(position, "the row of its frame is not readable");
  }

  // The side of the frame here. Ask for it once the frame is known to be in its place.
  [[nodiscard]] Result<std::string_view> side(const Row& row) const {
    if (!sides_->status().ok()) return cannot_read(sides_->status(), row.first);
    if (!sides_->Valid() || sides_->key() != frames_->key()) {
      return damaged(row.first, "frame and side object do not lie together");
    }
    return sides_->value().ToStringView();
  }

 private:
  std::unique_ptr<rocksdb::Iterator> frames_;
  std::unique_ptr<rocksdb::Iterator> sides_;
};

// Moves to the frame that holds `position` and says where it begins. Looks at the frame before it
// too, or one that was slipped in between others would pass.
Result<std::uint64_t> FrameRows::seek_holder(Cursor& cursor, std::uint64_t position) {
  cursor.seek(position);
  const auto row = cursor.frame(position);
  if (!row) return fail(row.error());
  const std::uint64_t first = *row ? (*row)->first : 0;
  const std::uint64_t end = *row ? (*row)->end : 0;
  if (first > 0) {
    cursor.previous();
    const auto before = cursor.frame(first);
    if (!before) return fail(before.error());
    const std::uint64_t end_before = *before ? (*before)->end : 0;
    if (end_before != first) return damaged(std::min(end_before, first), kNotDense);
    cursor.seek(first);
  }
  if (end <= position) return damaged(end, kMissing);
  return first;
}

Result<std::unique_ptr<FrameRows>> FrameRows::open(const std::string& path, bool create_if_missing,
                                                   rocksdb::Env* env) {
  std::unique_ptr<FrameRows> rows(new FrameRows);
  rows->path_ = without_trailing_slash(path);
  rows->env_ = env_with_ordered_names(env != nullptr ? env : rocksdb::Env::Default());
  rocksdb::DBOptions options = careful_options(rows->env_.get(), rows->errors_);
  options.create_if_missing = create_if_missing;
  options.create_missing_column_families = true;  // the power may go between the first two steps
  options.max_total_wal_size = kMaxWalBytes;
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  const auto prepared = prepare_directory(*options.env, rows->path_, create_if_missing);
  if (!prepared) return fail(prepared.error());
  Status status = rows->open_and_replay(options);
  if (status.ok() && create_if_missing) status = sync_parent(*options.env, rows->path_);
  if (!status.ok()) return fail(report(status, kOpening));
  return rows;
}

// RocksDB's default way of replaying stops at the first damage and says nothing. So first a way
// that refuses damage before the end of a write-ahead log; then, knowing of it, the default.
Status FrameRows::open_and_replay(rocksdb::DBOptions options) {
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  Status status = open_database(options);
  if (!status.IsCorruption()) return status;
  spdlog::warn("the ledger does not open, its write-ahead log may be damaged: {}",
               status.ToString());
  rocksdb::DBOptions cutting = options;
  cutting.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  cutting.WAL_ttl_seconds = kForeverSeconds;  // replayed logs are archived, not deleted
  status = open_database(cutting);
  if (!status.ok()) return status;
  recovered_by_point_in_time_ = true;
  close_database();
  return open_database(options);
}

FrameRows::~FrameRows() { close_database(); }

Status FrameRows::open_database(const rocksdb::DBOptions& options) {
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, {}},
      {"frames", family_options(kFramesBufferBytes)},
      {"sides", family_options(kSidesBufferBytes)}};
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const Status status = rocksdb::DB::Open(options, path_, families, &handles, &db);
  if (!status.ok()) return status;
  db_.reset(db);
  default_ = handles[0];
  frames_ = handles[1];
  sides_ = handles[2];
  return status;
}

void FrameRows::close_database() {
  if (!db_) return;
  // All that was answered is on disk already: a failure here loses nothing.
  close_or_abandon(std::move(db_), std::array{default_, frames_, sides_}, *errors_);
}

Result<std::uint64_t> FrameRows::checked_end() const {
  Cursor cursor(*this);
  cursor.seek_last();
  auto row = cursor.frame(0);
  if (!row) return fail(row.error());
  const std::uint64_t end = *row ? (*row)->end : 0;
  if (!cursor.no_side_from(end)) return damaged(end, kMissing);
  std::uint64_t expected_end = end;
  std::uint64_t bytes = 0;
  while (expected_end > 0 && bytes < kCheckedTailBytes) {
    const std::uint64_t found_end = *row ? (*row)->end : 0;
    if (found_end != expected_end) {
      return damaged(std::min(found_end, expected_end), kNotDense);
    }
    const auto side = cursor.side(**row);
    if (!side) return fail(side.error());
    bytes += (*row)->frame.size() + side->size();
    expected_end = (*row)->first;
    cursor.previous();
    row = cursor.frame(expected_end);
    if (!row) return fail(row.error());
  }
  if (expected_end > 0) {
    cursor.seek_first();
    row = cursor.frame(0);
    if (!row) return fail(row.error());
    if (!*row || (*row)->first != 0) return damaged(0, kMissing);
  }
  return end;
}

Result<std::vector<StoredFrame>> FrameRows::read(std::uint64_t from, std::uint64_t end,
                                                 std::size_t max_bytes) const {
  std::vector<StoredFrame> found;
  if (from >= end) return found;
  Cursor cursor(*this);
  const auto begin = seek_holder(cursor, from);
  if (!begin) return fail(begin.error());
  std::size_t bytes = 0;
  for (std::uint64_t next = *begin;;) {
    const auto row = cursor.frame(next);
    if (!row) return fail(row.error());
    if (!*row) return damaged(next, kMissing);
    if ((*row)->first != next) {
      return damaged(std::min((*row)->first, next), kNotDense);
    }
    const auto side = cursor.side(**row);
    if (!side) return fail(side.error());
    found.push_back({next, std::string((*row)->frame), std::string(*side)});
    bytes += (*row)->frame.size() + side->size();
    next = (*row)->end;
    if (next >= end || bytes >= max_bytes) return found;
    cursor.next();
  }
}

Status FrameRows::put(std::string_view frame, std::string_view side, std::uint64_t at,
                      std::uint32_t count) {
  constexpr std::size_t kProtectionBytes = 8;  // a checksum from here into the memtable
  const std::string key = position_key(at);
  const std::string head = row_head(at, count);
  const std::array<Slice, 2> parts = {Slice(head), Slice(frame.data(), frame.size())};
  const Slice key_slice(key);
  rocksdb::WriteBatch batch(frame.size() + side.size() + 128, 0, kProtectionBytes, 0);
  Status status = batch.Put(frames_, rocksdb::SliceParts(&key_slice, 1),
                            rocksdb::SliceParts(parts.data(), static_cast<int>(parts.size())));
  if (status.ok()) status = batch.Put(sides_, key_slice, Slice(side.data(), side.size()));
  rocksdb::WriteOptions options;
  options.sync = true;
  return status.ok() ? errors_->noted(db_->Write(options, &batch)) : status;
}

Status FrameRows::put_side(std::uint64_t first_position, std::string_view side) {
  rocksdb::WriteOptions options;
  options.sync = true;
  return errors_->noted(
      db_->Put(options, sides_, position_key(first_position), Slice(side.data(), side.size())));
}

Result<bool> FrameRows::begins(std::uint64_t position) const {
  rocksdb::PinnableSlice value;
  const Status status = db_->Get({}, frames_, position_key(position), &value);
  if (!status.ok() && !status.IsNotFound()) return cannot_read(status, position);
  return status.ok();
}

Result<bool> FrameRows::holds(std::uint64_t position, std::uint32_t count,
                              std::string_view frame) const {
  rocksdb::PinnableSlice value;
  const Status status = db_->Get({}, frames_, position_key(position), &value);
  if (!status.ok() && !status.IsNotFound()) return cannot_read(status, position);
  return status.ok() && value.size() == kHeadSize + frame.size() &&
         value.starts_with(row_head(position, count)) &&
         value.ToStringView().substr(kHeadSize) == frame;
}

std::optional<std::uint64_t> FrameRows::free_bytes() const {
  std::uint64_t bytes = 0;
  const Status status = db_->GetEnv()->GetFreeSpace(path_, &bytes);
  if (!status.ok()) return std::nullopt;
  return bytes;
}

}  // namespace keyledger
