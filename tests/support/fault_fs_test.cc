// The tool is tested before it is trusted: on plain files, then under a bare RocksDB that is cut
// hundreds of times. KEYLEDGER_CUTS sets the number of cuts for the long form.
#include "tests/support/fault_fs.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/write_batch.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

namespace fs = std::filesystem;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Status;

std::uint64_t cuts() {
  const char* wanted = std::getenv("KEYLEDGER_CUTS");
  return wanted == nullptr ? 200 : std::strtoull(wanted, nullptr, 10);
}

std::string read(const fs::path& path) {
  std::string bytes;
  const Status status = rocksdb::ReadFileToString(rocksdb::Env::Default(), path.string(), &bytes);
  return status.ok() ? bytes : "(none)";
}

// Plain files through a FaultFs, as a program would handle them.
class Files {
 public:
  explicit Files(const fs::path& root, FaultFsOptions options = {})
      : root_(root), faults_(root.string(), options) {}

  FaultFs& faults() { return faults_; }
  rocksdb::FileSystem& system() { return *faults_.env()->GetFileSystem(); }
  std::string path(const std::string& name) const { return (root_ / name).string(); }

  IOStatus write(const std::string& name, const std::string& bytes, bool sync) {
    std::unique_ptr<rocksdb::FSWritableFile> file;
    IOStatus status = system().NewWritableFile(path(name), {}, &file, nullptr);
    if (status.ok()) status = file->Append(bytes, IOOptions(), nullptr);
    if (status.ok() && sync) status = file->Sync(IOOptions(), nullptr);
    if (status.ok()) status = file->Close(IOOptions(), nullptr);
    return status;
  }
  IOStatus rename(const std::string& from, const std::string& to) {
    return system().RenameFile(path(from), path(to), IOOptions(), nullptr);
  }
  IOStatus remove(const std::string& name) {
    return system().DeleteFile(path(name), IOOptions(), nullptr);
  }
  IOStatus make_directory(const std::string& name) {
    return system().CreateDir(path(name), IOOptions(), nullptr);
  }
  IOStatus sync_directory(const std::string& name = "") {
    std::unique_ptr<rocksdb::FSDirectory> directory;
    const IOStatus status = system().NewDirectory(path(name), IOOptions(), &directory, nullptr);
    return status.ok() ? directory->Fsync(IOOptions(), nullptr) : status;
  }

 private:
  const fs::path root_;
  FaultFs faults_;
};

// Everything below the root as one line: name=bytes, sorted.
std::string listing(const fs::path& root) {
  std::set<std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string name = fs::relative(entry.path(), root).string();
    lines.insert(entry.is_directory() ? name + "/" : name + "=" + read(entry.path()));
  }
  std::string text;
  for (const std::string& line : lines) text += line + " ";
  return text;
}

// The different states that a cut leaves after `steps`, over many seeds.
template <typename Steps>
std::set<std::string> outcomes(Steps steps, FaultFsOptions options = {}) {
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const TempDir directory;
    const fs::path root = directory.path() / "data";
    fs::create_directory(root);
    Files files(root, options);
    steps(files);
    files.faults().crash(seed);
    found.insert(listing(root));
  }
  return found;
}

using Outcomes = std::set<std::string>;

TEST(FaultFs, KeepsWhatWasSyncedWithItsName) {
  const auto steps = [](Files& files) {
    ASSERT_TRUE(files.write("a", "12", true).ok());
    ASSERT_TRUE(files.sync_directory().ok());
  };
  EXPECT_EQ(outcomes(steps), Outcomes({"a=12 "}));
}

TEST(FaultFs, ForgetsANameWhoseDirectoryWasNotSynced) {
  const auto steps = [](Files& files) { ASSERT_TRUE(files.write("a", "12", true).ok()); };
  EXPECT_EQ(outcomes(steps), Outcomes({"", "a=12 "}));
}

