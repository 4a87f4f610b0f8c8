// Records what fell due by the clock alone (projections/schedule.h): keys that expired or soon
// will, overlaps that ended. Each is an event by the system.
#pragma once

#include <cstddef>
#include <functional>

#include "core/ledger.h"
#include "projections/schedule.h"

namespace keyledger {

inline constexpr std::size_t kDueAtOnce = 1000;

// At most kDueAtOnce; `before_each` is called before each, as every one costs an fsync. What fails
// is logged and due again the next time. Waits for the ledger.
void record_due_notices(Ledger& ledger, const Schedule& schedule, Timestamp now,
                        const std::function<void()>& before_each);

}  // namespace keyledger
