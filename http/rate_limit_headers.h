// What an answer says of a key's rate limit, after draft-ietf-httpapi-ratelimit-headers-11 (May
// 2026), in structured fields (RFC 9651):
//
//   RateLimit-Policy: "key";q=100;w=60     100 uses a minute
//   RateLimit: "key";r=7;t=1               7 are left; for a second there will not be more
//   Retry-After: 1                         if this use was one too many
#pragma once

#include <optional>

#include "core/rate_limit.h"
#include "http/message.h"

namespace keyledger::http {

// Nothing without a state: the key has no limit, or it did not come to counting its use. `granted`:
// whether this use was one of those that are left.
void add_rate_limit_headers(Response& response, const std::optional<RateState>& state,
                            bool granted);

}  // namespace keyledger::http