TEST(FaultFs, KeepsAnyPartOfAnUnsyncedTailAlthoughTheFileWasClosed) {
  const auto steps = [](Files& files) {
    ASSERT_TRUE(files.write("a", "12", false).ok());
    ASSERT_TRUE(files.sync_directory().ok());
  };
  EXPECT_EQ(outcomes(steps), Outcomes({"a= ", "a=1 ", "a=12 "}));
}

TEST(FaultFs, MakesNothingLastWithSyncOff) {
  const auto steps = [](Files& files) {
    ASSERT_TRUE(files.write("a", "1", true).ok());
    ASSERT_TRUE(files.sync_directory().ok());
  };
  EXPECT_EQ(outcomes(steps, {true, false}), Outcomes({"", "a= ", "a=1 "}));
}

TEST(FaultFs, UndoesARenameAsAWhole) {
  const auto steps = [](Files& files) {
    ASSERT_TRUE(files.write("current", "old", true).ok());
    ASSERT_TRUE(files.write("new", "new", true).ok());
    ASSERT_TRUE(files.sync_directory().ok());
    ASSERT_TRUE(files.rename("new", "current").ok());
  };
  EXPECT_EQ(outcomes(steps), Outcomes({"current=new ", "current=old new=new "}));
}

TEST(FaultFs, MayRenameBeforeTheBytesAreThere) {
  const auto steps = [](Files& files) {
    ASSERT_TRUE(files.write("current", "old", true).ok());
    ASSERT_TRUE(files.sync_directory().ok());
    ASSERT_TRUE(files.write("new", "n", false).ok());
    ASSERT_TRUE(files.rename("new", "current").ok());
    ASSERT_TRUE(files.sync_directory().ok());
  };
  EXPECT_EQ(outcomes(steps), Outcomes({"current= ", "current=n "}));
}

TEST(FaultFs, BringsBackADeletedOrOverwrittenFile) {
  const auto steps = [](Files& files) {
    ASSERT_TRUE(files.write("a", "1", true).ok());
    ASSERT_TRUE(files.write("b", "1", true).ok());
    ASSERT_TRUE(files.sync_directory().ok());
    ASSERT_TRUE(files.remove("a").ok());
    ASSERT_TRUE(files.write("b", "2", true).ok());
  };
  EXPECT_EQ(outcomes(steps), Outcomes({"a=1 b=1 ", "a=1 b=2 ", "b=1 ", "b=2 "}));
}

TEST(FaultFs, LosesADirectoryWithAllInItUntilItsParentIsSynced) {
  const auto fill = [](Files& files) {
    ASSERT_TRUE(files.make_directory("d").ok());
    ASSERT_TRUE(files.write("d/a", "1", true).ok());
    ASSERT_TRUE(files.sync_directory("d").ok());
  };
  EXPECT_EQ(outcomes(fill), Outcomes({"", "d/ d/a=1 "}));
  const auto fill_and_sync = [&fill](Files& files) {
    fill(files);
    ASSERT_TRUE(files.sync_directory().ok());
  };
  EXPECT_EQ(outcomes(fill_and_sync), Outcomes({"d/ d/a=1 "}));
}

TEST(FaultFs, DamagesOnlyTheUnsyncedTail) {
  std::set<std::size_t> lengths;
  std::size_t damaged = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const TempDir directory;
    Files files(directory.path() / "data", {false, true});
    fs::create_directory(directory.path() / "data");
    std::unique_ptr<rocksdb::FSWritableFile> file;
    ASSERT_TRUE(files.system().NewWritableFile(files.path("a"), {}, &file, nullptr).ok());
    ASSERT_TRUE(file->Append(std::string(5000, 's'), IOOptions(), nullptr).ok());
    ASSERT_TRUE(file->Sync(IOOptions(), nullptr).ok());
    ASSERT_TRUE(file->Append(std::string(20000, 'u'), IOOptions(), nullptr).ok());
    ASSERT_TRUE(files.sync_directory().ok());
    const CutReport report = files.faults().crash(seed);
    const std::string left = read(files.path("a"));
    ASSERT_EQ(left.substr(0, 5000), std::string(5000, 's')) << "seed " << seed;
    EXPECT_EQ(report.unsynced_bytes, 20000U);
    const bool holed = left.size() == 25000 && left.substr(5000) != std::string(20000, 'u');
    EXPECT_TRUE(!holed || report.bytes_lost > 0) << "seed " << seed;
    damaged += holed ? 1 : 0;
    lengths.insert(left.size());
  }
  EXPECT_GT(damaged, 10U);
  EXPECT_GT(lengths.size(), 10U);
}

