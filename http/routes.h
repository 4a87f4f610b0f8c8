// One row per endpoint: method, pattern, who may call it, handler. The permission is a column that
// cannot be left out; there is no default and "anybody" has to be written down.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/workspace.h"
#include "http/api.h"
#include "http/caller.h"
#include "http/message.h"

namespace keyledger::http {

// What a handler is given: the parsed call. Lives for one request.
struct Call {
  Api& api;
  const Request& request;
  std::string request_id;
  std::string client_ip;                      // without trusted proxies yet: the peer
  std::optional<Caller> caller;               // always set on routes that need one
  std::map<std::string, std::string> params;  // {"id", "key_01…"}
  Timestamp now;
  RoleSet permitted;  // of the route, to be passed on to the ledger
};

// Who may call a route at all. What depends on the target is decided further in.
struct Permission {
  enum class Kind : std::uint8_t {
    kAnybody,  // no credential is read
    kAnyKey,   // the handler reads the credential itself (whoami)
    kMembers,  // members with one of `roles`
  };
  Kind kind = Kind::kMembers;
  RoleSet roles;
};
[[nodiscard]] constexpr Permission anybody() { return {Permission::Kind::kAnybody, {}}; }
[[nodiscard]] constexpr Permission any_key() { return {Permission::Kind::kAnyKey, {}}; }
template <typename... Roles>
[[nodiscard]] constexpr Permission members(Roles... roles) {
  return {Permission::Kind::kMembers, RoleSet(roles...)};
}

using Handler = Result<Response> (*)(Call& call);

struct Route {
  std::string_view method;
  std::string_view pattern;  // "/v1/keys/:id/rotate"; a segment ":x" is one non-empty segment
  Permission permission;
  Handler handler;
};

// The whole table, in the order of api.md. Static.
[[nodiscard]] std::span<const Route> routes();

// Runs one request through everything: request id, secrets in the wrong place, limits, routing
// (404, 405 with Allow), caller (401), permission (403 naming the roles), handler, Ledger-Position,
// problem bodies. Never throws. Any thread.
[[nodiscard]] Response handle(Api& api, const Request& request);

}  // namespace keyledger::http
