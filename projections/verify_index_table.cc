#include "projections/verify_index_table.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <utility>

#include "events/bytes.h"
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

}  // namespace

// --- Parts ---

PackedLabel::PackedLabel(const KeyLabel& label) {
  std::string bytes(sizeof(std::uint32_t), '\0');
  ByteWriter out(bytes);
  out.sized(label.name);
  if (label.metadata || label.external_id) {
    out.raw(encode_blob(KeyDetails{std::nullopt, label.metadata, label.external_id}));
  }
  const auto size = static_cast<std::uint32_t>(bytes.size());
  std::memcpy(bytes.data(), &size, sizeof(size));
  bytes_ = std::make_unique<char[]>(bytes.size());
  std::memcpy(bytes_.get(), bytes.data(), bytes.size());
}

KeyLabel PackedLabel::unpack() const {
  if (!bytes_) return {};
  std::uint32_t size = 0;
  std::memcpy(&size, bytes_.get(), sizeof(size));
  ByteReader in(std::string_view(bytes_.get(), size).substr(sizeof(size)));
  KeyLabel label;
  label.name = in.sized();
  if (in.left() == 0) return label;
  auto details = decode_key_details(in.raw(in.left()));
  if (!details) return label;  // cannot be: the constructor encoded it
  label.metadata = std::move(details->metadata);
  label.external_id = std::move(details->external_id);
  return label;
}

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

void KeyEntry::count_use(Timestamp now) const {
  std::int64_t last = last_used_ms.load(std::memory_order_relaxed);
  while (last < now.ms &&
         !last_used_ms.compare_exchange_weak(last, now.ms, std::memory_order_relaxed)) {
  }
  uses.fetch_add(1, std::memory_order_relaxed);
}

Use KeyEntry::use() const {
  Use use;
  use.count = uses.load(std::memory_order_relaxed);
  if (use.count != 0) use.last_used_at = Timestamp{last_used_ms.load(std::memory_order_relaxed)};
  return use;
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

const SecretEntry* VerifyTable::find(const Digest& secret_hash) const {
  const auto index = by_hash_.find(hash_of(secret_hash), [&](std::uint32_t candidate) {
    return equal_in_constant_time(view(secrets_[candidate].hash), view(secret_hash));
  });
  return index ? &secrets_[*index] : nullptr;
}

const KeyEntry* VerifyTable::find(const KeyId& id) const {
  const auto index = index_of(id);
  return index ? &keys_[*index] : nullptr;
}

Credential VerifyTable::credential(const SecretEntry& secret) const {
  const KeyEntry& key = keys_[secret.key];
  Credential credential;
  credential.key = key.id;
  credential.workspace = workspaces_[key.workspace];
  credential.not_before_ms = key.not_before_ms;
  credential.expires_at_ms = key.expires_at_ms;
  credential.retires_at_ms = secret.retires_at_ms;
  credential.grants = grants_[key.grants];
  credential.created = key.created;
  credential.newest = key.newest;
  credential.scopes = key.scopes;
  credential.origins = key.origins;
  credential.addresses = key.addresses;
  credential.start = key.start;
  credential.expiry = key.expiry;
  credential.suspension = key.suspension;
  credential.retirement = secret.retirement;
  credential.end = key.end;
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

std::vector<std::uint32_t> VerifyTable::secrets_of(const KeyEntry& entry) const {
  std::vector<std::uint32_t> found;
  for (std::uint32_t at = entry.newest_secret; at != SecretEntry::kNone; at = secrets_[at].older) {
    found.push_back(at);
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
  const Credential unlimited;
  if (entry->not_before_ms != unlimited.not_before_ms) {
    key.not_before = Timestamp{entry->not_before_ms};
  }
  if (entry->expires_at_ms != unlimited.expires_at_ms) {
    key.expires_at = Timestamp{entry->expires_at_ms};
  }
  for (const std::uint32_t index : secrets_of(*entry)) {
    const SecretEntry& stored = secrets_[index];
    KeySecret secret;
    secret.facts.id = stored.id;
    secret.facts.hash.bytes = stored.hash;
    if (stored.retires_at_ms != unlimited.retires_at_ms) {
      secret.retires_at = Timestamp{stored.retires_at_ms};
    }
    secret.retired_cause = stored.retirement;
    key.secrets.push_back(std::move(secret));
  }
  key.suspended = entry->suspended;
  if (entry->ended != KeyStatus::kActive) key.end.emplace().status = entry->ended;
  key.version = 1;  // any but 0, which means that there is no key
  key.created_cause = entry->created;
  key.newest_cause = entry->newest;
  key.scopes_cause = entry->scopes;
  key.origins_cause = entry->origins;
  key.addresses_cause = entry->addresses;
  key.start_cause = entry->start;
  key.expiry_cause = entry->expiry;
  key.suspension_cause = entry->suspension;
  key.end_cause = entry->end;
  return key;
}

// For all of the key's secrets, though most may be there already.
void VerifyTable::make_room(const Key& key) {
  keys_.make_room(1);
  by_id_.make_room(1);
  by_hash_.make_room(key.secrets.size());
  secrets_.make_room(key.secrets.size());
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
  entry.scopes = shared.scopes;
  entry.origins = shared.origins;
  entry.addresses = shared.addresses;
  entry.start = shared.start;
  entry.expiry = shared.expiry;
  entry.suspension = shared.suspension;
  entry.end = shared.end;
  entry.type = shared.type;
  entry.environment = shared.environment;
  entry.suspended = shared.suspended;
  entry.ended = shared.ended.value_or(KeyStatus::kActive);
  std::swap(entry.label, label);
  put_secrets(key, index);
}

void VerifyTable::put_label(const KeyId& id, PackedLabel& label) {
  std::swap(keys_[*index_of(id)].label, label);
}

std::uint32_t VerifyTable::add_key(const Key& key) {
  const std::uint32_t index = keys_.add();
  KeyEntry& entry = keys_[index];
  entry.id = key.id;
  entry.workspace = index_of(key.workspace);
  entry.newest_secret = SecretEntry::kNone;
  if (key.type == KeyType::kManagement && key.member) members_.emplace(key.id, *key.member);
  by_id_.add(hash_of(key.id), index);
  return index;
}

// A key's secrets only grow in number, and those that are there keep their order.
void VerifyTable::put_secrets(const Key& key, std::uint32_t index) {
  KeyEntry& entry = keys_[index];
  const std::vector<std::uint32_t> known = secrets_of(entry);
  for (std::size_t i = 0; i < key.secrets.size(); ++i) {
    const KeySecret& secret = key.secrets[i];
    const Credential own = credential_of(key, secret, nullptr);
    const bool is_new = i >= known.size();
    const std::uint32_t at = is_new ? secrets_.add() : known[i];
    SecretEntry& stored = secrets_[at];
    stored.retires_at_ms = own.retires_at_ms;
    stored.retirement = own.retirement;
    if (!is_new) continue;
    stored.hash = secret.facts.hash.bytes;
    stored.id = secret.facts.id;
    stored.key = index;
    stored.older = entry.newest_secret;
    entry.newest_secret = at;
    by_hash_.add(hash_of(stored.hash), at);
  }
}

std::uint32_t VerifyTable::index_of(const WorkspaceId& workspace) {
  const auto next = static_cast<std::uint32_t>(workspaces_.size());
  const auto [found, is_new] = workspace_index_.emplace(workspace, next);
  if (is_new) workspaces_.push_back(workspace);
  return found->second;
}

}  // namespace keyledger
