#include "core/workspace.h"

namespace keyledger {

std::string_view role_name(Role role) {
  switch (role) {
    case Role::kOwner: return "owner";
    case Role::kAdmin: return "admin";
    case Role::kAuditor: return "auditor";
    case Role::kVerifier: return "verifier";
  }
  return "unknown";
}

namespace {

Cause cause_at(std::uint64_t position, EventType type) {
  Cause cause;
  cause.position = position & ((1ULL << 48U) - 1);  // as many bits as it has
  cause.type = type;
  return cause;
}

}  // namespace

// Its stream knows making, suspending and resuming alone, so the newest fact is the one.
Cause suspension_of(const Workspace& workspace) {
  if (!workspace.suspended) return {};
  return cause_at(workspace.position, tag_of(WorkspaceSuspended{}));
}

Cause policy_cause_of(const Workspace& workspace) {
  if (workspace.policy_version == 0) return {};
  static const EventType kType = tag_of(PolicySet{});  // made once: it is asked at each verify
  return cause_at(workspace.policy_position, kType);
}

void evolve(Workspace& workspace, const RecordedEvent& event) {
  const bool own = workspace.version != 0 && event.stream.id == workspace.id.bytes;
  if (event.stream.kind == StreamKind::kPolicy) {
    const auto* set = std::get_if<PolicySet>(&event.event);
    if (!own || set == nullptr) return;
    workspace.policy = set->policy;
    workspace.policy_version = event.version;
    workspace.policy_position = event.position;
    workspace.policy_updated_at = event.time;
    return;
  }
  if (event.stream.kind != StreamKind::kWorkspace) return;

  if (const auto* created = std::get_if<WorkspaceCreated>(&event.event)) {
    if (workspace.version != 0) return;
    workspace.id = WorkspaceId{event.stream.id};
    workspace.name = created->name;
    workspace.profile = created->profile;
    workspace.is_operator = created->is_operator;
    workspace.created_at = event.time;
  } else if (own && std::holds_alternative<WorkspaceSuspended>(event.event)) {
    workspace.suspended = true;
  } else if (own && std::holds_alternative<WorkspaceResumed>(event.event)) {
    workspace.suspended = false;
  } else {
    return;
  }
  workspace.version = event.version;
  workspace.position = event.position;
}

void evolve(Member& member, const RecordedEvent& event) {
  if (event.stream.kind != StreamKind::kMember) return;
  const OptionalPosition blob_position =
      event.subject_commitment ? OptionalPosition(event.position) : std::nullopt;

  const auto* added = std::get_if<MemberAdded>(&event.event);
  const bool is_new = member.version == 0;
  if (is_new != (added != nullptr)) return;
  if (!is_new && event.stream.id != member.id.bytes) return;
  if (added != nullptr) {
    member.id = MemberId{event.stream.id};
    member.workspace = event.workspace;
    member.role = added->role;
    member.created_at = event.time;
    member.profile_at = blob_position;
  } else if (const auto* changed = std::get_if<MemberRoleChanged>(&event.event)) {
    member.role = changed->to;
  } else if (std::holds_alternative<MemberProfileChanged>(event.event)) {
    member.profile_at = blob_position;
  } else if (std::holds_alternative<MemberRemoved>(event.event)) {
    member.removed = true;
  } else {
    return;
  }
  member.version = event.version;
  member.position = event.position;
  member.updated_at = event.time;
}

}  // namespace keyledger
