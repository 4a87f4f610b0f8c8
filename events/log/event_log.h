// The log: the one durable thing. Frames at dense positions, each with one side object beside it.
// Everything else in the data directory can be computed from it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/result.h"

namespace keyledger {

// How an append ended. Five answers from the first day: a shared log (a later issue) gives them
// all, and nothing above may assume a single writer process.
enum class AppendOutcome : std::uint8_t {
  kOk,             // on disk
  kConflict,       // somebody appended since `at`: catch up, decide again
  kIndeterminate,  // may be stored: repeat the identical frame; on RocksDB final until reopened
  kUnavailable,    // certainly not stored
  kFull,           // certainly not stored, and will not be until space is made
};

struct StoredFrame {
  std::uint64_t first_position = 0;
  std::string frame;  // as encode_frame made it
  std::string side;   // as encode_side made it, or with blobs erased since
};

// Thread safety: append and rewrite_side from one thread at a time; read, size and wait from any
// thread at any time. Every frame that read() returns is durable.
class EventLog {
 public:
  virtual ~EventLog() = default;

  // Stores frame and side as one, synced, if the log holds exactly `at` events. `count` is how many
  // events the frame has. On a repeat of a frame that is already there (same bytes, same place):
  // kOk.
  [[nodiscard]] virtual AppendOutcome append(std::string_view frame, std::string_view side,
                                             std::uint64_t at, std::size_t count) = 0;

  // Frames in order, beginning with the one that holds position `from`, until about `max_bytes` are
  // gathered (at least one frame). Empty at the end of the log. kCorrupt or kStorage.
  [[nodiscard]] virtual Result<std::vector<StoredFrame>> read(std::uint64_t from,
                                                              std::size_t max_bytes) const = 0;

  // How many events are stored and durable.
  [[nodiscard]] virtual std::uint64_t size() const = 0;

  // Waits until size() > position or the time is over; says whether it is.
  virtual bool wait_beyond(std::uint64_t position, std::chrono::milliseconds timeout) const = 0;

  // Replaces the side object of the frame that begins at `first_position` (erasure). kNotFound if
  // no frame begins there.
  [[nodiscard]] virtual Result<void> rewrite_side(std::uint64_t first_position,
                                                  std::string_view side) = 0;

  // Whether appends can succeed. False for good after kIndeterminate or kFull, until reopened.
  [[nodiscard]] virtual bool writable() const = 0;
};

}  // namespace keyledger
