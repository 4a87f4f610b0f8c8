// A file system under RocksDB that does not trust the order in which names reach the disk.
#pragma once

#include <memory>

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace keyledger {

// RocksDB makes a new MANIFEST, renames CURRENT onto its name, and only then syncs the directory.
// POSIX lets a power cut keep the rename and lose the MANIFEST; then the database does not open any
// more, with all that was acknowledged in it. Journaling file systems keep the order, but nothing
// has to rest on that: this environment syncs the directory before the rename as well. All else is
// `base`, which must outlive it; it must outlive the databases that are opened on it.
[[nodiscard]] std::unique_ptr<rocksdb::Env> env_with_ordered_names(rocksdb::Env* base);

}  // namespace keyledger
