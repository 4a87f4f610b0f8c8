#include "tools/start_checks.h"

#include <fmt/format.h>

#include "events/frame.h"
#include "events/proof/merkle.h"

namespace keyledger {

Result<void> check_size(const std::optional<Watermark>& watermark, std::uint64_t log_size) {
  if (!watermark) {
    if (log_size == 0) return {};
    return fail(ErrorCode::kCorrupt,
                "the watermark file is missing, so nothing tells whether the ledger lost its end");
  }
  if (log_size >= watermark->size) return {};
  return fail_corrupt(
      log_size,
      fmt::format("{} events were acknowledged and {} are there: position {} is the first "
                  "that is lost",
                  watermark->size, log_size, log_size));
}

Result<void> check_root(const std::optional<Watermark>& watermark, const Tree& tree) {
  if (!watermark) return {};
  const auto root = tree.root_at(watermark->size);
  if (!root) return fail(root.error());
  if (*root == watermark->root) return {};
  return fail(
      ErrorCode::kCorrupt,
      fmt::format("the tree of the first {} events has another root than the watermark: the "
                  "record was changed; `keyledger verify` names the position",
                  watermark->size));
}

Result<void> check_right_edge(const EventLog& log, const Tree& tree) {
  const std::uint64_t size = log.size();
  std::uint64_t position = size > 256 ? size - 256 : 0;
  while (position < size) {
    auto frames = log.read(position, 1U << 20U);
    if (!frames) return fail(frames.error());
    for (const StoredFrame& stored : *frames) {
      const auto frame = decode_frame(stored.frame);
      if (!frame) return fail(frame.error());
      for (; position < frame->end_position(); ++position) {
        const auto stored_hash = tree.leaf_hash_at(position);
        if (!stored_hash) return fail(stored_hash.error());
        const std::string& leaf = frame->leaves[position - frame->first_position];
        if (merkle::leaf_hash(leaf) != *stored_hash) {
          return fail_corrupt(position,
                              fmt::format("event {} is not the one that was recorded", position));
        }
      }
    }
  }
  return {};
}

}  // namespace keyledger
