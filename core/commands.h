// What can be asked of the ledger. Commands carry everything that is not in the state: new ids,
// hashes and sealed blobs are made by the caller, so that deciding is pure. Plain values.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "core/key_commands.h"
#include "core/leak_commands.h"
#include "core/member_commands.h"
#include "core/notice_commands.h"
#include "core/workspace.h"
#include "core/workspace_commands.h"
#include "events/blobs.h"
#include "events/event.h"

namespace keyledger {

using Command =
    std::variant<FoundLedger, CreateWorkspace, SuspendWorkspace, ResumeWorkspace, SetPolicy,
                 AcceptRollback, CreateKey, ImportKeys, IssueManagementKey, ChangeKey, RotateKey,
                 EndOverlap, SuspendKey, SuspendUnused, ResumeKey, RevokeKey, AddMember,
                 ChangeMember, RemoveMember, RecordExpiry, RecordExpiring, RecordRetirement,
                 RecordRetiredSecretUse, RecordSecretReplay, RecordLookup, SelfRevoke, ReportLeak,
                 RecordUsageDigest>;

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
