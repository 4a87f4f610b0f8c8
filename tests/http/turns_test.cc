#include "http/turns.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace keyledger::http {
namespace {

using std::chrono::milliseconds;

Result<int> seven() { return 7; }

TEST(Turns, AreGivenToAFewAtATime) {
  Turns turns(2, 8, "busy");
  const auto nested = [&] { return turns.take(milliseconds(0), seven); };
  const auto twice = [&] { return turns.take(milliseconds(0), nested); };
  EXPECT_EQ(nested().value(), 7);
  EXPECT_EQ(twice().value(), 7) << "there is room for two";
  const auto third = turns.take(milliseconds(0), twice);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(third.error().detail, "busy");
  EXPECT_EQ(twice().value(), 7) << "both are back";
}

TEST(Turns, AreGivenBackByWorkThatFailsOrThrows) {
  Turns turns(1, 8, "busy");
  const auto fails = [&]() -> Result<int> { return fail(ErrorCode::kNotFound, "no"); };
  const auto throws = [&]() -> Result<int> { throw std::runtime_error("no"); };
  EXPECT_EQ(turns.take(milliseconds(0), fails).error().code, ErrorCode::kNotFound);
  EXPECT_THROW(static_cast<void>(turns.take(milliseconds(0), throws)), std::runtime_error);
  EXPECT_EQ(turns.take(milliseconds(0), seven).value(), 7);
}

TEST(Turns, AreWaitedForBySomeOnly) {
  Turns turns(1, 1, "busy");
  std::atomic<bool> held{false};
  std::atomic<bool> over{false};
  std::thread holder([&] {
    static_cast<void>(turns.take(milliseconds(0), [&]() -> Result<int> {
      held = true;
      while (!over) std::this_thread::yield();
      return 1;
    }));
  });
  while (!held) std::this_thread::yield();
  Result<int> waited = 0;
  std::thread waiter([&] { waited = turns.take(std::chrono::hours(1), seven); });
  over = true;
  holder.join();
  waiter.join();
  EXPECT_EQ(waited.value(), 7);

  Turns none(1, 0, "busy");
  const auto inner = [&] { return none.take(std::chrono::hours(1), seven); };
  EXPECT_FALSE(none.take(milliseconds(0), inner)) << "nobody may wait";
}

}  // namespace
}  // namespace keyledger::http
