#include "events/log/memory_log.h"

#include <algorithm>
#include <utility>

namespace keyledger {

AppendOutcome MemoryLog::append(std::string_view frame, std::string_view side, std::uint64_t at,
                                std::size_t count) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Plan plan;
  if (auto found = plans_.extract(++appends_)) plan = std::move(found.mapped());
  if (plan.rival) {
    plan.rival->stored.first_position = end();
    plan.rival->end += end();
    store(std::move(*plan.rival));
  }
  if (at != end()) return holds(frame, at, count) ? AppendOutcome::kOk : AppendOutcome::kConflict;
  if (closed_with_) return *closed_with_;
  if (count == 0) return AppendOutcome::kUnavailable;  // a frame without events has no place

  Row row{{at, std::string(frame), std::string(side)}, at + count};
  switch (plan.outcome) {
    case AppendOutcome::kOk: store(std::move(row)); break;
    case AppendOutcome::kIndeterminate:
      if (after_doubt_ == AfterDoubt::kClose) {
        closed_with_ = plan.outcome;
        if (plan.stored) in_doubt_ = std::move(row);
      } else if (plan.stored) {
        store(std::move(row));
      }
      break;
    case AppendOutcome::kFull: closed_with_ = plan.outcome; break;
    case AppendOutcome::kConflict:
    case AppendOutcome::kUnavailable: break;
  }
  return plan.outcome;
}

Result<std::vector<StoredFrame>> MemoryLog::read(std::uint64_t from, std::size_t max_bytes) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<StoredFrame> found;
  std::size_t bytes = 0;
  for (auto row = holder(from); row != rows_.end(); ++row) {
    found.push_back(row->stored);
    bytes += row->stored.frame.size() + row->stored.side.size();
    if (bytes >= max_bytes) break;
  }
  return found;
}

std::uint64_t MemoryLog::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return end();
}

bool MemoryLog::wait_beyond(std::uint64_t position, std::chrono::milliseconds timeout) const {
  std::unique_lock<std::mutex> lock(mutex_);
  return grown_.wait_for(lock, timeout, [&] { return end() > position; });
}

Result<void> MemoryLog::rewrite_side(std::uint64_t first_position, std::string_view side) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto row = holder(first_position);
  if (row == rows_.end() || row->stored.first_position != first_position) {
    return fail(ErrorCode::kNotFound, "No frame begins at this position.");
  }
  if (closed_with_) return fail(ErrorCode::kUnavailable, "The log is closed for writes.");
  rows_[static_cast<std::size_t>(row - rows_.begin())].stored.side = side;
  return {};
}

bool MemoryLog::writable() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return !closed_with_;
}

void MemoryLog::inject(std::size_t nth, AppendOutcome outcome, bool stored) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Plan& plan = plans_[appends_ + nth];
  plan.outcome = outcome;
  plan.stored = stored;
}

void MemoryLog::preempt(std::size_t nth, StoredFrame rival, std::size_t count) {
  const std::lock_guard<std::mutex> lock(mutex_);
  plans_[appends_ + nth].rival = Row{std::move(rival), count};
}

void MemoryLog::reopen() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_with_.reset();
  if (in_doubt_) store(std::move(*in_doubt_));
  in_doubt_.reset();
}

std::vector<MemoryLog::Row>::const_iterator MemoryLog::holder(std::uint64_t position) const {
  return std::upper_bound(rows_.begin(), rows_.end(), position,
                          [](std::uint64_t wanted, const Row& row) { return wanted < row.end; });
}

bool MemoryLog::holds(std::string_view frame, std::uint64_t at, std::size_t count) const {
  const auto row = holder(at);
  return row != rows_.end() && row->stored.first_position == at && row->end - at == count &&
         row->stored.frame == frame;
}

void MemoryLog::store(Row row) {
  rows_.push_back(std::move(row));
  grown_.notify_all();
}

}  // namespace keyledger
