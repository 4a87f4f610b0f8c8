#include "http/routes.h"

#include <array>

#include "http/handlers.h"

namespace keyledger::http {
namespace {

constexpr Role kOwner = Role::kOwner;
constexpr Role kAdmin = Role::kAdmin;
constexpr Role kAuditor = Role::kAuditor;
constexpr Role kVerifier = Role::kVerifier;

constexpr Permission kEveryone = members(kOwner, kAdmin, kAuditor, kVerifier);
constexpr Permission kReaders = members(kOwner, kAdmin, kAuditor);
constexpr Permission kManagers = members(kOwner, kAdmin);

constexpr std::string_view kKeyFilters =
    "type environment status name q created_by owner_id external_id metadata[] scope unused_days "
    "expires_before as_of sort order limit cursor";
constexpr std::string_view kAuditFilters =
    "key actor action* member ip request_id from to q order format limit cursor";
constexpr std::string_view kSummaryFilters =
    "key actor action* member ip request_id from to q cursor";

constexpr std::array kRoutes = {
    // Workspaces and members.
    Route{"POST", "/v1/workspaces", operator_owners(), create_workspace},
    Route{"GET", "/v1/workspaces", operator_owners(), list_workspaces, "status limit cursor"},
    Route{"GET", "/v1/workspaces/:id", operator_owners(), get_workspace_of},
    Route{"POST", "/v1/workspaces/:id/suspend", operator_owners(), suspend_workspace},
    Route{"POST", "/v1/workspaces/:id/resume", operator_owners(), resume_workspace},
    Route{"GET", "/v1/workspace", kEveryone, get_workspace},
    Route{"GET", "/v1/workspace/policy", kReaders, get_policy, "as_of"},
    Route{"PUT", "/v1/workspace/policy", members(kOwner), set_policy, "dry_run"},
    Route{"GET", "/v1/members", kReaders, list_members, "as_of status limit cursor"},
    Route{"GET", "/v1/members/:id", kReaders, get_member, "as_of"},
    Route{"POST", "/v1/members", members(kOwner), create_member},
    Route{"PATCH", "/v1/members/:id", members(kOwner), change_member},
    Route{"DELETE", "/v1/members/:id", members(kOwner), remove_member,
          "reason keys overlap_seconds new_owner_id dry_run limit cursor"},
    // An admin may issue one to itself alone; core decides.
    Route{"POST", "/v1/members/:id/management_keys", kManagers, create_management_key},

    // Keys.
    Route{"POST", "/v1/keys", kManagers, create_key},
    Route{"GET", "/v1/keys", kReaders, list_keys, kKeyFilters},
    Route{"GET", "/v1/keys/:id", kReaders, get_key, "as_of"},
    Route{"PATCH", "/v1/keys/:id", kManagers, change_key},
    // Everyone may rotate the own management key; core decides.
    Route{"POST", "/v1/keys/:id/rotate", kEveryone, rotate_key},
    Route{"POST", "/v1/keys/:id/retire", kManagers, retire_key},
    Route{"POST", "/v1/keys/:id/suspend", kManagers, suspend_key},
    Route{"POST", "/v1/keys/:id/resume", kManagers, resume_key},
    Route{"POST", "/v1/keys/:id/revoke", kManagers, revoke_key},
    Route{"DELETE", "/v1/keys/:id", kManagers, revoke_key,
          "reason reason_code comment cascade limit cursor"},
    Route{"GET", "/v1/keys/:id/history", kReaders, key_history, "limit cursor"},
    Route{"GET", "/v1/keys/:id/usage", kReaders, key_usage, "from to"},
    // An auditor with as_of alone, which the handler sees to.
    Route{"POST", "/v1/keys/verify", kEveryone, verify_key},
    Route{"POST", "/v1/keys/verify_batch", members(kOwner, kAdmin, kVerifier), verify_batch, "",
          kMaxBatchBody},
    Route{"POST", "/v1/keys/import", kManagers, import_keys, "dry_run existing", kMaxBatchBody},
    Route{"POST", "/v1/keys/lookup", kReaders, lookup_key},
    Route{"POST", "/v1/keys/self_revoke", anybody(), self_revoke, "", kMaxSecretBody},
    Route{"POST", "/v1/leaks", signed_body(), report_leaks, "", kMaxBatchBody},

    // At the gateway.
    Route{kAnyMethod, "/v1/authorize", any_key(), authorize, "nginx"},
    Route{kAnyMethod, "/v1/authorize/:id/:environment", any_key(), authorize, "nginx"},
    Route{"GET", "/v1/whoami", any_key(), whoami},

    // Audit.
    Route{"GET", "/v1/audit", kReaders, list_audit, kAuditFilters},
    Route{"GET", "/v1/audit/summary", kReaders, summarize_audit, kSummaryFilters},
    Route{"GET", "/v1/audit/:position", kReaders, get_audit_entry},
    Route{"GET", "/v1/audit/stream", kReaders, stream_audit,
          "key actor action* member ip request_id from q"},
    Route{"GET", "/v1/audit/:position/leaf", kReaders, get_audit_leaf},
    Route{"GET", "/v1/reports/:name", kReaders, get_report, "days format limit cursor"},

    // The ledger and the program.
    Route{"GET", "/v1/ledger", kEveryone, get_ledger},
    Route{"GET", "/healthz", anybody(), healthz},
    Route{"GET", "/readyz", anybody(), readyz},
    Route{"GET", "/openapi.json", anybody(), get_openapi},
    Route{"GET", "/", anybody(), get_index},
};

}  // namespace

std::span<const Route> routes() { return kRoutes; }

Result<std::shared_ptr<const Workspace>> Call::own_workspace() const {
  auto workspace = api.projections.directory().workspace(caller->workspace);
  if (!workspace) return fail(ErrorCode::kInternal, "a member without a workspace");
  return workspace;
}

}  // namespace keyledger::http
