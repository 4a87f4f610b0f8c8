#include "events/ids.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace keyledger {
namespace {

IdBytes random_id(std::mt19937_64& random) {
  IdBytes bytes;
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

// The example of the ULID specification has this time part.
TEST(Ids, UlidTextFollowsTheSpecification) {
  EXPECT_EQ(ulid_text(make_ulid(Timestamp{1'469'922'850'259}, {})).substr(0, 10), "01ARZ3NDEK");
  EXPECT_EQ(ulid_text(IdBytes{}), std::string(26, '0'));
  IdBytes greatest;
  greatest.fill(0xFF);
  EXPECT_EQ(ulid_text(greatest), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
}

TEST(Ids, UlidTextComesBackAndSortsLikeItsBytes) {
  std::mt19937_64 random(3);
  IdBytes last = random_id(random);
  for (int i = 0; i < 5000; ++i) {
    const IdBytes bytes = random_id(random);
    const std::string text = ulid_text(bytes);
    ASSERT_EQ(text.size(), 26U);
    ASSERT_EQ(parse_ulid(text), bytes) << text;
    ASSERT_EQ(text < ulid_text(last), bytes < last);
    last = bytes;
  }
}

TEST(Ids, AnIdHoldsItsTimeThenItsRandomBytes) {
  const std::array<std::uint8_t, 10> random{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const IdBytes bytes = make_ulid(Timestamp{0x010203040506}, random);
  EXPECT_EQ(bytes, (IdBytes{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST(Ids, ParsingRefusesWhatIsNotExactlyAUlid) {
  const std::string good = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  ASSERT_TRUE(parse_ulid(good));
  EXPECT_FALSE(parse_ulid(""));
  EXPECT_FALSE(parse_ulid(good.substr(1)));
  EXPECT_FALSE(parse_ulid(good + "0"));
  EXPECT_FALSE(parse_ulid("8ZZZZZZZZZZZZZZZZZZZZZZZZZ"));  // more than 128 bits
  // Every character that is not one of the 32, at every place.
  const std::string alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  for (std::size_t place = 0; place < good.size(); ++place) {
    for (int c = 0; c < 256; ++c) {
      std::string text = good;
      text[place] = static_cast<char>(c);
      const bool known = alphabet.find(static_cast<char>(c)) != std::string::npos;
      EXPECT_EQ(parse_ulid(text).has_value(), known && (place > 0 || c <= '7')) << text;
    }
  }
}

TEST(Ids, EachKindHasItsOwnPrefix) {
  std::mt19937_64 random(4);
  const KeyId key{random_id(random)};
  const std::string text = to_text(key);
  EXPECT_EQ(text, "key_" + ulid_text(key.bytes));
  EXPECT_EQ(parse_id<KeyId>(text), key);
  EXPECT_FALSE(parse_id<MemberId>(text));
  EXPECT_FALSE(parse_id<WorkspaceId>(text));
  EXPECT_FALSE(parse_id<EventId>(text));
  EXPECT_FALSE(parse_id<KeyId>(text.substr(4)));
  EXPECT_FALSE(parse_id<KeyId>("KEY_" + text.substr(4)));
  EXPECT_FALSE(parse_id<KeyId>("key_"));
  EXPECT_FALSE(parse_id<KeyId>(""));
  EXPECT_FALSE(parse_id<KeyId>(text + " "));
  EXPECT_EQ(to_text(WorkspaceId{}).substr(0, 3), "ws_");
  EXPECT_EQ(to_text(MemberId{}).substr(0, 4), "mem_");
  EXPECT_EQ(to_text(SecretId{}).substr(0, 4), "sec_");
  EXPECT_EQ(to_text(EventId{}).substr(0, 4), "evt_");
  EXPECT_EQ(to_text(LogId{}).substr(0, 4), "log_");
}

TEST(Ids, OnlyAllZerosIsNil) {
  EXPECT_TRUE(KeyId{}.is_nil());
  for (std::size_t i = 0; i < 16; ++i) {
    KeyId id;
    id.bytes[i] = 1;
    EXPECT_FALSE(id.is_nil());
  }
}

}  // namespace
}  // namespace keyledger
