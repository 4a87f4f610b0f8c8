// The clockwork beside the ledger: once a second it records what fell due (expired keys, warnings
// before that, ended overlaps), suspends keys that nobody uses where a policy says so, and writes
// the watermark. Nothing waits for it: verify looks at the clock itself.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "core/ledger.h"
#include "projections/all.h"
#include "tools/inactivity.h"
#include "tools/timer_thread.h"

namespace keyledger {

class Housekeeper {
 public:
  // All must outlive it. Does a first round, then starts its thread, which does all others. It
  // stops when it goes, and writes nothing more.
  Housekeeper(Ledger& ledger, Projections& projections, std::string watermark_path,
              std::function<Timestamp()> clock);

 private:
  void tick();
  [[nodiscard]] std::chrono::milliseconds uptime() const;
  void write_watermark();
  void record_due();

  Ledger& ledger_;
  Projections& projections_;
  const std::string watermark_path_;
  const std::function<Timestamp()> clock_;
  const std::chrono::steady_clock::time_point started_;
  Inactivity inactivity_;
  std::uint64_t written_size_ = 0;
  std::optional<TimerThread> thread_;  // uses all of the above
};

// The watermark of what the projections reflect, which is durable in the log.
[[nodiscard]] Result<void> write_watermark_of(const Projections& projections,
                                              const std::string& path);

}  // namespace keyledger
