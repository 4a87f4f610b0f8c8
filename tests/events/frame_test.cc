#include "events/frame.h"

#include <gtest/gtest.h>

#include <string>

#include "events/bytes.h"
#include "events/checksum.h"
#include "tests/support/random_events.h"

namespace keyledger {
namespace {

constexpr std::uint64_t kSeed = 20'260'331;

// Where the count stands in a frame, and the counts in a side (FORMAT.md).
constexpr std::size_t kFrameCountAt = 44;
constexpr std::size_t kFrameTableAt = 48;
constexpr std::size_t kSideTableAt = 28;

Frame frame_of(std::vector<std::string> leaves) {
  Frame frame;
  frame.first_position = 7;
  frame.leaves = std::move(leaves);
  return frame;
}

// The bytes with a right checksum at the end again: what a stranger would make, not an accident.
std::string resealed(std::string bytes) {
  bytes.resize(bytes.size() - 4);
  const std::uint32_t checksum = crc32c(bytes);
  ByteWriter(bytes).u32(checksum);
  return bytes;
}

std::string with_u32(std::string bytes, std::size_t at, std::uint32_t value) {
  std::string number;
  ByteWriter(number).u32(value);
  return bytes.replace(at, 4, number);
}

template <typename T>
void expect_corrupt(const Result<T>& result, std::string_view why) {
  ASSERT_FALSE(result) << why;
  EXPECT_EQ(result.error().code, ErrorCode::kCorrupt) << why;
}

TEST(Frame, ComesBackAsItWas) {
  RandomEvents random(kSeed);
  for (int i = 0; i < 200; ++i) {
    const Frame frame = random.frame(1 + random.below(20));
    const std::string bytes = encode_frame(frame);
    const auto decoded = decode_frame(bytes);
    ASSERT_TRUE(decoded) << decoded.error().detail;
    ASSERT_EQ(*decoded, frame);
    ASSERT_EQ(encode_frame(*decoded), bytes);
  }
}

TEST(Frame, HoldsAsManyEventsAndBytesAsItMay) {
  const Frame many = frame_of(std::vector<std::string>(kMaxFrameEvents, "x"));
  EXPECT_EQ(decode_frame(encode_frame(many)), many);
  expect_corrupt(
      decode_frame(encode_frame(frame_of(std::vector<std::string>(kMaxFrameEvents + 1, "x")))),
      "one event too many");

  const Frame large = frame_of(std::vector<std::string>(16, std::string(kMaxLeafBytes, 'x')));
  EXPECT_EQ(decode_frame(encode_frame(large)), large);
  expect_corrupt(
      decode_frame(encode_frame(frame_of(std::vector<std::string>(17, std::string(62'000, 'x'))))),
      "more than a MiB");
  expect_corrupt(decode_frame(encode_frame(frame_of({std::string(kMaxLeafBytes + 1, 'x')}))),
                 "an event too long");
  expect_corrupt(decode_frame(encode_frame(frame_of({}))), "no event");
  expect_corrupt(decode_frame(encode_frame(frame_of({"a", "", "b"}))), "an empty event");
}

TEST(Frame, EveryDamagedByteShows) {
  RandomEvents random(kSeed + 1);
  const std::string good = encode_frame(random.frame(3));
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xFF}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      ASSERT_FALSE(decode_frame(bad)) << at;
    }
  }
}

TEST(Frame, EveryCutAndEveryLeftOverShows) {
  RandomEvents random(kSeed + 2);
  const std::string good = encode_frame(random.frame(2));
  for (std::size_t size = 0; size < good.size(); ++size) {
    ASSERT_FALSE(decode_frame(good.substr(0, size))) << size;
  }
  ASSERT_FALSE(decode_frame(good + '\0'));
  ASSERT_FALSE(decode_frame(good + good));
}

// A right checksum does not make wrong lengths right.
TEST(Frame, AForgedTableIsRefused) {
  const std::string good = encode_frame(frame_of({"first", "second", "third"}));
  ASSERT_TRUE(decode_frame(resealed(good)));
  expect_corrupt(decode_frame(resealed(with_u32(good, kFrameCountAt, 0))), "count 0");
  expect_corrupt(decode_frame(resealed(with_u32(good, kFrameCountAt, 2))), "count too small");
  expect_corrupt(decode_frame(resealed(with_u32(good, kFrameCountAt, 4))), "count too great");
  expect_corrupt(decode_frame(resealed(with_u32(good, kFrameCountAt, 1024))), "table cut");
  expect_corrupt(decode_frame(resealed(with_u32(good, kFrameCountAt, 0xFFFFFFFF))), "count huge");
  for (const std::uint32_t end : {0U, 4U, 6U, 17U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
    expect_corrupt(decode_frame(resealed(with_u32(good, kFrameTableAt, end))), "first end");
    expect_corrupt(decode_frame(resealed(with_u32(good, kFrameTableAt + 16, end))), "last end");
  }
  expect_corrupt(decode_frame(resealed(with_u32(good, kFrameTableAt + 4, 1))), "leaf checksum");
  std::string longer = good;
  longer.insert(longer.size() - 4, "x");
  expect_corrupt(decode_frame(resealed(longer)), "a byte behind the last event");
}

TEST(Frame, ADamagedEventIsNamed) {
  std::string bytes = encode_frame(frame_of({"first", "second", "third"}));
  bytes[bytes.size() - 4 - 5] = 'T';
  const auto decoded = decode_frame(resealed(bytes));
  ASSERT_FALSE(decoded);
  EXPECT_NE(decoded.error().detail.find("event 9"), std::string::npos) << decoded.error().detail;
}

TEST(Frame, OneLeafIsTakenOutAlone) {
  RandomEvents random(kSeed + 3);
  const Frame frame = random.frame(40);
  const std::string bytes = encode_frame(frame);
  for (std::size_t i = 0; i < frame.leaves.size(); ++i) {
    const auto leaf = leaf_at(bytes, i);
    ASSERT_TRUE(leaf) << leaf.error().detail;
    ASSERT_EQ(*leaf, frame.leaves[i]);
  }
  const auto beyond = leaf_at(bytes, frame.leaves.size());
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, ErrorCode::kNotFound);
}

TEST(Frame, ATakenLeafIsTheRightOneOrRefused) {
  RandomEvents random(kSeed + 4);
  const Frame frame = random.frame(5);
  const std::string good = encode_frame(frame);
  for (int i = 0; i < 20'000; ++i) {
    std::string bad = good;
    bad[random.below(bad.size())] = static_cast<char>(random.below(256));
    if (random.chance(20)) bad.resize(random.below(bad.size()));
    const std::size_t index = random.below(5);
    const auto leaf = leaf_at(bad, index);
    if (leaf) {
      ASSERT_EQ(*leaf, frame.leaves[index]);
    }
  }
}

TEST(Side, ComesBackAsItWas) {
  RandomEvents random(kSeed + 5);
  for (int i = 0; i < 500; ++i) {
    const Side side = random.side(random.below(20));
    const std::string bytes = encode_side(side);
    const auto decoded = decode_side(bytes);
    ASSERT_TRUE(decoded) << decoded.error().detail;
    ASSERT_EQ(*decoded, side);
    ASSERT_EQ(encode_side(*decoded), bytes);
    for (std::size_t k = 0; k < side.events.size(); ++k) {
      ASSERT_EQ(side_at(bytes, k), side.events[k]);
    }
    EXPECT_EQ(side_at(bytes, side.events.size()).error().code, ErrorCode::kNotFound);
  }
}

TEST(Side, HoldsAsMuchAsAFrameOfFullEventsNeeds) {
  Side side;
  side.events.resize(kMaxFrameEvents);
  for (auto& event : side.events) event.actor = Blob{{}, std::string(5000, 'x')};
  for (std::uint32_t i = 0; i < kMaxFrameEvents; ++i) side.calls.push_back({{}, {}, i, 1});
  EXPECT_EQ(decode_side(encode_side(side)), side);
  side.events.emplace_back();
  expect_corrupt(decode_side(encode_side(side)), "one event too many");
}

TEST(Side, EveryDamagedByteAndEveryCutShows) {
  RandomEvents random(kSeed + 6);
  Side side = random.side(3);
  side.events[1].actor = Blob{{}, "kept"};
  side.calls = {{{}, {}, 1, 2}};
  const std::string good = encode_side(side);
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xFF}) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ flip);
      ASSERT_FALSE(decode_side(bad)) << at;
    }
    ASSERT_FALSE(decode_side(good.substr(0, at))) << at;
  }
  ASSERT_FALSE(decode_side(good + '\0'));
}

