// Rotation, suspension and the end of a key.
#include "core/decide_rules.h"

namespace keyledger {

namespace {

Decision one(const KeyId& id, Event event) {
  Decision decision;
  decision.push_back({stream_of(id), std::move(event), std::nullopt, {}});
  return decision;
}

// What every change of a living key asks for, after the target: version, state, reason.
Result<void> check_living(const Situation& in, const Key& key) {
  const auto version = check_version(in, key.version);
  if (!version) return version;
  const auto open = check_not_final(in, key);
  if (!open) return open;
  Faults faults;
  check_reason(in, faults);
  return faults.verdict();
}

}  // namespace

Result<Decision> decide_on(const Situation& in, const RotateKey& command) {
  const auto key = find_key(in, command.id, KeyAccess::kRotate);
  if (!key) return fail(key.error());
  const auto version = check_version(in, key->version);
  if (!version) return fail(version.error());
  const auto open = check_not_final(in, *key);
  if (!open) return fail(open.error());

  Faults faults;
  check_reason(in, faults);
  if (command.overlap_seconds > kMaxOverlapSeconds) {
    faults.add(
        "overlap_seconds", FieldFault::kInvalid,
        "An overlap is at most " + std::to_string(kMaxOverlapSeconds) + " seconds (30 days) long.");
  }
  const auto fields = faults.verdict();
  if (!fields) return fail(fields.error());

  const auto overlap_ms = static_cast<std::int64_t>(command.overlap_seconds) * 1000;
  return one(command.id,
             KeyRotated{command.secret, key->current_secret().facts.id, in.now + overlap_ms});
}

Result<Decision> decide_on(const Situation& in, const EndOverlap& command) {
  const auto key = find_key(in, command.id, KeyAccess::kChange);
  if (!key) return fail(key.error());
  const KeySecret* retiring = retiring_secret(*key, in.now);
  if (retiring == nullptr) return Decision{};
  const auto allowed = check_living(in, *key);
  if (!allowed) return fail(allowed.error());
  return one(command.id, KeyOverlapEnded{retiring->facts.id});
}

Result<Decision> decide_on(const Situation& in, const SuspendKey& command) {
  const auto key = find_key(in, command.id, KeyAccess::kChange);
  if (!key) return fail(key.error());
  if (status_of(*key, in.now) == KeyStatus::kSuspended) return Decision{};
  const auto allowed = check_living(in, *key);
  if (!allowed) return fail(allowed.error());
  return one(command.id, KeySuspended{});
}

Result<Decision> decide_on(const Situation& in, const SuspendUnused& command) {
  if (!in.by_system()) return fail(ErrorCode::kForbidden, "Only the program itself may do this.");
  const auto key = find_key(in, command.id, KeyAccess::kChange);
  if (!key) return fail(key.error());
  const auto& days = in.policy().inactivity_days;
  if (!days || !is_inactive(*key, command.last_used_at, *days, in.now)) return Decision{};
  return one(command.id, KeySuspended{});
}

Result<Decision> decide_on(const Situation& in, const ResumeKey& command) {
  const auto key = find_key(in, command.id, KeyAccess::kChange);
  if (!key) return fail(key.error());
  const KeyStatus status = status_of(*key, in.now);
  if (status == KeyStatus::kActive || status == KeyStatus::kPending) return Decision{};
  const auto allowed = check_living(in, *key);
  if (!allowed) return fail(allowed.error());
  return one(command.id, KeyResumed{});
}

// A key that has ended already ignores If-Match: whoever wants it gone gets what is wanted. Only a
// compromise is still news about a key that was revoked or has expired.
Result<Decision> decide_on(const Situation& in, const RevokeKey& command) {
  const auto key = find_key(in, command.id, KeyAccess::kChange);
  if (!key) return fail(key.error());
  const KeyStatus status = status_of(*key, in.now);
  const bool compromise = command.code == RevocationCode::kKeyCompromise;
  if (status == KeyStatus::kCompromised) return Decision{};
  if (status == KeyStatus::kRevoked && !compromise) return Decision{};

  if (!is_final(status)) {
    const auto version = check_version(in, key->version);
    if (!version) return fail(version.error());
  } else if (!compromise) {
    const auto open = check_not_final(in, *key);
    if (!open) return fail(open.error());
  }
  Faults faults;
  check_reason(in, faults);
  const auto fields = faults.verdict();
  if (!fields) return fail(fields.error());
  if (compromise) return one(command.id, KeyCompromised{});
  return one(command.id, KeyRevoked{command.code});
}

}  // namespace keyledger
