// What can be asked about the ledger itself and a workspace (core/commands.h). Plain values.
#pragma once

#include <cstdint>
#include <string>

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

}  // namespace keyledger
