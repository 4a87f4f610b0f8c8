// Whether data/derived may be a RocksDB without a write-ahead log: after a kill or a power cut at
// any call it must hold one prefix of what was written, the same in all column families. This is
// about RocksDB and its options alone; docs/durability.md draws the conclusion.
// KEYLEDGER_CUTS sets the number of rounds for the long form.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "events/log/rocksdb_options.h"
#include "tests/support/fault_fs.h"
#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

using rocksdb::Status;

enum class End : std::uint8_t { kKill, kPowerCut, kPowerCutWithHoles };

struct Probe {
  End end = End::kPowerCut;
  bool atomic_flush = true;
  bool avoid_flush_during_shutdown = false;
  bool shared_write_buffer = false;  // one limit for all families, as projections/store.cc has it
};

// Column families "a", "b" and "c" live for ever; "x<position>" are made and dropped on the way.
// The batch of position p puts a row for p, and p itself as the row "at", into each of them.
class Unlogged {
 public:
  explicit Unlogged(const Probe& probe) : probe_(probe) {}
  ~Unlogged() { close(); }
  Unlogged(const Unlogged&) = delete;
  Unlogged& operator=(const Unlogged&) = delete;

  Status open(const std::string& path, rocksdb::Env* env) {
    options_.env = env;
    options_.create_if_missing = true;
    options_.atomic_flush = probe_.atomic_flush;
    options_.avoid_flush_during_shutdown = probe_.avoid_flush_during_shutdown;
    options_.max_bgerror_resume_count = 0;
    options_.listeners = {errors_};
    if (probe_.shared_write_buffer) {
      options_.db_write_buffer_size = 512U << 10U;
      options_.arena_block_size = 4U << 10U;
    } else {
      options_.write_buffer_size = 48U << 10U;  // small: families fill up at different times
    }
    options_.level0_file_num_compaction_trigger = 3;
    std::vector<std::string> names;
    if (!rocksdb::DB::ListColumnFamilies(options_, path, &names).ok()) names = {"default"};
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names) families.emplace_back(name, options_);
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    Status status = rocksdb::DB::Open(options_, path, families, &handles, &db_);
    if (!status.ok()) return status;
    for (rocksdb::ColumnFamilyHandle* handle : handles) families_[handle->GetName()] = handle;
    for (const char* name : {"a", "b", "c"}) {
      if (status.ok() && families_.count(name) == 0) status = create(name);
    }
    // A lost directory would be the empty prefix, and hide what is asked here.
    std::unique_ptr<rocksdb::Directory> parent;
    const std::string above = std::filesystem::path(path).parent_path().string();
    if (status.ok()) status = env->NewDirectory(above, &parent);
    return status.ok() ? parent->Fsync() : status;
  }
  void close() {
    if (db_ == nullptr) return;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    for (const auto& [name, handle] : families_) handles.push_back(handle);
    families_.clear();
    if (!probe_.avoid_flush_during_shutdown) {
      static_cast<void>(errors_->noted(db_->Flush(rocksdb::FlushOptions(), handles)));
    }
    close_or_abandon(std::unique_ptr<rocksdb::DB>(std::exchange(db_, nullptr)), handles, *errors_);
  }

  // How many positions it holds. Fails the test, naming what, unless all families agree.
  std::optional<std::uint64_t> size() {
    const std::uint64_t size = size_of("a");
    for (const auto& [name, handle] : families_) {
      if (name == "default") continue;
      const std::uint64_t first = first_of(name);
      const std::uint64_t expected = size > first ? size : 0;
      if (size_of(name) != expected || !is_dense(name, first, size)) {
        problem_ = fmt::format("a ends at {}, {} at {}", size, name, size_of(name));
        return std::nullopt;
      }
    }
    return size;
  }
  const std::string& problem() const { return problem_; }

  // Writes up to `count` positions from `size` on, until something fails; answers how far it came.
  // Sets `flushed` to how much a waiting flush has confirmed.
  std::uint64_t write(std::uint64_t size, std::uint64_t count, std::mt19937_64& random,
                      std::uint64_t& flushed) {
    for (const std::uint64_t end = size + count; size < end; ++size) {
      if (random() % 150 == 0 && !create_or_drop(size).ok()) return size;
      rocksdb::WriteBatch batch;
      std::string value(50 + random() % 300, '\0');
      for (char& byte : value) byte = static_cast<char>(random());
      for (const auto& [name, handle] : families_) {
        if (name == "default" || first_of(name) > size) continue;
        EXPECT_TRUE(batch.Put(handle, key(size), name == "c" ? "small" : value).ok());
        EXPECT_TRUE(batch.Put(handle, "at", std::to_string(size)).ok());
      }
      rocksdb::WriteOptions unlogged;
      unlogged.disableWAL = true;
      if (!errors_->noted(db_->Write(unlogged, &batch)).ok()) return size;
      if (random() % 120 == 0 && !flush(random() % 2 == 0, size + 1, flushed)) return size + 1;
    }
    return size;
  }

 private:
  static std::string key(std::uint64_t position) { return fmt::format("{:016x}", position); }

  // The position at which the family was made.
  static std::uint64_t first_of(const std::string& name) {
    return name[0] == 'x' ? std::stoull(name.substr(1)) : 0;
  }
  std::uint64_t size_of(const std::string& name) {
    std::string at;
    const Status status = db_->Get({}, families_.at(name), "at", &at);
    EXPECT_TRUE(status.ok() || status.IsNotFound()) << status.ToString();
    return status.ok() ? std::stoull(at) + 1 : 0;
  }
  bool is_dense(const std::string& name, std::uint64_t first, std::uint64_t end) {
    const std::unique_ptr<rocksdb::Iterator> rows(db_->NewIterator({}, families_.at(name)));
    rows->SeekToFirst();
    for (std::uint64_t i = first; i < end; ++i, rows->Next()) {
      if (!rows->Valid() || rows->key() != key(i)) return false;
    }
    return !rows->Valid() || rows->key() == "at";
  }

  Status create(const std::string& name) {
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    const Status status = errors_->noted(db_->CreateColumnFamily(options_, name, &handle));
    if (status.ok()) families_[name] = handle;
    return status;
  }
  Status create_or_drop(std::uint64_t position) {
    const std::string made = fmt::format("x{}", position);
    if (families_.size() < 7) return families_.count(made) != 0 ? Status::OK() : create(made);
    const auto last = std::prev(families_.end());  // an "x"
    const Status status = errors_->noted(db_->DropColumnFamily(last->second));
    EXPECT_TRUE(db_->DestroyColumnFamilyHandle(last->second).ok());
    families_.erase(last);
    return status;
  }
  bool flush(bool wait, std::uint64_t size, std::uint64_t& flushed) {
    std::vector<rocksdb::ColumnFamilyHandle*> all;
    for (const auto& [name, handle] : families_) all.push_back(handle);
    rocksdb::FlushOptions options;
    options.wait = wait;
    options.allow_write_stall = true;
    const Status status = errors_->noted(db_->Flush(options, all));
    if (status.ok() && wait) flushed = size;
    return status.ok() || status.IsTryAgain();
  }

  const Probe probe_;
  const std::shared_ptr<WriteErrors> errors_ = std::make_shared<WriteErrors>();
  rocksdb::Options options_;
  rocksdb::DB* db_ = nullptr;
  std::map<std::string, rocksdb::ColumnFamilyHandle*> families_;
  std::string problem_;
};

