// Brings usage to disk every few seconds, and beside that digests it and ends what is too old: each
// on a thread of its own, so that neither a verify nor a flush nor the housekeeper waits.
#pragma once

#include <chrono>
#include <functional>

#include "projections/usage.h"
#include "tools/timer_thread.h"
#include "tools/usage_keeper.h"

namespace keyledger {

class UsageFlusher {
 public:
  // Starts its threads. All must outlive it; it stops when it goes, and flushes nothing more.
  UsageFlusher(Ledger& ledger, Projections& projections, std::chrono::milliseconds every,
               std::function<Timestamp()> clock);

 private:
  void flush();

  Usage& usage_;
  UsageKeeper keeper_;
  const std::function<Timestamp()> clock_;
  bool failing_ = false;
  TimerThread flushes_;  // these use all of the above
  TimerThread keeps_;
};

}  // namespace keyledger
