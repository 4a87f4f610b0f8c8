// How this program runs RocksDB, whatever it stores: the choices that the ledger and the derived
// database share, and what RocksDB says on its own account (log lines, background errors). Each
// choice avoids a known way to lose data quietly; the measurements are in docs/durability.md.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "events/result.h"

namespace keyledger {

// Remembers that a database met an error while writing, flushing, compacting or changing its
// manifest. There is no way back but to end and reopen: resuming after such an error has lost data
// in RocksDB (a failed manifest write could delete the last good one until 9.5). RocksDB calls it
// from threads of its own. Thread-safe.
class WriteErrors : public rocksdb::EventListener {
 public:
  [[nodiscard]] bool seen() const { return seen_.load(std::memory_order_acquire); }

  // What a call of the owner's own answered: of those RocksDB does not tell a listener. Returns it.
  rocksdb::Status noted(rocksdb::Status status);

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
                                                 const std::shared_ptr<WriteErrors>& errors);

// Ends a database with all its handles. One that met a write error is not closed but abandoned: its
// background work is stopped, then it stays where it is in memory, with its open files and its
// LOCK, until the process ends. A failed flush or new log may leave a reference to a column family
// behind, and closing then fails an assertion of RocksDB's own (facebook/rocksdb#12176, still so in
// 9.10). Nothing is lost by it: after such an error nothing more is written anyway. Rows without a
// write-ahead log should be flushed before, or a failure to flush them goes unseen.
void close_or_abandon(std::unique_ptr<rocksdb::DB> database,
                      std::span<rocksdb::ColumnFamilyHandle* const> handles,
                      const WriteErrors& errors);

// Logs the status with all that RocksDB says, paths included, and gives the error to hand on,
// without them: kCorrupt or kStorage; kUnavailable if another process has the directory open.
// `doing` completes "… failed": "Opening the ledger".
[[nodiscard]] Error report(const rocksdb::Status& status, std::string_view doing);

}  // namespace keyledger
