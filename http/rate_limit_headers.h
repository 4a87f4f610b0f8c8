// What an answer says of a key's rate limit, after draft-ietf-httpapi-ratelimit-headers-11 (May
// 2026), in structured fields (RFC 9651):
//
//   RateLimit-Policy: "key";q=100;w=60     100 uses a minute
//   RateLimit: "key";r=7;t=1               7 are left; for a second there will not be more
//   Retry-After: 1                         if this use was one too many
#pragma once

#include "http/message.h"
#include "projections/verify_index.h"

namespace keyledger::http {

// Nothing if the key has no limit or it did not come to counting its use.
void add_rate_limit_headers(Response& response, const VerifyAnswer& answer);

}  // namespace keyledger::http