struct Findings {
  std::uint64_t checked = 0;
  std::uint64_t refused = 0;       // did not open
  std::uint64_t inconsistent = 0;  // column families at different positions
  std::uint64_t flushed_lost = 0;  // positions that a waiting flush had confirmed
  std::uint64_t behind = 0;        // positions to be written again, all rounds together
};

Findings probe_rounds(const Probe& probe, std::uint64_t rounds, std::uint64_t seed) {
  Findings findings;
  std::unique_ptr<TempDir> directory;
  std::uint64_t written = 0;
  std::uint64_t flushed = 0;
  const auto start_afresh = [&] {
    directory = std::make_unique<TempDir>();
    written = flushed = 0;
  };
  for (std::uint64_t round = 0; round < rounds; ++round) {
    if (round % 12 == 0) start_afresh();
    std::mt19937_64 random(seed + round);
    FaultFs faults(directory->path().string(), {false, probe.end == End::kPowerCutWithHoles});
    const bool cut_opening = random() % 8 == 0;
    if (cut_opening) faults.arm({Fault::kPowerCut, 1 + random() % 80, false, {}});
    Unlogged rows(probe);
    const Status opened = rows.open((directory->path() / "derived").string(), faults.env());
    if (!opened.ok() && !faults.fired()) {
      ++findings.refused;
      start_afresh();
      continue;
    }
    if (opened.ok() && !faults.fired()) {
      const auto size = rows.size();
      ++findings.checked;
      if (!size || *size > written) {
        ++findings.inconsistent;
        start_afresh();
        continue;
      }
      findings.flushed_lost += *size < flushed ? flushed - *size : 0;
      findings.behind += written - *size;
      flushed = *size;
      faults.arm({Fault::kPowerCut, 1 + random() % 400, false, {}});
      written = rows.write(*size, 1 + random() % 1200, random, flushed);
    }
    if (random() % 2 == 0) {
      rows.close();
      if (!faults.fired() && !probe.avoid_flush_during_shutdown) flushed = written;
    }
    if (probe.end == End::kKill) {
      faults.arm({Fault::kPowerCut, 1, false, {}});
    } else {
      faults.crash(random());
    }
  }
  std::printf(
      "%lu rounds checked, %lu inconsistent, %lu refused, %lu positions behind on average\n",
      findings.checked, findings.inconsistent, findings.refused,
      findings.behind / std::max<std::uint64_t>(findings.checked, 1));
  return findings;
}

