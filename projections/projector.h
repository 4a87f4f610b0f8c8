// Feeds every projection with every frame, keeps their positions, catches them up at start and
// rebuilds one whose code version changed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/ledger.h"
#include "events/log/event_log.h"
#include "projections/projection.h"

namespace keyledger {

struct ProjectionStatus {
  std::string name;
  std::uint64_t position = 0;  // how many events its rows and memory reflect
  std::uint32_t version = 0;
};

// Thread safety: apply and catch_up from one thread at a time; the rest from any thread.
class Projector : public FrameSink {
 public:
  // Called now and then while catching up: events done, events in all.
  using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

  // `store`, `log` and the projections must outlive the projector.
  Projector(Store& store, const EventLog& log, const std::vector<Projection*>& projections);
  ~Projector() override;

  // Opens all, rebuilds those of another version beside the old rows, applies what is missing,
  // drops the old rows. After it every projection reflects log.size() events. kCorrupt names the
  // position; kCorrupt also if a projection is ahead of the log (the log lost its end).
  [[nodiscard]] Result<void> catch_up(const Progress& progress);

  // Memory first, then rows and positions in one write, then size() grows. On an error memory is
  // still up to date with this and every later frame; rows stay behind until the next start.
  [[nodiscard]] Result<void> apply(const CommittedFrame& frame) override;

  // How many events every query reflects.
  [[nodiscard]] std::uint64_t size() const;
  // Waits until size() > position or the time is over; says whether it is.
  [[nodiscard]] bool wait_beyond(std::uint64_t position, std::chrono::milliseconds timeout) const;
  [[nodiscard]] std::vector<ProjectionStatus> status() const;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
