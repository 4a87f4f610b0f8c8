// Prints random leaves, frames, side objects and blobs, one a line: kind, hex, and the JSON that
// they mean (events/FORMAT.md "The JSON of the tests"). ledger_reader_test.py reads the hex for
// itself and compares.
#include <iostream>

#include "events/event_codec.h"
#include "tests/events/event_json.h"
#include "tests/support/random_events.h"

namespace {

void print(std::string_view kind, std::string_view bytes, const keyledger::Json& json) {
  std::cout << kind << ' ' << keyledger::to_hex(bytes) << ' ' << json.dump() << '\n';
}

}  // namespace

int main() {
  constexpr int kOfEachType = 60;
  keyledger::RandomEvents random(20'260'333);
  for (std::size_t type = 0; type < keyledger::RandomEvents::types(); ++type) {
    for (int i = 0; i < kOfEachType; ++i) {
      const auto event = random.recorded(random.event(type));
      print("leaf", keyledger::encode_leaf(event), to_json(event));
    }
  }
  for (int i = 0; i < kOfEachType; ++i) {
    const auto frame = random.frame(1 + random.below(5));
    print("frame", encode_frame(frame), to_json(frame));
    const auto side = random.side(random.below(5));
    print("side", encode_side(side), to_json(side));
    const auto actor = random.actor_details();
    print("blob", encode_blob(actor), to_json(actor));
    const auto profile = random.member_profile();
    print("blob", encode_blob(profile), to_json(profile));
    const auto details = random.key_details();
    print("blob", encode_blob(details), to_json(details));
    const auto leak = random.leak_details();
    print("blob", encode_blob(leak), to_json(leak));
  }
  return 0;
}
