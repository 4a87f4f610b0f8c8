// Tampering shows: changes made straight in the database, past every rule, with every checksum that
// an attacker can compute made right again.
#include "tools/verify_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <functional>

#include "events/committed_frame.h"
#include "events/event_codec.h"
#include "tests/support/temp_dir.h"
#include "tools/bench/sample_calls.h"
#include "tools/service.h"
#include "tools/usage_keeper.h"

namespace keyledger {
namespace {

class VerifyLedger : public testing::Test {
 protected:
  void SetUp() override {
    ServiceOptions options;
    options.data = data_;
    options.create = true;
    options.housekeeping = false;
    auto service = Service::open(options);
    ASSERT_TRUE(service) << service.error().detail;
    ASSERT_TRUE((*service)->ledger().execute(sample_.founding()));
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE((*service)->ledger().execute(sample_.create_key("key-" + std::to_string(i))));
    }
  }

  VerifyReport verify() {
    const TempDir scratch;
    const auto report = verify_ledger(data_, scratch.path().string() + "/replay", {});
    EXPECT_TRUE(report) << report.error().detail;
    return report ? *report : VerifyReport{};
  }

  // Changes one row of one column family with RocksDB itself.
  using Change = std::function<void(std::string& value)>;
  void tamper(const std::string& database, const std::string& family, std::uint64_t row,
              const Change& change) {
    const std::string path = data_ + "/" + database;
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, path, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names)
      families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, path, families, &handles, &db).ok());
    for (rocksdb::ColumnFamilyHandle* handle : handles) {
      if (handle->GetName() != family) continue;
      std::unique_ptr<rocksdb::Iterator> it(db->NewIterator({}, handle));
      it->SeekToFirst();
      for (std::uint64_t i = 0; i < row && it->Valid(); ++i) it->Next();
      if (!it->Valid()) break;
      const std::string key = it->key().ToString();
      std::string value = it->value().ToString();
      it.reset();
      change(value);
      const rocksdb::Status done =
          value.empty() ? db->Delete({}, handle, key) : db->Put({}, handle, key, value);
      ASSERT_TRUE(done.ok()) << done.ToString();
    }
    for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
    delete db;
  }

  // Rewrites the event of a one-event frame and makes its checksums right.
  void forge(std::uint64_t row, const std::function<void(RecordedEvent&)>& change) {
    bool found = false;
    tamper("ledger", "frames", row, [&](std::string& value) {
      found = true;
      const std::string head = value.substr(0, 8);  // count and its checksum (rocksdb_log.h)
      auto frame = decode_frame(std::string_view(value).substr(8));
      ASSERT_TRUE(frame) << frame.error().detail;
      auto event = decode_leaf(frame->leaves.back());
      ASSERT_TRUE(event);
      change(*event);
      frame->leaves.back() = encode_leaf(*event);
      value = head + encode_frame(*frame);
    });
    ASSERT_TRUE(found) << "no row " << row;
  }

  const TempDir dir_;
  const std::string data_ = dir_.path().string() + "/data";
  const SampleLedger sample_ = SampleLedger::make();
};

TEST_F(VerifyLedger, FindsAnUntouchedRecordIntact) {
  const VerifyReport report = verify();
  EXPECT_FALSE(report.damage) << *report.damage;
  EXPECT_EQ(report.events, 9U);
  EXPECT_GT(report.blobs, 4U);
  EXPECT_GT(report.rows, 9U);
}

TEST_F(VerifyLedger, TellsThatUsageIsMissingWhenNoneWasDigestedYet) {
  EXPECT_TRUE(verify().usage_found);
  EXPECT_EQ(verify().digests, 0U);
  std::filesystem::remove_all(data_ + "/usage");
  EXPECT_FALSE(verify().damage);
  EXPECT_FALSE(verify().usage_found);
}

