// Whoever holds a secret may give it up, without being anybody (design api.md "Keys", self_revoke).
// The answer is the same whatever the secret was, and takes the same time (http/even_answers.h).
#include "http/change.h"
#include "http/guess_guard.h"
#include "http/handlers.h"
#include "http/presented_secrets.h"
#include "http/problem.h"

namespace keyledger::http {
namespace {

constexpr const char* kGiveUpReason = "given up by who holds the secret";

// As the holder of the key. For a secret that is nobody's the ledger is asked, too, about a key
// that there is not: so it waits behind the same changes of others as a key that is to be ended.
Result<void> give_up(const Call& call, const Secret& presented) {
  const auto found =
      call.api.projections.verify_index().caller(presented.hash().bytes, {}, call.now);
  const CallerKey whose = found.value_or(CallerKey{});
  Submission submission;
  submission.call.workspace = whose.workspace;
  submission.call.actor = {ActorKind::kKeyHolder, whose.key.bytes, std::nullopt};
  submission.call.actor_details = commit_to(encode_blob(client_details(call)));
  submission.call.request_id = call.request_id;
  submission.call.reason = kGiveUpReason;
  submission.command = SelfRevoke{whose.key, whose.secret};
  const auto done = call.api.ledger.execute(std::move(submission));
  const bool nobodys = !found && !done && done.error().code == ErrorCode::kNotFound;
  if (!done && !nobodys) return fail(done.error());
  return {};
}

}  // namespace

Result<Response> self_revoke(Call& call) {
  // Before anything is read: a body that is no use costs as much as one that is.
  if (const auto wait = call.api.self_revokes->refuse(call.client, call.now)) {
    return problem({ErrorCode::kRateLimited, "Too many secrets came from this address.", {}, {}},
                   call.request_id, wait);
  }
  const auto json = parse_body(call.request.body);
  if (!json) return fail(json.error());
  BodyReader body(*json);
  const Secret presented(body.presented_secret("secret").value_or(""));
  PresentedSecrets secrets;
  secrets.add(presented.reveal());
  for (const std::string_view name : secrets.headers_that_show(call)) body.secret_fault(name);
  if (auto error = body.finish()) return fail(std::move(*error));

  // Told to everybody, before it could tell whose secret would have needed a write.
  if (!call.api.ledger.accepts_writes()) {
    return fail(ErrorCode::kUnavailable, "The ledger takes no changes now; nothing was done.");
  }
  Result<void> done;
  if (!call.api.even_answers.run(counted_address(call.client),
                                 [&] { done = give_up(call, presented); })) {
    return fail(ErrorCode::kOverloaded, "Too many secrets are being given up at this moment.");
  }
  if (!done) return fail(done.error());
  return json_response(202, {{"accepted", true}});
}

}  // namespace keyledger::http
