#include "http/cursor.h"

#include <gtest/gtest.h>

namespace keyledger::http {
namespace {

const LogId kLog{{1, 2, 3}};

TEST(Cursor, OpensForItsLogAndScopeAlone) {
  const std::string payload("\0after\xFF", 7);
  const std::string cursor = seal_cursor(kLog, "keys", payload);
  EXPECT_EQ(open_cursor(kLog, "keys", cursor), payload);
  EXPECT_FALSE(open_cursor(kLog, "audit", cursor));
  EXPECT_FALSE(open_cursor(LogId{{1, 2, 4}}, "keys", cursor));
}

TEST(Cursor, MayHaveNothingInIt) {
  EXPECT_EQ(open_cursor(kLog, "keys", seal_cursor(kLog, "keys", "")), "");
}

TEST(Cursor, IsTheSameForever) {
  EXPECT_EQ(seal_cursor(kLog, "keys", "x"), seal_cursor(kLog, "keys", "x"));
}

TEST(Cursor, RefusesEveryChangedOrMissingCharacter) {
  const std::string cursor = seal_cursor(kLog, "keys", "payload");
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    std::string changed = cursor;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(open_cursor(kLog, "keys", changed)) << i;
    EXPECT_FALSE(open_cursor(kLog, "keys", cursor.substr(0, i))) << i;
  }
  EXPECT_FALSE(open_cursor(kLog, "keys", cursor + "A"));
  EXPECT_FALSE(open_cursor(kLog, "keys", "next please"));
}

// Where the scope ends and the payload begins is part of what is sealed.
TEST(Cursor, KeepsScopeAndPayloadApart) {
  const std::string cursor = seal_cursor(kLog, "ab", "c");
  EXPECT_FALSE(open_cursor(kLog, "a", cursor));
  EXPECT_FALSE(open_cursor(kLog, "abc", cursor));
}

}  // namespace
}  // namespace keyledger::http