TEST(FaultFs, LeavesTheSameAfterTheSameSeed) {
  const auto left_after = [](std::uint64_t seed) {
    const TempDir directory;
    Files files(directory.path(), {});
    for (int i = 0; i < 20; ++i) {
      EXPECT_TRUE(files.write(fmt::format("f{:02}", i), std::string(10, 'x'), i % 3 == 0).ok());
      EXPECT_TRUE(i % 7 != 0 || files.sync_directory().ok());
    }
    files.faults().crash(seed);
    return listing(directory.path());
  };
  EXPECT_EQ(left_after(5), left_after(5));
  EXPECT_NE(left_after(5), left_after(6));
}

TEST(FaultFs, FailsEveryCallAfterTheCut) {
  const TempDir directory;
  Files files(directory.path(), {});
  ASSERT_TRUE(files.write("a", "1", true).ok());
  std::unique_ptr<rocksdb::FSWritableFile> open_file;
  ASSERT_TRUE(files.system().NewWritableFile(files.path("b"), {}, &open_file, nullptr).ok());
  ASSERT_TRUE(files.sync_directory().ok());
  files.faults().crash(1);
  EXPECT_TRUE(open_file->Append("x", IOOptions(), nullptr).IsIOError());
  EXPECT_TRUE(open_file->Sync(IOOptions(), nullptr).IsIOError());
  EXPECT_TRUE(files.write("c", "1", true).IsIOError());
  EXPECT_TRUE(files.remove("a").IsIOError());
  EXPECT_TRUE(files.rename("a", "d").IsIOError());
  EXPECT_TRUE(files.sync_directory().IsIOError());
  std::unique_ptr<rocksdb::FSSequentialFile> reader;
  EXPECT_TRUE(files.system().NewSequentialFile(files.path("a"), {}, &reader, nullptr).IsIOError());
  open_file.reset();
  EXPECT_EQ(listing(directory.path()), "a=1 b= ");
}

TEST(FaultFs, ADeadMachineHoldsNoLocks) {
  const TempDir directory;
  Files files(directory.path());
  const auto lock = [&files](rocksdb::FileSystem& system) {
    rocksdb::FileLock* held = nullptr;
    const IOStatus status = system.LockFile(files.path("LOCK"), IOOptions(), &held, nullptr);
    return status.ok() ? held : nullptr;
  };
  rocksdb::FileSystem& real = *rocksdb::FileSystem::Default();
  rocksdb::FileLock* const before = lock(files.system());
  ASSERT_NE(before, nullptr);
  EXPECT_EQ(lock(real), nullptr);
  files.faults().crash(1);
  rocksdb::FileLock* const after = lock(real);
  ASSERT_NE(after, nullptr);
  EXPECT_EQ(lock(files.system()), nullptr);
  EXPECT_TRUE(files.system().UnlockFile(before, IOOptions(), nullptr).ok());
  EXPECT_EQ(lock(real), nullptr);  // the dead machine's late call did not take it from us
  EXPECT_TRUE(real.UnlockFile(after, IOOptions(), nullptr).ok());
}

