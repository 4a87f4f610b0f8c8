// The log on disk: a RocksDB database of its own, synced on every append.
//
// Rows (column family: key -> value; integers big-endian):
//   frames: u64 first position -> u32 count of events, u32 CRC-32C of key and count, the frame
//   sides:  u64 first position -> the side object
// Both rows of a frame are written in one batch, so neither is ever there without the other.
//
// What it trusts: nothing that is not dense. A frame counts only if it begins where the one before
// it ends and its side object lies beside it. Opening checks this over the tail, which is all that
// a crash or a damaged write-ahead log can have touched; every read checks it over what it reads.
// The frame's own bytes are checked by whoever decodes them (events/frame.h).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/log/event_log.h"
#include "events/result.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace keyledger {

class FrameRows;

struct RocksdbLogOptions {
  // Makes an empty log where there is none. The parent directory must exist; it is synced.
  bool create_if_missing = false;
  // Null: the real file system. Must outlive the log.
  rocksdb::Env* env = nullptr;
  // Appends answer kFull rather than leave less than this free on the disk, so that what memory
  // holds can still be flushed.
  std::uint64_t reserve_bytes = 64U << 20U;
};

// Memory: about 64 MiB of write buffers and cache at most, whatever the size of the log.
// Thread safety: as EventLog says.
class RocksdbLog final : public EventLog {
 public:
  // Opens with the lock of the directory held until the log dies. Reading alone needs the lock too
  // (opening replays the write-ahead log), so offline commands refuse a directory that is served.
  //
  // A write-ahead log that is damaged before its end is replayed up to the damage. What lies behind
  // it was acknowledged or not; only a watermark kept elsewhere can tell (watermark.h), so the
  // caller compares, always. The damaged file is kept in `path`/archive; it holds side objects,
  // so whoever erases personal data removes it.
  //
  // kNotFound: no log there and not asked to make one. kUnavailable: another process holds it.
  // kCorrupt, naming the position where there is one. kStorage.
  [[nodiscard]] static Result<std::unique_ptr<RocksdbLog>> open(const std::string& path,
                                                                const RocksdbLogOptions& options);
  ~RocksdbLog() override;
  RocksdbLog(const RocksdbLog&) = delete;
  RocksdbLog& operator=(const RocksdbLog&) = delete;

  // After kIndeterminate every append at the head answers kIndeterminate, after kFull kFull, after
  // a background error of RocksDB's kUnavailable.
  [[nodiscard]] AppendOutcome append(std::string_view frame, std::string_view side,
                                     std::uint64_t at, std::size_t count) override;
  [[nodiscard]] Result<std::vector<StoredFrame>> read(std::uint64_t from,
                                                      std::size_t max_bytes) const override;
  [[nodiscard]] std::uint64_t size() const override;
  bool wait_beyond(std::uint64_t position, std::chrono::milliseconds timeout) const override;
  // The old bytes leave the disk when RocksDB next compacts that part of `sides`.
  [[nodiscard]] Result<void> rewrite_side(std::uint64_t first_position,
                                          std::string_view side) override;
  [[nodiscard]] bool writable() const override;

  // Whether this open cut the log at a damaged place of the write-ahead log; size() is then the
  // first position that may be lost.
  [[nodiscard]] bool recovered_by_point_in_time() const;

 private:
  RocksdbLog(std::unique_ptr<FrameRows> rows, std::uint64_t size, std::uint64_t reserve_bytes);
  [[nodiscard]] AppendOutcome outcome_at_taken_place(std::string_view frame, std::uint64_t at,
                                                     std::uint32_t count);
  [[nodiscard]] bool disk_has_room_for(std::uint64_t bytes) const;
  [[nodiscard]] std::optional<AppendOutcome> closed_with() const;
  AppendOutcome close_with(AppendOutcome outcome);

  const std::unique_ptr<FrameRows> rows_;
  const std::uint64_t reserve_bytes_;

  mutable std::mutex mutex_;
  mutable std::condition_variable grown_;
  std::uint64_t size_;
  std::optional<AppendOutcome> closed_with_;
};

}  // namespace keyledger
