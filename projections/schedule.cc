#include "projections/schedule.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/notice_commands.h"
#include "events/bytes.h"

namespace keyledger {
namespace {

// What one key waits for.
struct Pending {
  WorkspaceId workspace;
  OptionalTime expiry;
  std::uint32_t warning = 0;  // the next of kWarningDays that is owed; 0: none
  std::vector<std::pair<SecretId, Timestamp>> retirements;

  bool operator==(const Pending&) const = default;
  [[nodiscard]] bool empty() const { return !expiry && retirements.empty(); }
};

// The step after this one; 0 after the last.
std::uint32_t next_warning(std::uint32_t days) {
  for (const std::uint32_t step : kWarningDays) {
    if (step < days) return step;
  }
  return 0;
}

// One arm per event that begins or ends a waiting.
struct PendingFold {
  Pending& pending;
  const RecordedEvent& event;

  void operator()(const KeyCreated& fact) const { expect(fact.expires_at); }
  void operator()(const KeyExpiryChanged& fact) const { expect(fact.to); }
  void operator()(const KeyExpiring& notice) const {
    if (pending.expiry != notice.expires_at) return;
    pending.warning = std::min(pending.warning, next_warning(notice.days));
  }
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
  void operator()(const KeyExpired&) const { expect({}); }
  void operator()(const KeySecretRetired& notice) const { settle(notice.secret); }
  template <OneOf<LedgerCreated, LedgerRollbackAccepted, WorkspaceCreated, WorkspaceSuspended,
                  WorkspaceResumed, PolicySet, MemberAdded, MemberRoleChanged, MemberProfileChanged,
                  MemberRemoved, KeyRenamed, KeyDescriptionChanged, KeyScopesChanged,
                  KeyOriginsChanged, KeyMissingOriginChanged, KeyAddressesChanged, KeyStartChanged,
                  KeyMetadataChanged, KeyExternalIdChanged, KeyOwnerChanged, KeyRateLimitChanged,
                  KeySuspended, KeyResumed, KeyReplaced, KeyRetiredSecretPresented,
                  KeySecretReplayed, KeyLookedUp, KeyLeakReported, UsageDigested>
                Other>
  void operator()(const Other& /*changes nothing that is waited for*/) const {}

