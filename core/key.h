// The state of one key: what the rules may look at, folded from its facts. No blob is ever read
// here, so state never depends on an erasure. Plain values; pure functions; no clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/event.h"

namespace keyledger {

// SP 800-57 part 1 section 7, as design product.md section 6 words it.
enum class KeyStatus : std::uint8_t {
  kPending,
  kActive,
  kSuspended,
  kRevoked,
  kExpired,
  kCompromised,
};
[[nodiscard]] std::string_view status_name(KeyStatus status);

// Which event set something: the answer to "why?". Packed, since the verify index holds millions.
struct Cause {
  std::uint64_t position : 48 = 0;
  std::uint64_t type : 16 = 0;  // EventType; 0: no such event
  [[nodiscard]] bool exists() const { return type != 0; }
  bool operator==(const Cause&) const = default;
};

// One secret of a key, now or earlier. The newest is current and has no retires_at.
struct KeySecret {
  SecretFacts facts;
  Timestamp created_at;
  OptionalTime retires_at;
  Cause retired_cause;  // the event that set retires_at
  bool operator==(const KeySecret&) const = default;
};

// How and by whom a key was ended. All four are of the newest ending event: a revoked key that
// turned out to be compromised says so, and its history has the revocation.
struct KeyEnd {
  KeyStatus status = KeyStatus::kRevoked;  // kRevoked or kCompromised
  RevocationCode code = RevocationCode::kUnspecified;
  Timestamp at;
  Actor by;
  bool operator==(const KeyEnd&) const = default;
};

struct Key {
  KeyId id;
  WorkspaceId workspace;
  KeyType type = KeyType::kPrivate;
  Environment environment = Environment::kLive;
  std::string name;
  ScopeSet scopes;
  std::vector<OriginRule> allowed_origins;
  bool allow_missing_origin = false;
  std::vector<NetworkRule> allowed_ips;
  OptionalTime not_before;
  OptionalTime expires_at;
  MemberId owner;
  std::optional<MemberId> member;  // management keys
  std::optional<RateLimit> rate_limit;
  std::optional<KeyId> replaces;
  std::optional<KeyId> replaced_by;
  std::vector<KeySecret> secrets;  // oldest first; back() is current
  bool suspended = false;
  std::optional<KeyEnd> end;

  Timestamp created_at;
  Actor created_by;
  Timestamp updated_at;
  OptionalTime rotated_at;
  std::uint32_t version = 0;

  // Where each answer comes from.
  Cause created_cause;
  Cause newest_cause;  // the newest fact
  Cause scopes_cause;
  Cause origins_cause;
  Cause addresses_cause;
  Cause start_cause;
  Cause expiry_cause;
  Cause rate_limit_cause;
  Cause suspension_cause;
  Cause end_cause;
  // The event whose subject blob holds the text that is valid now.
  OptionalPosition description_at;
  OptionalPosition metadata_at;
  OptionalPosition external_id_at;

  [[nodiscard]] const KeySecret& current_secret() const { return secrets.back(); }
  bool operator==(const Key&) const = default;
};

// The key's secret with that id, now or earlier; null if it is none of its own.
[[nodiscard]] const KeySecret* secret_of(const Key& key, const SecretId& id);
// The secret of an overlap that has not ended yet, if there is one.
[[nodiscard]] const KeySecret* retiring_secret(const Key& key, Timestamp now);

[[nodiscard]] KeyStatus status_of(const Key& key, Timestamp now);
// Revoked, expired or compromised.
[[nodiscard]] bool is_final(KeyStatus status);

// Whether a rule that ends keys nobody uses is about this one: it is active, and for `days` it was
// neither used nor changed, which includes that somebody resumed it.
[[nodiscard]] bool is_inactive(const Key& key, const OptionalTime& last_used_at, std::uint32_t days,
                               Timestamp now);

// Folds one event into the state. Total: a fact already happened, so this cannot fail. Events of
// other streams and notices leave the key as it was. `key` is a default Key before its first.
void evolve(Key& key, const RecordedEvent& event);

}  // namespace keyledger
