// Decoded events as JSON, in the form of events/FORMAT.md "The JSON of the tests": what the golden
// files show and what the independent reader must show too.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "events/blobs.h"
#include "events/event.h"
#include "events/frame.h"

namespace keyledger {

using Json = nlohmann::ordered_json;

[[nodiscard]] Json to_json(const RecordedEvent& event);
// The leaves are decoded; one that does not decode throws.
[[nodiscard]] Json to_json(const Frame& frame);
[[nodiscard]] Json to_json(const Side& side);
[[nodiscard]] Json to_json(const ActorDetails& details);
[[nodiscard]] Json to_json(const MemberProfile& profile);
[[nodiscard]] Json to_json(const KeyDetails& details);
[[nodiscard]] Json to_json(const LeakDetails& details);

[[nodiscard]] std::string to_hex(std::string_view bytes);
// White space is skipped; throws std::invalid_argument on anything else.
[[nodiscard]] std::string from_hex(std::string_view text);

}  // namespace keyledger
