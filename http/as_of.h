// `as_of`: reads of the ledger as it was (design api.md "Position").
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "events/key_events.h"
#include "http/query.h"
#include "http/routes.h"

namespace keyledger::http {

// What a client asked for: `position:N`, the state just after event N, or a time, the state after
// the last event recorded at or before it.
struct AsOf {
  OptionalPosition position;
  Timestamp time;  // if there is no position
};

// A fault named `as_of` for anything else; nothing if it is absent, too.
[[nodiscard]] std::optional<AsOf> read_as_of(QueryReader& query);
[[nodiscard]] std::optional<AsOf> read_as_of(BodyReader& body);

// Which state an answer shows, and by which clock it is judged: that of its event, or the time that
// was asked for.
struct Moment {
  std::uint64_t position = 0;
  Timestamp clock;
  bool is_past = false;  // it was asked for; else it is what is visible now
};

// kInvalidRequest naming `field` for a position beyond the newest event that is visible and for a
// time that is not before now; those of the log.
[[nodiscard]] Result<Moment> find_moment(const Call& call, const std::optional<AsOf>& asked,
                                         std::string_view field = "as_of");

// For a GET: the same, and the answer's Ledger-Position is that of the moment.
[[nodiscard]] Result<Moment> settle_moment(Call& call, const std::optional<AsOf>& asked);

}  // namespace keyledger::http
