// File-system calls that fail and power that goes: what was answered ok is there afterwards, what
// was answered indeterminate is there wholly or not at all, and the next open works.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "events/log/rocksdb_log.h"
#include "tests/events/log/model_log.h"
#include "tests/support/fault_fs.h"
#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

namespace fs = std::filesystem;

// What a writer knows of a log that may fail at any moment.
struct Witness {
  ModelLog acked;
  std::optional<ModelFrame> doubtful;
  std::mt19937_64 random{1};

  // Appends `frames` frames or until one is not answered ok; says whether all were.
  bool append(RocksdbLog& log, int frames) {
    for (int i = 0; i < frames; ++i) {
      const ModelFrame frame = random_frame(random, acked.size());
      const AppendOutcome outcome = append_to(log, frame);
      if (outcome == AppendOutcome::kOk) {
        acked.frames().push_back(frame);
        continue;
      }
      if (outcome == AppendOutcome::kIndeterminate) doubtful = frame;
      EXPECT_TRUE(outcome == AppendOutcome::kIndeterminate ||
                  outcome == AppendOutcome::kUnavailable);
      EXPECT_FALSE(log.writable());
      EXPECT_EQ(append_to(log, frame), outcome) << "closed for good, and the answer stays";
      EXPECT_EQ(log.size(), acked.size()) << "nobody sees what is in doubt";
      return false;
    }
    return true;
  }

  // Takes the doubtful frame for stored if the log, just opened, has it.
  void learn(const RocksdbLog& log) {
    if (doubtful && log.size() == doubtful->end()) acked.frames().push_back(*doubtful);
    doubtful.reset();
  }

  // Whether the log has exactly what it should; does not end the test if not.
  [[nodiscard]] bool agrees(const RocksdbLog& log) const {
    const auto found = log.read(0, std::size_t{1} << 40U);
    if (!found || log.size() != acked.size() || found->size() != acked.frames().size()) {
      return false;
    }
    for (std::size_t i = 0; i < found->size(); ++i) {
      const ModelFrame& want = acked.frames()[i];
      const StoredFrame& got = (*found)[i];
      if (got.frame != want.frame || got.side != want.side) return false;
    }
    return true;
  }
};

Result<std::unique_ptr<RocksdbLog>> open_on(rocksdb::Env* env, const fs::path& root) {
  return RocksdbLog::open(root / "ledger", {.create_if_missing = true, .env = env});
}

// Two lives of a log, so that replaying and flushing are among the calls. Reads what it can at the
// end of each.
void live_twice(FaultFs& disk, const fs::path& root, Witness& witness) {
  for (int life = 0; life < 2; ++life) {
    const auto log = open_on(disk.env(), root);
    if (!log) {
      EXPECT_TRUE(log.error().code == ErrorCode::kStorage ||
                  log.error().code == ErrorCode::kCorrupt)
          << log.error().detail;
      return;
    }
    witness.learn(**log);
    if (!witness.append(**log, 4)) return;
  }
}

// On a disk without faults, which does not really sync either and so is fast.
void expect_good_restart(const fs::path& root, Witness& witness) {
  FaultFs disk(root);
  const auto log = open_on(disk.env(), root);
  ASSERT_TRUE(log.has_value()) << log.error().detail;
  witness.learn(**log);
  ASSERT_TRUE(witness.agrees(**log))
      << (*log)->size() << " events, " << witness.acked.size() << " were answered";
  ASSERT_TRUE(witness.append(**log, 2));
  ASSERT_TRUE(witness.agrees(**log));
}

struct FailingCall {
  const char* name;
  Fault fault;
  bool for_good;
};

class RocksdbLogFailingCall : public testing::TestWithParam<FailingCall> {};

