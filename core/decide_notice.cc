// Notices record what the clock or a client did. They change nothing, so neither version nor reason
// is asked for; each makes no event if what it reports is not so.
#include "core/decide_rules.h"

namespace keyledger {

namespace {

// Nothing, if the secret is not one of this key's or has not retired yet.
OptionalTime retired_at(const Key& key, const SecretId& id, Timestamp now) {
  const KeySecret* secret = secret_of(key, id);
  if (secret == nullptr || !secret->retires_at || *secret->retires_at > now) return std::nullopt;
  return secret->retires_at;
}

// The key, if its secret may be shown to the caller again. Of another workspace's keys that is only
// the one that the operator's owner made together with that workspace.
Result<Key> find_shown(const Situation& in, const KeyId& id) {
  const auto found = in.state.key(id);
  if (!found) return fail(found.error());
  const bool made_for_tenant = *found && (*found)->workspace != in.workspace->id &&
                               in.workspace->is_operator && in.role == Role::kOwner &&
                               (*found)->type == KeyType::kManagement &&
                               in.by_member(MemberId{(*found)->created_by.id});
  if (made_for_tenant) return **found;
  return find_key(in, id, KeyAccess::kChange);
}

Decision note(const KeyId& id, Event notice) {
  Decision decision;
  decision.push_back({stream_of(id), std::move(notice), std::nullopt, {}});
  return decision;
}

}  // namespace

Result<Decision> decide_on(const Situation& in, const RecordExpiry& command) {
  const auto key = find_key(in, command.id, KeyAccess::kNotice);
  if (!key) return fail(key.error());
  if (!key->expires_at || status_of(*key, in.now) != KeyStatus::kExpired) return Decision{};
  return note(command.id, KeyExpired{*key->expires_at});
}

Result<Decision> decide_on(const Situation& in, const RecordExpiring& command) {
  const auto key = find_key(in, command.id, KeyAccess::kNotice);
  if (!key) return fail(key.error());
  const bool due = key->expires_at == command.expires_at &&
                   warning_time(command.expires_at, command.days) <= in.now &&
                   !is_final(status_of(*key, in.now));
  if (!due) return Decision{};
  return note(command.id, KeyExpiring{command.expires_at, command.days});
}

Result<Decision> decide_on(const Situation& in, const RecordRetirement& command) {
  const auto key = find_key(in, command.id, KeyAccess::kNotice);
  if (!key) return fail(key.error());
  const OptionalTime at = retired_at(*key, command.secret, in.now);
  if (!at) return Decision{};
  return note(command.id, KeySecretRetired{command.secret, *at});
}

Result<Decision> decide_on(const Situation& in, const RecordRetiredSecretUse& command) {
  const auto key = find_key(in, command.id, KeyAccess::kNotice);
  if (!key) return fail(key.error());
  if (!retired_at(*key, command.secret, in.now)) return Decision{};
  return note(command.id, KeyRetiredSecretPresented{command.secret});
}

Result<Decision> decide_on(const Situation& in, const RecordSecretReplay& command) {
  const auto key = find_shown(in, command.id);
  if (!key) return fail(key.error());
  const bool shown = secret_of(*key, command.secret) != nullptr &&
                     !retired_at(*key, command.secret, in.now) &&
                     !is_final(status_of(*key, in.now));
  if (!shown) return Decision{};
  Decision decision = note(command.id, KeySecretReplayed{command.secret});
  decision.front().workspace = key->workspace;
  return decision;
}

Result<Decision> decide_on(const Situation& in, const RecordUsageDigest& command) {
  if (!in.by_system()) return fail(ErrorCode::kForbidden, "Only the system records this.");
  if (command.digest.to > in.now || command.digest.rows == 0) return Decision{};
  Decision decision;
  decision.push_back({stream_of(in.workspace->id), command.digest, std::nullopt, {}});
  return decision;
}

}  // namespace keyledger
