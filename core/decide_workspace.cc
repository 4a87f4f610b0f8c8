// What the operator does with workspaces: its owners make, suspend and resume them, and read
// nothing in them.
#include "core/decide_rules.h"

namespace keyledger {

namespace {

Result<void> check_by_operator(const Situation& in, const std::optional<WorkspaceId>& about) {
  if (in.by_system()) return {};
  if (in.role != Role::kOwner) return refuse_role(RoleSet(Role::kOwner));
  return check_operator(*in.workspace, about);
}

Result<std::shared_ptr<const Workspace>> find_workspace(const Situation& in,
                                                        const WorkspaceId& id) {
  const auto allowed = check_by_operator(in, id);
  if (!allowed) return fail(allowed.error());
  auto found = in.state.workspace(id);
  if (!found) return found;
  if (!*found) return fail(ErrorCode::kNotFound, "There is no such workspace.");
  return found;
}

Result<Decision> decide_status(const Situation& in, const Workspace& workspace, Event event) {
  const auto version = check_version(in, workspace.version);
  if (!version) return fail(version.error());
  if (workspace.is_operator) {
    return fail(ErrorCode::kWrongState,
                "The operator's own workspace cannot be suspended: nobody could resume it.");
  }
  Faults faults;
  check_reason(in, faults);
  const auto fields = faults.verdict();
  if (!fields) return fail(fields.error());
  Decision decision;
  decision.push_back({stream_of(workspace.id), std::move(event), std::nullopt, workspace.id});
  return decision;
}

}  // namespace

Result<void> check_operator(const Workspace& of_caller, const std::optional<WorkspaceId>& about) {
  if (of_caller.is_operator) return {};
  if (about && *about != of_caller.id) {
    return fail(ErrorCode::kNotFound, "There is no such workspace.");
  }
  return fail(ErrorCode::kForbidden, "This needs the role owner in the operator's workspace.");
}

void add_workspace(Decision& decision, const NewWorkspace& made, bool is_operator) {
  KeyCreated key;
  key.type = KeyType::kManagement;
  key.environment = Environment::kLive;
  key.name = made.key_name;
  key.secret = made.secret;
  key.owner = made.owner;
  key.member = made.owner;

  const WorkspaceId workspace = made.workspace;
  decision.push_back({stream_of(workspace),
                      WorkspaceCreated{made.workspace_name, made.profile, is_operator},
                      std::nullopt, workspace});
  decision.push_back(
      {policy_stream_of(workspace), PolicySet{made.policy}, std::nullopt, workspace});
  decision.push_back(
      {stream_of(made.owner), MemberAdded{Role::kOwner}, made.owner_profile, workspace});
  decision.push_back({stream_of(made.key), std::move(key), std::nullopt, workspace});
}

Result<Decision> decide_on(const Situation& in, const CreateWorkspace& command) {
  const auto allowed = check_by_operator(in, std::nullopt);
  if (!allowed) return fail(allowed.error());
  Faults faults;
  check_reason(in, faults);
  const auto fields = faults.verdict();
  if (!fields) return fail(fields.error());
  Decision decision;
  add_workspace(decision, command, false);
  return decision;
}

Result<Decision> decide_on(const Situation& in, const SuspendWorkspace& command) {
  const auto workspace = find_workspace(in, command.id);
  if (!workspace) return fail(workspace.error());
  if ((*workspace)->suspended) return Decision{};
  return decide_status(in, **workspace, WorkspaceSuspended{});
}

Result<Decision> decide_on(const Situation& in, const ResumeWorkspace& command) {
  const auto workspace = find_workspace(in, command.id);
  if (!workspace) return fail(workspace.error());
  if (!(*workspace)->suspended) return Decision{};
  return decide_status(in, **workspace, WorkspaceResumed{});
}

}  // namespace keyledger
