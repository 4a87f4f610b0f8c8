// Work that only a few may do at the same time: the others wait a moment for their turn, each on a
// thread that somebody else could use, so only some may wait.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <semaphore>

#include "events/result.h"

namespace keyledger::http {

// How long somebody waits who has nothing better to do than to ask again.
inline constexpr std::chrono::milliseconds kTurnPatience{2'000};

// Thread safety: any thread. In no order: who waits longest need not be next.
class Turns {
 public:
  // `busy`: what is said to those who get none; a literal.
  Turns(std::ptrdiff_t at_once, int may_wait, const char* busy)
      : free_(at_once), may_wait_(may_wait), busy_(busy) {}

  // Does `work`, which answers a Result, in its turn. kOverloaded, with nothing done, if none comes
  // within `patience` or too many wait for one.
  template <typename Work>
  [[nodiscard]] auto take(std::chrono::milliseconds patience, Work work) -> decltype(work()) {
    if (!free_.try_acquire() && !wait(patience)) return fail(ErrorCode::kOverloaded, busy_);
    const GiveBack turn{free_};
    return work();
  }

 private:
  struct GiveBack {
    std::counting_semaphore<>& turns;
    ~GiveBack() { turns.release(); }
  };

  bool wait(std::chrono::milliseconds patience) {
    const bool room = waiting_.fetch_add(1) < may_wait_;
    const bool taken = room && free_.try_acquire_for(patience);
    waiting_.fetch_sub(1);
    return taken;
  }

  std::counting_semaphore<> free_;
  const int may_wait_;
  const char* const busy_;
  std::atomic<int> waiting_{0};
};

}  // namespace keyledger::http
