// The audit trail as a whole, streamed: GET /v1/audit in any format but json.
#pragma once

#include <optional>

#include "http/audit_lines.h"
#include "http/query.h"
#include "projections/audit_trail.h"

namespace keyledger::http {

// `format`; nothing for json, which comes in pages. With another one, `limit` and `cursor` are
// faults: an export goes on where it was cut by `from=position:` or `to=position:`.
[[nodiscard]] std::optional<AuditFormat> read_audit_format(QueryReader& query);

// All that match among the events that the call sees; what is recorded while they are sent is not
// among them. Holds some 64 KiB of text at a time, and nothing of the rows while the client is
// slow. Ends without its end as soon as the caller may not read any more. Takes a place among the
// streams (http/feeds.h), or answers its errors.
[[nodiscard]] Result<Response> audit_export(const Call& call, AuditFormat format,
                                            AuditPageRequest request);

}  // namespace keyledger::http
