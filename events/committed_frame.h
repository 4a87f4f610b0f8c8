// A frame that is in the log, decoded: what everything above the log is fed with.
#pragma once

#include <vector>

#include "events/event.h"
#include "events/frame.h"
#include "events/log/event_log.h"
#include "events/result.h"

namespace keyledger {

// The three vectors have the same length and order.
struct CommittedFrame {
  Frame frame;                        // leaves: the bytes that the tree hashes
  std::vector<RecordedEvent> events;  // the same, decoded
  Side side;
};

// kCorrupt, naming the position, if a checksum, a leaf or the density of positions is wrong, or if
// a blob does not open the commitment of its leaf.
[[nodiscard]] Result<CommittedFrame> decode_committed(const StoredFrame& stored);

}  // namespace keyledger
