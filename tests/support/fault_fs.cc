#include "tests/support/fault_fs.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/system_clock.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace keyledger {
namespace {

namespace fs = std::filesystem;
using rocksdb::FileOptions;
using rocksdb::FSDirectory;
using rocksdb::FSRandomAccessFile;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

std::string normal(const std::string& path) {
  std::string text = fs::path(path).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

IOStatus power_is_off() { return IOStatus::IOError("power is off"); }
IOStatus not_modelled() { return IOStatus::NotSupported("not modelled by FaultFs"); }

// RocksDB would open its info log past NewWritableFile, out of the model's sight.
class SilentLogger : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

class SleeplessClock : public rocksdb::SystemClockWrapper {
 public:
  using rocksdb::SystemClockWrapper::SystemClockWrapper;
  const char* Name() const override { return "SleeplessClock"; }
  // Not nothing at all: RocksDB also sleeps in loops that wait for another thread.
  void SleepForMicroseconds(int /*micros*/) override { ::usleep(1); }
};

class FaultEnv : public rocksdb::EnvWrapper {
 public:
  explicit FaultEnv(const std::shared_ptr<rocksdb::FileSystem>& file_system)
      : EnvWrapper(rocksdb::NewCompositeEnv(file_system)) {
    file_system_ = file_system;
    system_clock_ = std::make_shared<SleeplessClock>(rocksdb::SystemClock::Default());
  }
  const char* Name() const override { return "FaultEnv"; }
  void SleepForMicroseconds(int micros) override { system_clock_->SleepForMicroseconds(micros); }
};

}  // namespace

bool is_wal_call(FileCall call, std::string_view path) {
  const bool wal = path.size() > 4 && path.substr(path.size() - 4) == ".log";
  return wal && (call == FileCall::kCreate || call == FileCall::kAppend || call == FileCall::kSync);
}

// One lock is held through each call, the real one below included, so a call is wholly before a cut
// or wholly after.
class FaultFs::FileSystem : public rocksdb::FileSystemWrapper {
 public:
  FileSystem(const std::string& root, FaultFsOptions options)
      : FileSystemWrapper(rocksdb::FileSystem::Default()),
        root_(normal(root)),
        options_(options),
        disk_(root_ + ".stash") {}

  const char* Name() const override { return "FaultFs"; }

