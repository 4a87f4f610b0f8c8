#include "projections/verify_index_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <mutex>
#include <string>
#include <utility>

#include "events/crypto.h"

namespace keyledger {
namespace {

// Multiply, then fold both halves (the mixing step of wyhash, github.com/wangyi-fudan/wyhash).
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

std::string_view view(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

bool is_old(std::uint32_t tagged) { return tagged % 2 != 0; }

// The lines behind the one that the secret is compared in: by then they are here.
void prefetch_rest(const KeyEntry& entry) {
  __builtin_prefetch(&entry.id);
  __builtin_prefetch(&entry.label);
  __builtin_prefetch(&entry.uses, 1);  // counting a use writes
}

KeyCauses unchanged_since(const Cause& created) {
  return {created, created, created, created, created, created, {}, {}};
}

}  // namespace

// --- Parts ---

std::uint32_t GrantsPool::take(Grants grants) {
  const auto known = index_.find(grants);
  if (known != index_.end()) {
    ++all_[known->second].users;
    return known->second;
  }
  Shared shared{std::make_shared<const Grants>(grants), 1};
  auto index = static_cast<std::uint32_t>(all_.size());
  if (free_.empty()) {
    all_.push_back(std::move(shared));
  } else {
    index = free_.back();
    free_.pop_back();
    all_[index] = std::move(shared);
  }
  index_.emplace(std::move(grants), index);
  return index;
}

void GrantsPool::give_back(std::uint32_t index) {
  Shared& shared = all_[index];
  if (--shared.users != 0) return;
  index_.erase(*shared.grants);
  shared.grants.reset();
  free_.push_back(index);
}

// --- The table ---

VerifyTable::VerifyTable()
    : seed_(std::bit_cast<std::array<std::uint64_t, 4>>(random_bytes<32>())) {}

// Keyed and over all bytes, since importers choose the hashes they bring and could make them meet.
std::uint32_t VerifyTable::hash_of(const Digest& secret_hash) const {
  const auto words = std::bit_cast<std::array<std::uint64_t, 4>>(secret_hash);
  const std::uint64_t hash =
      mix(words[0] ^ seed_[0], words[1] ^ seed_[1]) ^ mix(words[2] ^ seed_[2], words[3] ^ seed_[3]);
  return static_cast<std::uint32_t>(hash >> 32U);
}

// We make the ids ourselves, so their random bits are hash enough; both halves are kept apart from
// the time, which comes first.
std::uint32_t VerifyTable::hash_of(const KeyId& id) {
  const auto words = std::bit_cast<std::array<std::uint64_t, 2>>(id.bytes);
  return static_cast<std::uint32_t>(mix(words[0], words[1] | 1U) >> 32U);
}

std::optional<std::uint32_t> VerifyTable::index_of(const KeyId& id) const {
  return by_id_.find(hash_of(id), [&](std::uint32_t index) { return keys_[index].id == id; });
}

std::optional<FoundSecret> VerifyTable::find(const Digest& secret_hash) const {
  FoundSecret found;
  const auto same = [&](std::uint32_t tagged) {
    const std::uint32_t index = tagged / 2;
    if (is_old(tagged)) {
      found.old = &old_secrets_[index];
      found.secret = &found.old->secret;
      found.key = &keys_[found.old->key];
    } else {
      found.old = nullptr;
      found.key = &keys_[index];
      found.secret = &found.key->current;
      prefetch_rest(*found.key);
    }
    return equal_in_constant_time(view(found.secret->hash), view(secret_hash));
  };
  if (!by_hash_.find(hash_of(secret_hash), same)) return std::nullopt;
  found.rotations = found.key->rotations;
  return found;
}

FoundSecret VerifyTable::find(const KeyEntry& key, const SecretId& id) const {
  FoundSecret found{nullptr, &key, nullptr, key.rotations};
  if (key.current.id == id) found.secret = &key.current;
  for (std::uint32_t at = key.older; at != KeyEntry::kNone && found.secret == nullptr;
       at = old_secrets_[at].older) {
    if (old_secrets_[at].secret.id != id) continue;
    found.old = &old_secrets_[at];
    found.secret = &found.old->secret;
  }
  return found;
}

std::vector<SecretUse> VerifyTable::secret_uses(const KeyEntry& key, Timestamp now) const {
  std::vector<SecretUse> uses;
  const auto add = [&](const SecretEntry& secret, std::int64_t used_ms) {
    if (used_ms != 0 && secret.retires_at_ms > now.ms) uses.push_back({secret.id, {used_ms}});
  };
  add(key.current, key.uses.current_secret_ms());
  for (std::uint32_t at = key.older; at != KeyEntry::kNone; at = old_secrets_[at].older) {
    add(old_secrets_[at].secret, old_secrets_[at].used_ms);
  }
  return uses;
}

void VerifyTable::load_secret_use(const KeyEntry& key, const SecretUse& use) {
  const FoundSecret found = find(key, use.secret);
  if (found.old != nullptr) {
    found.old->used_ms = use.last_used_at.ms;
  } else if (found.secret != nullptr) {
    key.uses.set_current_secret_ms(use.last_used_at.ms);
  }
}

const KeyEntry* VerifyTable::find(const KeyId& id) const {
  const auto index = index_of(id);
  return index ? &keys_[*index] : nullptr;
}

KeyCauses VerifyTable::causes_of(const KeyEntry& entry) const {
  return entry.causes == KeyEntry::kNone ? unchanged_since(entry.created) : causes_[entry.causes];
}

Credential VerifyTable::credential(const FoundSecret& found) const {
  const KeyEntry& key = *found.key;
  const KeyCauses causes = causes_of(key);
  Credential credential;
  credential.key = key.id;
  credential.workspace = workspaces_[key.workspace];
  credential.not_before_ms = key.not_before_ms;
  credential.expires_at_ms = key.expires_at_ms;
  credential.retires_at_ms = found.secret->retires_at_ms;
  credential.grants = grants_[key.grants];
  credential.created = key.created;
  credential.newest = key.newest;
  credential.scopes = causes.scopes;
  credential.origins = causes.origins;
  credential.addresses = causes.addresses;
  credential.start = causes.start;
  credential.expiry = causes.expiry;
  credential.rate_limit = causes.rate_limit;
  credential.suspension = causes.suspension;
  credential.retirement = found.secret->retirement;
  credential.end = causes.end;
  credential.type = key.type;
  credential.environment = key.environment;
  credential.suspended = key.suspended;
  if (key.ended != KeyStatus::kActive) credential.ended = key.ended;
  return credential;
}

MemberId VerifyTable::member_of(const KeyEntry& key) const {
  const auto found = members_.find(key.id);
  return found == members_.end() ? MemberId() : found->second;
}

// Oldest first.
std::vector<const SecretEntry*> VerifyTable::secrets_of(const KeyEntry& entry) const {
  std::vector<const SecretEntry*> found = {&entry.current};
  for (std::uint32_t at = entry.older; at != KeyEntry::kNone; at = old_secrets_[at].older) {
    found.push_back(&old_secrets_[at].secret);
  }
  std::reverse(found.begin(), found.end());
  return found;
}

Key VerifyTable::thaw(const KeyId& id) const {
  Key key;
  const KeyEntry* const entry = find(id);
  if (entry == nullptr) return key;
  key.id = id;
  key.workspace = workspaces_[entry->workspace];
  key.type = entry->type;
  key.environment = entry->environment;
  const Grants& grants = *grants_[entry->grants];
  key.scopes = grants.scopes;
  key.allowed_origins = grants.origins;
  key.allow_missing_origin = grants.allow_missing_origin;
  key.allowed_ips = grants.networks;
  key.rate_limit = grants.rate_limit;
  const Credential unlimited;
  if (entry->not_before_ms != unlimited.not_before_ms) {
    key.not_before = Timestamp{entry->not_before_ms};
  }
  if (entry->expires_at_ms != unlimited.expires_at_ms) {
    key.expires_at = Timestamp{entry->expires_at_ms};
  }
  for (const SecretEntry* const stored : secrets_of(*entry)) {
    KeySecret secret;
    secret.facts.id = stored->id;
    secret.facts.hash.bytes = stored->hash;
    if (stored->retires_at_ms != unlimited.retires_at_ms) {
      secret.retires_at = Timestamp{stored->retires_at_ms};
    }
    secret.retired_cause = stored->retirement;
    key.secrets.push_back(std::move(secret));
  }
  key.suspended = entry->suspended;
  if (entry->ended != KeyStatus::kActive) key.end.emplace().status = entry->ended;
  key.version = 1;  // any but 0, which means that there is no key
  key.created_cause = entry->created;
  key.newest_cause = entry->newest;
  const KeyCauses causes = causes_of(*entry);
  key.scopes_cause = causes.scopes;
  key.origins_cause = causes.origins;
  key.addresses_cause = causes.addresses;
  key.start_cause = causes.start;
  key.expiry_cause = causes.expiry;
  key.rate_limit_cause = causes.rate_limit;
  key.suspension_cause = causes.suspension;
  key.end_cause = causes.end;
  return key;
}

// For all of the key's secrets, though most may be there already.
void VerifyTable::make_room(const Key& key) {
  const auto secrets = static_cast<std::uint32_t>(key.secrets.size());
  keys_.make_room(1);
  causes_.make_room(1);
  old_secrets_.make_room(secrets);
  by_id_.make_room(1);
  by_hash_.make_room(secrets);
}

void VerifyTable::drop_old() {
  by_id_.drop_old();
  by_hash_.drop_old();
}

void VerifyTable::put(const Key& key, PackedLabel& label) {
  const auto known = index_of(key.id);
  const std::uint32_t index = known ? *known : add_key(key);
  KeyEntry& entry = keys_[index];
  const std::uint32_t grants = grants_.take(grants_of(key));
  if (known) grants_.give_back(entry.grants);
  entry.grants = grants;

  const Credential shared = credential_of(key, key.current_secret(), nullptr);
  entry.not_before_ms = shared.not_before_ms;
  entry.expires_at_ms = shared.expires_at_ms;
  entry.created = shared.created;
  entry.newest = shared.newest;
  entry.type = shared.type;
  entry.environment = shared.environment;
  entry.suspended = shared.suspended;
  entry.ended = shared.ended.value_or(KeyStatus::kActive);
  put_causes(entry, {shared.scopes, shared.origins, shared.addresses, shared.start, shared.expiry,
                     shared.rate_limit, shared.suspension, shared.end});
  entry.label.swap(label);
  put_secrets(key, index, !known);
}

void VerifyTable::put_label(const KeyId& id, PackedLabel& label) {
  keys_[*index_of(id)].label.swap(label);
}

std::uint32_t VerifyTable::add_key(const Key& key) {
  const std::uint32_t index = keys_.add();
  KeyEntry& entry = keys_[index];
  entry.id = key.id;
  entry.workspace = index_of(key.workspace);
  if (key.type == KeyType::kManagement && key.member) members_.emplace(key.id, *key.member);
  by_id_.add(hash_of(key.id), index);
  return index;
}

void VerifyTable::put_causes(KeyEntry& entry, const KeyCauses& causes) {
  if (entry.causes == KeyEntry::kNone) {
    if (causes == unchanged_since(entry.created)) return;
    entry.causes = causes_.add();
  }
  causes_[entry.causes] = causes;
}

// The current secret becomes the newest of the old ones.
void VerifyTable::rotate_out(std::uint32_t index) {
  KeyEntry& entry = keys_[index];
  const std::uint32_t at = old_secrets_.add();
  {
    const std::lock_guard lock(entry.uses);
    old_secrets_[at] = {entry.current, index, entry.older, entry.uses.current_secret_ms()};
    entry.uses.set_current_secret_ms(0);
    entry.older = at;
    ++entry.rotations;
  }
  by_hash_.change(hash_of(entry.current.hash), 2 * index, 2 * at + 1);
}

// A key's secrets only grow in number, and those that are there keep their order.
void VerifyTable::put_secrets(const Key& key, std::uint32_t index, bool is_new) {
  KeyEntry& entry = keys_[index];
  std::size_t known = is_new ? 0 : secrets_of(entry).size();
  for (; known < key.secrets.size(); ++known) {
    if (known != 0) rotate_out(index);
    const SecretFacts& facts = key.secrets[known].facts;
    entry.current = {facts.hash.bytes, facts.id, Credential::kNever, {}};
    by_hash_.add(hash_of(facts.hash.bytes), 2 * index);
  }
  // What may have changed of each, from the newest back.
  SecretEntry* stored = &entry.current;
  std::uint32_t older = entry.older;
  for (auto secret = key.secrets.rbegin(); secret != key.secrets.rend(); ++secret) {
    const Credential own = credential_of(key, *secret, nullptr);
    stored->retires_at_ms = own.retires_at_ms;
    stored->retirement = own.retirement;
    if (older == KeyEntry::kNone) break;
    stored = &old_secrets_[older].secret;
    older = old_secrets_[older].older;
  }
}

std::uint32_t VerifyTable::index_of(const WorkspaceId& workspace) {
  const auto next = static_cast<std::uint32_t>(workspaces_.size());
  const auto [found, is_new] = workspace_index_.emplace(workspace, next);
  if (is_new) workspaces_.push_back(workspace);
  return found->second;
}

}  // namespace keyledger
