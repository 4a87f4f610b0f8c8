// What a call asks of the audit trail: its filters, the same for lists, exports and counts.
#pragma once

#include "http/query.h"
#include "http/routes.h"
#include "projections/audit_trail.h"

namespace keyledger::http {

// key, actor, action, member, ip, request_id, from, to and q, in the caller's workspace. `from` and
// `to` are times or places: "position:42". Faults are gathered in `query`.
[[nodiscard]] AuditFilter read_audit_filter(const Call& call, QueryReader& query);

}  // namespace keyledger::http
