// What the program itself or a client saw and wants recorded (core/commands.h). Plain values.
#pragma once

#include <array>
#include <cstdint>

#include "events/event.h"

namespace keyledger {

// Notices. Each is a no-op when its cause is not there (any more). Whether it was recorded already
// is not in the state: who asks for it remembers that.
struct RecordExpiry {
  KeyId id;
};
// How long before a key expires somebody is told, the longest first.
inline constexpr std::array<std::uint32_t, 3> kWarningDays = {30, 7, 1};
[[nodiscard]] constexpr Timestamp warning_time(Timestamp expires_at, std::uint32_t days) {
  return expires_at + -std::int64_t{days} * kDayMs;
}
struct RecordExpiring {
  KeyId id;
  Timestamp expires_at;    // a key that expires at another time by now is not meant
  std::uint32_t days = 0;  // one of kWarningDays
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

// The system alone; a period that is not over makes no event.
struct RecordUsageDigest {
  UsageDigested digest;
};

}  // namespace keyledger