  void arm(FaultPlan plan) {
    const std::lock_guard<std::mutex> lock(mutex_);
    plan_ = std::move(plan);
    calls_ = 0;
    fired_ = off_;  // the plan before may just have cut the power, from another thread
  }
  std::uint64_t calls() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return calls_;
  }
  bool fired() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return fired_;
  }
  CutReport crash(std::uint64_t seed) {
    const std::lock_guard<std::mutex> lock(mutex_);
    power_off();
    return disk_.cut(seed, options_.damage_tails);
  }

  void let_go() {
    const std::lock_guard<std::mutex> lock(mutex_);
    power_off();
    open_.clear();
  }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* result,
                           IODebugContext* context) override;
  IOStatus ReopenWritableFile(const std::string& name, const FileOptions& options,
                              std::unique_ptr<FSWritableFile>* result,
                              IODebugContext* context) override;
  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<FSDirectory>* result, IODebugContext* context) override;
  IOStatus DeleteFile(const std::string& name, const IOOptions& options,
                      IODebugContext* context) override;
  IOStatus RenameFile(const std::string& source, const std::string& target,
                      const IOOptions& options, IODebugContext* context) override;
  IOStatus LinkFile(const std::string& source, const std::string& target, const IOOptions& options,
                    IODebugContext* context) override;
  IOStatus CreateDir(const std::string& name, const IOOptions& options,
                     IODebugContext* context) override;
  IOStatus CreateDirIfMissing(const std::string& name, const IOOptions& options,
                              IODebugContext* context) override {
    return fs::is_directory(name) ? IOStatus::OK() : CreateDir(name, options, context);
  }

  // Ways to change a file that the model does not follow are refused, so that nothing passes
  // unseen.
  IOStatus ReuseWritableFile(const std::string&, const std::string&, const FileOptions&,
                             std::unique_ptr<FSWritableFile>*, IODebugContext*) override {
    return not_modelled();
  }
  IOStatus NewRandomRWFile(const std::string&, const FileOptions&,
                           std::unique_ptr<rocksdb::FSRandomRWFile>*, IODebugContext*) override {
    return not_modelled();
  }
  IOStatus NewMemoryMappedFileBuffer(const std::string&,
                                     std::unique_ptr<rocksdb::MemoryMappedFileBuffer>*) override {
    return not_modelled();
  }
  IOStatus Truncate(const std::string&, size_t, const IOOptions&, IODebugContext*) override {
    return not_modelled();
  }

  IOStatus NewSequentialFile(const std::string& name, const FileOptions& options,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext* context) override {
    return is_off() ? power_is_off() : target_->NewSequentialFile(name, options, result, context);
  }
  IOStatus NewRandomAccessFile(const std::string& name, const FileOptions& options,
                               std::unique_ptr<FSRandomAccessFile>* result,
                               IODebugContext* context) override;
  IOStatus LockFile(const std::string& name, const IOOptions& options, rocksdb::FileLock** lock,
                    IODebugContext* context) override;
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions& options,
                      IODebugContext* context) override;
  IOStatus GetChildren(const std::string& name, const IOOptions& options,
                       std::vector<std::string>* result, IODebugContext* context) override {
    return is_off() ? power_is_off() : target_->GetChildren(name, options, result, context);
  }
  IOStatus NewLogger(const std::string& /*name*/, const IOOptions& /*options*/,
                     std::shared_ptr<rocksdb::Logger>* result,
                     IODebugContext* /*context*/) override {
    *result = std::make_shared<SilentLogger>();
    return IOStatus::OK();
  }

 private:
  class WritableFile;
  class RandomAccessFile;
  class Directory;

  bool is_off() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return off_;
  }

  bool tracked(const std::string& path) const {
    const std::string name = fs::path(path).filename().string();
    return path.rfind(root_ + "/", 0) == 0 && name.rfind("LOG", 0) != 0 && name != "LOCK";
  }

  // Counts the call and answers whether it may go on. Sets *first_half if the call is to do its
  // first half although it fails. Needs the lock.
  IOStatus admit(FileCall call, const std::string& path, bool* first_half = nullptr);

  // A dead machine holds no locks. Needs the lock.
  void power_off();

  // Real files belong to this object and not to the wrapper that RocksDB has of each: an abandoned
  // database never lets go of its wrappers. Need the lock; forget takes it.
  template <typename File>
  File* keep(const void* wrapper, std::unique_ptr<File> file) {
    File* const kept = file.get();
    open_[wrapper] = std::move(file);
    return kept;
  }
  void forget(const void* wrapper) {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_.erase(wrapper);
  }

  const std::string root_;
  const FaultFsOptions options_;

  mutable std::mutex mutex_;
  DiskModel disk_;
  FaultPlan plan_;
  std::uint64_t calls_ = 0;
  bool fired_ = false;
  bool off_ = false;
  std::map<const void*, std::shared_ptr<void>> open_;
  std::set<rocksdb::FileLock*> locks_;
};

// Files and directories point to the file system that made them; RocksDB closes them before it lets
// go of its Env.
class FaultFs::FileSystem::WritableFile : public rocksdb::FSWritableFileWrapper {
 public:
  WritableFile(std::unique_ptr<FSWritableFile> target, FileSystem* owner, std::string path,
               DiskModel::NodePtr node)
      : FSWritableFileWrapper(owner->keep(this, std::move(target))),
        owner_(owner),
        path_(std::move(path)),
        node_(std::move(node)) {}
  ~WritableFile() override { owner_->forget(this); }

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* context) override {
    const std::lock_guard<std::mutex> lock(owner_->mutex_);
    bool first_half = false;
    const IOStatus admitted = owner_->admit(FileCall::kAppend, path_, &first_half);
    if (!admitted.ok() && !first_half) return admitted;
    const Slice part(data.data(), first_half ? data.size() / 2 : data.size());
    const IOStatus done = FSWritableFileWrapper::Append(part, options, context);
    if (done.ok()) node_->written += part.size();
    return first_half ? admitted : done;
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* context) override {
    return Append(data, options, context);
  }
  IOStatus PositionedAppend(const Slice&, uint64_t, const IOOptions&, IODebugContext*) override {
    return not_modelled();
  }
  IOStatus PositionedAppend(const Slice&, uint64_t, const IOOptions&,
                            const rocksdb::DataVerificationInfo&, IODebugContext*) override {
    return not_modelled();
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* context) override {
    const std::lock_guard<std::mutex> lock(owner_->mutex_);
    IOStatus status = owner_->admit(FileCall::kTruncate, path_);
    if (status.ok()) status = FSWritableFileWrapper::Truncate(size, options, context);
    if (!status.ok()) return status;
    node_->written = size;
    node_->synced = std::min(node_->synced, size);
    return status;
  }
  IOStatus Sync(const IOOptions& /*options*/, IODebugContext* /*context*/) override {
    const std::lock_guard<std::mutex> lock(owner_->mutex_);
    const IOStatus status = owner_->admit(FileCall::kSync, path_);
    if (status.ok() && !owner_->options_.sync_off) node_->synced = node_->written;
    return status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
    return Sync(options, context);
  }
  IOStatus RangeSync(uint64_t, uint64_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus Close(const IOOptions& options, IODebugContext* context) override {
    const std::lock_guard<std::mutex> lock(owner_->mutex_);
    const IOStatus admitted = owner_->admit(FileCall::kClose, path_);
    const IOStatus closed = FSWritableFileWrapper::Close(options, context);
    return admitted.ok() ? closed : admitted;
  }
  // No preallocation: closing a preallocated file sets its length, which would undo a cut.
  void PrepareWrite(size_t, size_t, const IOOptions&, IODebugContext*) override {}
  IOStatus Allocate(uint64_t, uint64_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();
  }

 private:
  FileSystem* const owner_;
  const std::string path_;
  const DiskModel::NodePtr node_;
};

