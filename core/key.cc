#include "core/key.h"

#include <algorithm>

namespace keyledger {

namespace {

constexpr std::uint64_t kPositionMask = (1ULL << 48U) - 1;

// One arm per event. `cause` is the event that is folded.
struct KeyFold {
  Key& key;
  const RecordedEvent& event;
  Cause cause;

  void operator()(const KeyCreated& fact) const {
    key.id = KeyId{event.stream.id};
    key.workspace = event.workspace;
    key.type = fact.type;
    key.environment = fact.environment;
    key.name = fact.name;
    key.scopes = fact.scopes;
    key.allowed_origins = fact.allowed_origins;
    key.allow_missing_origin = fact.allow_missing_origin;
    key.allowed_ips = fact.allowed_ips;
    key.not_before = fact.not_before;
    key.expires_at = fact.expires_at;
    key.owner = fact.owner;
    key.member = fact.member;
    key.rate_limit = fact.rate_limit;
    key.replaces = fact.replaces;
    key.secrets = {KeySecret{fact.secret, event.time, std::nullopt, {}}};
    key.created_at = event.time;
    key.created_by = event.actor;
    key.created_cause = cause;
    key.scopes_cause = cause;
    key.origins_cause = cause;
    key.addresses_cause = cause;
    key.start_cause = cause;
    key.expiry_cause = cause;
    key.rate_limit_cause = cause;
    key.description_at = blob_position();
    key.metadata_at = blob_position();
    key.external_id_at = blob_position();
  }

  void operator()(const KeyRenamed& fact) const { key.name = fact.to; }
  void operator()(const KeyDescriptionChanged&) const { key.description_at = blob_position(); }
  void operator()(const KeyMetadataChanged&) const { key.metadata_at = blob_position(); }
  void operator()(const KeyExternalIdChanged&) const { key.external_id_at = blob_position(); }
  void operator()(const KeyOwnerChanged& fact) const { key.owner = fact.to; }
  void operator()(const KeyRateLimitChanged& fact) const {
    key.rate_limit = fact.to;
    key.rate_limit_cause = cause;
  }
  void operator()(const KeyReplaced& fact) const { key.replaced_by = fact.by; }

  void operator()(const KeyScopesChanged& fact) const {
    key.scopes = fact.to;
    key.scopes_cause = cause;
  }
  void operator()(const KeyOriginsChanged& fact) const {
    key.allowed_origins = fact.to;
    key.origins_cause = cause;
  }
  void operator()(const KeyMissingOriginChanged& fact) const {
    key.allow_missing_origin = fact.to;
    key.origins_cause = cause;
  }
  void operator()(const KeyAddressesChanged& fact) const {
    key.allowed_ips = fact.to;
    key.addresses_cause = cause;
  }
  void operator()(const KeyStartChanged& fact) const {
    key.not_before = fact.to;
    key.start_cause = cause;
  }
  void operator()(const KeyExpiryChanged& fact) const {
    key.expires_at = fact.to;
    key.expiry_cause = cause;
  }

  void operator()(const KeyRotated& fact) const {
    for (KeySecret& secret : key.secrets) {
      if (!secret.retires_at) retire(secret, fact.retires_at);
      if (*secret.retires_at > event.time && secret.facts.id != fact.retired) {
        retire(secret, event.time);
      }
    }
    key.secrets.push_back(KeySecret{fact.secret, event.time, std::nullopt, {}});
    key.rotated_at = event.time;
  }
  void operator()(const KeyOverlapEnded& fact) const {
    for (KeySecret& secret : key.secrets) {
      if (secret.facts.id == fact.retired) retire(secret, event.time);
    }
  }

  void operator()(const KeySuspended&) const { suspend(true); }
  void operator()(const KeyResumed&) const { suspend(false); }
  void operator()(const KeyRevoked& fact) const { end(KeyStatus::kRevoked, fact.code); }
  void operator()(const KeyCompromised&) const {
    end(KeyStatus::kCompromised, RevocationCode::kKeyCompromise);
  }

  // Notices, and what is never in a key's stream.
  template <OneOf<LedgerCreated, LedgerRollbackAccepted, WorkspaceCreated, WorkspaceSuspended,
                  WorkspaceResumed, PolicySet, MemberAdded, MemberRoleChanged, MemberProfileChanged,
                  MemberRemoved, KeyExpired, KeySecretRetired, KeyRetiredSecretPresented,
                  KeySecretReplayed, KeyExpiring, KeyLookedUp, KeyLeakReported, UsageDigested>
                Other>
  void operator()(const Other&) const {}

 private:
  [[nodiscard]] OptionalPosition blob_position() const {
    if (!event.subject_commitment) return std::nullopt;
    return event.position;
  }
  void retire(KeySecret& secret, Timestamp at) const {
    secret.retires_at = at;
    secret.retired_cause = cause;
  }
  void suspend(bool suspended) const {
    key.suspended = suspended;
    key.suspension_cause = cause;
  }
  void end(KeyStatus status, RevocationCode code) const {
    key.end = KeyEnd{status, code, event.time, event.actor};
    key.end_cause = cause;
  }
};

}  // namespace

std::string_view status_name(KeyStatus status) {
  switch (status) {
    case KeyStatus::kPending: return "pending";
    case KeyStatus::kActive: return "active";
    case KeyStatus::kSuspended: return "suspended";
    case KeyStatus::kRevoked: return "revoked";
    case KeyStatus::kExpired: return "expired";
    case KeyStatus::kCompromised: return "compromised";
  }
  return "unknown";
}

const KeySecret* secret_of(const Key& key, const SecretId& id) {
  const auto found = std::find_if(key.secrets.begin(), key.secrets.end(),
                                  [&id](const KeySecret& secret) { return secret.facts.id == id; });
  return found == key.secrets.end() ? nullptr : &*found;
}

const KeySecret* retiring_secret(const Key& key, Timestamp now) {
  const auto found = std::find_if(
      key.secrets.begin(), key.secrets.end(),
      [now](const KeySecret& secret) { return secret.retires_at && *secret.retires_at > now; });
  return found == key.secrets.end() ? nullptr : &*found;
}

KeyStatus status_of(const Key& key, Timestamp now) {
  if (key.end) return key.end->status;
  if (key.expires_at && *key.expires_at <= now) return KeyStatus::kExpired;
  if (key.suspended) return KeyStatus::kSuspended;
  if (key.not_before && *key.not_before > now) return KeyStatus::kPending;
  return KeyStatus::kActive;
}

bool is_final(KeyStatus status) {
  return status == KeyStatus::kRevoked || status == KeyStatus::kExpired ||
         status == KeyStatus::kCompromised;
}

bool is_inactive(const Key& key, const OptionalTime& last_used_at, std::uint32_t days,
                 Timestamp now) {
  if (key.type == KeyType::kManagement || status_of(key, now) != KeyStatus::kActive) return false;
  const Timestamp last =
      std::max({key.created_at, key.updated_at, key.not_before.value_or(key.created_at),
                last_used_at.value_or(key.created_at)});
  return now.ms - last.ms >= days * kDayMs;
}

void evolve(Key& key, const RecordedEvent& event) {
  if (event.stream.kind != StreamKind::kKey || is_notice(event.event)) return;
  const bool exists = key.version != 0;
  if (exists == (creation_in(event.event) != nullptr)) return;
  if (exists && event.stream.id != key.id.bytes) return;

  const Cause cause{event.position & kPositionMask, tag_of(event.event)};
  std::visit(KeyFold{key, event, cause}, event.event);
  key.version = event.version;
  key.newest_cause = cause;
  key.updated_at = event.time;
}

}  // namespace keyledger
