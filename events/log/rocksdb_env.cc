#include "events/log/rocksdb_env.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <filesystem>
#include <string>
#include <utility>

namespace keyledger {
namespace {

class OrderedFileSystem : public rocksdb::FileSystemWrapper {
 public:
  using FileSystemWrapper::FileSystemWrapper;
  const char* Name() const override { return "OrderedFileSystem"; }

  rocksdb::IOStatus RenameFile(const std::string& source, const std::string& target,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override {
    const std::filesystem::path path(target);
    if (path.filename() == "CURRENT") {
      std::unique_ptr<rocksdb::FSDirectory> directory;
      auto status = NewDirectory(path.parent_path(), options, &directory, context);
      if (status.ok()) status = directory->Fsync(options, context);
      if (!status.ok()) return status;
    }
    return FileSystemWrapper::RenameFile(source, target, options, context);
  }
};

// RocksDB asks an Env for its file system and clock and uses it directly only for threads and
// locks.
class OrderedEnv : public rocksdb::EnvWrapper {
 public:
  explicit OrderedEnv(rocksdb::Env* base) : EnvWrapper(base) {
    file_system_ = std::make_shared<OrderedFileSystem>(base->GetFileSystem());
    system_clock_ = base->GetSystemClock();
  }
  const char* Name() const override { return "OrderedEnv"; }
};

}  // namespace

std::unique_ptr<rocksdb::Env> env_with_ordered_names(rocksdb::Env* base) {
  return std::make_unique<OrderedEnv>(base);
}

}  // namespace keyledger
