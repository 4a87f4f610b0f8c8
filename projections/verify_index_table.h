// The memory of the verify index: one entry a key, one a secret, found by open addressing. Internal
// to verify_index*.cc. 216 bytes a key with one secret, 32 for finding it, and its label.
//
// Thread safety: one writer; readers hold a shared lock. The writer reads without a lock, since
// nobody else writes, makes room without one, and holds it alone only in put(), for about a
// microsecond.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/judge.h"
#include "core/key.h"
#include "projections/verify_index_parts.h"

namespace keyledger {

// What all secrets of a key share of their Credential, and its use. Entries never move or go, so
// uses may be counted without the lock.
struct KeyEntry {
  KeyId id;
  std::uint32_t workspace = 0;  // both are indexes into tables of their own
  std::uint32_t grants = 0;
  std::int64_t not_before_ms = 0;
  std::int64_t expires_at_ms = 0;
  Cause created;
  Cause newest;
  Cause scopes;
  Cause origins;
  Cause addresses;
  Cause start;
  Cause expiry;
  Cause suspension;
  Cause end;
  PackedLabel label;
  mutable std::atomic<std::int64_t> last_used_ms{0};  // counts after the first use
  mutable std::atomic<std::uint64_t> uses{0};
  std::uint32_t newest_secret = 0;
  KeyType type = KeyType::kPrivate;
  Environment environment = Environment::kLive;
  bool suspended = false;
  KeyStatus ended = KeyStatus::kActive;  // kActive: it is not

  void count_use(Timestamp now) const;
  [[nodiscard]] Use use() const;
};

struct SecretEntry {
  static constexpr std::uint32_t kNone = UINT32_MAX;

  Digest hash{};
  SecretId id;
  std::int64_t retires_at_ms = 0;
  Cause retirement;
  std::uint32_t key = 0;
  std::uint32_t older = kNone;  // the key's secret before this one
};

class VerifyTable {
 public:
  VerifyTable();

  // Null if it is not there.
  [[nodiscard]] const SecretEntry* find(const Digest& secret_hash) const;
  [[nodiscard]] const KeyEntry* find(const KeyId& id) const;
  [[nodiscard]] const KeyEntry& key_of(const SecretEntry& secret) const {
    return keys_[secret.key];
  }
  [[nodiscard]] Credential credential(const SecretEntry& secret) const;
  // Nil for all but management keys.
  [[nodiscard]] MemberId member_of(const KeyEntry& key) const;

  // As much of the key's state as credential_of() reads, and evolve() for its sake; a default Key
  // if it is not there. So the rules of core are the only ones: an event is evolved on this and the
  // credentials of the outcome are stored.
  [[nodiscard]] Key thaw(const KeyId& id) const;

  // In this order, for each key that is new or changed. put() alone needs the lock; it exchanges
  // `label` for the old one.
  void make_room(const Key& key);
  void put(const Key& key, PackedLabel& label);
  void drop_old();
  // Needs the lock, and the key must be there.
  void put_label(const KeyId& id, PackedLabel& label);

 private:
  [[nodiscard]] std::uint32_t hash_of(const Digest& secret_hash) const;
  [[nodiscard]] static std::uint32_t hash_of(const KeyId& id);
  [[nodiscard]] std::optional<std::uint32_t> index_of(const KeyId& id) const;
  [[nodiscard]] std::vector<std::uint32_t> secrets_of(const KeyEntry& entry) const;  // oldest first
  std::uint32_t index_of(const WorkspaceId& workspace);
  std::uint32_t add_key(const Key& key);
  void put_secrets(const Key& key, std::uint32_t index);

  const std::array<std::uint64_t, 4> seed_;
  ChunkedArray<KeyEntry> keys_;
  ChunkedArray<SecretEntry> secrets_;
  FlatIndex by_id_;
  FlatIndex by_hash_;
  GrantsPool grants_;
  std::vector<WorkspaceId> workspaces_;
  std::unordered_map<WorkspaceId, std::uint32_t, IdHash> workspace_index_;
  std::unordered_map<KeyId, MemberId, IdHash> members_;  // of management keys
};

}  // namespace keyledger
