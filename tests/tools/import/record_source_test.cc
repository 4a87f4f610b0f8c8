#include "tools/import/record_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tools/import/csv_reader.h"

namespace keyledger {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class RecordSourceTest : public testing::Test {
 protected:
  Result<RecordSource> open(const std::string& text, ImportFormat format) {
    std::ofstream(path_, std::ios::binary) << text;
    return RecordSource::open(path_, format);
  }
  std::vector<ImportRecord> read(const std::string& text, ImportFormat format) {
    std::vector<ImportRecord> out;
    auto source = open(text, format);
    EXPECT_TRUE(source) << source.error().detail;
    while (source) {
      auto record = source->next();
      EXPECT_TRUE(record) << record.error().detail;
      if (!record || !*record) break;
      out.push_back(**record);
    }
    if (source) {
      EXPECT_EQ(source->bytes_read(), text.size());
      EXPECT_EQ(source->size(), text.size());
    }
    return out;
  }

  const TempDir dir_;
  const std::string path_ = dir_.path().string() + "/keys";
};

TEST_F(RecordSourceTest, MakesEachKindOfCellWhatTheApiTakes) {
  const auto records = read(
      "sha256,type,name,scopes,allowed_origins,allow_missing_origin,rate_limit.limit,"
      "rate_limit.window_seconds,metadata.team,metadata.plan\r\n"
      "ab12,public,\"web, main\",READ;WRITE,a.example b.example; c.example,true,5,60,crm,pro\r\n"
      "cd34,private,ci,,,,,,,\r\n"
      "ef56,private,odd, ; ,,maybe,-1,1e3,,\r\n",
      ImportFormat::kCsv);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].line, 2U);
  EXPECT_EQ(records[0].sha256, "ab12");
  EXPECT_EQ(json::parse(records[0].entry),
            json({{"sha256", "ab12"},
                  {"type", "public"},
                  {"name", "web, main"},
                  {"scopes", {"READ", "WRITE"}},
                  {"allowed_origins", {"a.example", "b.example", "c.example"}},
                  {"allow_missing_origin", true},
                  {"rate_limit", {{"limit", 5}, {"window_seconds", 60}}},
                  {"metadata", {{"team", "crm"}, {"plan", "pro"}}}}));
  EXPECT_EQ(json::parse(records[1].entry),
            json({{"sha256", "cd34"}, {"type", "private"}, {"name", "ci"}}));
  // What is none of that goes on as it is: the service says what is wrong with it.
  const json odd = json::parse(records[2].entry);
  EXPECT_EQ(odd["scopes"], json::array());
  EXPECT_EQ(odd["allow_missing_origin"], "maybe");
  EXPECT_EQ(odd["rate_limit"], json({{"limit", "-1"}, {"window_seconds", "1e3"}}));
}

TEST_F(RecordSourceTest, PassesAnNdjsonObjectOn) {
  const auto records = read(
      "{\"name\":\"a\",\"sha256\":\"ab\",\"x\":[1,{}]}\n\n \t\r\n[1]\nnonsense\n"
      "{\"name\":\"b\",\"name\":\"c\"}\n{}",
      ImportFormat::kNdjson);
  ASSERT_EQ(records.size(), 5U);
  EXPECT_EQ(json::parse(records[0].entry), json::parse(R"({"name":"a","sha256":"ab","x":[1,{}]})"));
  EXPECT_EQ(records[0].sha256, "ab");
  EXPECT_EQ(records[1].line, 4U);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(records[i].fault, "is no JSON object") << i;
  EXPECT_EQ(records[4].line, 7U);
  EXPECT_EQ(records[4].fault, std::nullopt);
}

TEST_F(RecordSourceTest, GoesOnBehindALineThatIsNoRecord) {
  const auto records =
      read("name,type\na\nb,private,x\n\xFF,private\nc,private\n", ImportFormat::kCsv);
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[0].fault, "has 1 cells where the header has 2");
  EXPECT_EQ(records[1].fault, "has 3 cells where the header has 2");
  EXPECT_EQ(records[2].fault, "is no valid UTF-8");
  EXPECT_EQ(records[3].fault, std::nullopt);
}

TEST_F(RecordSourceTest, RefusesAHeaderThatNamesNoField) {
  const auto refusal = [&](const std::string& header) {
    const auto source = open(header + "\n", ImportFormat::kCsv);
    return source ? "none" : source.error().detail;
  };
  EXPECT_THAT(refusal("name,secret"), HasSubstr("\"secret\"; a key has: sha256, handle"));
  EXPECT_THAT(refusal("name,ttl_seconds"), HasSubstr("ttl_seconds"));
  EXPECT_THAT(refusal("name,metadata."), HasSubstr("metadata."));
  EXPECT_THAT(refusal("name,type,name"), HasSubstr("name twice"));
  EXPECT_EQ(refusal("name,metadata.name"), "none");
}

TEST_F(RecordSourceTest, SaysWhatItCannotRead) {
  EXPECT_EQ(RecordSource::open(path_ + "-not-there", ImportFormat::kCsv).error().code,
            ErrorCode::kUnavailable);
  EXPECT_EQ(RecordSource::open(dir_.path().string(), ImportFormat::kNdjson).error().code,
            ErrorCode::kUnavailable);
  auto source = open("{}\n" + std::string(kMaxRecordBytes + 2, ' ') + "\n", ImportFormat::kNdjson);
  ASSERT_TRUE(source);
  ASSERT_TRUE(source->next());
  EXPECT_THAT(source->next().error().detail, HasSubstr("Line 2 has more than 512 KiB"));
  EXPECT_TRUE(read("", ImportFormat::kCsv).empty());
}

}  // namespace
}  // namespace keyledger