TEST_P(RocksdbLogFailingCall, GivesNoFalseAnswerAndACleanRestart) {
  bool fired = true;
  for (std::uint64_t call = 1; fired; ++call) {
    SCOPED_TRACE("call " + std::to_string(call));
    const TempDir dir;
    Witness witness;
    {
      FaultFs disk(dir.path());
      disk.arm(
          {.fault = GetParam().fault, .at = call, .for_good = GetParam().for_good, .counts = {}});
      live_twice(disk, dir.path(), witness);
      fired = disk.fired();
    }
    if (!fired) {
      EXPECT_EQ(witness.acked.frames().size(), 8U);
      EXPECT_GT(call, 60U) << "hardly a call was made to fail";
    }
    expect_good_restart(dir.path(), witness);
    if (testing::Test::HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(, RocksdbLogFailingCall,
                         testing::Values(FailingCall{"IoErrorOnce", Fault::kIoError, false},
                                         FailingCall{"IoErrorFromThenOn", Fault::kIoError, true},
                                         FailingCall{"NoSpaceOnce", Fault::kNoSpace, false},
                                         FailingCall{"NoSpaceFromThenOn", Fault::kNoSpace, true},
                                         FailingCall{"ShortWriteOnce", Fault::kShortWrite, false},
                                         FailingCall{"KilledWithoutAPowerCut", Fault::kPowerCut,
                                                     true}),
                         [](const auto& instance) { return instance.param.name; });

// The answer must not be "not stored": the record is there after the restart.
TEST(RocksdbLogFailingSync, LeavesTheFrameThatWasInDoubt) {
  const TempDir dir;
  Witness witness;
  {
    FaultFs disk(dir.path());
    const auto log = open_on(disk.env(), dir.path());
    ASSERT_TRUE(witness.append(**log, 3));
    disk.arm({.fault = Fault::kIoError, .counts = [](FileCall call, std::string_view path) {
                return call == FileCall::kSync && is_wal_call(call, path);
              }});
    EXPECT_FALSE(witness.append(**log, 1));
    ASSERT_TRUE(witness.doubtful);
    EXPECT_TRUE(witness.agrees(**log)) << "reads go on";
    const auto rewritten = (*log)->rewrite_side(0, "side");
    ASSERT_FALSE(rewritten.has_value());
    EXPECT_EQ(rewritten.error().code, ErrorCode::kUnavailable);
  }
  const auto log = open_on(nullptr, dir.path());
  EXPECT_EQ((*log)->size(), witness.doubtful->end());
  EXPECT_EQ(append_to(**log, *witness.doubtful), AppendOutcome::kOk) << "the repeat finds it";
}

TEST(RocksdbLogFailingSync, OfARewrittenSideClosesTheLog) {
  const TempDir dir;
  Witness witness;
  FaultFs disk(dir.path());
  const auto log = open_on(disk.env(), dir.path());
  ASSERT_TRUE(witness.append(**log, 3));
  disk.arm({.fault = Fault::kIoError, .counts = is_wal_call});
  const auto rewritten = (*log)->rewrite_side(0, "side");
  ASSERT_FALSE(rewritten.has_value());
  EXPECT_EQ(rewritten.error().code, ErrorCode::kOutcomeUnknown);
  EXPECT_FALSE((*log)->writable());
  EXPECT_EQ((*log)->append("frame", "side", witness.acked.size(), 1), AppendOutcome::kUnavailable);
}

// A flush runs on a thread of RocksDB's, so the log hears of it between two appends or during one.
TEST(RocksdbLogFailingFlush, ClosesTheLogForGood) {
  const TempDir dir;
  const std::string big(1U << 20U, 'f');
  std::uint64_t size = 0;
  AppendOutcome outcome = AppendOutcome::kOk;
  {
    FaultFs disk(dir.path());
    const auto log = open_on(disk.env(), dir.path());
    disk.arm({.fault = Fault::kNoSpace, .counts = [](FileCall call, std::string_view path) {
                return call == FileCall::kCreate && path.ends_with(".sst");
              }});
    while (outcome == AppendOutcome::kOk && size < 12) {  // more than the write buffer holds
      outcome = (*log)->append(big, "side", size, 1);
      if (outcome == AppendOutcome::kOk) ++size;
    }
    while ((*log)->writable()) std::this_thread::yield();  // the test's time limit is the only one
    EXPECT_TRUE(disk.fired());
    const AppendOutcome closed_with =
        outcome == AppendOutcome::kOk ? AppendOutcome::kUnavailable : outcome;
    EXPECT_EQ((*log)->append(big, "side", size, 1), closed_with);
    EXPECT_EQ((*log)->size(), size);
    EXPECT_EQ((*log)->read(0, big.size() * 200)->size(), size) << "reads go on";
  }
  const auto log = open_on(nullptr, dir.path());
  ASSERT_TRUE(log.has_value());
  EXPECT_GE((*log)->size(), size);
  EXPECT_LE((*log)->size(), size + (outcome == AppendOutcome::kIndeterminate ? 1 : 0));
  EXPECT_TRUE((*log)->writable());
}

// More with KEYLEDGER_CUTS=n.
std::uint64_t wanted_cuts() {
  const char* wanted = std::getenv("KEYLEDGER_CUTS");
  return wanted == nullptr ? 150 : std::strtoull(wanted, nullptr, 10);
}

struct Cuts {
  // Of the runs after which the log did not open, or did not hold what was answered.
  std::vector<std::uint64_t> bad_seeds;
  std::uint64_t by_point_in_time = 0;
  std::uint64_t bytes_lost = 0;
  std::uint64_t names_undone = 0;
};

// Cuts the power at a random call of a log's two lives, again and again.
Cuts cut_power(std::uint64_t runs, FaultFsOptions options) {
  Cuts cuts;
  for (std::uint64_t seed = 0; seed < runs; ++seed) {
    std::mt19937_64 random(seed);
    const TempDir dir;
    Witness witness;
    {
      FaultFs disk(dir.path(), options);
      disk.arm({.fault = Fault::kPowerCut, .at = 1 + random() % 140, .counts = {}});
      live_twice(disk, dir.path(), witness);
      const CutReport report = disk.crash(seed);
      cuts.bytes_lost += report.bytes_lost;
      cuts.names_undone += report.names_undone;
    }
    FaultFs disk(dir.path());
    const auto log = open_on(disk.env(), dir.path());
    if (log) witness.learn(**log);
    if (log && (*log)->recovered_by_point_in_time()) ++cuts.by_point_in_time;
    const bool good = log && witness.agrees(**log) && witness.append(**log, 1);
    if (!good) cuts.bad_seeds.push_back(seed);
  }
  return cuts;
}

TEST(RocksdbLogPowerCut, LosesNothingThatWasAnswered) {
  const Cuts cuts = cut_power(wanted_cuts(), {});
  EXPECT_THAT(cuts.bad_seeds, testing::IsEmpty());
  EXPECT_EQ(cuts.by_point_in_time, 0U);
  EXPECT_GT(cuts.bytes_lost, 0U) << "the cuts were idle";
  EXPECT_GT(cuts.names_undone, 0U) << "the cuts were idle";
}

// A hole in the last, unanswered record makes RocksDB refuse at first.
TEST(RocksdbLogPowerCut, LosesNothingThatWasAnsweredWhenTailsAreDamaged) {
  const Cuts cuts = cut_power(wanted_cuts(), {.damage_tails = true});
  EXPECT_THAT(cuts.bad_seeds, testing::IsEmpty());
  EXPECT_GT(cuts.by_point_in_time, 0U) << "the second way of replaying was never needed";
}

TEST(RocksdbLogPowerCut, WithoutSyncTheTestAboveWouldFail) {
  EXPECT_THAT(cut_power(30, {.sync_off = true}).bad_seeds, testing::Not(testing::IsEmpty()));
}

}  // namespace
}  // namespace keyledger
