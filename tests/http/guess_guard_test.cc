#include "http/guess_guard.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <thread>

namespace keyledger::http {
namespace {

constexpr Timestamp kNoon{1'780'000'000'000};

ClientAddress at(const std::string& address) {
  return {false, false, parse_address(address), address};
}

// How many of `count` wrong keys are answered as such.
int told(GuessGuard& guard, const std::string& client, int count, Timestamp now = kNoon) {
  int told = 0;
  for (int i = 0; i < count; ++i) told += guard.refuse(at(client), now) ? 0 : 1;
  return told;
}

TEST(GuessGuard, StopsAnAddressAfterSoManyAMinuteAndSaysWhenToComeBack) {
  GuessGuard guard(30);
  EXPECT_EQ(told(guard, "203.0.113.7", 100), 30);
  EXPECT_EQ(guard.refuse(at("203.0.113.7"), kNoon), 2U);
  EXPECT_FALSE(guard.refuse(at("203.0.113.7"), kNoon + 2'000));
  EXPECT_TRUE(guard.refuse(at("203.0.113.7"), kNoon + 2'000));
  EXPECT_EQ(told(guard, "203.0.113.7", 100, kNoon + 62'000), 30);
}

TEST(GuessGuard, CountsEachAddressAlone) {
  GuessGuard guard(3);
  EXPECT_EQ(told(guard, "203.0.113.7", 10), 3);
  EXPECT_EQ(told(guard, "203.0.113.8", 10), 3);
  EXPECT_EQ(told(guard, "::ffff:203.0.113.7", 10), 0) << "the same address, written otherwise";
}

TEST(GuessGuard, CountsAnIPv6NetworkAsOne) {
  GuessGuard guard(3);
  EXPECT_EQ(told(guard, "2001:db8:0:1::7", 2), 2);
  EXPECT_EQ(told(guard, "2001:db8:0:1:ffff::9", 10), 1);
  EXPECT_EQ(told(guard, "2001:db8:0:2::7", 10), 3);
}

TEST(GuessGuard, CountsEachMemberAloneWhereverItCallsFrom) {
  GuessGuard guard(2);
  const MemberId one{{1}};
  const MemberId other{{2}};
  EXPECT_FALSE(guard.refuse(one, kNoon));
  EXPECT_FALSE(guard.refuse(one, kNoon));
  EXPECT_EQ(guard.refuse(one, kNoon), 30U);
  EXPECT_FALSE(guard.refuse(other, kNoon));
}

TEST(GuessGuard, DoesNotLimitWhoMayBeEverybody) {
  GuessGuard guard(1);
  for (const char* client : {"", "unknown", "unix", "127.0.0.1", "127.8.8.8", "::1"}) {
    EXPECT_EQ(told(guard, client, 50), 50) << client;
  }
}

TEST(GuessGuard, BelievesAProxyThatNamesItsClientAndLimitsNoneThatDoesNot) {
  GuessGuard guard(1);
  ClientAddress client = at("203.0.113.7");
  client.through_proxy = true;
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(guard.refuse(client, kNoon));
  client.named = true;
  EXPECT_FALSE(guard.refuse(client, kNoon));
  EXPECT_TRUE(guard.refuse(client, kNoon));
}

TEST(GuessGuard, CanBeSwitchedOff) {
  GuessGuard guard(0);
  EXPECT_EQ(told(guard, "203.0.113.7", 1'000), 1'000);
}

// A stranger with very many addresses makes it forget those that guessed little, not the one that
// guesses much.
TEST(GuessGuard, RemembersTheWorstWhateverAStrangerSends) {
  GuessGuard guard(20);
  std::mt19937_64 random(1);
  EXPECT_EQ(told(guard, "203.0.113.7", 21), 20);
  for (int i = 0; i < 100'000; ++i) {
    const std::string client =
        std::to_string(1 + random() % 100) + '.' + std::to_string(random() % 256) + '.' +
        std::to_string(random() % 256) + '.' + std::to_string(random() % 256);
    EXPECT_FALSE(guard.refuse(at(client), kNoon)) << client;
  }
  EXPECT_EQ(told(guard, "203.0.113.7", 10), 0);
}

TEST(GuessGuard, CountsFromManyThreadsWhatItCountsFromOne) {
  GuessGuard guard(1'000);
  std::vector<std::thread> threads;
  std::vector<int> each(4);
  for (int& mine : each) {
    threads.emplace_back([&] { mine = told(guard, "203.0.113.7", 600); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(each[0] + each[1] + each[2] + each[3], 1'000);
}

}  // namespace
}  // namespace keyledger::http
