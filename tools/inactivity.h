// Suspends the keys that nobody uses, in workspaces whose policy has `inactivity_days` (design
// api.md "Policy").
#pragma once

#include "core/ledger.h"
#include "projections/all.h"

namespace keyledger {

// Thread safety: none; one thread calls it.
class Inactivity {
 public:
  static constexpr std::int64_t kEveryMs = 3'600'000;
  static constexpr std::size_t kMaxAtOnce = 1000;  // keys of a workspace in one look

  // Both must outlive it. Uses before `started` are not known (they are counted in memory), so no
  // key counts as unused since before then: one may be suspended late, never early.
  Inactivity(Ledger& ledger, const Projections& projections, Timestamp started)
      : ledger_(ledger), projections_(projections), started_(started) {}

  // Looks through the keys if the last look is kEveryMs ago. Each suspension is an event by the
  // system with the reason "inactive". What fails is logged and tried again at the next look.
  void look(Timestamp now);

 private:
  void look_at(const Workspace& workspace, Timestamp now);

  Ledger& ledger_;
  const Projections& projections_;
  const Timestamp started_;
  OptionalTime looked_at_;
};

}  // namespace keyledger
