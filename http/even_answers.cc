#include "http/even_answers.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace keyledger::http {
namespace {

EvenAnswers::SleepUntil or_real(EvenAnswers::SleepUntil given) {
  if (given) return given;
  return [](EvenAnswers::Clock::time_point until) { std::this_thread::sleep_until(until); };
}

}  // namespace

// Gives the place back even if the work throws.
class EvenAnswers::Place {
 public:
  Place(EvenAnswers& all, const std::optional<IpAddress>& client) : all_(all), client_(client) {
    const std::lock_guard lock(all_.mutex_);
    auto& at_it = all_.at_it_;
    const auto own = std::count(at_it.begin(), at_it.end(), client_);
    taken_ = at_it.size() < kMaxAtOnce && (!client_ || static_cast<std::size_t>(own) < kMaxOfOne);
    if (taken_) at_it.push_back(client_);
  }
  ~Place() {
    if (!taken_) return;
    const std::lock_guard lock(all_.mutex_);
    all_.at_it_.erase(std::find(all_.at_it_.begin(), all_.at_it_.end(), client_));
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  [[nodiscard]] bool taken() const { return taken_; }

 private:
  EvenAnswers& all_;
  const std::optional<IpAddress> client_;
  bool taken_ = false;
};

EvenAnswers::EvenAnswers(SleepUntil sleep_until) : sleep_until_(or_real(std::move(sleep_until))) {}

bool EvenAnswers::run(const std::optional<IpAddress>& client, const std::function<void()>& work) {
  const Place place(*this, client);
  if (!place.taken()) return false;
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
