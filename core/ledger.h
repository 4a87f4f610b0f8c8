// The ledger: the only path that appends. Many threads call execute(); one writer thread takes what
// waits, decides each in order, appends them as one frame with one fsync, and hands the frame to an
// applier thread, which feeds the projections and completes the answers. While a frame is applied
// the writer already decides the next one, on an overlay of events that are not applied yet.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/commands.h"
#include "core/decide.h"
#include "core/state_reader.h"
#include "events/committed_frame.h"
#include "events/log/event_log.h"
#include "events/result.h"

namespace keyledger {

// Takes each committed frame, in order, before its callers are answered. Called from one thread.
// An error does not undo the frame: its callers are answered as done and the writer stops. Frames
// that were committed by then are still handed in: what has failed must refuse them, what lives in
// memory must take them, so that an answered revocation holds.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  [[nodiscard]] virtual Result<void> apply(const CommittedFrame& frame) = 0;
};

// What an answered command did. `count` is 0 when everything was so already; `position` is then
// that of the newest event the answer reflects.
struct Receipt {
  std::uint64_t position = 0;  // of its own last event
  std::uint64_t first_position = 0;
  std::uint32_t count = 0;
  bool replayed = false;   // answered before: the events are those of the first call
  Timestamp time;          // recorded time of its events; else when it was decided
  std::optional<Key> key;  // as it is after the command, if it was about one; not when replayed
  std::optional<Member> member;                // likewise
  std::shared_ptr<const Workspace> workspace;  // likewise; else null
};

struct LedgerOptions {
  std::size_t max_waiting = 8192;    // calls; beyond it kOverloaded
  std::function<Timestamp()> clock;  // wall clock; recorded time never goes back
  std::chrono::milliseconds max_clock_lag{5000};
};

// Where the log ends when the ledger starts; the projections have applied all of it.
struct LedgerHead {
  LogId log_id;  // ignored while the log is empty: FoundLedger brings it
  std::uint64_t size = 0;
  Timestamp last_time;
};

class Ledger {
 public:
  // `log`, `state` and `sink` must outlive the ledger. Starts both threads.
  Ledger(EventLog& log, const StateReader& state, FrameSink& sink, const LedgerHead& head,
         const LedgerOptions& options);
  ~Ledger();  // stop()
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Blocks until the command's events are on disk and applied, or it is refused. Any thread.
  // Errors: those of decide(); kOverloaded (queue full), kUnavailable (not done: stopped, disk
  // full, a clock that is behind the last event), kOutcomeUnknown (an I/O error: may or may not be
  // stored).
  [[nodiscard]] Result<Receipt> execute(Submission submission);

  // The same for several that do not depend on each other, each decided and answered for itself, in
  // their order: together they take a few frames instead of one each. What was recorded stays, also
  // when others of them are refused.
  [[nodiscard]] std::vector<Result<Receipt>> execute_all(std::vector<Submission> submissions);

  // Finishes what waits, then refuses everything. Idempotent.
  void stop();

  // False for good after an I/O error or a failed projection write; reads and verifies may go on.
  [[nodiscard]] bool accepts_writes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace keyledger
