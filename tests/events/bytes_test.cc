#include "events/bytes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>

namespace keyledger {
namespace {

using namespace std::string_view_literals;

TEST(Bytes, IntegersAreBigEndian) {
  std::string out;
  ByteWriter writer(out);
  writer.u8(0x01);
  writer.u16(0x0203);
  writer.u32(0x04050607);
  writer.u64(0x08090A0B0C0D0E0F);
  writer.i64(-2);
  EXPECT_EQ(out,
            "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C\x0D\x0E\x0F"
            "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFE"sv);
}

TEST(Bytes, WhatWasWrittenIsRead) {
  std::string out;
  ByteWriter writer(out);
  writer.u8(200);
  writer.u16(60'000);
  writer.u32(4'000'000'000);
  writer.u64(std::numeric_limits<std::uint64_t>::max());
  writer.i64(std::numeric_limits<std::int64_t>::min());
  writer.array(std::array<std::uint8_t, 3>{7, 8, 9});
  writer.varint(300);
  writer.sized("text");
  writer.raw("rest");
  ByteReader reader(out);
  EXPECT_EQ(reader.u8(), 200);
  EXPECT_EQ(reader.u16(), 60'000);
  EXPECT_EQ(reader.u32(), 4'000'000'000);
  EXPECT_EQ(reader.u64(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(reader.i64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(reader.array<3>(), (std::array<std::uint8_t, 3>{7, 8, 9}));
  EXPECT_EQ(reader.varint(), 300U);
  EXPECT_EQ(reader.sized(), "text");
  EXPECT_FALSE(reader.finished());
  EXPECT_EQ(reader.raw(reader.left()), "rest");
  EXPECT_TRUE(reader.finished());
}

TEST(Bytes, VarintsComeBackAndAreShort) {
  std::mt19937_64 random(1);
  for (unsigned shift = 0; shift < 64; ++shift) {
    for (const std::uint64_t value : {std::uint64_t{1} << shift, (std::uint64_t{1} << shift) - 1,
                                      random() >> shift, ~std::uint64_t{0} >> shift}) {
      std::string out;
      ByteWriter(out).varint(value);
      EXPECT_LE(out.size(), 10U);
      ByteReader reader(out);
      EXPECT_EQ(reader.varint(), value);
      EXPECT_TRUE(reader.finished()) << value;
    }
  }
}

TEST(Bytes, ANumberHasOnlyOneVarint) {
  for (const std::string_view bad : {
           "\x80\x00"sv,                                  // 0 in two bytes
           "\xFF\x00"sv,                                  // 127 in two bytes
           "\x80\x80\x00"sv,                              // 0 in three
           "\x80"sv,                                      // goes on, but ends
           "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"sv,  // bit 65
           "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x81\x01"sv,
           ""sv,
       }) {
    ByteReader reader(bad);
    EXPECT_EQ(reader.varint(), 0U);
    EXPECT_FALSE(reader.ok());
  }
  ByteReader greatest("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"sv);
  EXPECT_EQ(greatest.varint(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_TRUE(greatest.finished());
}

TEST(Bytes, AFailedReaderStaysFailedAndGivesZeros) {
  ByteReader reader("\x01\x02\x03"sv);
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.left(), 0U);
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_EQ(reader.array<2>(), (std::array<std::uint8_t, 2>{}));
  EXPECT_EQ(reader.raw(1), "");
  EXPECT_EQ(reader.sized(), "");
  EXPECT_EQ(reader.count(1), 0U);
  EXPECT_EQ(reader.raw(0), "");
  EXPECT_FALSE(reader.finished());
}

TEST(Bytes, ALengthBeyondTheBytesIsRefused) {
  ByteReader text(
      "\x05"
      "abcd"sv);
  EXPECT_EQ(text.sized(), "");
  EXPECT_FALSE(text.ok());
  ByteReader huge(
      "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"
      "a"sv);
  EXPECT_EQ(huge.sized(), "");
  EXPECT_FALSE(huge.ok());
}

TEST(Bytes, ACountThatCannotFitIsRefused) {
  ByteReader fits(
      "\x02"
      "abcd"sv);
  EXPECT_EQ(fits.count(2), 2U);
  EXPECT_TRUE(fits.ok());
  ByteReader beyond(
      "\x03"
      "abcd"sv);
  EXPECT_EQ(beyond.count(2), 0U);
  EXPECT_FALSE(beyond.ok());
}

TEST(Bytes, ADecoderMayRefuse) {
  ByteReader reader("\x01\x02"sv);
  reader.require(true);
  EXPECT_EQ(reader.u8(), 1);
  reader.require(false);
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_FALSE(reader.finished());
}

}  // namespace
}  // namespace keyledger