TEST(FaultFs, FailsTheNthCountedCallAsPlanned) {
  const TempDir directory;
  Files files(directory.path(), {});
  const auto appends = [](FileCall call, std::string_view) { return call == FileCall::kAppend; };

  files.faults().arm({Fault::kShortWrite, 2, false, appends});
  EXPECT_TRUE(files.write("a", "1234", true).ok());
  EXPECT_FALSE(files.faults().fired());
  EXPECT_TRUE(files.write("b", "1234", true).IsNoSpace());
  EXPECT_TRUE(files.faults().fired());
  EXPECT_TRUE(files.write("c", "1234", true).ok());
  EXPECT_EQ(files.faults().calls(), 3U);

  files.faults().arm({Fault::kIoError, 1, true, appends});
  EXPECT_TRUE(files.write("d", "1234", true).IsIOError());
  EXPECT_TRUE(files.write("e", "1234", true).IsIOError());

  files.faults().arm({Fault::kNoSpace, 1, false, {}});
  EXPECT_TRUE(files.remove("a").IsNoSpace());
  EXPECT_EQ(listing(directory.path()), "a=1234 b=12 c=1234 d= e= ");
}

// A bare RocksDB with two column families, as the ledger has them: rows 0, 1, 2 … in both.
class Rows {
 public:
  ~Rows() { close(); }

  Status open(const std::string& path, rocksdb::Env* env) {
    rocksdb::Options options;
    options.env = env;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    options.max_bgerror_resume_count = 0;
    options.level0_file_num_compaction_trigger = 2;
    options.max_total_wal_size = 600U << 10U;
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    rocksdb::ColumnFamilyOptions events(options);
    events.write_buffer_size = 64U << 10U;  // small, to cut flushes and compactions too
    const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
        {rocksdb::kDefaultColumnFamilyName, {}}, {"events", events}, {"sides", {}}};
    Status status = rocksdb::DB::Open(options, path, families, &handles_, &db_);
    if (status.IsCorruption()) {  // a hole in the unsynced tail; see docs/durability.md
      refused_once_ = true;
      options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
      status = rocksdb::DB::Open(options, path, families, &handles_, &db_);
    }
    if (!status.ok()) return status;
    std::unique_ptr<rocksdb::Directory> parent;
    status = options.env->NewDirectory(fs::path(path).parent_path().string(), &parent);
    return status.ok() ? parent->Fsync() : status;
  }
  void close() {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) {
      EXPECT_TRUE(db_->DestroyColumnFamilyHandle(handle).ok());
    }
    handles_.clear();
    delete db_;
    db_ = nullptr;
  }

  Status append(std::uint64_t row, const std::string& value, bool sync) {
    rocksdb::WriteBatch batch;
    const std::string key = fmt::format("{:016x}", row);
    EXPECT_TRUE(batch.Put(handles_[1], key, value).ok());
    EXPECT_TRUE(batch.Put(handles_[2], key, value).ok());
    rocksdb::WriteOptions options;
    options.sync = sync;
    return db_->Write(options, &batch);
  }

  // How many rows there are. Fails the test unless they are dense and the same in both families,
  // but where the disk lied about its syncs: then nothing is promised of what is left.
  std::uint64_t size(bool synced = true) {
    std::uint64_t count = 0;
    const std::unique_ptr<rocksdb::Iterator> events(db_->NewIterator({}, handles_[1]));
    const std::unique_ptr<rocksdb::Iterator> sides(db_->NewIterator({}, handles_[2]));
    sides->SeekToFirst();
    for (events->SeekToFirst(); events->Valid(); events->Next()) {
      ++count;
      if (!synced) continue;
      EXPECT_EQ(events->key(), fmt::format("{:016x}", count - 1));
      EXPECT_TRUE(sides->Valid() && sides->key() == events->key());
      if (sides->Valid()) sides->Next();
    }
    EXPECT_TRUE(!synced || (events->status().ok() && sides->status().ok() && !sides->Valid()));
    return count;
  }
  bool refused_once() const { return refused_once_; }

 private:
  rocksdb::DB* db_ = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  bool refused_once_ = false;
};