class FaultFs::FileSystem::RandomAccessFile : public rocksdb::FSRandomAccessFileWrapper {
 public:
  RandomAccessFile(std::unique_ptr<FSRandomAccessFile> target, FileSystem* owner)
      : FSRandomAccessFileWrapper(owner->keep(this, std::move(target))), owner_(owner) {}
  ~RandomAccessFile() override { owner_->forget(this); }

 private:
  FileSystem* const owner_;
};

class FaultFs::FileSystem::Directory : public rocksdb::FSDirectoryWrapper {
 public:
  Directory(std::unique_ptr<FSDirectory> target, FileSystem* owner, std::string path)
      : FSDirectoryWrapper(owner->keep(this, std::move(target))),
        owner_(owner),
        path_(std::move(path)) {}
  ~Directory() override { owner_->forget(this); }

  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*context*/) override {
    const std::lock_guard<std::mutex> lock(owner_->mutex_);
    const IOStatus status = owner_->admit(FileCall::kSyncDir, path_);
    if (status.ok() && !owner_->options_.sync_off) owner_->disk_.directory_synced(path_);
    return status;
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* context,
                               const rocksdb::DirFsyncOptions& /*reason*/) override {
    return Fsync(options, context);
  }

 private:
  FileSystem* const owner_;
  const std::string path_;
};

IOStatus FaultFs::FileSystem::admit(FileCall call, const std::string& path, bool* first_half) {
  if (off_) return power_is_off();
  if (plan_.counts && !plan_.counts(call, path)) return IOStatus::OK();
  ++calls_;
  const bool now = plan_.fault != Fault::kNone && calls_ == plan_.at;
  const bool later = fired_ && plan_.for_good;
  if (!now && !later) return IOStatus::OK();
  fired_ = true;
  const bool append = call == FileCall::kAppend;
  const bool cut = plan_.fault == Fault::kPowerCut;
  const bool short_write = plan_.fault == Fault::kShortWrite && append;
  if (first_half != nullptr) *first_half = append && (cut || short_write);
  if (cut) {
    power_off();
    return power_is_off();
  }
  if (plan_.fault == Fault::kNoSpace || short_write) return IOStatus::NoSpace("injected", path);
  return IOStatus::IOError("injected", path);
}

void FaultFs::FileSystem::power_off() {
  off_ = true;
  for (rocksdb::FileLock* lock : locks_) {
    target_->UnlockFile(lock, IOOptions(), nullptr).PermitUncheckedError();
  }
  locks_.clear();
}

IOStatus FaultFs::FileSystem::LockFile(const std::string& name, const IOOptions& options,
                                       rocksdb::FileLock** lock, IODebugContext* context) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (off_) return power_is_off();
  const IOStatus status = target_->LockFile(name, options, lock, context);
  if (status.ok()) locks_.insert(*lock);
  return status;
}

IOStatus FaultFs::FileSystem::UnlockFile(rocksdb::FileLock* lock, const IOOptions& options,
                                         IODebugContext* context) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (locks_.erase(lock) == 0) return IOStatus::OK();  // the power cut did it
  return target_->UnlockFile(lock, options, context);
}

IOStatus FaultFs::FileSystem::NewRandomAccessFile(const std::string& name,
                                                  const FileOptions& options,
                                                  std::unique_ptr<FSRandomAccessFile>* result,
                                                  IODebugContext* context) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (off_) return power_is_off();
  std::unique_ptr<FSRandomAccessFile> file;
  const IOStatus status = target_->NewRandomAccessFile(name, options, &file, context);
  if (status.ok()) *result = std::make_unique<RandomAccessFile>(std::move(file), this);
  return status;
}

