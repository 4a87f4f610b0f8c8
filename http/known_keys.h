// Which keys somebody or something may have in hand: what is asked when a member leaves or a
// management key ends. Found in the audit trail and, for owners, among all keys of the workspace:
// it costs a look at each event of that member and at each key, so it needs a turn (Api::walks).
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "core/key.h"
#include "core/workspace.h"
#include "events/result.h"
#include "http/routes.h"

namespace keyledger::http {

// Keys that the member created or imported, was answered a secret of (by create, rotate or a repeat
// of these) or owned, at the removal if it was removed; and those that were made with a management
// key that it issued to somebody else, whose secret it was shown. Whatever became of them since.
// Errors: those of the projections.
[[nodiscard]] Result<std::set<KeyId>> keys_known_to(const Call& call, const Member& member);

// How far a look goes: to the end, in a turn of its own (Api::walks), or as far as nobody has to
// wait for: through the first 1,000 keys that the member made since the management key is there, by
// whichever means.
enum class Look : std::uint8_t { kWhole, kQuick };

struct KeysMade {
  std::set<KeyId> keys;
  bool complete = true;  // there are no more
};
// Keys that were made with this management key, whatever became of them since. Errors: likewise.
[[nodiscard]] Result<KeysMade> keys_made_with(const Call& call, const Key& management_key,
                                              Look look);

}  // namespace keyledger::http
