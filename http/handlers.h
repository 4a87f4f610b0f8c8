// Every handler of the route table, by name. Each reads its fields, asks the ledger or a
// projection, and answers; what all calls have in common is done around it (http/routes.h).
#pragma once

#include "http/routes.h"

namespace keyledger::http {

// operator_routes.cc
[[nodiscard]] Result<Response> create_workspace(Call& call);
[[nodiscard]] Result<Response> list_workspaces(Call& call);
[[nodiscard]] Result<Response> get_workspace_of(Call& call);
[[nodiscard]] Result<Response> suspend_workspace(Call& call);
[[nodiscard]] Result<Response> resume_workspace(Call& call);

// workspace_routes.cc
[[nodiscard]] Result<Response> get_workspace(Call& call);

// policy_routes.cc
[[nodiscard]] Result<Response> get_policy(Call& call);
[[nodiscard]] Result<Response> set_policy(Call& call);

// member_routes.cc
[[nodiscard]] Result<Response> list_members(Call& call);
[[nodiscard]] Result<Response> get_member(Call& call);
[[nodiscard]] Result<Response> create_member(Call& call);
[[nodiscard]] Result<Response> change_member(Call& call);
[[nodiscard]] Result<Response> create_management_key(Call& call);

// departure_routes.cc
[[nodiscard]] Result<Response> remove_member(Call& call);

// key_routes.cc and key_change_routes.cc
[[nodiscard]] Result<Response> list_keys(Call& call);
[[nodiscard]] Result<Response> create_key(Call& call);
[[nodiscard]] Result<Response> get_key(Call& call);
[[nodiscard]] Result<Response> change_key(Call& call);
[[nodiscard]] Result<Response> rotate_key(Call& call);
[[nodiscard]] Result<Response> retire_key(Call& call);
[[nodiscard]] Result<Response> suspend_key(Call& call);
[[nodiscard]] Result<Response> resume_key(Call& call);
[[nodiscard]] Result<Response> key_history(Call& call);
[[nodiscard]] Result<Response> key_usage(Call& call);

// import_routes.cc
[[nodiscard]] Result<Response> import_keys(Call& call);

// revoke_routes.cc
[[nodiscard]] Result<Response> revoke_key(Call& call);  // DELETE too

// leak_lookup_routes.cc, leak_self_revoke_routes.cc, leak_report_routes.cc
[[nodiscard]] Result<Response> lookup_key(Call& call);
[[nodiscard]] Result<Response> self_revoke(Call& call);
[[nodiscard]] Result<Response> report_leaks(Call& call);

// authorize_routes.cc
[[nodiscard]] Result<Response> authorize(Call& call);  // every method

// verify_routes.cc
[[nodiscard]] Result<Response> verify_key(Call& call);
[[nodiscard]] Result<Response> verify_batch(Call& call);
[[nodiscard]] Result<Response> whoami(Call& call);

// audit_routes.cc
[[nodiscard]] Result<Response> list_audit(Call& call);
[[nodiscard]] Result<Response> get_audit_entry(Call& call);
[[nodiscard]] Result<Response> get_audit_leaf(Call& call);

// audit_stream_routes.cc
[[nodiscard]] Result<Response> stream_audit(Call& call);

// audit_summary_routes.cc
[[nodiscard]] Result<Response> summarize_audit(Call& call);

// report_routes.cc
[[nodiscard]] Result<Response> get_report(Call& call);

// ledger_routes.cc
[[nodiscard]] Result<Response> get_ledger(Call& call);
[[nodiscard]] Result<Response> healthz(Call& call);
[[nodiscard]] Result<Response> readyz(Call& call);

// openapi_routes.cc
[[nodiscard]] Result<Response> get_openapi(Call& call);
[[nodiscard]] Result<Response> get_index(Call& call);

}  // namespace keyledger::http