TEST(Side, AForgedSideIsRefused) {
  Side side;
  side.events.resize(2);
  side.events[0].actor = Blob{{}, "ten bytes."};
  side.calls = {{{}, {}, 0, 2}};
  const std::string good = encode_side(side);
  ASSERT_EQ(decode_side(resealed(good)), side);
  expect_corrupt(decode_side(resealed(with_u32(good, 20, 1))), "one event too few");
  expect_corrupt(decode_side(resealed(with_u32(good, 20, 3))), "one event too many");
  expect_corrupt(decode_side(resealed(with_u32(good, 20, 0xFFFFFFFF))), "events huge");
  expect_corrupt(decode_side(resealed(with_u32(good, 24, 0))), "a call left over");
  expect_corrupt(decode_side(resealed(with_u32(good, 24, 2))), "a call missing");
  expect_corrupt(decode_side(resealed(with_u32(good, 24, 0xFFFFFFFF))), "calls huge");
  expect_corrupt(decode_side(resealed(with_u32(good, kSideTableAt, 0xFFFFFFFF))), "end huge");
  // Inside an element with a right checksum of its own: the blob's length.
  std::string element(1, '\1');
  element.append(32, '\0');
  ByteWriter(element).u32(1000);
  element += "ten bytes.";
  element += '\0';
  std::string forged = good;
  forged.replace(kSideTableAt + 16, element.size(), element);
  forged = with_u32(forged, kSideTableAt + 4, crc32c(element));
  expect_corrupt(decode_side(resealed(forged)), "a blob beyond its element");
  expect_corrupt(side_at(forged, 0), "a blob beyond its element, alone");
  // The last eight bytes before the checksum: first and count of the call.
  const std::size_t call = good.size() - 12;
  expect_corrupt(decode_side(resealed(with_u32(good, call, 2))), "a call beyond the frame");
  expect_corrupt(decode_side(resealed(with_u32(good, call, 1))), "a call that ends beyond it");
  expect_corrupt(decode_side(resealed(with_u32(good, call + 4, 0))), "a call of no events");
  expect_corrupt(decode_side(resealed(with_u32(good, call + 4, 0xFFFFFFFF))), "call count huge");
}

TEST(Side, ATakenSideIsTheRightOneOrRefused) {
  RandomEvents random(kSeed + 7);
  const Side side = random.side(4);
  const std::string good = encode_side(side);
  for (int i = 0; i < 20'000; ++i) {
    std::string bad = good;
    bad[random.below(bad.size())] = static_cast<char>(random.below(256));
    if (random.chance(20)) bad.resize(random.below(bad.size()));
    const std::size_t index = random.below(4);
    const auto taken = side_at(bad, index);
    if (taken) {
      ASSERT_EQ(*taken, side.events[index]);
    }
  }
}

}  // namespace
}  // namespace keyledger
