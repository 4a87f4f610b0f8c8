#include "projections/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "events/bytes.h"

namespace keyledger {
namespace {

// What one key waits for.
struct Pending {
  WorkspaceId workspace;
  OptionalTime expiry;
  std::vector<std::pair<SecretId, Timestamp>> retirements;

  bool operator==(const Pending&) const = default;
  [[nodiscard]] bool empty() const { return !expiry && retirements.empty(); }
};

// One arm per event that begins or ends a waiting.
struct PendingFold {
  Pending& pending;
  const RecordedEvent& event;

  void operator()(const KeyCreated& fact) const { pending.expiry = fact.expires_at; }
  void operator()(const KeyExpiryChanged& fact) const { pending.expiry = fact.to; }
  void operator()(const KeyRotated& fact) const {
    // A secret of an earlier overlap ends now: this very event says so, and no notice need. One
    // whose time was over before is still owed its notice.
    std::erase_if(pending.retirements,
                  [&](const auto& retirement) { return retirement.second > event.time; });
    if (fact.retires_at > event.time) {
      pending.retirements.emplace_back(fact.retired, fact.retires_at);
    }
  }
  void operator()(const KeyOverlapEnded& fact) const { settle(fact.retired); }
  void operator()(const KeyRevoked&) const { settle_all(); }
  void operator()(const KeyCompromised&) const { settle_all(); }
  void operator()(const KeyExpired&) const { pending.expiry.reset(); }
  void operator()(const KeySecretRetired& notice) const { settle(notice.secret); }
  template <OneOf<LedgerCreated, LedgerRollbackAccepted, WorkspaceCreated, WorkspaceSuspended,
                  WorkspaceResumed, PolicySet, MemberAdded, MemberRoleChanged, MemberProfileChanged,
                  MemberRemoved, KeyRenamed, KeyDescriptionChanged, KeyScopesChanged,
                  KeyOriginsChanged, KeyMissingOriginChanged, KeyAddressesChanged, KeyStartChanged,
                  KeyMetadataChanged, KeyExternalIdChanged, KeyOwnerChanged, KeyRateLimitChanged,
                  KeySuspended, KeyResumed, KeyReplaced, KeyRetiredSecretPresented,
                  KeySecretReplayed, KeyExpiring, KeyLookedUp, KeyLeakReported, UsageDigested>
                Other>
  void operator()(const Other& /*changes nothing that is waited for*/) const {}

 private:
  void settle(const SecretId& secret) const {
    std::erase_if(pending.retirements,
                  [&](const auto& retirement) { return retirement.first == secret; });
  }
  void settle_all() const {
    pending.expiry.reset();
    pending.retirements.clear();
  }
};

std::string_view view(const IdBytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Row of "keys": key id; what the key waits for.
std::string encode(const Pending& pending) {
  std::string row;
  ByteWriter out(row);
  out.array(pending.workspace.bytes);
  out.u8(pending.expiry ? 1 : 0);
  if (pending.expiry) out.i64(pending.expiry->ms);
  out.varint(pending.retirements.size());
  for (const auto& [secret, at] : pending.retirements) {
    out.array(secret.bytes);
    out.i64(at.ms);
  }
  return row;
}

tl::unexpected<Error> damaged() {
  return fail(ErrorCode::kCorrupt, "A row of the schedule is damaged; it can be rebuilt.");
}

Result<Pending> decode(std::string_view row) {
  Pending pending;
  ByteReader in(row);
  pending.workspace.bytes = in.array<16>();
  if (in.u8() != 0) pending.expiry = Timestamp{in.i64()};
  for (std::size_t left = in.count(24); left > 0; --left) {
    const SecretId secret{in.array<16>()};
    pending.retirements.emplace_back(secret, Timestamp{in.i64()});
  }
  if (!in.finished()) return damaged();
  return pending;
}

// Row of "due": time (never negative, so its bytes sort as numbers), key id, secret id if it is a
// retirement; the workspace.
std::string due_row(Timestamp at, const KeyId& key, const SecretId* secret) {
  std::string row;
  ByteWriter out(row);
  out.i64(at.ms);
  out.array(key.bytes);
  if (secret != nullptr) out.array(secret->bytes);
  return row;
}

std::vector<std::string> due_rows(const KeyId& key, const Pending& pending) {
  std::vector<std::string> rows;
  if (pending.expiry) rows.push_back(due_row(*pending.expiry, key, nullptr));
  for (const auto& [secret, at] : pending.retirements) rows.push_back(due_row(at, key, &secret));
  return rows;
}

}  // namespace

struct Schedule::Rep {
  Store* store = nullptr;
  const Table* due = nullptr;
  const Table* keys = nullptr;

