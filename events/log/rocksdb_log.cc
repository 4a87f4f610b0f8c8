#include "events/log/rocksdb_log.h"

#include <limits>
#include <utility>

#include "events/log/rocksdb_frames.h"

namespace keyledger {

Result<std::unique_ptr<RocksdbLog>> RocksdbLog::open(const std::string& path,
                                                     const RocksdbLogOptions& options) {
  auto rows = FrameRows::open(path, options.create_if_missing, options.env);
  if (!rows) return fail(rows.error());
  const auto end = (*rows)->checked_end();
  if (!end) return fail(end.error());
  return std::unique_ptr<RocksdbLog>(new RocksdbLog(std::move(*rows), *end, options.reserve_bytes));
}

RocksdbLog::RocksdbLog(std::unique_ptr<FrameRows> rows, std::uint64_t size,
                       std::uint64_t reserve_bytes)
    : rows_(std::move(rows)), reserve_bytes_(reserve_bytes), size_(size) {}

RocksdbLog::~RocksdbLog() = default;

AppendOutcome RocksdbLog::append(std::string_view frame, std::string_view side, std::uint64_t at,
                                 std::size_t count) {
  if (count == 0 || count > std::numeric_limits<std::uint32_t>::max()) {
    return AppendOutcome::kUnavailable;
  }
  const auto count32 = static_cast<std::uint32_t>(count);
  if (at != size()) return outcome_at_taken_place(frame, at, count32);
  if (const auto outcome = closed_with()) return *outcome;
  if (!disk_has_room_for(frame.size() + side.size())) return close_with(AppendOutcome::kFull);

  const rocksdb::Status status = rows_->put(frame, side, at, count32);
  if (!status.ok()) {
    // Even a refused fsync or a full disk may have left the whole record behind, to be found by the
    // next open.
    static_cast<void>(report(status, "Appending to the ledger"));
    return close_with(AppendOutcome::kIndeterminate);
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    size_ = at + count;
  }
  grown_.notify_all();
  return AppendOutcome::kOk;
}

Result<std::vector<StoredFrame>> RocksdbLog::read(std::uint64_t from, std::size_t max_bytes) const {
  return rows_->read(from, size(), max_bytes);
}

std::uint64_t RocksdbLog::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return size_;
}

bool RocksdbLog::wait_beyond(std::uint64_t position, std::chrono::milliseconds timeout) const {
  std::unique_lock<std::mutex> lock(mutex_);
  return grown_.wait_for(lock, timeout, [&] { return size_ > position; });
}

Result<void> RocksdbLog::rewrite_side(std::uint64_t first_position, std::string_view side) {
  const auto held = first_position < size() ? rows_->begins(first_position) : Result<bool>(false);
  if (!held) return fail(held.error());
  if (!*held) return fail(ErrorCode::kNotFound, "No frame begins at this position.");
  if (closed_with()) return fail(ErrorCode::kUnavailable, "The log is closed for writes.");
  const rocksdb::Status status = rows_->put_side(first_position, side);
  if (status.ok()) return {};
  Error error = report(status, "Rewriting a side object");
  error.code = ErrorCode::kOutcomeUnknown;
  static_cast<void>(close_with(AppendOutcome::kUnavailable));
  return fail(std::move(error));
}

bool RocksdbLog::writable() const { return !closed_with(); }

bool RocksdbLog::recovered_by_point_in_time() const { return rows_->recovered_by_point_in_time(); }

// For an append at another place than the head: fine if it is a repeat of what lies there.
AppendOutcome RocksdbLog::outcome_at_taken_place(std::string_view frame, std::uint64_t at,
                                                 std::uint32_t count) {
  if (at > size()) return AppendOutcome::kConflict;
  const auto same = rows_->holds(at, count, frame);
  if (!same) return close_with(AppendOutcome::kIndeterminate);
  return *same ? AppendOutcome::kOk : AppendOutcome::kConflict;
}

bool RocksdbLog::disk_has_room_for(std::uint64_t bytes) const {
  const auto free = rows_->free_bytes();
  return !free || (*free >= bytes && *free - bytes >= reserve_bytes_);
}

std::optional<AppendOutcome> RocksdbLog::closed_with() const {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (closed_with_) return closed_with_;
  }
  if (rows_->met_write_error()) return AppendOutcome::kUnavailable;
  return std::nullopt;
}

AppendOutcome RocksdbLog::close_with(AppendOutcome outcome) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!closed_with_) closed_with_ = outcome;
  return outcome;
}

}  // namespace keyledger
