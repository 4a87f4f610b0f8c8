// What can happen to the ledger itself and to a workspace.
#pragma once

#include <cstdint>
#include <string>

#include "events/digest.h"
#include "events/ids.h"
#include "events/policy.h"
#include "events/time.h"

namespace keyledger {

// Position 0, always and only. `origin` names the log in checkpoints; it changes when a roll-back
// was accepted, since two histories must never share a name.
struct LedgerCreated {
  LogId log_id;
  std::string origin;
  std::uint8_t format = 1;
  bool operator==(const LedgerCreated&) const = default;
};

// The operator started a ledger that had lost its end (`serve --accept-rollback`).
struct LedgerRollbackAccepted {
  std::string origin;                // the new one
  std::uint64_t watermark_size = 0;  // how many events had been acknowledged
  std::uint64_t found_size = 0;      // how many there were
  bool operator==(const LedgerRollbackAccepted&) const = default;
};

struct WorkspaceCreated {
  std::string name;
  std::string profile;       // which shipped policy it began with; a label
  bool is_operator = false;  // the one that `keyledger init` makes
  bool operator==(const WorkspaceCreated&) const = default;
};
struct WorkspaceSuspended {
  bool operator==(const WorkspaceSuspended&) const = default;
};
struct WorkspaceResumed {
  bool operator==(const WorkspaceResumed&) const = default;
};

struct PolicySet {
  Policy policy;
  bool operator==(const PolicySet&) const = default;
};

// A notice: how the workspace's keys were used between two times, `to` not included, as a digest of
// the rows of usage (FORMAT.md "Usage digests"), which lie outside the ledger.
struct UsageDigested {
  Timestamp from;
  Timestamp to;
  std::uint64_t rows = 0;
  HashAlgorithm algorithm = HashAlgorithm::kSha256;
  Digest digest{};
  bool operator==(const UsageDigested&) const = default;
};

}  // namespace keyledger