std::string random_value(std::mt19937_64& random) {
  std::string value(50 + random() % 400, '\0');
  for (char& byte : value) byte = static_cast<char>(random());
  return value;
}

struct CutTotals {
  std::uint64_t rounds = 0;
  std::uint64_t acked = 0;
  std::uint64_t lost = 0;
  std::uint64_t point_in_time_opens = 0;  // opened only with the second recovery mode
  std::uint64_t unopened = 0;             // did not open at all
  std::uint64_t cut_while_writing = 0;
  CutReport cut;
};

// Writes until the power goes at a random call, again and again on what the cuts before left.
CutTotals cut_again_and_again(std::uint64_t rounds, FaultFsOptions options, std::uint64_t seed) {
  CutTotals totals;
  std::unique_ptr<TempDir> directory;
  std::uint64_t acked = 0;
  for (; totals.rounds < rounds; ++totals.rounds) {
    if (totals.rounds % 20 == 0 ||
        acked == 0) {  // afresh now and then: making a database is cut too
      directory = std::make_unique<TempDir>();
      acked = 0;
    }
    std::mt19937_64 random(seed + totals.rounds);
    FaultFs faults(directory->path().string(), options);
    if (acked == 0) faults.arm({Fault::kPowerCut, 1 + random() % 300, false, {}});
    {
      Rows rows;
      const Status opened = rows.open((directory->path() / "db").string(), faults.env());
      if (opened.ok()) {
        const std::uint64_t size = rows.size(!options.sync_off);
        totals.lost += acked > size ? acked - size : 0;
        totals.point_in_time_opens += rows.refused_once() ? 1U : 0U;
        if (acked != 0) faults.arm({Fault::kPowerCut, 1 + random() % 600, false, {}});
        acked = size;
        for (std::uint64_t left = 1 + random() % 400; left > 0; --left) {
          if (!rows.append(acked, random_value(random), true).ok()) break;
          ++acked;
          ++totals.acked;
        }
      } else if (!faults.fired()) {
        ++totals.unopened;
        acked = 0;
      }
      if (random() % 2 == 0) rows.close();  // the cut meets a closed database as well
      totals.cut_while_writing += faults.fired() ? 1U : 0U;
      const CutReport cut = faults.crash(random());
      totals.cut.bytes_lost += cut.bytes_lost;
      totals.cut.names_undone += cut.names_undone;
    }
  }
  return totals;
}

TEST(FaultFsUnderRocksDb, SyncedWritesSurviveEveryCut) {
  const CutTotals totals = cut_again_and_again(cuts(), {}, 1);
  EXPECT_EQ(totals.lost, 0U);
  EXPECT_EQ(totals.unopened, 0U);
  EXPECT_EQ(totals.point_in_time_opens, 0U);
  EXPECT_GT(totals.acked, 10 * totals.rounds);
  EXPECT_GT(totals.cut_while_writing, totals.rounds / 3);
  EXPECT_GT(totals.cut.bytes_lost, 0U);
  EXPECT_GT(totals.cut.names_undone, 0U);
}

// A hole in the tail of the manifest can keep the database from opening, which is rare and loud.
// What opens has everything.
TEST(FaultFsUnderRocksDb, SyncedWritesSurviveCutsThatLeaveHoles) {
  const CutTotals totals = cut_again_and_again(cuts(), {false, true}, 1'000'000);
  EXPECT_EQ(totals.lost, 0U);
  EXPECT_LE(totals.unopened, 1 + totals.rounds / 500);
  EXPECT_GT(totals.cut.bytes_lost, 0U);
  std::printf("%lu cuts, %lu opened by point-in-time recovery, %lu not at all\n", totals.rounds,
              totals.point_in_time_opens, totals.unopened);
}

TEST(FaultFsUnderRocksDb, AckedWritesAreLostWithSyncOff) {
  EXPECT_GT(cut_again_and_again(40, {true, false}, 2'000'000).lost, 0U);
}

