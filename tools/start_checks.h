// What a start, and `keyledger verify`, check before anything is trusted.
#pragma once

#include <optional>

#include "events/log/event_log.h"
#include "events/log/watermark.h"
#include "projections/tree.h"

namespace keyledger {

// kCorrupt, naming the first lost position, if the log holds less than was acknowledged.
[[nodiscard]] Result<void> check_size(const std::optional<Watermark>& watermark,
                                      std::uint64_t log_size);

// kCorrupt if the tree had another root at the watermark's size.
[[nodiscard]] Result<void> check_root(const std::optional<Watermark>& watermark, const Tree& tree);

// kCorrupt, naming the position, if one of the newest 256 leaves hashes to another value than the
// tree holds. The rest is `keyledger verify`'s work.
[[nodiscard]] Result<void> check_right_edge(const EventLog& log, const Tree& tree);

}  // namespace keyledger
