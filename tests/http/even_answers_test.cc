#include "http/even_answers.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

namespace keyledger::http {
namespace {

using std::chrono::milliseconds;
using Clock = EvenAnswers::Clock;

TEST(EvenAnswers, EndWithTheStepInWhichTheWorkEnded) {
  const Clock::time_point begin{};
  const auto end_after = [&](Clock::duration worked) {
    return EvenAnswers::end_of_step(begin, begin + worked) - begin;
  };
  const Clock::duration tick(1);
  const Clock::duration step = EvenAnswers::kStep;
  EXPECT_EQ(end_after(Clock::duration(0)), step);
  EXPECT_EQ(end_after(tick), step);
  EXPECT_EQ(end_after(step - tick), step);
  EXPECT_EQ(end_after(step), step);
  EXPECT_EQ(end_after(step + tick), 2 * step);
  EXPECT_EQ(end_after(7 * step + milliseconds(3)), 8 * step);
}

TEST(EvenAnswers, WaitAfterTheWorkAndNotBeforeAStepHasPassed) {
  bool worked = false;
  std::vector<Clock::time_point> waits;
  EvenAnswers answers([&](Clock::time_point until) {
    EXPECT_TRUE(worked);
    waits.push_back(until);
  });
  const Clock::time_point before = Clock::now();
  EXPECT_TRUE(answers.run(std::nullopt, [&] { worked = true; }));
  ASSERT_EQ(waits.size(), 1U);
  EXPECT_GE(waits[0], before + EvenAnswers::kStep);
}

TEST(EvenAnswers, LetOnlyAFewWaitAtOnce) {
  std::promise<void> go;
  const std::shared_future<void> gone = go.get_future().share();
  std::atomic<std::size_t> waiting{0};
  EvenAnswers answers([&](Clock::time_point) {
    ++waiting;
    gone.wait();
  });
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < EvenAnswers::kMaxAtOnce; ++i) {
    threads.emplace_back([&] { EXPECT_TRUE(answers.run(std::nullopt, [] {})); });
  }
  while (waiting < EvenAnswers::kMaxAtOnce) std::this_thread::yield();
  bool worked = false;
  EXPECT_FALSE(answers.run(std::nullopt, [&] { worked = true; }));
  EXPECT_FALSE(worked);
  go.set_value();
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(answers.run(std::nullopt, [&] { worked = true; })) << "all places are free again";
  EXPECT_TRUE(worked);
}

// One client alone cannot take all places.
TEST(EvenAnswers, LetOneClientHaveAFewPlacesOnly) {
  const auto one = parse_address("203.0.113.7");
  const auto other = parse_address("203.0.113.8");
  std::vector<bool> taken;
  EvenAnswers answers([](Clock::time_point) {});
  const std::function<void(std::size_t)> nest = [&](std::size_t depth) {
    const bool has_place = answers.run(one, [&] {
      if (depth > 1) return nest(depth - 1);
      taken.push_back(answers.run(other, [] {}));
      taken.push_back(answers.run(std::nullopt, [] {}));
    });
    taken.push_back(has_place);
  };
  nest(EvenAnswers::kMaxOfOne);
  EXPECT_EQ(taken, std::vector<bool>(2 + EvenAnswers::kMaxOfOne, true));
  taken.clear();
  nest(EvenAnswers::kMaxOfOne + 1);
  EXPECT_FALSE(taken.front()) << "one too many";
}

}  // namespace
}  // namespace keyledger::http
