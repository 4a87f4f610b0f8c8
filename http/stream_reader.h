// Who reads an answer that is made while it is sent, so that it can be asked again whether it may:
// a right that has ended must not last as long as a client is slow.
#pragma once

#include <optional>

#include "core/workspace.h"
#include "events/digest.h"
#include "events/network.h"
#include "http/routes.h"

namespace keyledger::http {

// The secret itself is not kept.
struct StreamReader {
  Digest secret_hash{};
  std::optional<IpAddress> from;
  WorkspaceId workspace;
  RoleSet roles;  // any of these may
};

// Of a call on a route for members.
[[nodiscard]] StreamReader reader_of(const Call& call);

// Whether the call would be let in now. Any thread.
[[nodiscard]] bool may_read(Api& api, const StreamReader& reader);

}  // namespace keyledger::http
