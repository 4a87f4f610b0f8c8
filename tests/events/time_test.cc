#include "events/time.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace keyledger {
namespace {

std::string again(std::string_view text) {
  const auto time = parse_time(text);
  return time ? to_text(*time) : "refused";
}

TEST(Time, TextIsRfc3339WithMilliseconds) {
  EXPECT_EQ(to_text(Timestamp{0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_text(Timestamp{1'774'872'000'007}), "2026-03-30T12:00:00.007Z");
  EXPECT_EQ(to_text(kLastTime), "9999-12-31T23:59:59.999Z");
}

TEST(Time, TextComesBackAndSortsLikeTime) {
  std::mt19937_64 random(5);
  Timestamp last{};
  for (int i = 0; i < 20'000; ++i) {
    const Timestamp time{
        static_cast<std::int64_t>(random() % (static_cast<std::uint64_t>(kLastTime.ms) + 1))};
    const std::string text = to_text(time);
    ASSERT_EQ(parse_time(text), time) << text;
    ASSERT_EQ(text < to_text(last), time < last) << text;
    last = time;
  }
}

// A calendar that only counts, day after day.
TEST(Time, EveryDayUntil2400IsTheNextDay) {
  int year = 1970;
  int month = 1;
  int day = 1;
  for (std::int64_t days = 0; year < 2400; ++days) {
    const std::string expected = fmt::format("{:04}-{:02}-{:02}T00:00:00.000Z", year, month, day);
    ASSERT_EQ(to_text(Timestamp{days * 86'400'000}), expected);
    ASSERT_EQ(parse_time(expected), Timestamp{days * 86'400'000});
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    const int lengths[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (++day > lengths[month - 1]) {
      day = 1;
      ++month;
    }
    if (month > 12) {
      month = 1;
      ++year;
    }
  }
}

TEST(Time, OffsetsAreTakenOff) {
  EXPECT_EQ(again("2026-03-30T12:00:00+02:00"), "2026-03-30T10:00:00.000Z");
  EXPECT_EQ(again("2026-03-30T12:00:00-05:30"), "2026-03-30T17:30:00.000Z");
  EXPECT_EQ(again("2025-12-31T23:59:59.5-00:01"), "2026-01-01T00:00:59.500Z");
  EXPECT_EQ(again("2024-03-01T00:30:00+01:00"), "2024-02-29T23:30:00.000Z");
  EXPECT_EQ(again("2026-03-30T12:00:00-00:00"), "2026-03-30T12:00:00.000Z");
}

TEST(Time, FurtherDigitsAreCutNeverRounded) {
  EXPECT_EQ(again("2026-03-30T12:00:00.9999Z"), "2026-03-30T12:00:00.999Z");
  EXPECT_EQ(again("2026-03-30T12:00:00.1Z"), "2026-03-30T12:00:00.100Z");
  EXPECT_EQ(again("2026-03-30T12:00:00.00123456789012345678901234567890Z"),
            "2026-03-30T12:00:00.001Z");
}

TEST(Time, RfcAllowsSmallLettersAndASpace) {
  EXPECT_EQ(again("2026-03-30t12:00:00z"), "2026-03-30T12:00:00.000Z");
  EXPECT_EQ(again("2026-03-30 12:00:00Z"), "2026-03-30T12:00:00.000Z");
}

TEST(Time, EverythingElseIsRefused) {
  for (const char* const bad : {"",
                                "2026",
                                "2026-03-30",
                                "2026-03-30T12:00:00",
                                "2026-03-30T12:00Z",
                                "12:00:00Z",
                                "2026-03-30T12:00:00.Z",
                                "2026-03-30T12:00:00Z ",
                                " 2026-03-30T12:00:00Z",
                                "2026-03-30T12:00:00ZZ",
                                "2026-03-30T12:00:60Z",
                                "2026-03-30T12:60:00Z",
                                "2026-03-30T24:00:00Z",
                                "2026-02-29T00:00:00Z",
                                "2100-02-29T00:00:00Z",
                                "2026-04-31T00:00:00Z",
                                "2026-00-10T00:00:00Z",
                                "2026-13-10T00:00:00Z",
                                "2026-01-00T00:00:00Z",
                                "2026-1-01T00:00:00Z",
                                "+2026-01-01T00:00:00Z",
                                "2026-03-30T12:00:00+24:00",
                                "2026-03-30T12:00:00+02:60",
                                "2026-03-30T12:00:00+0200",
                                "2026-03-30T12:00:00+2:00",
                                "2026-03-30T12:00:00+",
                                "1969-12-31T23:59:59.999Z",
                                "1970-01-01T00:00:00+00:01",
                                "9999-12-31T23:59:59-00:01",
                                "10000-01-01T00:00:00Z",
                                "2026-03-30X12:00:00Z",
                                "2026/03/30T12:00:00Z",
                                "-026-03-30T12:00:00Z"}) {
    EXPECT_FALSE(parse_time(bad)) << bad;
  }
  EXPECT_FALSE(parse_time(std::string_view("2026-03-30T12:00:00Z\0", 21)));
  EXPECT_TRUE(parse_time("2000-02-29T00:00:00Z"));
  EXPECT_TRUE(parse_time("2024-02-29T00:00:00Z"));
}

}  // namespace
}  // namespace keyledger
