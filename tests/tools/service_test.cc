// The start rules (docs/durability.md): what a directory must look like before anything is trusted.
#include "tools/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/read_file.h"
#include "tests/support/temp_dir.h"
#include "tools/bench/sample_calls.h"

namespace keyledger {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    auto service = open(true);
    ASSERT_TRUE(service) << service.error().detail;
    ASSERT_TRUE((*service)->ledger().execute(sample_.founding()));
  }

  Result<std::unique_ptr<Service>> open(bool create = false, bool accept_rollback = false) {
    ServiceOptions options;
    options.data = data_;
    options.create = create;
    options.accept_rollback = accept_rollback;
    options.housekeeping = false;
    options.clock = [this] { return clock_; };
    return Service::open(options);
  }

  // Makes `count` keys and stops cleanly.
  void make_keys(int count) {
    auto service = open();
    ASSERT_TRUE(service) << service.error().detail;
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(
          (*service)->ledger().execute(sample_.create_key("key-" + std::to_string(number_++))));
    }
  }

  // An earlier state of the whole log put back, as a restored backup would.
  void roll_back_log_to(const std::string& copy) {
    fs::remove_all(data_ + "/ledger");
    fs::copy(copy, data_ + "/ledger", fs::copy_options::recursive);
  }

  const TempDir dir_;
  const std::string data_ = dir_.path().string() + "/data";
  const SampleLedger sample_ = SampleLedger::make();
  Timestamp clock_ = wall_clock();
  int number_ = 0;
};

TEST_F(ServiceTest, KeepsEverythingOverACleanStop) {
  make_keys(3);
  auto service = open();
  ASSERT_TRUE(service) << service.error().detail;
  EXPECT_EQ((*service)->log().size(), 8U);
  EXPECT_EQ((*service)->projections().tree().head().size, 8U);
}

TEST_F(ServiceTest, RefusesAnEmptyDirectoryUnlessAskedToCreate) {
  ServiceOptions options;
  options.data = dir_.path().string() + "/nothing";
  fs::create_directory(options.data);
  const auto service = Service::open(options);
  ASSERT_FALSE(service);
  EXPECT_EQ(service.error().code, ErrorCode::kNotFound);
}

TEST_F(ServiceTest, RefusesASecondProcess) {
  auto first = open();
  ASSERT_TRUE(first);
  const auto second = open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().detail, HasSubstr("Another keyledger process"));
}

TEST_F(ServiceTest, RefusesALogBehindItsWatermarkAndNamesTheFirstLostPosition) {
  const std::string backup = dir_.path().string() + "/backup";
  fs::copy(data_ + "/ledger", backup, fs::copy_options::recursive);
  make_keys(3);
  roll_back_log_to(backup);
  const auto service = open();
  ASSERT_FALSE(service);
  EXPECT_EQ(service.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(service.error().position, 5U);
  EXPECT_THAT(service.error().detail, HasSubstr("position 5"));
}

TEST_F(ServiceTest, GoesOnAfterARollbackOnlyWhenTold_UnderANewOriginAndOnRecord) {
  const std::string backup = dir_.path().string() + "/backup";
  fs::copy(data_ + "/ledger", backup, fs::copy_options::recursive);
  make_keys(3);
  roll_back_log_to(backup);
  {
    auto service = open(false, true);
    ASSERT_TRUE(service) << service.error().detail;
    const auto entry = (*service)->projections().audit().entry(5);
    ASSERT_TRUE(entry);
    const auto* accepted = std::get_if<LedgerRollbackAccepted>(&entry->event.event);
    ASSERT_NE(accepted, nullptr);
    EXPECT_EQ(accepted->watermark_size, 8U);
    EXPECT_EQ(accepted->found_size, 5U);
    EXPECT_EQ((*service)->projections().directory().origin(), accepted->origin);
    EXPECT_NE(accepted->origin, "sample");
    EXPECT_EQ(entry->event.workspace, sample_.workspace) << "in the operator's trail";
  }
  EXPECT_TRUE(open()) << "the next start is an ordinary one";
}

TEST_F(ServiceTest, RefusesAnotherHistoryOfTheSameLength) {
  const std::string backup = dir_.path().string() + "/backup";
  fs::copy(data_ + "/ledger", backup, fs::copy_options::recursive);
  make_keys(3);
  const std::string watermark = read_file(data_ + "/watermark");
  roll_back_log_to(backup);
  fs::remove_all(data_ + "/derived");
  // The same number of other events, and the first history's watermark.
  fs::remove(data_ + "/watermark");
  {
    auto forked = open(false, true);
    ASSERT_TRUE(forked) << forked.error().detail;
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE((*forked)->ledger().execute(sample_.create_key("other-" + std::to_string(i))));
    }
  }
  std::ofstream(data_ + "/watermark") << watermark;
  const auto service = open();
  ASSERT_FALSE(service);
  EXPECT_EQ(service.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(service.error().detail, HasSubstr("another root"));
}

TEST_F(ServiceTest, RefusesToStartWithoutItsWatermark) {
  fs::remove(data_ + "/watermark");
  const auto service = open();
  ASSERT_FALSE(service);
  EXPECT_THAT(service.error().detail, HasSubstr("watermark"));
}

TEST_F(ServiceTest, ComputesTheDerivedRowsAgainWhenTheyAreGone) {
  make_keys(3);
  Digest root;
  {
    auto service = open();
    ASSERT_TRUE(service);
    root = (*service)->projections().tree().head().root;
  }
  fs::remove_all(data_ + "/derived");
  auto service = open();
  ASSERT_TRUE(service) << service.error().detail;
  EXPECT_EQ((*service)->projections().tree().head().root, root);
}

TEST_F(ServiceTest, ComputesTheDerivedRowsAgainWhenTheyAreDamaged) {
  make_keys(3);
  Digest root;
  {
    auto service = open();
    ASSERT_TRUE(service);
    root = (*service)->projections().tree().head().root;
  }
  int damaged = 0;
  for (const auto& entry : fs::directory_iterator(data_ + "/derived")) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".sst") && !name.starts_with("MANIFEST")) continue;
    std::ofstream(entry.path(), std::ios::binary) << std::string(fs::file_size(entry), '?');
    ++damaged;
  }
  ASSERT_GT(damaged, 1);
  auto service = open();
  ASSERT_TRUE(service) << service.error().detail;
  EXPECT_EQ((*service)->projections().tree().head().root, root);
}

