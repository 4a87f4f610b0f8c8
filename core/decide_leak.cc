// Secrets that were found where they should not be: who asked whose they are, their holders who
// give them up, and reports of finders.
#include "core/decide_rules.h"

namespace keyledger {

namespace {

// What a secret still opens: its key; the key's overlap alone; nothing (retired, or of an ended
// key, or of another one).
enum class Opens : std::uint8_t { kNothing, kOverlap, kKey };

Opens opens(const Key& key, const SecretId& id, Timestamp now) {
  if (is_final(status_of(key, now))) return Opens::kNothing;
  if (key.current_secret().facts.id == id) return Opens::kKey;
  const KeySecret* const retiring = retiring_secret(key, now);
  return retiring != nullptr && retiring->facts.id == id ? Opens::kOverlap : Opens::kNothing;
}

void add(Decision& decision, const KeyId& id, Event event) {
  decision.push_back({stream_of(id), std::move(event), std::nullopt, {}});
}

// What the policy makes of a report. A secret in its overlap can be ended without its key, so that
// the clients that have the new one go on; that is as much as either rule asks for.
void add_consequence(Decision& decision, const Key& key, const SecretId& secret, OnLeak rule,
                     Timestamp now) {
  if (rule == OnLeak::kReport || key.type == KeyType::kPublic) return;
  const Opens opened = opens(key, secret, now);
  if (opened == Opens::kOverlap) add(decision, key.id, KeyOverlapEnded{secret});
  if (opened != Opens::kKey) return;
  if (rule == OnLeak::kRevoke) {
    add(decision, key.id, KeyCompromised{});
  } else if (!key.suspended) {
    add(decision, key.id, KeySuspended{});
  }
}

}  // namespace

Result<Decision> decide_on(const Situation& in, const RecordLookup& command) {
  Decision decision;
  if (!command.key) {
    decision.push_back({stream_of(in.workspace->id), KeyLookedUp{}, std::nullopt, {}});
    return decision;
  }
  const auto key = find_key(in, *command.key, KeyAccess::kNotice);
  if (!key) return fail(key.error());
  add(decision, key->id, KeyLookedUp{command.secret});
  return decision;
}

// Neither the reason that a policy requires nor a version is asked of somebody who only has the
// secret: whoever gives it up is not to be held up.
Result<Decision> decide_on(const Situation& in, const SelfRevoke& command) {
  if (in.call.actor.kind != ActorKind::kKeyHolder) {
    return fail(ErrorCode::kForbidden, "Only its holder may give a secret up.");
  }
  const auto key = find_key(in, command.id, KeyAccess::kNotice);
  if (!key) return fail(key.error());
  Decision decision;
  if (key->type == KeyType::kPublic) return decision;
  const Opens opened = opens(*key, command.secret, in.now);
  if (opened == Opens::kKey) add(decision, key->id, KeyCompromised{});
  if (opened == Opens::kOverlap) add(decision, key->id, KeyOverlapEnded{command.secret});
  return decision;
}

Result<Decision> decide_on(const Situation& in, const ReportLeak& command) {
  if (!in.by_system()) return fail(ErrorCode::kForbidden, "Only the program itself may do this.");
  const auto key = find_key(in, command.id, KeyAccess::kNotice);
  if (!key) return fail(key.error());
  Decision decision;
  if (secret_of(*key, command.secret) == nullptr) return decision;
  decision.push_back({stream_of(key->id),
                      KeyLeakReported{command.secret, command.reporter, command.signing_key},
                      command.details,
                      {}});
  add_consequence(decision, *key, command.secret, in.policy().on_leak, in.now);
  return decision;
}

}  // namespace keyledger
