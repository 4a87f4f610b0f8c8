#include "http/even_answers.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace keyledger::http {
namespace {

// Gives the place back even if the work throws.
class Place {
 public:
  explicit Place(std::atomic<int>& taken) : taken_(taken), number_(taken.fetch_add(1)) {}
  ~Place() { taken_.fetch_sub(1); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  std::atomic<int>& taken_;
  const int number_;
};

EvenAnswers::SleepUntil or_real(EvenAnswers::SleepUntil given) {
  if (given) return given;
  return [](EvenAnswers::Clock::time_point until) { std::this_thread::sleep_until(until); };
}

}  // namespace

EvenAnswers::EvenAnswers(SleepUntil sleep_until) : sleep_until_(or_real(std::move(sleep_until))) {}

bool EvenAnswers::run(const std::function<void()>& work) {
  const Place place(at_it_);
  if (place.number() >= kMaxAtOnce) return false;
  const Clock::time_point begin = Clock::now();
  work();
  sleep_until_(end_of_step(begin, Clock::now()));
  return true;
}

EvenAnswers::Clock::time_point EvenAnswers::end_of_step(Clock::time_point begin,
                                                        Clock::time_point now) {
  const auto step = std::chrono::duration_cast<Clock::duration>(kStep);
  const auto steps = (now - begin + step - Clock::duration(1)) / step;
  return begin + std::max<Clock::rep>(steps, 1) * step;
}

}  // namespace keyledger::http
