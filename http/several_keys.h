// What one call does to many keys: rotate them, revoke them, give them to another owner. In steps
// that are each recorded for themselves, several to a frame. Whether a key needs its step shows in
// its state alone, so a call that was cut off is simply repeated: what is done is not done again,
// and its keys are answered as the first call would have answered them.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/key.h"
#include "events/result.h"
#include "http/fields.h"
#include "http/json.h"
#include "http/routes.h"

namespace keyledger::http {

enum class KeyAction : std::uint8_t { kList, kRotate, kRevoke };

// The event from which on a key counts as done: a removal, the end of a management key; for a
// removal that is only tried out, now.
struct Since {
  std::uint64_t position = 0;
  Timestamp time;
};

struct KeyTask {
  KeyAction action = KeyAction::kList;
  Since since;
  std::uint64_t overlap_seconds = 0;  // of a rotation; a longer one of before is ended
  bool dry_run = false;               // nothing is done; the rows say what would be
  RevocationCode code = RevocationCode::kUnspecified;          // of a revocation
  std::optional<std::pair<MemberId, MemberId>> from_to_owner;  // whose keys are to be whose
  std::string reason;
};

// Whether the key had not ended by then.
[[nodiscard]] bool lived_at(const Key& key, const Since& since);

// Which of the keys one call answers: `limit` (1 to 1000, which is the default) and `cursor`.
struct KeyPageOf {
  std::size_t limit = 0;
  std::optional<KeyId> after;
  std::string scope;  // of the cursor
};
// `scope` says which list of keys it is, as "departure" and an id.
[[nodiscard]] KeyPageOf read_key_page(const Call& call, BodyReader& body, std::string scope);

// Does the task to the page's keys that lived at `since`, and puts into `answer` the fields
// `keys`, [{key, action, secret?, secret_available?, detail?}], `warnings` and `next_cursor`. The
// action is what has become of the key since then: revoked, rotated, or only listed; `detail` says
// what may be known and still opens the key, and what to do about it. Secrets that a repeat finds
// rotated by the same member are shown once more while they are kept (http/sealed_secrets.h). Sets
// call.position. Errors: those of the ledger; what was recorded by then stays, and a repeat goes
// on. kUnavailable if others change the same keys all the time.
[[nodiscard]] Result<void> carry_out(Call& call, const std::set<KeyId>& keys, const KeyPageOf& page,
                                     const KeyTask& task, Json& answer);

}  // namespace keyledger::http
