// How this program runs RocksDB, whatever it stores: the choices that the ledger and the derived
// database share, and what RocksDB says on its own account (log lines, background errors). Each
// choice avoids a known way to lose data quietly; the measurements are in docs/durability.md.
#pragma once

#include <rocksdb/listener.h>
#include <rocksdb/options.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "events/result.h"

namespace keyledger {

// Remembers that RocksDB met an error while flushing, compacting or writing its manifest. There is
// no way back but to close and reopen: resuming after such an error has lost data in RocksDB
// (a failed manifest write could delete the last good one until 9.5). RocksDB calls it from threads
// of its own.
class BackgroundErrors : public rocksdb::EventListener {
 public:
  [[nodiscard]] bool seen() const { return seen_.load(std::memory_order_acquire); }

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error,
                            bool* auto_recovery) override;

 private:
  std::atomic<bool> seen_ = false;
};

// Paranoid checks, no recovery by itself, no WAL recycling, no direct or mapped I/O, log lines to
// spdlog, no statistics, a bounded number of open files. `env` null: the real file system. The
// caller adds what makes its database special.
[[nodiscard]] rocksdb::DBOptions careful_options(rocksdb::Env* env,
                                                 const std::shared_ptr<BackgroundErrors>& errors);

// Logs the status with all that RocksDB says, paths included, and gives the error to hand on,
// without them: kCorrupt or kStorage; kUnavailable if another process has the directory open.
// `doing` completes "… failed": "Opening the ledger".
[[nodiscard]] Error report(const rocksdb::Status& status, std::string_view doing);

}  // namespace keyledger
