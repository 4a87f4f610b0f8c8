// Turns calls into one frame: decides each, gives its events their place, time, ids and versions,
// and encodes them. Part of the ledger's machinery; the writer thread owns it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/ledger_calls.h"
#include "core/overlay.h"

namespace keyledger {

class FrameBuilder {
 public:
  // What became of a call.
  enum class Step {
    kAnswered,   // its answer is set; its events, if any, are in the frame
    kNextFrame,  // its events do not fit in any more: add it to the next frame
  };

  explicit FrameBuilder(Overlay& overlay) : overlay_(overlay) {}

  // An empty frame for events from `first_position` on, all recorded at `now`. `log_id` is not
  // used at position 0, where the first event brings it.
  void begin(const LogId& log_id, std::uint64_t first_position, Timestamp now);

  // The overlay knows the events of the call afterwards, and a repeat of it.
  [[nodiscard]] Step add(PendingCall& pending);

  [[nodiscard]] bool empty() const { return committed_.events.empty(); }
  // The frame under a fresh frame id, ready to be appended. Needs begin() before the next add().
  [[nodiscard]] CommittedFrame take();

 private:
  // Random bytes, drawn from the system in bulk: a draw for each id would cost more than the rest.
  class RandomPool {
   public:
    template <std::size_t N>
    [[nodiscard]] std::array<std::uint8_t, N> take();

   private:
    std::array<std::uint8_t, 4096> bytes_{};
    std::size_t used_ = sizeof(bytes_);
  };
  // The events of one call, before it is known whether they fit.
  struct Draft {
    std::vector<RecordedEvent> events;
    std::vector<std::string> leaves;
    std::vector<EventSide> sides;
    std::size_t bytes = 0;
    void clear();
  };

  [[nodiscard]] std::uint64_t next_position() const { return committed_.frame.end_position(); }

  // The answer to a repeat; nothing if the call is new.
  [[nodiscard]] Result<std::optional<Receipt>> replay(const CallContext& call) const;
  [[nodiscard]] Step refuse(PendingCall& pending, const Error& error) const;
  [[nodiscard]] Result<void> check_founding(const Decision& decision) const;
  [[nodiscard]] Result<void> draft(const CallContext& call, Decision decision);
  [[nodiscard]] Result<RecordedEvent> stamp(const CallContext& call, NewEvent& made);
  void keep_draft(const CallContext& call);
  // The answer of a decided call: what it wrote, and its key and member as they are now.
  [[nodiscard]] Result<Receipt> receipt(const Command& command, std::uint64_t first,
                                        std::size_t count) const;

  Overlay& overlay_;
  RandomPool random_;
  Timestamp now_;
  CommittedFrame committed_;
  std::size_t bytes_ = 0;  // of the leaves
  Draft draft_;            // kept for its memory
};

}  // namespace keyledger
