// One projection: rows and memory computed from events, in position order. A projection never
// decides anything and never asks the clock; the same events give the same rows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "events/committed_frame.h"
#include "events/result.h"
#include "projections/store.h"

namespace keyledger {

// A projection names its tables "<label>.<table>", so that a new code version is built beside the
// old rows (projector.h). Thread safety: open, apply and load from the projector's thread; queries
// from any thread at any time.
class Projection {
 public:
  virtual ~Projection() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;
  // Raised whenever the rows would come out differently: the projection is then rebuilt at start.
  [[nodiscard]] virtual std::uint32_t version() const = 0;
  // "<name>.v<version>": what its tables and its position are found by.
  [[nodiscard]] std::string label() const;

  // Whether it keeps rows of its own. One that keeps none lives on another's: it is loaded last,
  // when these reflect the whole log, and apply() is never called.
  [[nodiscard]] virtual bool has_rows() const { return true; }

  // Opens its tables. Before everything else.
  [[nodiscard]] virtual Result<void> open(Store& store) = 0;
  // Loads what it keeps in memory from its rows, which reflect all events below `size`. After open,
  // before the first apply.
  [[nodiscard]] virtual Result<void> load(std::uint64_t size) = 0;
  // Brings memory up to date with one frame. First of all steps, cannot fail, holds at once for
  // every reader: after it no verify accepts what the frame revoked.
  virtual void apply_to_memory(const CommittedFrame& frame) { static_cast<void>(frame); }
  // Adds the frame's rows to the batch, which the projector writes together with the position.
  // Memory then stands just behind this frame, and the rows of all earlier frames are written.
  [[nodiscard]] virtual Result<void> apply(const CommittedFrame& frame, StoreBatch& batch) = 0;
};

}  // namespace keyledger
