// One row per endpoint: method, pattern, who may call it, handler, query parameters. The permission
// is a column that cannot be left out; there is no default and "anybody" has to be written down.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/workspace.h"
#include "http/api.h"
#include "http/caller.h"
#include "http/client_address.h"
#include "http/message.h"

namespace keyledger::http {

// Who may call a route at all. What depends on the target is decided further in.
struct Permission {
  enum class Kind : std::uint8_t {
    kAnybody,  // no credential is read
    kAnyKey,   // the handler reads the credential itself (whoami)
    kSigned,   // the handler checks who signed the body (leaks)
    kMembers,  // members with one of `roles`
  };
  Kind kind = Kind::kMembers;
  RoleSet roles;
  bool operator_only = false;  // and only in the operator's workspace
};
[[nodiscard]] constexpr Permission anybody() { return {Permission::Kind::kAnybody, {}, false}; }
[[nodiscard]] constexpr Permission any_key() { return {Permission::Kind::kAnyKey, {}, false}; }
[[nodiscard]] constexpr Permission signed_body() { return {Permission::Kind::kSigned, {}, false}; }
template <typename... Roles>
[[nodiscard]] constexpr Permission members(Roles... roles) {
  return {Permission::Kind::kMembers, RoleSet(roles...), false};
}

// Who looks after all workspaces.
[[nodiscard]] constexpr Permission operator_owners() {
  return {Permission::Kind::kMembers, RoleSet(Role::kOwner), true};
}

// A row for every method; the body, if there is one, is of the request that is asked about.
inline constexpr std::string_view kAnyMethod = "*";

inline constexpr std::size_t kMaxBody = std::size_t{1} << 20U;
inline constexpr std::size_t kMaxBatchBody = std::size_t{4} << 20U;
inline constexpr std::size_t kMaxSecretBody = std::size_t{128} << 10U;  // a secret alone

struct Call;
using Handler = Result<Response> (*)(Call& call);

struct Route {
  std::string_view method;
  // "/v1/keys/:id/rotate"; a segment ":x" is one non-empty segment. Of two rows that match, the one
  // whose segment is spelled out wins, in any order of rows.
  std::string_view pattern;
  Permission permission;
  Handler handler;
  // The parameters it knows, with a space between: "type action* metadata[]". "x*" may be repeated,
  // "x[]" stands for x[anything]. Others, and repeated ones, are refused before the handler runs.
  // Every GET of members knows min_position besides; nobody else may make the service wait.
  std::string_view query = {};
  std::size_t max_body = kMaxBody;  // bytes; a longer one is kTooLarge
};

// What a handler is given: the parsed call. Lives for one request.
struct Call {
  Api& api;
  const Request& request;
  const Route& route;
  std::string request_id;  // a handler that finds a secret in it clears it, and refuses the call
  ClientAddress client;
  std::optional<Caller> caller;                            // always set on routes for members
  std::map<std::string, std::string, std::less<>> params;  // {"id", "key_01…"}
  Query query;                                             // read it with http/query.h
  Timestamp now;

  // What the answer's headers will say: Ledger-Position (set already to what a read reflects;
  // http/change.h sets it for a change) and Idempotent-Replay.
  std::optional<std::uint64_t> position;
  bool replayed = false;

  // False on a thread that serves many connections: a handler that would block says so in
  // `declined`, before it has changed anything, and is called again on a thread that may.
  bool may_wait = true;
  bool declined = false;

  // What a gateway appended to the pattern of /v1/authorize, as it came; lies in the request.
  std::string_view appended = {};
  // Set with an answer that refuses a credential without saying why. It counts, as each error
  // kUnauthenticated about a credential does, against the address that sent it, and one too many is
  // answered 429 instead (http/guess_guard.h).
  bool is_wrong_key = false;
  // Further headers of the answer, whatever it turns out to be: also of a refusal by an error, and
  // of the 429 that stands in for one.
  AnswerHeaders answer_headers = {};

  // Of the caller. Only on routes for members; kInternal if there is none, which cannot be.
  [[nodiscard]] Result<std::shared_ptr<const Workspace>> own_workspace() const;

  // The id in the path; kNotFound if it is not even one of its kind.
  template <typename IdType>
  [[nodiscard]] Result<IdType> id() const {
    const auto given = params.find("id");
    const auto parsed =
        given == params.end() ? std::nullopt : parse_id<IdType>(std::string_view(given->second));
    if (!parsed) return fail(ErrorCode::kNotFound, "There is nothing with this id.");
    return *parsed;
  }
};

// The whole table, in the order of api.md. Static.
[[nodiscard]] std::span<const Route> routes();

// Runs one request through everything: request id, secrets in the wrong place, limits, routing
// (404, 405 with Allow; HEAD as GET), caller (401), permission (403 naming the roles), media type,
// query parameters, min_position, handler, Ledger-Position, problem bodies. Never throws. Any
// thread.
[[nodiscard]] Response handle(Api& api, const Request& request);

// The same, for a verify or authorize whose answer needs nothing but memory, and for the probes of
// balancers, which must be answered also while all workers are busy: never blocks. False,
// without a trace, for every other request; then handle() is to be called.
[[nodiscard]] bool handle_at_once(Api& api, const RequestView& view, Response& response);

}  // namespace keyledger::http
