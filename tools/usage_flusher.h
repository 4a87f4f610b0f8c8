// Brings usage to disk every few seconds, digests it and ends what is too old, on a thread of its
// own: neither a verify nor the housekeeper waits for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "projections/usage.h"
#include "tools/usage_keeper.h"

namespace keyledger {

class UsageFlusher {
 public:
  // Starts its thread. All must outlive it.
  UsageFlusher(Ledger& ledger, Projections& projections, const EventLog& log,
               std::chrono::milliseconds every, std::function<Timestamp()> clock);
  ~UsageFlusher();  // stops; flushes nothing more

 private:
  void run();
  void flush();

  Usage& usage_;
  UsageKeeper keeper_;
  const std::chrono::milliseconds every_;
  const std::function<Timestamp()> clock_;
  bool failing_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace keyledger
