#include "events/log/rocksdb_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>

#include "tests/events/log/event_log_contract.h"
#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

namespace fs = std::filesystem;

Result<std::unique_ptr<RocksdbLog>> open_log(const fs::path& path, bool create = true) {
  return RocksdbLog::open(path, {.create_if_missing = create});
}

struct RocksdbUnderTest {
  TempDir dir;
  std::unique_ptr<RocksdbLog> open_one = opened();

  std::unique_ptr<RocksdbLog> opened() const {
    return std::move(open_log(dir.path() / "l").value());
  }
  EventLog& log() { return *open_one; }
  void reopen() {
    open_one.reset();
    open_one = opened();
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(RocksdbLog, EventLogContract, RocksdbUnderTest);

constexpr std::string_view kHeldElsewhere = "Another keyledger process holds this data directory.";

void expect_refused(const Result<std::unique_ptr<RocksdbLog>>& opened, ErrorCode code,
                    std::string_view part_of_detail, const fs::path& path) {
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, code) << opened.error().detail;
  EXPECT_NE(opened.error().detail.find(part_of_detail), std::string::npos) << opened.error().detail;
  EXPECT_EQ(opened.error().detail.find(path.string()), std::string::npos) << "a path leaked";
}

TEST(RocksdbLogOpen, ASecondOpenInTheSameProcessIsRefused) {
  const TempDir dir;
  const auto first = open_log(dir.path() / "l");
  ASSERT_TRUE(first.has_value());
  expect_refused(open_log(dir.path() / "l"), ErrorCode::kUnavailable, kHeldElsewhere, dir.path());
  EXPECT_EQ((*first)->append("frame", "side", 0, 1), AppendOutcome::kOk);
}

// The child takes the lock as RocksDB does (fcntl on LOCK). It only makes system calls, since
// threads of other tests may have held any lock of the process when it was forked.
TEST(RocksdbLogOpen, AnOpenWhileAnotherProcessHoldsTheLockIsRefused) {
  const TempDir dir;
  ASSERT_TRUE(open_log(dir.path() / "l").has_value());
  const std::string lock_path = dir.path() / "l" / "LOCK";
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    const int file = ::open(lock_path.c_str(), O_RDWR);
    const char answer = ::fcntl(file, F_SETLK, &lock) == 0 ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) == 1) ::pause();
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  expect_refused(open_log(dir.path() / "l"), ErrorCode::kUnavailable, kHeldElsewhere, dir.path());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(open_log(dir.path() / "l").has_value());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(RocksdbLogOpen, WhereThereIsNoLogNothingIsMadeUnasked) {
  const TempDir dir;
  expect_refused(open_log(dir.path(), false), ErrorCode::kNotFound, "no ledger", dir.path());
  expect_refused(open_log(dir.path() / "l", false), ErrorCode::kNotFound, "no ledger", dir.path());
  EXPECT_TRUE(fs::is_empty(dir.path()));
}

TEST(RocksdbLogOpen, AMissingParentIsAnError) {
  const TempDir dir;
  expect_refused(open_log(dir.path() / "a" / "b" / "l"), ErrorCode::kStorage, "Opening the ledger",
                 dir.path());
}

TEST(RocksdbLogOpen, ASlashAtTheEndIsTheSameDirectory) {
  const TempDir dir;
  ASSERT_TRUE(open_log(dir.path() / "l/").has_value());
  EXPECT_TRUE(open_log(dir.path() / "l", false).has_value());
}

TEST(RocksdbLogOpen, DataWithoutCurrentIsNotBuriedUnderANewLog) {
  const TempDir dir;
  const fs::path path = dir.path() / "l";
  ASSERT_EQ(open_log(path).value()->append("frame", "side", 0, 1), AppendOutcome::kOk);
  fs::rename(path / "CURRENT", dir.path() / "CURRENT");
  expect_refused(open_log(path), ErrorCode::kCorrupt, "CURRENT", dir.path());
  fs::rename(dir.path() / "CURRENT", path / "CURRENT");
  EXPECT_EQ(open_log(path).value()->size(), 1U);
}

TEST(RocksdbLogOpen, ADamagedManifestIsRefused) {
  const TempDir dir;
  const fs::path path = dir.path() / "l";
  ASSERT_EQ(open_log(path).value()->append("frame", "side", 0, 1), AppendOutcome::kOk);
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.path().filename().string().starts_with("MANIFEST")) {
      std::ofstream(entry.path(), std::ios::binary | std::ios::in).seekp(12).write("damage", 6);
    }
  }
  expect_refused(open_log(path), ErrorCode::kCorrupt, "Opening the ledger", dir.path());
}

TEST(RocksdbLogFullDisk, IsCertainlyNotStoredAndClosesForWritesAlone) {
  const TempDir dir;
  const fs::path path = dir.path() / "l";
  const ModelFrame stored{0, 3, "frame", "side"};
  ASSERT_EQ(append_to(*open_log(path).value(), stored), AppendOutcome::kOk);
  ModelLog model;
  model.frames().push_back(stored);
  {
    const auto full =
        RocksdbLog::open(path, {.reserve_bytes = std::numeric_limits<std::uint64_t>::max()});
    ASSERT_TRUE(full.has_value());
    EXPECT_TRUE((*full)->writable());
    EXPECT_EQ((*full)->append("next", "side", 3, 1), AppendOutcome::kFull);
    EXPECT_FALSE((*full)->writable());
    EXPECT_EQ((*full)->append("next", "side", 3, 1), AppendOutcome::kFull);
    EXPECT_EQ(append_to(**full, stored), AppendOutcome::kOk) << "a repeat needs no room";
    const auto rewritten = (*full)->rewrite_side(0, "other");
    ASSERT_FALSE(rewritten.has_value());
    EXPECT_EQ(rewritten.error().code, ErrorCode::kUnavailable);
    expect_equal(**full, model);
  }
  const auto log = open_log(path);
  expect_equal(**log, model);
  EXPECT_EQ((*log)->append("next", "side", 3, 1), AppendOutcome::kOk);
}

}  // namespace
}  // namespace keyledger
