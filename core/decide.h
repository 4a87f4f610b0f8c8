// The rules. decide() answers which events a command makes now, or why it is refused; a repeat of
// what is already so makes none. Pure: no clock, no randomness, no I/O but the reader's look-ups.
// One function per command in decide_*.cc; this is the only entrance.
#pragma once

#include <vector>

#include "core/commands.h"
#include "core/state_reader.h"
#include "events/result.h"

namespace keyledger {

inline constexpr std::uint64_t kMaxOverlapSeconds = 30ULL * 86'400;

// One event to be recorded. The ledger adds position, time, ids, versions and the caller.
struct NewEvent {
  StreamId stream;
  Event event;
  std::optional<CommittedBlob> subject;
  // Nil: the call's workspace. Set where a command writes to another one (workspaces).
  WorkspaceId workspace;
};
using Decision = std::vector<NewEvent>;

// Checks in this order, so that answers do not depend on luck: the caller (kForbidden: the member
// is gone or its role is not permitted), the target (kNotFound, also for another workspace's),
// already so (no events), the version (kVersionMismatch; kPreconditionRequired by policy), the
// state (kKeyFinal, kWrongState, kLastOwner), the fields against policy and state (kInvalidRequest
// naming the field, kNameTaken). Errors of `state` are passed on.
[[nodiscard]] Result<Decision> decide(const StateReader& state, const Submission& submission,
                                      Timestamp now);

// Whether the refusal of an ImportKeys says that another workspace has a secret of it. It says
// nothing else then: whoever asks about hashes that nobody has gets keys, not answers.
[[nodiscard]] bool tells_of_another_workspace(const Error& refusal);

// Only owners of the operator's workspace look after workspaces (design product.md section 2).
// kForbidden for the others; kNotFound if the call is about a workspace that is not even theirs.
[[nodiscard]] Result<void> check_operator(const Workspace& of_caller,
                                          const std::optional<WorkspaceId>& about);

// The first of those checks alone: whether the caller may still ask this. The ledger asks it before
// it answers a repeat of a remembered call, which is not decided again.
[[nodiscard]] Result<void> check_caller(const StateReader& state, const CallContext& call,
                                        Timestamp now);

}  // namespace keyledger
