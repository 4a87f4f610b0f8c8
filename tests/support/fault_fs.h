// A file system for tests that forgets what was not synced and fails when told to. RocksDB
// databases are opened on its env(); any number of them may live under its root at once (DIR/ledger
// and DIR/derived).
//
// What it models (after RocksDB's own FaultInjectionTestFS, which is not in the public headers, and
// SQLite's crash VFS):
//   - Bytes. Each file has bytes written and bytes synced; only its Sync and Fsync move the second
//     number, not Flush, Close or RangeSync (sync_file_range). A power cut keeps the synced bytes
//     and a random part of the rest.
//   - Names. That a file was created, renamed, linked or deleted, or a directory made, lasts once
//     the directory that holds the name was synced. A power cut undoes some of the other changes:
//     a random set of them or, as on a journaling file system, all after a random moment. A rename
//     is atomic: undone, the old name is back and so is what the new name held before.
// Sync never reaches the real disk: the process survives, so the page cache is enough. This is what
// makes thousands of cuts affordable.
//
// What it does not model: damage to bytes that were synced, disks that reorder or lie about a sync
// (sync_off is the extreme of that), direct I/O, memory-mapped writes, and random-access writes,
// which it refuses. RocksDB's info log (LOG*) and LOCK are neither tracked nor counted.
//
// Deterministic: what crash(seed) keeps, given the same state; the count of calls, when only one
// thread makes counted calls. RocksDB flushes, compacts and deletes files on threads of its own, so
// a count over all calls differs from run to run; a count over is_wal_call is the same each time
// for one writing thread.
//
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/disk_model.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace keyledger {

enum class FileCall : std::uint8_t {
  kCreate,
  kAppend,
  kSync,
  kTruncate,
  kClose,
  kRename,
  kRemove,
  kLink,
  kMakeDir,
  kSyncDir
};

// True for creating, appending to and syncing a write-ahead log (NNNNNN.log): the calls that the
// writing thread makes.
bool is_wal_call(FileCall call, std::string_view path);

enum class Fault : std::uint8_t {
  kNone,
  kIoError,  // EIO; nothing was done
  kNoSpace,  // ENOSPC; nothing was done
  // An append writes its first half and answers ENOSPC; any other call answers EIO.
  kShortWrite,
  // The call is the last one: an append writes its first half, and everything fails from then on.
  // Without crash() the directory then is what kill -9 would have left at this call.
  kPowerCut,
};

// Which call fails, and how.
struct FaultPlan {
  Fault fault = Fault::kNone;
  std::uint64_t at = 1;   // the counted call that fails, from 1
  bool for_good = false;  // every counted call after it fails too: the disk stays broken
  // Which calls count (and so may fail); all of them if empty. Called under the lock of the file
  // system: must not call back into it. A rename is shown with its target's path.
  std::function<bool(FileCall call, std::string_view path)> counts;
};

struct FaultFsOptions {
  // Sync, Fsync and the sync of a directory answer OK and make nothing last. A durability test that
  // still passes with this on proves nothing.
  bool sync_off = false;
  // A file's unsynced tail may also be kept at full length with one 4 KiB page of it zero or
  // garbage (data blocks that did not make it although the new length did). Otherwise tails are
  // only cut short, which is what ext4 and XFS leave of a file that is appended to.
  bool damage_tails = false;
};

class FaultFs {
 public:
  // Tracks everything below the directory `root`, an absolute path. What lies there already counts
  // as synced. Keeps files that were deleted but could come back in `root`.stash until crash() or
  // the end of its life.
  explicit FaultFs(const std::string& root, FaultFsOptions options = {});
  ~FaultFs();
  FaultFs(const FaultFs&) = delete;
  FaultFs& operator=(const FaultFs&) = delete;

  // The environment to put in rocksdb::Options::env; its GetFileSystem() is the faulty one, its
  // clock does not sleep (after a failed flush RocksDB would sleep a second). Owned by this object:
  // close every database opened on it, or abandon it (events/log/rocksdb_options.h), before this
  // object goes: its files are closed then. Use only inside `root`.
  rocksdb::Env* env();

  // Starts counting from zero and lets the plan's call fail. Replaces the plan before it; a plan
  // without a fault only counts.
  void arm(FaultPlan plan);

  // Counted calls since arm, or since construction.
  std::uint64_t calls() const;

  // Whether the plan's call was reached, or the power is off since an earlier one.
  bool fired() const;

  // Cuts the power: from now on every call on env() fails, and what lies below `root` becomes one
  // of the states that a power cut could have left. The locks of databases still open are gone, and
  // they cannot change anything any more: the directory may be opened again at once, through a new
  // FaultFs or none. Call it once.
  CutReport crash(std::uint64_t seed);

 private:
  class FileSystem;
  std::shared_ptr<FileSystem> file_system_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace keyledger
