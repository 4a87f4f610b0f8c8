// The events that golden files were made from. A file, once released, never changes; new cases are
// added here, and written by:  KEYLEDGER_WRITE_GOLDEN=1 events_test --gtest_filter='Golden.*'
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "events/blobs.h"
#include "events/event.h"
#include "events/frame.h"

namespace keyledger {

// File name without its ending, and what its bytes mean.
template <typename T>
using Golden = std::pair<std::string, T>;

// All of today's payload versions. When a type gets a second version, its cases of the first leave
// this list; their files stay.
[[nodiscard]] std::vector<Golden<RecordedEvent>> golden_leaves();
[[nodiscard]] std::vector<Golden<Frame>> golden_frames();
[[nodiscard]] std::vector<Golden<Side>> golden_sides();

using AnyBlob = std::variant<ActorDetails, MemberProfile, KeyDetails, LeakDetails>;
[[nodiscard]] std::vector<Golden<AnyBlob>> golden_blobs();

}  // namespace keyledger
