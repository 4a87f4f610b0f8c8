// The memory of the verify index, found by open addressing. Internal to verify_index*.cc. A look-up
// is paid in cache misses, so a key with its current secret is one entry of four cache lines: one
// miss for the slot, one for the entry. 256 bytes a key, of them 64 for counting its uses, 80 a
// secret that was rotated out, 32 for finding a key, and labels that do not fit.
//
// Thread safety: one writer; readers hold a shared lock. The writer reads without a lock, since
// nobody else writes, makes room without one, and holds it alone only in put(), for about a
// microsecond.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/judge.h"
#include "core/key.h"
#include "projections/key_label.h"
#include "projections/use_slot.h"
#include "projections/verify_index.h"
#include "projections/verify_index_parts.h"

namespace keyledger {

struct SecretEntry {
  Digest hash{};
  SecretId id;
  std::int64_t retires_at_ms = 0;
  Cause retirement;
};

// Which events set what can be changed. A key that was never changed has none of its own: its
// creation set all of them.
struct KeyCauses {
  Cause scopes;
  Cause origins;
  Cause addresses;
  Cause start;
  Cause expiry;
  Cause rate_limit;
  Cause suspension;
  Cause end;
  bool operator==(const KeyCauses&) const = default;
};

// A key with its current secret. Entries never move or go, so uses may be counted without the lock.
// What is counted lies in a cache line of its own, since all else is only read.
struct alignas(64) KeyEntry {
  static constexpr std::uint32_t kNone = UINT32_MAX;

  SecretEntry current;
  KeyId id;
  std::uint32_t workspace = 0;  // these four are indexes into tables of their own
  std::uint32_t grants = 0;
  std::uint32_t older = kNone;   // its newest secret that was rotated out
  std::uint32_t causes = kNone;  // kNone: see KeyCauses
  std::int64_t not_before_ms = 0;
  std::int64_t expires_at_ms = 0;
  Cause created;
  Cause newest;
  mutable const KeyEntry* next_changed = nullptr;  // of ChangedUses
  std::uint32_t rotations = 0;                     // guarded by the slot, too
  PackedLabel label;
  KeyType type = KeyType::kPrivate;
  Environment environment = Environment::kLive;
  bool suspended = false;
  KeyStatus ended = KeyStatus::kActive;  // kActive: it is not
  mutable UseSlot uses;
};
static_assert(sizeof(KeyEntry) == 256);

struct OldSecret {
  SecretEntry secret;
  std::uint32_t key = 0;
  std::uint32_t older = KeyEntry::kNone;  // the key's secret before this one
  mutable std::int64_t used_ms = 0;       // when it was last used; guarded by the key's slot
};

// Both live as long as the table. A current secret may be an old one when it is looked at again:
// then its key counts more `rotations`.
struct FoundSecret {
  const SecretEntry* secret = nullptr;
  const KeyEntry* key = nullptr;
  const OldSecret* old = nullptr;  // null: the current one
  std::uint32_t rotations = 0;     // of the key
};

class VerifyTable {
 public:
  VerifyTable();

  // Nothing, or null, if it is not there.
  [[nodiscard]] std::optional<FoundSecret> find(const Digest& secret_hash) const;
  [[nodiscard]] const KeyEntry* find(const KeyId& id) const;
  // A secret of a key that is there. A nil id, or one that is not the key's, gives none (null).
  [[nodiscard]] FoundSecret find(const KeyEntry& key, const SecretId& id) const;
  [[nodiscard]] const WorkspaceId& workspace_of(const KeyEntry& key) const {
    return workspaces_[key.workspace];
  }
  // When the key's secrets were last used, of those that have not retired at `now`. The caller
  // holds the key's slot.
  [[nodiscard]] std::vector<SecretUse> secret_uses(const KeyEntry& key, Timestamp now) const;
  void load_secret_use(const KeyEntry& key, const SecretUse& use);
  [[nodiscard]] Credential credential(const FoundSecret& found) const;
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
  [[nodiscard]] std::vector<const SecretEntry*> secrets_of(const KeyEntry& entry) const;
  [[nodiscard]] KeyCauses causes_of(const KeyEntry& entry) const;
  std::uint32_t index_of(const WorkspaceId& workspace);
  std::uint32_t add_key(const Key& key);
  void put_causes(KeyEntry& entry, const KeyCauses& causes);
  void put_secrets(const Key& key, std::uint32_t index, bool is_new);
  void rotate_out(std::uint32_t index);

  const std::array<std::uint64_t, 4> seed_;
  ChunkedArray<KeyEntry, 1U << 15U> keys_;
  ChunkedArray<OldSecret, 1U << 12U> old_secrets_;
  ChunkedArray<KeyCauses, 1U << 12U> causes_;
  FlatIndex by_id_;
  FlatIndex by_hash_;  // twice the index of a key, or twice that of an old secret and one
  GrantsPool grants_;
  std::vector<WorkspaceId> workspaces_;
  std::unordered_map<WorkspaceId, std::uint32_t, IdHash> workspace_index_;
  std::unordered_map<KeyId, MemberId, IdHash> members_;  // of management keys
};

}  // namespace keyledger
