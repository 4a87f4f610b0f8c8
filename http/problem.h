// Refusals as application/problem+json (RFC 9457). The one table from error codes to statuses is
// here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/result.h"
#include "http/message.h"

namespace keyledger::http {

// The status of a refusal. Codes that say too much about our insides are answered as `unavailable`
// (503): kCorrupt, kStorage; kInternal is 500.
[[nodiscard]] int status_of(ErrorCode code);

// `instance` is "urn:request:<request id>". Sets Retry-After where waiting helps and
// WWW-Authenticate with 401. `retry_after` is the seconds to wait where they are known, as they are
// with kRateLimited.
[[nodiscard]] Response problem(const Error& error, std::string_view request_id,
                               std::optional<std::uint32_t> retry_after = std::nullopt);

// A refusal that is an answer by itself and no failed call: a gateway's question about a request
// has statuses of its own.
struct Refusal {
  int status = 500;
  std::string_view title;
  std::string_view code;
  std::string_view detail;
};
[[nodiscard]] Response problem(const Refusal& refusal, std::string_view request_id);

}  // namespace keyledger::http