IOStatus FaultFs::FileSystem::NewWritableFile(const std::string& name, const FileOptions& options,
                                              std::unique_ptr<FSWritableFile>* result,
                                              IODebugContext* context) {
  const std::string path = normal(name);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!tracked(path)) return target_->NewWritableFile(name, options, result, context);
  IOStatus status = admit(FileCall::kCreate, path);
  if (!status.ok()) return status;
  // Truncating an old file would take its bytes from under the stash: give the name a fresh file.
  disk_.keep_bytes(path);
  ::unlink(path.c_str());
  std::unique_ptr<FSWritableFile> file;
  status = target_->NewWritableFile(name, options, &file, context);
  if (!status.ok()) return status;
  *result = std::make_unique<WritableFile>(std::move(file), this, path, disk_.created(path));
  return status;
}

IOStatus FaultFs::FileSystem::ReopenWritableFile(const std::string& name,
                                                 const FileOptions& options,
                                                 std::unique_ptr<FSWritableFile>* result,
                                                 IODebugContext* context) {
  const std::string path = normal(name);
  if (!fs::exists(path)) return NewWritableFile(name, options, result, context);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!tracked(path)) return target_->ReopenWritableFile(name, options, result, context);
  if (off_) return power_is_off();
  const DiskModel::NodePtr node = disk_.find(path);
  std::unique_ptr<FSWritableFile> file;
  const IOStatus status = target_->ReopenWritableFile(name, options, &file, context);
  if (status.ok()) *result = std::make_unique<WritableFile>(std::move(file), this, path, node);
  return status;
}

IOStatus FaultFs::FileSystem::NewDirectory(const std::string& name, const IOOptions& options,
                                           std::unique_ptr<FSDirectory>* result,
                                           IODebugContext* context) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (off_) return power_is_off();
  std::unique_ptr<FSDirectory> directory;
  const IOStatus status = target_->NewDirectory(name, options, &directory, context);
  if (status.ok()) *result = std::make_unique<Directory>(std::move(directory), this, normal(name));
  return status;
}

IOStatus FaultFs::FileSystem::DeleteFile(const std::string& name, const IOOptions& options,
                                         IODebugContext* context) {
  const std::string path = normal(name);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!tracked(path)) return target_->DeleteFile(name, options, context);
  IOStatus status = admit(FileCall::kRemove, path);
  if (!status.ok()) return status;
  disk_.keep_bytes(path);
  status = target_->DeleteFile(name, options, context);
  if (status.ok()) disk_.removed(path);
  return status;
}

IOStatus FaultFs::FileSystem::RenameFile(const std::string& source, const std::string& target,
                                         const IOOptions& options, IODebugContext* context) {
  const std::string from = normal(source);
  const std::string to = normal(target);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!tracked(to)) return target_->RenameFile(source, target, options, context);
  IOStatus status = admit(FileCall::kRename, to);
  if (!status.ok()) return status;
  disk_.keep_bytes(from);
  disk_.keep_bytes(to);
  status = target_->RenameFile(source, target, options, context);
  if (status.ok()) disk_.renamed(from, to);
  return status;
}

IOStatus FaultFs::FileSystem::LinkFile(const std::string& source, const std::string& target,
                                       const IOOptions& options, IODebugContext* context) {
  const std::string to = normal(target);
  const std::lock_guard<std::mutex> lock(mutex_);
  IOStatus status = admit(FileCall::kLink, to);
  if (status.ok()) status = target_->LinkFile(source, target, options, context);
  if (status.ok()) disk_.linked(normal(source), to);
  return status;
}

IOStatus FaultFs::FileSystem::CreateDir(const std::string& name, const IOOptions& options,
                                        IODebugContext* context) {
  const std::string path = normal(name);
  const std::lock_guard<std::mutex> lock(mutex_);
  IOStatus status = admit(FileCall::kMakeDir, path);
  if (status.ok()) status = target_->CreateDir(name, options, context);
  if (status.ok() && tracked(path)) disk_.made_directory(path);
  return status;
}

FaultFs::FaultFs(const std::string& root, FaultFsOptions options)
    : file_system_(std::make_shared<FileSystem>(root, options)),
      env_(std::make_unique<FaultEnv>(file_system_)) {}

FaultFs::~FaultFs() { file_system_->let_go(); }

rocksdb::Env* FaultFs::env() { return env_.get(); }

void FaultFs::arm(FaultPlan plan) { file_system_->arm(std::move(plan)); }

std::uint64_t FaultFs::calls() const { return file_system_->calls(); }

bool FaultFs::fired() const { return file_system_->fired(); }

CutReport FaultFs::crash(std::uint64_t seed) { return file_system_->crash(seed); }

}  // namespace keyledger
