// The ledger's database as rows: how it is opened, how frames lie in it, what counts as damaged.
// Only rocksdb_log.cc uses it; what a failed write means is decided there.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/status.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/log/event_log.h"
#include "events/log/rocksdb_options.h"
#include "events/result.h"

namespace keyledger {

// Thread safety: as RocksDB's; all calls from any thread.
class FrameRows {
 public:
  // Tries the strict way of replaying the write-ahead log first and falls back to cutting it at the
  // damage (rocksdb_log.h). Errors as RocksdbLog::open.
  [[nodiscard]] static Result<std::unique_ptr<FrameRows>> open(const std::string& path,
                                                               bool create_if_missing,
                                                               rocksdb::Env* env);
  ~FrameRows();
  FrameRows(const FrameRows&) = delete;
  FrameRows& operator=(const FrameRows&) = delete;

  // Where the log ends, after a check that the tail is dense. kCorrupt or kStorage.
  [[nodiscard]] Result<std::uint64_t> checked_end() const;

  // As EventLog::read, for a log that ends at `end`.
  [[nodiscard]] Result<std::vector<StoredFrame>> read(std::uint64_t from, std::uint64_t end,
                                                      std::size_t max_bytes) const;

  // Both rows of one frame in one synced batch.
  [[nodiscard]] rocksdb::Status put(std::string_view frame, std::string_view side, std::uint64_t at,
                                    std::uint32_t count);
  [[nodiscard]] rocksdb::Status put_side(std::uint64_t first_position, std::string_view side);

  // Whether a frame begins at `position`; whether it is exactly this one.
  [[nodiscard]] Result<bool> begins(std::uint64_t position) const;
  [[nodiscard]] Result<bool> holds(std::uint64_t position, std::uint32_t count,
                                   std::string_view frame) const;

  // Nothing if the file system does not tell.
  [[nodiscard]] std::optional<std::uint64_t> free_bytes() const;
  [[nodiscard]] bool met_write_error() const { return errors_->seen(); }
  [[nodiscard]] bool recovered_by_point_in_time() const { return recovered_by_point_in_time_; }

 private:
  class Cursor;

  FrameRows() = default;
  [[nodiscard]] static Result<std::uint64_t> seek_holder(Cursor& cursor, std::uint64_t position);
  [[nodiscard]] rocksdb::Status open_and_replay(rocksdb::DBOptions options);
  [[nodiscard]] rocksdb::Status open_database(const rocksdb::DBOptions& options);
  void close_database();

  std::string path_;
  std::shared_ptr<WriteErrors> errors_ = std::make_shared<WriteErrors>();
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ColumnFamilyHandle* default_ = nullptr;
  rocksdb::ColumnFamilyHandle* frames_ = nullptr;
  rocksdb::ColumnFamilyHandle* sides_ = nullptr;
  bool recovered_by_point_in_time_ = false;
};

}  // namespace keyledger
