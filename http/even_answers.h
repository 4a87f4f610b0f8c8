// Answers that take the same time whatever was done for them, so that waiting tells nobody what
// that was.
//
// What it costs: a thread that waits, so only a few may at once, and fewer for one client; the
// others are turned away, all alike. What it does not hide: work that takes longer than one step is
// answered a whole step later, which a client that knows how busy the disk is could tell from no
// work at all.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "events/network.h"

namespace keyledger::http {

// Thread safety: any thread.
class EvenAnswers {
 public:
  using Clock = std::chrono::steady_clock;
  using SleepUntil = std::function<void(Clock::time_point)>;
  // Some fsyncs of a disk that turns.
  static constexpr std::chrono::milliseconds kStep{100};
  static constexpr std::size_t kMaxAtOnce = 32;  // a quarter of the threads that may wait
  static constexpr std::size_t kMaxOfOne = 4;    // of them, of one client

  // `sleep_until`: empty, the real one.
  explicit EvenAnswers(SleepUntil sleep_until);

  // Does `work`, then waits for the end of the step. False, at once and with nothing done, if too
  // many are at it. `client`: whose call it is; nothing for one that may be everybody.
  [[nodiscard]] bool run(const std::optional<IpAddress>& client, const std::function<void()>& work);

  // The first end of a step, counted from `begin`, that is not before `now`. At least one step.
  [[nodiscard]] static Clock::time_point end_of_step(Clock::time_point begin,
                                                     Clock::time_point now);

 private:
  class Place;

  const SleepUntil sleep_until_;
  std::mutex mutex_;
  std::vector<std::optional<IpAddress>> at_it_;
};

}  // namespace keyledger::http