 private:
  // Whoever sets an expiry knows how far off it is, so what is less than that is not owed. As time
  // only goes on, this also keeps a step from being owed twice for the same moment of expiry,
  // however often that was changed to something else and back.
  void expect(const OptionalTime& expiry) const {
    pending.expiry = expiry;
    pending.warning = 0;
    if (!expiry) return;
    for (const std::uint32_t days : kWarningDays) {
      if (warning_time(*expiry, days) > event.time) {
        pending.warning = days;
        return;
      }
    }
  }
  void settle(const SecretId& secret) const {
    std::erase_if(pending.retirements,
                  [&](const auto& retirement) { return retirement.first == secret; });
  }
  void settle_all() const {
    expect({});
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
  if (pending.expiry) {
    out.i64(pending.expiry->ms);
    out.varint(pending.warning);
  }
  out.varint(pending.retirements.size());
  for (const auto& [secret, at] : pending.retirements) {
    out.array(secret.bytes);
    out.i64(at.ms);
  }
  return row;
}

Result<Pending> decode(std::string_view row) {
  Pending pending;
  ByteReader in(row);
  pending.workspace.bytes = in.array<16>();
  if (in.u8() != 0) {
    pending.expiry = Timestamp{in.i64()};
    pending.warning = static_cast<std::uint32_t>(in.varint());
  }
  for (std::size_t left = in.count(24); left > 0; --left) {
    const SecretId secret{in.array<16>()};
    pending.retirements.emplace_back(secret, Timestamp{in.i64()});
  }
  if (!in.finished()) return damaged_row("the schedule");
  return pending;
}

// Row of "due": time (never negative, so its bytes sort as numbers), what falls due, key id, and
// the secret's id or the days of the warning; the workspace.
enum class Due : std::uint8_t { kExpiry = 1, kRetirement = 2, kWarning = 3 };

std::string due_row(Timestamp at, Due kind, const KeyId& key) {
  std::string row;
  ByteWriter out(row);
  out.i64(at.ms);
  out.u8(static_cast<std::uint8_t>(kind));
  out.array(key.bytes);
  return row;
}

std::vector<std::string> due_rows(const KeyId& key, const Pending& pending) {
  std::vector<std::string> rows;
  if (pending.expiry) rows.push_back(due_row(*pending.expiry, Due::kExpiry, key));
  if (pending.warning != 0) {
    const Timestamp at = warning_time(*pending.expiry, pending.warning);
    ByteWriter(rows.emplace_back(due_row(at, Due::kWarning, key))).u32(pending.warning);
  }
  for (const auto& [secret, at] : pending.retirements) {
    ByteWriter(rows.emplace_back(due_row(at, Due::kRetirement, key))).array(secret.bytes);
  }
  return rows;
}

Result<DueNotice> read_due(std::string_view row, std::string_view value) {
  ByteReader in(row);
  DueNotice notice;
  notice.at.ms = in.i64();
  const Due kind{in.u8()};
  notice.key.bytes = in.array<16>();
  if (kind == Due::kRetirement) notice.secret = SecretId{in.array<16>()};
  if (kind == Due::kWarning) {
    notice.days = in.u32();
    notice.expires = notice.at + (notice.at.ms - warning_time(notice.at, *notice.days).ms);
  }
  ByteReader workspace(value);
  notice.workspace.bytes = workspace.array<16>();
  if (!in.finished() || !workspace.finished()) return damaged_row("the schedule");
  return notice;
}

// A warning that comes late says what is left by now. False: the key has expired, which will be
// said instead.
bool make_current(DueNotice& warning, Timestamp now) {
  for (const std::uint32_t days : kWarningDays) {
    if (warning_time(warning.expires, days) <= now) warning.days = days;
  }
  return warning.expires > now;
}

// Row of "expiries": workspace, time, key id; nothing.
std::string expiry_row(const WorkspaceId& workspace, const ExpiryPlace& place) {
  std::string row(view(workspace.bytes));
  ByteWriter out(row);
  out.i64(place.at.ms);
  out.array(place.key.bytes);
  return row;
}

}  // namespace

struct Schedule::Rep {
  Store* store = nullptr;
  const Table* due = nullptr;
  const Table* keys = nullptr;
  const Table* expiries = nullptr;

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
    if (before.expiry) batch.erase(*expiries, expiry_row(before.workspace, {*before.expiry, key}));
    if (after.expiry) batch.put(*expiries, expiry_row(after.workspace, {*after.expiry, key}), {});
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
    auto notice = read_due(cursor->key(), cursor->value());
    if (!notice) return fail(notice.error());
    if (notice->at > now) break;
    if (!notice->days || make_current(*notice, now)) found.push_back(*notice);
  }
  if (auto walked = cursor->status(); !walked) return fail(walked.error());
  return found;
}

Result<std::vector<ExpiryPlace>> Schedule::expiring(const WorkspaceId& workspace,
                                                    const ExpiryPlace& from, Timestamp until,
                                                    std::size_t limit) const {
  std::vector<ExpiryPlace> found;
  const std::string_view prefix = view(workspace.bytes);
  const std::string start = expiry_row(workspace, from);
  const auto cursor = rep_->store->cursor(*rep_->expiries);
  for (cursor->seek(start); cursor->valid() && found.size() < limit; cursor->next()) {
    if (!cursor->key().starts_with(prefix)) break;
    if (cursor->key() == start) continue;
    ByteReader in(cursor->key().substr(prefix.size()));
    const Timestamp at{in.i64()};
    const KeyId key{in.array<16>()};
    if (!in.finished()) return damaged_row("the schedule");
    if (at > until) break;
    found.push_back({at, key});
  }
  if (auto walked = cursor->status(); !walked) return fail(walked.error());
  return found;
}

Result<void> Schedule::open(Store& store) {
  rep_->store = &store;
  return store.open_tables(
      label(), {{"due", &rep_->due}, {"keys", &rep_->keys}, {"expiries", &rep_->expiries}});
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