// Not a part of the ledger, but the ledger says what it was.
TEST_F(VerifyLedger, ComparesUsageWithItsDigests) {
  std::uint64_t position = 0;
  {
    ServiceOptions options;
    options.data = data_;
    options.housekeeping = false;
    const Timestamp now = wall_clock() + 3 * 86'400'000;
    options.clock = [now] { return now; };
    const auto service = Service::open(options);
    ASSERT_TRUE(service) << service.error().detail;
    Projections& projections = (*service)->projections();
    UsageKeeper keeper((*service)->ledger(), projections);
    const Submission create = sample_.create_key("used");
    ASSERT_TRUE((*service)->ledger().execute(create));
    projections.verify_index().count({std::get<CreateKey>(create.command).id, {}}, std::nullopt,
                                     now + -2 * 86'400'000);
    keeper.step(now, {});
    position = (*service)->log().size() - 1;
  }
  EXPECT_EQ(verify().digests, 1U);
  EXPECT_TRUE(verify().usage_found);
  const std::string moved = data_ + "-usage";
  std::filesystem::rename(data_ + "/usage", moved);
  VerifyReport report = verify();
  EXPECT_FALSE(report.damage);
  EXPECT_EQ(report.lost_digests, 1U);
  EXPECT_FALSE(report.usage_found);
  std::filesystem::rename(moved, data_ + "/usage");
  tamper("usage", "periods", 0, [](std::string& value) { value[9] += 1; });
  report = verify();
  ASSERT_TRUE(report.damage);
  EXPECT_EQ(report.position, position);
  tamper("usage", "periods", 0, [](std::string& value) { value.clear(); });
  EXPECT_EQ(verify().position, position);
}

TEST_F(VerifyLedger, NamesTheEventWithOneFlippedByte) {
  tamper("ledger", "frames", 2, [](std::string& value) { value[value.size() - 20] ^= 1; });
  const VerifyReport report = verify();
  ASSERT_TRUE(report.damage);
  EXPECT_EQ(report.position, 6U);  // rows: the founding (0-4), then 5, 6, …
}

TEST_F(VerifyLedger, NamesAForgedEventWithRightChecksums) {
  forge(3, [](RecordedEvent& event) { std::get<KeyCreated>(event.event).name = "key-X"; });
  const VerifyReport report = verify();
  ASSERT_TRUE(report.damage);
  EXPECT_EQ(report.position, 7U);
}

TEST_F(VerifyLedger, NamesAForgedReason) {
  forge(1, [](RecordedEvent& event) { event.reason = "was asked to"; });
  EXPECT_EQ(verify().position, 5U);
}

TEST_F(VerifyLedger, NamesAForgedTimeThatGoesBack) {
  forge(4, [](RecordedEvent& event) { event.time.ms -= 1'000'000; });
  EXPECT_EQ(verify().position, 8U);
}

TEST_F(VerifyLedger, NamesAForgedBlob) {
  tamper("ledger", "sides", 2, [](std::string& value) {
    auto side = decode_side(value);
    ASSERT_TRUE(side);
    side->events.back().subject->bytes = encode_blob(KeyDetails{"something else", {}, {}});
    value = encode_side(*side);
  });
  EXPECT_EQ(verify().position, 6U);
}

TEST_F(VerifyLedger, NamesTheFirstOfDeletedEvents) {
  tamper("ledger", "frames", 3, [](std::string& value) { value.clear(); });
  EXPECT_EQ(verify().position, 7U);
}

TEST_F(VerifyLedger, NamesTheFirstEventThatWasCutOffTheEnd) {
  tamper("ledger", "frames", 4, [](std::string& value) { value.clear(); });
  tamper("ledger", "sides", 4, [](std::string& value) { value.clear(); });
  EXPECT_EQ(verify().position, 8U);
}

TEST_F(VerifyLedger, SeesAChangedRowOfEveryDerivedTable) {
  std::vector<std::string> names;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, data_ + "/derived", &names).ok());
  std::size_t tried = 0;
  for (const std::string& name : names) {
    // A position that was set back is healed by applying the same events once more.
    if (name == "projector.positions") continue;
    bool empty = true;
    const std::string copy = dir_.path().string() + "/intact";
    std::filesystem::copy(data_, copy, std::filesystem::copy_options::recursive);
    tamper("derived", name, 0, [&](std::string& value) {
      empty = value.empty();
      if (!empty) value.back() = static_cast<char>(value.back() ^ 1);
    });
    if (HasFatalFailure()) return;
    if (!empty) {
      EXPECT_TRUE(verify().damage) << "a changed row of " << name << " went unseen";
      ++tried;
    }
    std::filesystem::remove_all(data_);
    std::filesystem::rename(copy, data_);
  }
  EXPECT_GT(tried, 4U);
}

TEST_F(VerifyLedger, CannotLookWhileAServerHoldsTheDirectory) {
  ServiceOptions options;
  options.data = data_;
  options.housekeeping = false;
  const auto service = Service::open(options);
  ASSERT_TRUE(service);
  const auto report = verify_ledger(data_, dir_.path().string() + "/replay", {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace keyledger
