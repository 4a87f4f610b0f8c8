// The stored names of the event types: one row each, in the variant's order. For the codec and
// event.cc; others ask event.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "events/event.h"

namespace keyledger {

struct EventRow {
  EventType tag = 0;
  std::string_view name;
  bool notice = false;
  std::uint8_t payload_version = 1;  // the newest, which is the one written
};

inline constexpr std::size_t kEventTypes = std::variant_size_v<Event>;
[[nodiscard]] const std::array<EventRow, kEventTypes>& event_rows();

// The row's index, which is the variant's; nothing for a tag that this build does not know.
[[nodiscard]] std::optional<std::size_t> find_event_row(EventType tag);

}  // namespace keyledger