  [[nodiscard]] Result<Pending> pending(const KeyId& key) const {
    const auto row = store->get(*keys, view(key.bytes));
    if (!row) return fail(row.error());
    if (!*row) return Pending();
    return decode(**row);
  }

  void write(StoreBatch& batch, const KeyId& key, const Pending& before, const Pending& after) {
    for (const std::string& row : due_rows(key, before)) batch.erase(*due, row);
    for (const std::string& row : due_rows(key, after)) {
      batch.put(*due, row, view(after.workspace.bytes));
    }
    if (after.empty()) {
      batch.erase(*keys, view(key.bytes));
    } else {
      batch.put(*keys, view(key.bytes), encode(after));
    }
  }
};

Schedule::Schedule() : rep_(std::make_unique<Rep>()) {}
Schedule::~Schedule() = default;

Result<std::vector<DueNotice>> Schedule::due(Timestamp now, std::size_t limit) const {
  std::vector<DueNotice> found;
  const auto cursor = rep_->store->cursor(*rep_->due);
  for (cursor->seek({}); cursor->valid() && found.size() < limit; cursor->next()) {
    ByteReader in(cursor->key());
    ByteReader value(cursor->value());
    DueNotice notice;
    notice.at.ms = in.i64();
    notice.key.bytes = in.array<16>();
    if (in.left() > 0) notice.secret = SecretId{in.array<16>()};
    notice.workspace.bytes = value.array<16>();
    if (!in.finished() || !value.finished()) return damaged();
    if (notice.at > now) break;
    found.push_back(notice);
  }
  if (auto walked = cursor->status(); !walked) return fail(walked.error());
  return found;
}

Result<void> Schedule::open(Store& store) {
  rep_->store = &store;
  const auto open_table = [&](std::string_view table) {
    return store.table(fmt::format("{}.v{}.{}", name(), version(), table));
  };
  const auto due = open_table("due");
  if (!due) return fail(due.error());
  const auto keys = open_table("keys");
  if (!keys) return fail(keys.error());
  rep_->due = *due;
  rep_->keys = *keys;
  return {};
}

Result<void> Schedule::load(std::uint64_t /*size*/) { return {}; }

Result<void> Schedule::apply(const CommittedFrame& frame, StoreBatch& batch) {
  struct Touched {
    Pending before;
    Pending after;
  };
  std::map<KeyId, Touched> touched;
  for (const RecordedEvent& event : frame.events) {
    if (event.stream.kind != StreamKind::kKey) continue;
    const KeyId id{event.stream.id};
    auto found = touched.find(id);
    if (found == touched.end()) {
      // A new key has no row; not looking is half of what it costs here.
      const bool is_new = creation_in(event.event) != nullptr;
      const auto pending = is_new ? Result<Pending>() : rep_->pending(id);
      if (!pending) return fail(pending.error());
      found = touched.emplace(id, Touched{*pending, *pending}).first;
    }
    Pending& after = found->second.after;
    std::visit(PendingFold{after, event}, event.event);
    after.workspace = after.empty() ? WorkspaceId() : event.workspace;
  }
  for (const auto& [id, change] : touched) {
    if (change.before != change.after) rep_->write(batch, id, change.before, change.after);
  }
  return {};
}

}  // namespace keyledger
