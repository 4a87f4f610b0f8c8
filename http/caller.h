// Who is calling: from the Authorization header to a member and its role.
#pragma once

#include <optional>
#include <string>

#include "core/workspace.h"
#include "events/digest.h"
#include "events/result.h"
#include "http/message.h"
#include "http/retired_use.h"
#include "projections/all.h"

namespace keyledger::http {

struct Caller {
  WorkspaceId workspace;
  MemberId member;
  Role role = Role::kVerifier;
  KeyId key;  // the management key that was used
};

// The credential of the Authorization header: "Bearer X" (scheme in any case) or raw "X". Nothing
// if absent or empty. The view lives as long as the request.
[[nodiscard]] std::optional<std::string_view> credential_of(const Request& request);

// kUnauthenticated, with one sentence for every cause (no hint which), unless the request carries a
// live management key of a member that was not removed. kForbidden if its allowed_ips do not hold
// `from`, the client's address. `retired` is set with a refusal of a secret that was rotated away:
// for record_retired_use().
[[nodiscard]] Result<Caller> authenticate(const Request& request,
                                          const std::optional<IpAddress>& from,
                                          const Projections& projections, Timestamp now,
                                          std::optional<RetiredSecret>& retired);
// The same of a secret that is known by its hash alone: for an answer without an end, which asks
// again and again whether its caller still may.
[[nodiscard]] Result<Caller> authenticate(const Digest& secret_hash,
                                          const std::optional<IpAddress>& from,
                                          const Projections& projections, Timestamp now,
                                          std::optional<RetiredSecret>& retired);

}  // namespace keyledger::http
