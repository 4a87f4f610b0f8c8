#include "events/hex.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace keyledger {
namespace {

TEST(HexTest, KnowsTheDigitsOfBothCasesAndNothingElse) {
  const std::string_view lower = "0123456789abcdef";
  const std::string_view upper = "0123456789ABCDEF";
  for (int byte = -128; byte < 128; ++byte) {
    const char c = static_cast<char>(byte);
    const std::size_t place = std::min(lower.find(c), upper.find(c));
    ASSERT_EQ(hex_digit(c), place == std::string_view::npos ? -1 : static_cast<int>(place)) << byte;
  }
}

TEST(HexTest, ReadsBackAnyDigestInEitherCase) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    Digest digest{};
    for (auto& byte : digest) byte = static_cast<std::uint8_t>(random());
    ASSERT_EQ(parse_digest(fmt::format("{:02x}", fmt::join(digest, ""))), digest);
    ASSERT_EQ(parse_digest(fmt::format("{:02X}", fmt::join(digest, ""))), digest);
  }
}

TEST(HexTest, RefusesOtherLengthsAndOtherCharactersAtAnyPlace) {
  const std::string good(64, 'a');
  ASSERT_TRUE(parse_digest(good));
  EXPECT_FALSE(parse_digest(""));
  EXPECT_FALSE(parse_digest(good.substr(1)));
  EXPECT_FALSE(parse_digest(good + "a"));
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = 'g';
    ASSERT_FALSE(parse_digest(bad)) << at;
  }
}

}  // namespace
}  // namespace keyledger
