// What can be asked about a key (core/commands.h). Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "events/blobs.h"
#include "events/event.h"

namespace keyledger {

// Of one call. Nobody reads more at once, and what is behind them need not be looked at.
inline constexpr std::size_t kMaxShownFaults = 100;

// Lists come as they were given, so that a refusal names the entry; the event gets a set.
struct CreateKey {
  KeyId id;
  KeyType type = KeyType::kPrivate;  // public or private
  Environment environment = Environment::kLive;
  std::string name;
  SecretFacts secret;
  std::optional<std::vector<std::string>> scopes;  // absent: the policy's default
  std::vector<OriginRule> allowed_origins;
  bool allow_missing_origin = false;
  std::vector<NetworkRule> allowed_ips;
  OptionalTime not_before;
  OptionalTime expires_at;                   // at most one of these two
  std::optional<std::uint64_t> ttl_seconds;  // counted from the recorded time
  std::optional<MemberId> owner;             // absent: the actor
  std::optional<RateLimit> rate_limit;
  std::optional<KeyId> replaces;
  std::optional<CommittedBlob> details;  // KeyDetails
};

inline constexpr std::size_t kMaxImportedKeys = 1000;  // at once
// Keys that were made elsewhere, all of them or none. There is only the hash of each secret, and
// the handle that the importer gave, if any. Neither ttl_seconds nor replaces is set.
struct ImportKeys {
  std::vector<CreateKey> keys;
  // The places of entries whose key is there already, with all that they say: passed over.
  std::set<std::size_t> there = {};
  // Nothing will be recorded, so nothing is told of other workspaces.
  bool is_rehearsal = false;
};

inline constexpr std::size_t kMaxManagementKeys = 100;  // of a member, that have not ended
struct IssueManagementKey {
  KeyId id;
  MemberId member;
  std::string name;
  SecretFacts secret;
  OptionalTime expires_at;
  std::vector<NetworkRule> allowed_ips;
};

// Absent: unchanged. Lists as in CreateKey. Texts that lie in blobs arrive as the encoded
// KeyDetails of that field alone.
struct ChangeKey {
  KeyId id;
  std::optional<std::string> name;
  std::optional<std::vector<std::string>> scopes;
  std::optional<std::vector<OriginRule>> allowed_origins;
  std::optional<bool> allow_missing_origin;
  std::optional<std::vector<NetworkRule>> allowed_ips;
  std::optional<OptionalTime> not_before;
  std::optional<OptionalTime> expires_at;
  std::optional<std::optional<RateLimit>> rate_limit;
  std::optional<MemberId> owner;
  std::optional<CommittedBlob> description;
  std::optional<CommittedBlob> metadata;
  std::optional<CommittedBlob> external_id;
};
struct RotateKey {
  KeyId id;
  SecretFacts secret;
  std::uint64_t overlap_seconds = 0;  // at most 30 days
};
struct EndOverlap {
  KeyId id;
};
struct SuspendKey {
  KeyId id;
};
// By the system, where the policy says so. Uses are not in the state: the caller brings the last
struct SuspendUnused {
  KeyId id;
  OptionalTime last_used_at;
};
struct ResumeKey {
  KeyId id;
};
struct RevokeKey {
  KeyId id;
  RevocationCode code = RevocationCode::kUnspecified;
};

}  // namespace keyledger
