// Files and rows changed behind the log's back: what opening and reading then say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>

#include "events/bytes.h"
#include "events/log/rocksdb_log.h"
#include "tests/events/log/model_log.h"
#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

namespace fs = std::filesystem;

class RocksdbLogDamage : public testing::Test {
 protected:
  Result<std::unique_ptr<RocksdbLog>> open() const { return RocksdbLog::open(path_, {true}); }

  // Frames of 1 to 9 events, in the write-ahead log alone.
  void write_frames(std::size_t frames, std::size_t side_size) {
    const auto log = open();
    ASSERT_TRUE(log.has_value());
    for (std::size_t i = 0; i < frames; ++i) {
      ModelFrame frame = random_frame(random_, model_.size());
      frame.side = random_bytes_of(random_, side_size);
      ASSERT_EQ(append_to(**log, frame), AppendOutcome::kOk);
      model_.frames().push_back(frame);
    }
  }

  std::vector<fs::path> files(std::string_view extension) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(path_)) {
      if (entry.path().extension() == extension) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  // The log holds the first `frames` of what was written and takes more.
  void expect_prefix(RocksdbLog& log, std::size_t frames) {
    model_.frames().resize(frames);
    expect_equal(log, model_);
    const ModelFrame next = random_frame(random_, model_.size());
    ASSERT_EQ(append_to(log, next), AppendOutcome::kOk);
    model_.frames().push_back(next);
    expect_equal(log, model_);
  }

  // How many of the model's frames make `size` events.
  std::size_t frames_in(std::uint64_t size) const {
    std::size_t frames = 0;
    while (frames < model_.frames().size() && model_.frames()[frames].end() <= size) ++frames;
    return frames;
  }

  const TempDir dir_;
  const fs::path path_ = dir_.path() / "ledger";
  ModelLog model_;
  std::mt19937_64 random_{20};
};

