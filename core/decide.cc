#include "core/decide.h"

#include <variant>

#include "core/decide_rules.h"

namespace keyledger {

namespace {

// A key holder does not command: it can only give its own key up, or be seen to have used what it
// should not.
bool holder_may(const Actor& actor, const Command& command) {
  if (const auto* seen = std::get_if<RecordRetiredSecretUse>(&command)) {
    return seen->id.bytes == actor.id;
  }
  const auto* given_up = std::get_if<SelfRevoke>(&command);
  return given_up != nullptr && given_up->id.bytes == actor.id;
}

bool is_about_the_ledger(const Command& command) {
  return std::holds_alternative<FoundLedger>(command) ||
         std::holds_alternative<AcceptRollback>(command);
}

}  // namespace

Result<Decision> decide(const StateReader& state, const Submission& submission, Timestamp now) {
  const CallContext& call = submission.call;
  if (call.actor.kind == ActorKind::kKeyHolder && !holder_may(call.actor, submission.command)) {
    return fail(ErrorCode::kForbidden, "The holder of a key may not change anything.");
  }
  const auto admitted = admit(state, call, now);
  if (!admitted) return fail(admitted.error());
  if (!admitted->workspace && !is_about_the_ledger(submission.command)) {
    return fail(ErrorCode::kNotFound, "There is no such workspace.");
  }
  return std::visit([&](const auto& command) { return decide_on(*admitted, command); },
                    submission.command);
}

Result<void> check_caller(const StateReader& state, const CallContext& call, Timestamp now) {
  const auto admitted = admit(state, call, now);
  if (!admitted) return fail(admitted.error());
  return {};
}

}  // namespace keyledger
