// Single events out of the log, with the blobs beside them.
#pragma once

#include <cstdint>
#include <string>

#include "events/blobs.h"
#include "events/event.h"
#include "events/log/event_log.h"
#include "events/result.h"

namespace keyledger {

struct EventAt {
  RecordedEvent event;
  EventSide side;
  std::string leaf;  // the bytes that are hashed
};

// Reads by position and keeps the last frame it saw, since neighbours are often wanted together.
// Make one per request; not for use by two threads at once. The log must outlive it.
class EventReader {
 public:
  explicit EventReader(const EventLog& log) : log_(log) {}

  // kNotFound beyond the end; kCorrupt, naming the position, if the bytes are damaged.
  [[nodiscard]] Result<EventAt> at(std::uint64_t position);

 private:
  const EventLog& log_;
  StoredFrame frame_;  // empty: none read yet
};

}  // namespace keyledger
