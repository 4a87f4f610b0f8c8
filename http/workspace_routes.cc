// The caller's workspace (design api.md "Workspaces and members").
#include "http/change.h"
#include "http/handlers.h"

namespace keyledger::http {
namespace {

Result<std::shared_ptr<const Workspace>> workspace_of(const Call& call) {
  auto workspace = call.api.projections.directory().workspace(call.caller->workspace);
  if (!workspace) return fail(ErrorCode::kInternal, "a member without a workspace");
  return workspace;
}

}  // namespace

Result<Response> get_workspace(Call& call) {
  const auto workspace = workspace_of(call);
  if (!workspace) return fail(workspace.error());
  return resource_response(workspace_json(**workspace), (*workspace)->version);
}

}  // namespace keyledger::http
