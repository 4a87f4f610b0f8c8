// Suspends the keys that nobody uses, in workspaces whose policy has `inactivity_days` (design
// api.md "Policy").
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/ledger.h"
#include "projections/all.h"

namespace keyledger {

// Thread safety: none; one thread calls it.
class Inactivity {
 public:
  static constexpr std::int64_t kEveryMs = 3'600'000;
  static constexpr std::size_t kKeysAtOnce = 10'000;
  static constexpr std::size_t kSuspensionsAtOnce = 100;

  // Both must outlive it. `now` by the wall clock, `uptime` by one that never jumps. No key counts
  // as unused since before Usage::usable_since(): after a crash, a jump of the clock, or a long
  // break in which nobody could use any, one may be suspended late, never early.
  Inactivity(Ledger& ledger, Projections& projections, Timestamp now,
             std::chrono::milliseconds uptime)
      : ledger_(ledger), projections_(projections), now_(now), uptime_(uptime) {}

  // Does one step of a round through all keys, so that its caller has time for other things; a
  // round begins every kEveryMs. Each suspension is an event by the system with the reason
  // "inactive", decided again when it is recorded. What fails is logged and tried in the next
  // round. False when the round is over and there is nothing more to do now.
  bool step(Timestamp now, std::chrono::milliseconds uptime);

 private:
  // Where a round is: the workspaces that it has yet to look at, the place in the last of them.
  struct Round {
    std::vector<WorkspaceId> workspaces;
    std::string place;
  };
  void mind_the_clock(Timestamp now, std::chrono::milliseconds uptime);
  [[nodiscard]] Round begin() const;
  void look_at(Round& round, Timestamp now);

  Ledger& ledger_;
  Projections& projections_;
  Timestamp now_;
  std::chrono::milliseconds uptime_;
  OptionalTime began_;
  std::optional<Round> round_;
};

}  // namespace keyledger
