#include "events/log/rocksdb_options.h"

#include <fmt/format.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <spdlog/spdlog.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace keyledger {
namespace {

// RocksDB's own log, from warnings up. It names files and numbers, never stored bytes.
class SpdlogLogger : public rocksdb::Logger {
 public:
  SpdlogLogger() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

  using rocksdb::Logger::Logv;
  [[gnu::format(printf, 3, 0)]] void Logv(const rocksdb::InfoLogLevel level, const char* format,
                                          va_list arguments) override {
    if (level < rocksdb::InfoLogLevel::WARN_LEVEL || level >= rocksdb::InfoLogLevel::HEADER_LEVEL) {
      return;
    }
    std::array<char, 1024> line{};
    std::vsnprintf(line.data(), line.size(), format, arguments);
    const auto severity = level == rocksdb::InfoLogLevel::WARN_LEVEL    ? spdlog::level::warn
                          : level == rocksdb::InfoLogLevel::ERROR_LEVEL ? spdlog::level::err
                                                                        : spdlog::level::critical;
    std::string_view text = line.data();
    while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    spdlog::log(severity, "rocksdb: {}", text);
  }
  void LogHeader(const char* /*format*/, va_list /*arguments*/) override {}
};

// RocksDB has no code for it, only the text; the same in 7.8 and 9.10 (env/fs_posix.cc, LockFile).
bool is_held_elsewhere(const rocksdb::Status& status) {
  if (!status.IsIOError()) return false;
  const std::string text = status.ToString();
  return text.find("While lock file") != std::string::npos ||
         text.find("lock hold by current process") != std::string::npos;
}

// Reachable for ever, so that a leak checker sees that it is meant.
void abandon(std::unique_ptr<rocksdb::DB> database) {
  static std::mutex mutex;
  static auto* const abandoned = new std::vector<std::unique_ptr<rocksdb::DB>>();
  const std::lock_guard<std::mutex> lock(mutex);
  abandoned->push_back(std::move(database));
}

}  // namespace

rocksdb::Status WriteErrors::noted(rocksdb::Status status) {
  if (!status.ok()) seen_.store(true, std::memory_order_release);
  return status;
}

void WriteErrors::OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/,
                                    rocksdb::Status* error) {
  seen_.store(true, std::memory_order_release);
  spdlog::error("rocksdb: background error, no more writes until a restart: {}",
                error == nullptr ? std::string("unknown") : error->ToString());
}

void WriteErrors::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/,
                                       rocksdb::Status /*error*/, bool* auto_recovery) {
  if (auto_recovery != nullptr) *auto_recovery = false;
}

rocksdb::DBOptions careful_options(rocksdb::Env* env, const std::shared_ptr<WriteErrors>& errors) {
  rocksdb::DBOptions options;
  if (env != nullptr) options.env = env;
  options.listeners = {errors};
  options.info_log = std::make_shared<SpdlogLogger>();
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.paranoid_checks = true;
  options.max_bgerror_resume_count = 0;
  options.recycle_log_file_num = 0;  // a recycled WAL may replay stale records (fixed in 9.2)
  options.manual_wal_flush = false;
  options.enable_pipelined_write = false;
  options.unordered_write = false;
  options.allow_mmap_reads = false;
  options.allow_mmap_writes = false;
  options.use_direct_reads = false;
  options.use_direct_io_for_flush_and_compaction = false;
  // Knows only of closed WALs, and has called good databases bad ("Missing WAL", #10892). What it
  // would find, the density of positions and the watermark find too.
  options.track_and_verify_wals_in_manifest = false;
  options.max_open_files = 256;
  options.skip_stats_update_on_db_open = true;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

void close_or_abandon(std::unique_ptr<rocksdb::DB> database,
                      std::span<rocksdb::ColumnFamilyHandle* const> handles,
                      const WriteErrors& errors) {
  constexpr std::string_view kClosing = "Closing a database";
  rocksdb::CancelAllBackgroundWork(database.get(), true);
  // RocksDB asserts that handles die before their database.
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    const rocksdb::Status status = database->DestroyColumnFamilyHandle(handle);
    if (!status.ok()) static_cast<void>(report(status, kClosing));
  }
  if (errors.seen()) return abandon(std::move(database));
  const rocksdb::Status status = database->Close();
  if (!status.ok()) static_cast<void>(report(status, kClosing));
}

Error report(const rocksdb::Status& status, std::string_view doing) {
  if (is_held_elsewhere(status)) {
    return {
        ErrorCode::kUnavailable, "Another keyledger process holds this data directory.", {}, {}};
  }
  spdlog::error("{} failed: {}", doing, status.ToString());
  if (status.IsCorruption()) {
    return {
        ErrorCode::kCorrupt, fmt::format("{} failed: stored bytes are damaged.", doing), {}, {}};
  }
  const std::string_view cause = status.IsNoSpace() ? "the disk is full" : "an I/O error";
  return {ErrorCode::kStorage, fmt::format("{} failed: {}.", doing, cause), {}, {}};
}

}  // namespace keyledger