void flip_bit(const fs::path& path, std::uintmax_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const auto byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

TEST_F(RocksdbLogDamage, AnIntactWriteAheadLogIsReplayedWhole) {
  write_frames(50, 200);
  auto log = open();
  ASSERT_TRUE(log.has_value());
  EXPECT_FALSE((*log)->recovered_by_point_in_time());
  expect_prefix(**log, 50);
}

// A cut within the last record looks like a write that the power interrupted, so only a watermark
// can tell that it was acknowledged.
TEST_F(RocksdbLogDamage, ACutTailLosesTheLastFrameQuietly) {
  write_frames(50, 200);
  const fs::path wal = files(".log").back();
  fs::resize_file(wal, fs::file_size(wal) - 10);
  auto log = open();
  ASSERT_TRUE(log.has_value());
  EXPECT_FALSE((*log)->recovered_by_point_in_time());
  expect_prefix(**log, 49);
}

TEST_F(RocksdbLogDamage, ADamagedMiddleCutsTheLogThereAndSaysSo) {
  write_frames(50, 200);
  const fs::path wal = files(".log").back();
  const std::uintmax_t wal_size = fs::file_size(wal);
  flip_bit(wal, wal_size / 2);
  std::size_t kept = 0;
  {
    auto log = open();
    ASSERT_TRUE(log.has_value()) << log.error().detail;
    EXPECT_TRUE((*log)->recovered_by_point_in_time());
    kept = frames_in((*log)->size());
    EXPECT_GT(kept, 0U);
    EXPECT_LT(kept, 50U);
    expect_prefix(**log, kept);
  }
  const fs::path kept_wal = path_ / "archive" / wal.filename();
  ASSERT_TRUE(fs::exists(kept_wal)) << "what lies behind the damage is kept";
  EXPECT_EQ(fs::file_size(kept_wal), wal_size);
  auto again = open();
  ASSERT_TRUE(again.has_value());
  EXPECT_FALSE((*again)->recovered_by_point_in_time());
  expect_prefix(**again, kept + 1);
  EXPECT_TRUE(fs::exists(kept_wal));
}

// Nothing in the directory tells of it: this is what the watermark is for.
TEST_F(RocksdbLogDamage, ADeletedWriteAheadLogLosesAllQuietly) {
  write_frames(50, 200);
  fs::remove(files(".log").back());
  auto log = open();
  ASSERT_TRUE(log.has_value());
  EXPECT_FALSE((*log)->recovered_by_point_in_time());
  expect_prefix(**log, 0);
}

TEST_F(RocksdbLogDamage, AFlippedBitInATableFileIsRefused) {
  write_frames(50, 2'000);
  ASSERT_TRUE(open().has_value());  // replays the write-ahead log into table files
  for (const fs::path& table : files(".sst")) flip_bit(table, fs::file_size(table) / 2);
  const auto log = open();
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(log.error().detail.find("position"), std::string::npos) << log.error().detail;
  EXPECT_EQ(log.error().detail.find(path_.string()), std::string::npos);
}

TEST_F(RocksdbLogDamage, AMissingTableFileIsRefused) {
  write_frames(50, 200);
  ASSERT_TRUE(open().has_value());
  fs::remove(files(".sst").front());
  const auto log = open();
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().code, ErrorCode::kCorrupt);
}

// Rows changed through RocksDB itself: all its checksums are right.
struct RawRows {
  explicit RawRows(const fs::path& path) {
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* raw = nullptr;
    status = rocksdb::DB::Open({}, path, {{"default", {}}, {"frames", {}}, {"sides", {}}}, &handles,
                               &raw);
    if (!status.ok()) return;
    db.reset(raw);
    unused = handles[0];
    frames = handles[1];
    sides = handles[2];
  }
  ~RawRows() {
    for (auto* handle : {unused, frames, sides}) db->DestroyColumnFamilyHandle(handle);
  }
  RawRows(const RawRows&) = delete;
  RawRows& operator=(const RawRows&) = delete;

  static std::string key(std::uint64_t position) {
    std::string bytes;
    ByteWriter(bytes).u64(position);
    return bytes;
  }
  std::string get_frame(std::uint64_t position) const { return get(frames, position); }
  std::string get(rocksdb::ColumnFamilyHandle* family, std::uint64_t position) const {
    std::string value;
    EXPECT_TRUE(db->Get({}, family, key(position), &value).ok());
    return value;
  }
  void put(rocksdb::ColumnFamilyHandle* family, std::uint64_t position, std::string_view value) {
    EXPECT_TRUE(
        db->Put({}, family, key(position), rocksdb::Slice(value.data(), value.size())).ok());
  }
  void erase(rocksdb::ColumnFamilyHandle* family, std::uint64_t position) {
    EXPECT_TRUE(db->Delete({}, family, key(position)).ok());
  }

  rocksdb::Status status;
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* unused = nullptr;
  rocksdb::ColumnFamilyHandle* frames = nullptr;
  rocksdb::ColumnFamilyHandle* sides = nullptr;
};

struct Tampering {
  const char* what;
  std::uint64_t position;  // the one that must be named
  std::function<void(RawRows&)> change;
};

// On frames of three events: positions 0, 3, 6, 9, 12.
std::vector<Tampering> tamperings() {
  return {
      {"first frame deleted", 0,
       [](RawRows& rows) {
         rows.erase(rows.frames, 0);
         rows.erase(rows.sides, 0);
       }},
      {"middle frame deleted", 6,
       [](RawRows& rows) {
         rows.erase(rows.frames, 6);
         rows.erase(rows.sides, 6);
       }},
      {"middle frame deleted, side left", 6, [](RawRows& rows) { rows.erase(rows.frames, 6); }},
      {"last frame deleted, side left", 12, [](RawRows& rows) { rows.erase(rows.frames, 12); }},
      {"all frames deleted, sides left", 0,
       [](RawRows& rows) {
         for (std::uint64_t first = 0; first < 15; first += 3) rows.erase(rows.frames, first);
       }},
      {"middle side deleted", 6, [](RawRows& rows) { rows.erase(rows.sides, 6); }},
      {"last side deleted", 12, [](RawRows& rows) { rows.erase(rows.sides, 12); }},
      {"count changed", 6,
       [](RawRows& rows) {
         std::string row = rows.get(rows.frames, 6);
         row[3] = 2;
         rows.put(rows.frames, 6, row);
       }},
      {"last count changed", 12,
       [](RawRows& rows) {
         std::string row = rows.get(rows.frames, 12);
         row[3] = 4;
         rows.put(rows.frames, 12, row);
       }},
      {"row cut short", 3, [](RawRows& rows) { rows.put(rows.frames, 3, "cut"); }},
      {"frames swapped", 6,
       [](RawRows& rows) {
         const std::string row = rows.get(rows.frames, 3);
         rows.put(rows.frames, 3, rows.get(rows.frames, 6));
         rows.put(rows.frames, 6, row);
       }},
      {"frame copied behind the end", 15,
       [](RawRows& rows) {
         rows.put(rows.frames, 15, rows.get(rows.frames, 12));
         rows.put(rows.sides, 15, rows.get(rows.sides, 12));
       }},
      {"frame slipped in between", 7,
       [](RawRows& rows) {
         rows.put(rows.frames, 7, rows.get(rows.frames, 6));
         rows.put(rows.sides, 7, rows.get(rows.sides, 6));
       }},
  };
}

TEST_F(RocksdbLogDamage, RowsThatAreNotDenseAreRefusedAndThePositionNamed) {
  for (const Tampering& tampering : tamperings()) {
    SCOPED_TRACE(tampering.what);
    fs::remove_all(path_);
    {
      const auto log = open();
      for (std::uint64_t at = 0; at < 15; at += 3) {
        ASSERT_EQ((*log)->append("frame", "side", at, 3), AppendOutcome::kOk);
      }
    }
    {
      RawRows rows(path_);
      ASSERT_TRUE(rows.status.ok()) << rows.status.ToString();
      tampering.change(rows);
    }
    const auto log = open();
    ASSERT_FALSE(log.has_value());
    EXPECT_EQ(log.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(log.error().detail.find("position " + std::to_string(tampering.position) + ":"),
              std::string::npos)
        << log.error().detail;
  }
}

// Opening looks at the last 64 MiB and the first frame.
TEST_F(RocksdbLogDamage, WhatLiesBeforeTheCheckedTailIsCheckedWhenRead) {
  const std::string frame(1U << 20U, 'f');
  {
    const auto log = open();
    for (std::uint64_t at = 0; at < 240; at += 3) {
      ASSERT_EQ((*log)->append(frame, "side", at, 3), AppendOutcome::kOk);
    }
  }
  const auto detail_of_read = [&](std::uint64_t from, std::size_t max_bytes) {
    const auto log = open();
    EXPECT_TRUE(log.has_value());
    const auto found = (*log)->read(from, max_bytes);
    if (found) return std::string("no error");
    EXPECT_EQ(found.error().code, ErrorCode::kCorrupt);
    return found.error().detail;
  };
  const auto names = [](std::uint64_t position) {
    return testing::HasSubstr("damaged at position " + std::to_string(position) + ":");
  };
  const auto change = [&](const std::function<void(RawRows&)>& tampering) {
    RawRows rows(path_);
    tampering(rows);
  };
  EXPECT_EQ(detail_of_read(0, 8U << 20U), "no error");

  std::string row;
  change([&](RawRows& rows) { row = rows.get_frame(6); });
  change([&](RawRows& rows) { rows.erase(rows.sides, 6); });
  for (const std::uint64_t from : {0U, 3U, 6U, 8U}) {
    EXPECT_THAT(detail_of_read(from, 8U << 20U), names(6)) << from;
  }
  EXPECT_EQ(detail_of_read(3, 1), "no error") << "a page that does not touch the damage";

  change([&](RawRows& rows) { rows.erase(rows.frames, 6); });
  for (const std::uint64_t from : {0U, 3U, 6U, 8U, 9U}) {
    EXPECT_THAT(detail_of_read(from, 8U << 20U), names(6)) << from;
  }

  change([&](RawRows& rows) {
    rows.put(rows.frames, 6, row);
    rows.put(rows.sides, 6, "side");
  });
  EXPECT_EQ(detail_of_read(0, 8U << 20U), "no error") << "the damage was mended";

  const fs::path other_path = dir_.path() / "other";
  {
    const auto other = RocksdbLog::open(other_path, {true});
    for (std::uint64_t at = 0; at < 8; ++at) {
      ASSERT_EQ((*other)->append("slipped in", "side", at, 1), AppendOutcome::kOk);
    }
  }
  change([&](RawRows& rows) {
    rows.put(rows.frames, 7, RawRows(other_path).get_frame(7));
    rows.put(rows.sides, 7, "side");
  });
  for (const std::uint64_t from : {0U, 6U, 7U, 8U}) {
    EXPECT_THAT(detail_of_read(from, 8U << 20U), names(7)) << from;
  }
  EXPECT_EQ(detail_of_read(12, 1), "no error");

  change([](RawRows& rows) {
    rows.erase(rows.frames, 0);
    rows.erase(rows.sides, 0);
  });
  const auto headless = open();
  ASSERT_FALSE(headless.has_value()) << "opening looks at the first frame too";
  EXPECT_THAT(headless.error().detail, names(0));
}

}  // namespace
}  // namespace keyledger
