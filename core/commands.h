// What can be asked of the ledger. Commands carry everything that is not in the state: new ids,
// hashes and sealed blobs are made by the caller, so that deciding is pure. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/workspace.h"
#include "events/blobs.h"
#include "events/event.h"

namespace keyledger {

// A workspace with its policy, its owner and the owner's management key.
struct NewWorkspace {
  WorkspaceId workspace;
  std::string workspace_name;
  std::string profile;
  Policy policy;
  MemberId owner;
  CommittedBlob owner_profile;
  KeyId key;
  std::string key_name;
  SecretFacts secret;
};

// The very first one: makes the log and the operator's workspace, in one frame. kWrongState on a
// ledger that has any event.
struct FoundLedger : NewWorkspace {
  LogId log_id;
  std::string origin;
};

// A tenant's. These three are for owners of the operator's workspace, and their events stand in the
// workspace that they are about.
struct CreateWorkspace : NewWorkspace {};
struct SuspendWorkspace {
  WorkspaceId id;
};
struct ResumeWorkspace {
  WorkspaceId id;
};

// Replaces the policy of a workspace as a whole; for its owners. Its default scopes as in
// CreateKey.
struct SetPolicy {
  WorkspaceId workspace;  // the call's
  Policy policy;
};

struct AcceptRollback {
  LogId log_id;
  std::string origin;
  std::uint64_t watermark_size = 0;
  std::uint64_t found_size = 0;
};

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
struct AddMember {
  MemberId id;
  Role role = Role::kVerifier;
  CommittedBlob profile;
};
struct ChangeMember {
  MemberId id;
  std::optional<Role> role;
  std::optional<CommittedBlob> profile;  // whole
  // Of the profile that `profile` was made from; another one now: kVersionMismatch. Nothing: not
  // checked.
  OptionalPosition made_from = {};
};
// Ends the member's management keys first, then the membership.
struct RemoveMember {
  MemberId id;
};

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

using Command = std::variant<FoundLedger, CreateWorkspace, SuspendWorkspace, ResumeWorkspace,
                             SetPolicy, AcceptRollback, CreateKey, IssueManagementKey, ChangeKey,
                             RotateKey, EndOverlap, SuspendKey, SuspendUnused, ResumeKey, RevokeKey,
                             AddMember, ChangeMember, RemoveMember, RecordExpiry, RecordRetirement,
                             RecordRetiredSecretUse, RecordSecretReplay>;

// A repeat of the same call gets the first one's answer (design api.md "Idempotency").
struct IdempotencyClaim {
  Digest scope{};    // member, method, path, Idempotency-Key
  Digest request{};  // the body
};

// Who asks, and how. For a member, `permitted` is what the route allows; the role is looked up
// again when the command is decided, so that a removal or demotion holds at once. The default
// permits nobody.
struct CallContext {
  WorkspaceId workspace;
  Actor actor;
  RoleSet permitted;
  std::optional<CommittedBlob> actor_details;  // ActorDetails
  std::string request_id;
  std::string reason;
  std::optional<std::uint32_t> if_match;
  std::optional<IdempotencyClaim> idempotency;
};

struct Submission {
  CallContext call;
  Command command;
};

}  // namespace keyledger
