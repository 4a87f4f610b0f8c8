// Points in time: milliseconds since 1970-01-01 UTC. The only text form is RFC 3339 in UTC with
// milliseconds, "2026-03-30T12:00:00.000Z". No clock here: the time arrives from outside.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace keyledger {

struct Timestamp {
  std::int64_t ms = 0;

  auto operator<=>(const Timestamp&) const = default;
};

// A day of UTC: it has no leap seconds.
inline constexpr std::int64_t kDayMs = 86'400'000;

// The last millisecond of the year 9999: a later time has no text form.
inline constexpr Timestamp kLastTime{253'402'300'799'999};

[[nodiscard]] constexpr Timestamp operator+(Timestamp t, std::int64_t milliseconds) {
  return {t.ms + milliseconds};
}

// Years 1970 to 9999, so from 0 to kLastTime.
[[nodiscard]] std::string to_text(Timestamp time);

// Accepts any RFC 3339 time (offset or Z, any number of fraction digits; digits beyond the third
// are cut, never rounded up). Nothing for anything else: no leap second 60, no date alone,
// nothing before 1970 or after 9999 (in UTC).
[[nodiscard]] std::optional<Timestamp> parse_time(std::string_view text);

}  // namespace keyledger
