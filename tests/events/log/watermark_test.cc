#include "events/log/watermark.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>

#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

namespace fs = std::filesystem;

class WatermarkFile : public testing::Test {
 protected:
  Result<std::optional<Watermark>> read() const { return read_watermark(path_); }
  void overwrite(std::string_view text) const {
    fs::remove(path_);  // ext4 syncs a file that is truncated and written again, which is slow
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << text;
  }
  std::string text() const {
    std::ifstream file(path_, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return bytes.str();
  }
  void expect_mark(const Watermark& want) const {
    const auto found = read();
    ASSERT_TRUE(found.has_value()) << found.error().detail;
    EXPECT_TRUE(*found == want);
  }

  const TempDir dir_;
  const fs::path path_ = dir_.path() / "watermark";
  const Watermark mark_{42, sha256("root"), "keyledger.example/log-7"};
};

TEST_F(WatermarkFile, IsAbsentBeforeTheFirstWrite) {
  const auto found = read();
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->has_value());
}

TEST_F(WatermarkFile, KeepsTheNewest) {
  Watermark mark = mark_;
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{43}, std::numeric_limits<std::uint64_t>::max()}) {
    mark.size = size;
    mark.root = sha256(std::to_string(size));
    ASSERT_TRUE(write_watermark(path_, mark).has_value());
    expect_mark(mark);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(dir_.path()), {}), 1) << "nothing is left over";
}

TEST_F(WatermarkFile, IsReadableByPeople) {
  ASSERT_TRUE(write_watermark(path_, mark_).has_value());
  // printf root | sha256sum, and the first four lines piped into sha256sum.
  EXPECT_EQ(text(),
            "keyledger watermark 1\n"
            "origin keyledger.example/log-7\n"
            "size 42\n"
            "root 4813494d137e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b2\n"
            "check 9ee4b9f6e8fc5cdd557c269535829358172c557b55f8bf3a910ab6ca3d3ba5b1\n");
}

TEST_F(WatermarkFile, IsPrivateWhateverACrashLeftBehind) {
  const fs::path leftover = path_.string() + ".new";
  std::ofstream(leftover) << std::string(5'000, 'x');
  fs::permissions(leftover, fs::perms(0644));
  ASSERT_TRUE(write_watermark(path_, mark_).has_value());
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms(0600));
  EXPECT_FALSE(fs::exists(leftover));
  expect_mark(mark_);
}

TEST_F(WatermarkFile, AnyDamageIsNoticed) {
  ASSERT_TRUE(write_watermark(path_, mark_).has_value());
  const std::string good = text();
  const auto expect_corrupt = [&](std::string_view damaged_text) {
    overwrite(damaged_text);
    const auto found = read();
    ASSERT_FALSE(found.has_value()) << damaged_text;
    EXPECT_EQ(found.error().code, ErrorCode::kCorrupt);
  };
  for (std::size_t i = 0; i < good.size(); ++i) {
    SCOPED_TRACE(i);
    expect_corrupt(good.substr(0, i));
    for (const unsigned bit : {1U, 2U, 4U, 8U, 16U, 32U, 64U, 128U}) {
      std::string flipped = good;
      flipped[i] = static_cast<char>(static_cast<unsigned char>(flipped[i]) ^ bit);
      expect_corrupt(flipped);
    }
  }
  expect_corrupt(good + "\n");
  expect_corrupt(good + good);
  expect_corrupt(std::string(1U << 20U, 'x'));
  overwrite(good);
  expect_mark(mark_);
}

TEST_F(WatermarkFile, RefusesAnOriginThatIsNotOneLineOfText) {
  ASSERT_TRUE(write_watermark(path_, mark_).has_value());
  for (const std::string& origin :
       {std::string(), std::string("a\nsize 7"), std::string("tab\t"), std::string("\xff"),
        std::string("nul\0", 4), std::string(256, 'o')}) {
    const auto written = write_watermark(path_, {1, {}, origin});
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().code, ErrorCode::kInvalidRequest);
  }
  expect_mark(mark_);
  EXPECT_TRUE(write_watermark(path_, {1, {}, std::string(255, 'o')}).has_value());
  EXPECT_EQ(read().value()->origin.size(), 255U);
}

TEST_F(WatermarkFile, AFailedWriteLeavesTheOldOne) {
  ASSERT_TRUE(write_watermark(path_, mark_).has_value());
  fs::create_directory(path_.string() + ".new");
  const auto written = write_watermark(path_, {43, {}, "o"});
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, ErrorCode::kStorage);
  EXPECT_EQ(written.error().detail.find(dir_.path().string()), std::string::npos);
  expect_mark(mark_);
}

TEST_F(WatermarkFile, WhereItCannotBeReadIsAnErrorAndNotAnAbsence) {
  fs::create_directory(path_);
  const auto found = read();
  ASSERT_FALSE(found.has_value());
  EXPECT_EQ(found.error().code, ErrorCode::kStorage);
  EXPECT_FALSE(write_watermark(dir_.path() / "nowhere" / "watermark", mark_).has_value());
}

}  // namespace
}  // namespace keyledger