std::uint64_t rounds() {
  const char* wanted = std::getenv("KEYLEDGER_CUTS");
  return wanted == nullptr ? 60 : std::strtoull(wanted, nullptr, 10);
}

TEST(UnloggedRocksDb, IsAtOnePrefixAfterAKill) {
  const Findings findings = probe_rounds({End::kKill, true, false}, rounds(), 1);
  EXPECT_EQ(findings.inconsistent, 0U);
  EXPECT_EQ(findings.refused, 0U);
  EXPECT_EQ(findings.flushed_lost, 0U);
  EXPECT_GT(findings.behind, 0U);  // else the kills cost nothing, and show nothing
}

TEST(UnloggedRocksDb, IsAtOnePrefixAfterAPowerCut) {
  const Findings findings = probe_rounds({End::kPowerCut, true, false}, rounds(), 1'000'000);
  EXPECT_EQ(findings.inconsistent, 0U);
  EXPECT_EQ(findings.refused, 0U);
  EXPECT_EQ(findings.flushed_lost, 0U);
  EXPECT_GT(findings.behind, 0U);
}

TEST(UnloggedRocksDb, IsAtOnePrefixWithoutAFlushAtShutdownAndWithASharedBuffer) {
  const Findings findings = probe_rounds({End::kPowerCut, true, true, true}, rounds(), 2'000'000);
  EXPECT_EQ(findings.inconsistent, 0U);
  EXPECT_EQ(findings.refused, 0U);
  EXPECT_EQ(findings.flushed_lost, 0U);
}

// Noise in the manifest's tail can make it refuse to open (then it is rebuilt); never open wrong.
TEST(UnloggedRocksDb, IsAtOnePrefixOrRefusesAfterACutThatLeavesHoles) {
  const Findings findings =
      probe_rounds({End::kPowerCutWithHoles, true, false}, rounds(), 3'000'000);
  EXPECT_EQ(findings.inconsistent, 0U);
  EXPECT_EQ(findings.flushed_lost, 0U);
  EXPECT_LT(findings.refused, findings.checked / 10);
}

TEST(UnloggedRocksDb, NeedsAtomicFlush) {
  EXPECT_GT(probe_rounds({End::kPowerCut, false, false}, 40, 4'000'000).inconsistent, 0U);
}

}  // namespace
}  // namespace keyledger