TEST(FaultFsUnderRocksDb, CountsWalCallsTheSameInEachRun) {
  const auto count = [] {
    const TempDir directory;
    FaultFs faults(directory.path().string());
    std::mt19937_64 random(7);
    Rows rows;
    EXPECT_TRUE(rows.open((directory.path() / "db").string(), faults.env()).ok());
    faults.arm({Fault::kNone, 1, false, is_wal_call});
    for (std::uint64_t i = 0; i < 500; ++i) {
      EXPECT_TRUE(rows.append(i, random_value(random), true).ok());
    }
    rows.close();
    return faults.calls();
  };
  const std::uint64_t calls = count();
  EXPECT_GT(calls, 1000U);  // an append and a sync for each write
  EXPECT_EQ(calls, count());
}

// For n = 1, 2, 3 … the n-th call of opening and writing fails. A write says OK or it does not;
// what said OK is there after a clean restart, and at most the one write that failed first is there
// besides.
void fail_each_call(Fault fault, bool for_good) {
  for (std::uint64_t n = 1;; n += n < 60 ? 1 : 13) {
    SCOPED_TRACE(fmt::format("fault {} at call {}", static_cast<int>(fault), n));
    const TempDir directory;
    const std::string path = (directory.path() / "db").string();
    std::mt19937_64 random(n);
    std::uint64_t acked = 0;
    bool fired = false;
    {
      FaultFs faults(directory.path().string());
      faults.arm({fault, n, for_good, {}});
      Rows rows;
      if (rows.open(path, faults.env()).ok()) {
        while (acked < 300 && rows.append(acked, random_value(random), true).ok()) ++acked;
      }
      rows.close();
      fired = faults.fired();
    }
    if (!fired) {
      EXPECT_EQ(acked, 300U);
      EXPECT_GT(n, 600U);  // two calls for each write: all of them had their turn
      return;
    }
    FaultFs sound(directory.path().string());
    Rows rows;
    ASSERT_TRUE(rows.open(path, sound.env()).ok());
    const std::uint64_t size = rows.size();
    ASSERT_GE(size, acked);
    ASSERT_LE(size, acked + 1);
  }
}

TEST(FaultFsUnderRocksDb, AnIoErrorAtAnyCallGivesNoFalseAck) {
  fail_each_call(Fault::kIoError, false);
}

TEST(FaultFsUnderRocksDb, AFullDiskAtAnyCallGivesNoFalseAck) {
  fail_each_call(Fault::kNoSpace, true);
}

TEST(FaultFsUnderRocksDb, AShortWriteAtAnyCallGivesNoFalseAck) {
  fail_each_call(Fault::kShortWrite, false);
}

TEST(FaultFsUnderRocksDb, ServesTwoDatabasesUnderOneRoot) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const TempDir directory;
    const std::string synced = (directory.path() / "ledger").string();
    const std::string unsynced = (directory.path() / "derived").string();
    std::mt19937_64 random(seed);
    std::uint64_t acked = 0;
    {
      FaultFs faults(directory.path().string());
      Rows first;
      Rows second;
      ASSERT_TRUE(first.open(synced, faults.env()).ok());
      ASSERT_TRUE(second.open(unsynced, faults.env()).ok());
      faults.arm({Fault::kPowerCut, 20 + random() % 200, false, {}});
      while (first.append(acked, random_value(random), true).ok()) {
        ++acked;
        if (!second.append(acked - 1, random_value(random), false).ok()) break;
      }
      faults.crash(seed);
    }
    FaultFs sound(directory.path().string());
    Rows first;
    Rows second;
    ASSERT_TRUE(first.open(synced, sound.env()).ok());
    ASSERT_TRUE(second.open(unsynced, sound.env()).ok());
    EXPECT_GE(first.size(), acked) << "seed " << seed;
    EXPECT_LE(second.size(), first.size()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace keyledger
