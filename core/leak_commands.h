// What can be asked about a secret that somebody has found (core/commands.h). Plain values.
#pragma once

#include <optional>
#include <string>

#include "events/blobs.h"
#include "events/event.h"

namespace keyledger {

// Somebody who may asks whose secret this is; both are absent if it is none of the workspace's.
// A notice, so it needs neither reason nor version.
struct RecordLookup {
  std::optional<KeyId> key;
  std::optional<SecretId> secret;
};

// By the key holder, who has shown the secret itself: nobody may use it any more. The current
// secret of a private or management key takes the key with it; of a retiring one only the overlap
// ends. Of every other secret nothing is left to end: no events.
struct SelfRevoke {
  KeyId id;
  SecretId secret;
};

// By the system, for a finder of leaks whose signature was checked. The notice, and what the
// workspace's policy makes of it (`on_leak`). Repeats are not in the state: who asks for it knows
// them. No events if the secret is none of the key's.
struct ReportLeak {
  KeyId id;
  SecretId secret;
  std::string reporter;
  std::string signing_key;
  CommittedBlob details;  // LeakDetails
};

}  // namespace keyledger
