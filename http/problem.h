// Refusals as application/problem+json (RFC 9457). The one table from error codes to statuses is
// here.
#pragma once

#include <string>

#include "events/result.h"
#include "http/message.h"

namespace keyledger::http {

// The status of a refusal. Codes that say too much about our insides are answered as `unavailable`
// (503): kCorrupt, kStorage; kInternal is 500.
[[nodiscard]] int status_of(ErrorCode code);

// `instance` is "urn:request:<request id>". Sets Retry-After where waiting helps and
// WWW-Authenticate with 401.
[[nodiscard]] Response problem(const Error& error, std::string_view request_id);

}  // namespace keyledger::http
