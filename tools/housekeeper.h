// The clockwork beside the ledger: once a second it records what fell due (expired keys, warnings
// before that, ended overlaps), suspends keys that nobody uses where a policy says so, and writes
// the watermark. Nothing waits for it: verify looks at the clock itself.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "core/ledger.h"
#include "projections/all.h"
#include "tools/inactivity.h"

namespace keyledger {

class Housekeeper {
 public:
  // All must outlive it. Does a first round, then starts its thread, which does all others.
  Housekeeper(Ledger& ledger, const Projections& projections, std::string watermark_path,
              std::function<Timestamp()> clock);
  ~Housekeeper();  // stops; writes nothing more

 private:
  void run();
  void tick();
  [[nodiscard]] std::chrono::milliseconds uptime() const;
  void write_watermark();
  void record_due();

  Ledger& ledger_;
  const Projections& projections_;
  const std::string watermark_path_;
  const std::function<Timestamp()> clock_;
  const std::chrono::steady_clock::time_point started_;
  Inactivity inactivity_;
  std::uint64_t written_size_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

// The watermark of what the projections reflect, which is durable in the log.
[[nodiscard]] Result<void> write_watermark_of(const Projections& projections,
                                              const std::string& path);

}  // namespace keyledger
