// A log in memory: the reference for what a log does, and the log that tests of the upper floors
// run on. It gives each of the five outcomes on demand. Nothing survives the object.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/log/event_log.h"

namespace keyledger {

// What the log does after an append whose outcome is in doubt.
enum class AfterDoubt : std::uint8_t {
  kClose,        // as on RocksDB: no more appends, and whether it was stored shows at reopen()
  kAllowRepeat,  // as on a shared log: the writer repeats the identical frame and learns the truth
};

// Thread safety: as EventLog says; inject, preempt and reopen from any thread at any time. All
// state is behind one mutex, so that ThreadSanitizer sees all of our own locking.
class MemoryLog final : public EventLog {
 public:
  explicit MemoryLog(AfterDoubt after_doubt = AfterDoubt::kClose) : after_doubt_(after_doubt) {}

  [[nodiscard]] AppendOutcome append(std::string_view frame, std::string_view side,
                                     std::uint64_t at, std::size_t count) override;
  [[nodiscard]] Result<std::vector<StoredFrame>> read(std::uint64_t from,
                                                      std::size_t max_bytes) const override;
  [[nodiscard]] std::uint64_t size() const override;
  bool wait_beyond(std::uint64_t position, std::chrono::milliseconds timeout) const override;
  [[nodiscard]] Result<void> rewrite_side(std::uint64_t first_position,
                                          std::string_view side) override;
  [[nodiscard]] bool writable() const override;

  // Makes the `nth` append from now (1: the next) end with `outcome`, if it would have stored its
  // frame. `stored` counts for kIndeterminate alone: whether the frame is there in truth.
  void inject(std::size_t nth, AppendOutcome outcome, bool stored = false);

  // Another writer stores `rival`, of `count` events, just before the `nth` append from now, at
  // whatever the head is then (its first_position is ignored). The append then finds a conflict.
  void preempt(std::size_t nth, StoredFrame rival, std::size_t count);

  // What a restart does: writable again, and a frame in doubt is there or not.
  void reopen();

 private:
  struct Row {
    StoredFrame stored;
    std::uint64_t end = 0;
  };
  struct Plan {
    AppendOutcome outcome = AppendOutcome::kOk;
    bool stored = false;
    std::optional<Row> rival;  // `end` is its count until it has a place
  };

  // All need the mutex.
  [[nodiscard]] std::uint64_t end() const { return rows_.empty() ? 0 : rows_.back().end; }
  [[nodiscard]] std::vector<Row>::const_iterator holder(std::uint64_t position) const;
  [[nodiscard]] bool holds(std::string_view frame, std::uint64_t at, std::size_t count) const;
  void store(Row row);

  const AfterDoubt after_doubt_;
  mutable std::mutex mutex_;
  mutable std::condition_variable grown_;
  std::vector<Row> rows_;
  std::uint64_t appends_ = 0;            // calls of append so far
  std::map<std::uint64_t, Plan> plans_;  // by the number of the call
  std::optional<AppendOutcome> closed_with_;
  std::optional<Row> in_doubt_;  // stored in truth, but shown only after reopen()
};

}  // namespace keyledger
