// Random but valid events, frames and side objects of every type, from a seed: what property tests
// run on. "Valid" means what the format allows, not what core would decide: an event here need not
// make sense after the one before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "events/blobs.h"
#include "events/event.h"
#include "events/frame.h"

namespace keyledger {

class RandomEvents {
 public:
  // The same seed gives the same values. Print it when a test fails.
  explicit RandomEvents(std::uint64_t seed) : engine_(seed) {}

  // How many event types there are.
  [[nodiscard]] static std::size_t types();

  // The type is the variant's index, below types().
  Event event(std::size_t type);
  Event event() { return event(below(types())); }

  // Around an event: a header full of random values.
  RecordedEvent recorded(Event event);
  RecordedEvent recorded() { return recorded(event()); }

  // Encoded random events, dense from a random position.
  Frame frame(std::size_t count);
  // Beside a frame of `count` events; sometimes remembers a call.
  Side side(std::size_t count);

  ActorDetails actor_details();
  MemberProfile member_profile();
  KeyDetails key_details();
  LeakDetails leak_details();

  // 0 to `max` characters of one to four bytes, without control characters.
  std::string text(std::size_t max = 24);
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  bool chance(unsigned percent) { return below(100) < percent; }
  std::mt19937_64& engine() { return engine_; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace keyledger