TEST_F(ServiceTest, RefusesALogThatIsBehindItsDerivedRowsAndKeepsTheEvidence) {
  const std::string backup = dir_.path().string() + "/backup";
  fs::copy(data_ + "/ledger", backup, fs::copy_options::recursive);
  const std::string watermark = read_file(data_ + "/watermark");
  make_keys(3);
  roll_back_log_to(backup);
  std::ofstream(data_ + "/watermark") << watermark;  // the watermark was rolled back with it
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto service = open();
    ASSERT_FALSE(service);
    EXPECT_EQ(service.error().position, 5U);
    EXPECT_THAT(service.error().detail, HasSubstr("lost its end"));
  }
}

TEST_F(ServiceTest, PassesADamagedWatermarkOnlyWhenTold) {
  std::ofstream(data_ + "/watermark") << "not a watermark";
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  const auto accepted = open(false, true);
  ASSERT_TRUE(accepted) << accepted.error().detail;
  EXPECT_EQ((*accepted)->log().size(), 6U) << "on record";
}

TEST_F(ServiceTest, KeepsTheEvidenceWhenARollBackCannotBeRecorded) {
  const std::string backup = dir_.path().string() + "/backup";
  fs::copy(data_ + "/ledger", backup, fs::copy_options::recursive);
  make_keys(3);
  roll_back_log_to(backup);
  const std::string watermark = read_file(data_ + "/watermark");
  const Timestamp now = clock_;
  clock_ = clock_ + -60'000;  // too far behind the newest event: nothing is recorded
  ASSERT_FALSE(open(false, true));
  clock_ = now;
  EXPECT_EQ(read_file(data_ + "/watermark"), watermark);
  const auto service = open();
  ASSERT_FALSE(service) << "the loss is still seen";
  EXPECT_EQ(service.error().position, 5U);
}

TEST_F(ServiceTest, RecordsWhatFellDueOnceAndNoMore) {
  KeyId key;
  {
    auto service = open();
    ASSERT_TRUE(service);
    Submission create = sample_.create_key("short-lived");
    key = std::get<CreateKey>(create.command).id;
    std::get<CreateKey>(create.command).ttl_seconds = 60;
    ASSERT_TRUE((*service)->ledger().execute(std::move(create)));
  }
  clock_ = clock_ + 61'000;
  ServiceOptions options;
  options.data = data_;
  options.clock = [this] { return clock_; };
  for (int start = 0; start < 2; ++start) {
    auto service = Service::open(options);  // does one round of housekeeping before it returns
    ASSERT_TRUE(service) << service.error().detail;
    EXPECT_EQ((*service)->log().size(), 7U);
    const auto entry = (*service)->projections().audit().entry(6);
    ASSERT_TRUE(entry);
    EXPECT_TRUE(std::holds_alternative<KeyExpired>(entry->event.event));
    const auto expired = (*service)->projections().key(key);
    ASSERT_TRUE(expired && *expired);
    EXPECT_EQ((*expired)->version, 1U) << "a notice raises no version";
  }
}

}  // namespace
}  // namespace keyledger
