// The caller's workspace (design api.md "Workspaces and members").
#include "http/change.h"
#include "http/handlers.h"

namespace keyledger::http {
Result<Response> get_workspace(Call& call) {
  const auto workspace = call.own_workspace();
  if (!workspace) return fail(workspace.error());
  return resource_response(workspace_json(**workspace), (*workspace)->version);
}

}  // namespace keyledger::http
