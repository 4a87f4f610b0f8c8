// From a handler's command to the ledger and back: who asks, under which request id, why, with
// which If-Match and Idempotency-Key is gathered here once for all changes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/ledger.h"
#include "events/log/event_reader.h"
#include "http/fields.h"
#include "http/json.h"
#include "http/routes.h"
#include "http/secret.h"

namespace keyledger::http {

// The fields of a change: the body, and for DELETE, which many clients send without a body, the
// query as texts beside it. kInvalidRequest as parse_body(); a field that stands in both conflicts.
[[nodiscard]] Result<Json> read_fields(const Call& call);

// `reason` of the body or the header X-Reason; empty: none given. Two different ones conflict.
[[nodiscard]] std::string read_reason(const Call& call, BodyReader& body);

// Asks the ledger, as the caller and for what the route permits. Sets call.position and
// call.replayed. An Idempotency-Key counts on POST alone. Errors: kInvalidRequest naming the header
// (If-Match, Idempotency-Key, X-On-Behalf-Of), those of the ledger.
[[nodiscard]] Result<Receipt> submit(Call& call, Command command, std::string reason);

// One of several commands that one call asks for.
struct Part {
  Command command;
  std::optional<std::uint32_t> version;  // that it must find, as by If-Match
};
// As submit(), for commands that do not depend on each other: each is decided, recorded and
// answered for itself, in their order, in few frames. Neither the If-Match nor the Idempotency-Key
// of the call is about them. call.position will be the newest of theirs.
[[nodiscard]] Result<std::vector<Result<Receipt>>> submit_all(Call& call, std::vector<Part> parts,
                                                              const std::string& reason);

// Several submissions that do not depend on each other, a few hundred to a frame; each is answered
// for itself, in their order. call.position will be the newest of theirs.
[[nodiscard]] std::vector<Result<Receipt>> execute_together(Call& call,
                                                            std::vector<Submission> submissions);

// Who calls, as far as an event keeps it of everybody: the address and the user agent.
[[nodiscard]] ActorDetails client_details(const Call& call);

// A notice of the caller's own doing, beside an answer: asks for no version, remembers no
// Idempotency-Key, and leaves call.position alone. Errors: those of the ledger, and
// kInvalidRequest naming X-On-Behalf-Of.
[[nodiscard]] Result<Receipt> record(Call& call, Command notice, std::string reason);

// What the ledger would record now, if it were asked: decided on what is visible, recorded nowhere.
// Errors as submit().
[[nodiscard]] Result<Decision> rehearse(const Call& call, Command command, std::string reason);

// As submit(), for a command that makes a secret: it is kept before the ledger is asked, so that a
// twin of this call that is answered first can show it too.
[[nodiscard]] Result<Receipt> submit_with_secret(Call& call, Command command, std::string reason,
                                                 const SecretId& id, const Secret& secret);

// The events that the receipt is about, with their blobs: what a replayed answer is rebuilt from.
[[nodiscard]] Result<std::vector<EventAt>> events_of(const Call& call, const Receipt& receipt);

// The secret of a replayed create or rotate once more, which is recorded. Nothing if it is not kept
// any more, has retired, or the key is final: the answer then says "secret_available": false.
[[nodiscard]] Result<std::optional<Secret>> show_again(Call& call, const KeyId& key,
                                                       const SecretId& secret);

// "ETag" of a single resource and of the answer to its change.
void set_etag(Response& response, std::uint32_t version);

[[nodiscard]] Response json_response(int status, const Json& body);
// 200 with the ETag.
[[nodiscard]] Response resource_response(const Json& body, std::uint32_t version);

}  // namespace keyledger::http
