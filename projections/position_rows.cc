#include "projections/position_rows.h"

#include <algorithm>
#include <utility>

#include "events/bytes.h"

namespace keyledger {
namespace {

std::string row_key(std::string prefix, std::uint64_t position) {
  ByteWriter(prefix).u64(position);
  return prefix;
}

}  // namespace

void PositionRows::put(StoreBatch& batch, const Table& table) const {
  std::string further;
  for (const auto& [prefix, run] : runs_) {
    further.clear();
    ByteWriter out(further);
    for (std::size_t i = 1; i < run.size(); ++i) out.varint(run[i] - run[i - 1]);
    batch.put(table, row_key(prefix, run.front()), further);
  }
}

PositionWalk::PositionWalk(std::unique_ptr<StoreCursor> rows, std::string prefix, bool descending,
                           std::uint64_t start)
    : rows_(std::move(rows)), prefix_(std::move(prefix)), descending_(descending) {
  const std::string key = row_key(prefix_, start);
  rows_->seek_backward(key);  // the row that `start` would be in
  take_row();
  const auto out_of_range = [&](std::uint64_t position) {
    return descending_ ? position > start : position < start;
  };
  while (!run_.empty() && out_of_range(run_.back())) run_.pop_back();
  if (!run_.empty() || descending_ || damaged_) return;
  rows_->seek(key);
  take_row();
}

Result<std::optional<std::uint64_t>> PositionWalk::position() const {
  if (damaged_) return fail(ErrorCode::kCorrupt, "A row of positions is damaged.");
  if (!run_.empty()) return std::optional(run_.back());
  if (auto walked = rows_->status(); !walked) return fail(walked.error());
  return std::optional<std::uint64_t>();
}

void PositionWalk::pass() {
  run_.pop_back();
  if (!run_.empty()) return;
  descending_ ? rows_->previous() : rows_->next();
  take_row();
}

void PositionWalk::take_row() {
  if (!rows_->valid() || !rows_->key().starts_with(prefix_)) return;
  ByteReader first(rows_->key().substr(prefix_.size()));
  ByteReader further(rows_->value());
  run_.push_back(first.u64());
  while (further.left() > 0) {
    const std::uint64_t distance = further.varint();
    further.require(distance != 0);
    run_.push_back(run_.back() + distance);
  }
  damaged_ = !first.finished() || !further.finished();
  if (!descending_) std::reverse(run_.begin(), run_.end());
}

}  // namespace keyledger
