// What can happen to a key. Facts change state and raise the key's version by one; notices (at the
// end) change neither. Past tense, by intent, plain values. Every payload says all that a reader
// needs without looking elsewhere; what names a person or a customer lies in the side object
// instead, and the payload says only which earlier event held the value before (`previous`, a
// position).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "events/access_rules.h"
#include "events/digest.h"
#include "events/ids.h"
#include "events/time.h"

namespace keyledger {

enum class KeyType : std::uint8_t { kPublic = 1, kPrivate = 2, kManagement = 3 };
enum class Environment : std::uint8_t { kLive = 1, kTest = 2 };

// What is stored of a secret.
struct SecretHash {
  HashAlgorithm algorithm = HashAlgorithm::kSha256;
  Digest bytes{};
  auto operator<=>(const SecretHash&) const = default;
};

// One secret, as far as a ledger may know it. The handle is what people are shown:
// "sk_live_…Xy3Z" (prefix, environment, last four characters).
struct SecretFacts {
  SecretId id;
  SecretHash hash;
  std::string handle;
  bool operator==(const SecretFacts&) const = default;
};

// RFC 5280 section 5.3.1, as far as it makes sense for API keys.
enum class RevocationCode : std::uint8_t {
  kUnspecified = 1,
  kKeyCompromise = 2,
  kAffiliationChanged = 3,
  kSuperseded = 4,
  kCessationOfOperation = 5,
  kPrivilegeWithdrawn = 6,
};

template <typename T>
struct Change {
  T from{};
  T to{};
  bool operator==(const Change&) const = default;
};

using OptionalTime = std::optional<Timestamp>;
using OptionalPosition = std::optional<std::uint64_t>;

// The subject blob holds KeyDetails (events/blobs.h) if there are any.
struct KeyCreated {
  KeyType type = KeyType::kPrivate;
  Environment environment = Environment::kLive;
  std::string name;
  SecretFacts secret;
  ScopeSet scopes;
  std::vector<OriginRule> allowed_origins;
  bool allow_missing_origin = false;
  std::vector<NetworkRule> allowed_ips;
  OptionalTime not_before;
  OptionalTime expires_at;
  MemberId owner;                  // accountable for it
  std::optional<MemberId> member;  // management keys: whom it speaks for
  std::optional<RateLimit> rate_limit;
  std::optional<KeyId> replaces;
  bool operator==(const KeyCreated&) const = default;
};

// A key that was made elsewhere, of whose secret only the hash was brought: the ledger never saw
// it, and the importer answers for its entropy. The handle is what the importer gave, if anything.
struct KeyImported : KeyCreated {};

struct KeyRenamed : Change<std::string> {};
struct KeyScopesChanged : Change<ScopeSet> {};
struct KeyOriginsChanged : Change<std::vector<OriginRule>> {};
struct KeyMissingOriginChanged : Change<bool> {};
struct KeyAddressesChanged : Change<std::vector<NetworkRule>> {};
struct KeyStartChanged : Change<OptionalTime> {};   // not_before
struct KeyExpiryChanged : Change<OptionalTime> {};  // expires_at
struct KeyRateLimitChanged : Change<std::optional<RateLimit>> {};
struct KeyOwnerChanged : Change<MemberId> {};

// The new value lies in the subject blob (absent: cleared); the old one in that of `previous`.
struct DetailChange {
  OptionalPosition previous;
  bool operator==(const DetailChange&) const = default;
};
struct KeyDescriptionChanged : DetailChange {};
struct KeyMetadataChanged : DetailChange {};
struct KeyExternalIdChanged : DetailChange {};

// `secret` is current from now on. The one before ends at `retires_at`: the event's own time when
// there is no overlap. A secret that was still retiring ends at once.
struct KeyRotated {
  SecretFacts secret;
  SecretId retired;
  Timestamp retires_at;
  bool operator==(const KeyRotated&) const = default;
};
struct KeyOverlapEnded {  // the retiring secret ends now, before its time
  SecretId retired;
  bool operator==(const KeyOverlapEnded&) const = default;
};
struct KeySuspended {
  bool operator==(const KeySuspended&) const = default;
};
struct KeyResumed {
  bool operator==(const KeyResumed&) const = default;
};
struct KeyRevoked {
  RevocationCode code = RevocationCode::kUnspecified;
  bool operator==(const KeyRevoked&) const = default;
};
struct KeyCompromised {
  bool operator==(const KeyCompromised&) const = default;
};
struct KeyReplaced {  // stands in the predecessor's history; `by` may have taken its name
  KeyId by;
  bool operator==(const KeyReplaced&) const = default;
};

// Notices.
struct KeyExpired {  // the clock passed expires_at
  Timestamp expired_at;
  bool operator==(const KeyExpired&) const = default;
};
struct KeySecretRetired {  // the clock passed the end of an overlap
  SecretId secret;
  Timestamp retired_at;
  bool operator==(const KeySecretRetired&) const = default;
};
struct KeyRetiredSecretPresented {  // somebody still uses an ended secret
  SecretId secret;
  bool operator==(const KeyRetiredSecretPresented&) const = default;
};
struct KeySecretReplayed {  // a repeat of the call that made the secret was shown it again
  SecretId secret;
  bool operator==(const KeySecretReplayed&) const = default;
};
struct KeyExpiring {  // so many days, or fewer, are left
  Timestamp expires_at;
  std::uint32_t days = 0;
  bool operator==(const KeyExpiring&) const = default;
};
// Somebody who may asked whose secret this is. In the key's stream; in the workspace's if it is no
// secret of any of its keys.
struct KeyLookedUp {
  std::optional<SecretId> secret;
  bool operator==(const KeyLookedUp&) const = default;
};
// Somebody who finds secrets in public places says that this one is known there. What happened to
// the key because of it are facts of their own. The subject blob holds LeakDetails.
struct KeyLeakReported {
  SecretId secret;
  std::string reporter;     // "github"
  std::string signing_key;  // which of the reporter's keys the report was signed with
  bool operator==(const KeyLeakReported&) const = default;
};

}  // namespace keyledger
