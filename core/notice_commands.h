// What the program itself or a client saw and wants recorded (core/commands.h). Plain values.
#pragma once

#include "events/event.h"

namespace keyledger {

// Notices. Each is a no-op when its cause is not there (any more). Whether it was recorded already
// is not in the state: who asks for it remembers that.
struct RecordExpiry {
  KeyId id;
};
struct RecordRetirement {
  KeyId id;
  SecretId secret;
};
struct RecordRetiredSecretUse {
  KeyId id;
  SecretId secret;
};
// Asked before a secret is shown again: no events means that it may not be (the key is final, or
// the secret is not one of its own or has retired).
struct RecordSecretReplay {
  KeyId id;
  SecretId secret;
};

}  // namespace keyledger
