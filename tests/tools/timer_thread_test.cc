#include "tools/timer_thread.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace keyledger {
namespace {

using namespace std::chrono_literals;

TEST(TimerThread, TicksAgainAndAgain) {
  std::latch ticks(3);
  std::atomic<int> left = 3;
  const TimerThread timer(1ms, [&](const std::stop_token&) {
    if (left-- > 0) ticks.count_down();
  });
  ticks.wait();
}

TEST(TimerThread, EndsAPauseAtOnceAndTicksNoMore) {
  std::atomic<int> ticks = 0;
  {
    const TimerThread timer(24h, [&](const std::stop_token&) { ++ticks; });
  }
  EXPECT_EQ(ticks, 0);
}

TEST(TimerThread, TellsATickToEndAndWaitsForIt) {
  std::latch begun(1);
  bool ended = false;
  {
    const TimerThread timer(1ms, [&](const std::stop_token& stop) {
      begun.count_down();
      while (!stop.stop_requested()) std::this_thread::yield();
      ended = true;
    });
    begun.wait();
  }
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace keyledger
