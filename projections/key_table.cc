#include "projections/key_table.h"

#include <map>
#include <utility>

#include "events/bytes.h"
#include "events/log/event_reader.h"
#include "projections/key_table_list.h"
#include "projections/key_table_rows.h"
#include "projections/key_versions.h"
#include "projections/name_holders.h"

namespace keyledger {
namespace {

// The external id that an event gives its key, as the index holds it. Nothing if it gives none or
// the blob was erased.
std::optional<Digest> external_in(const WorkspaceId& workspace, const EventSide& side) {
  if (!side.subject) return std::nullopt;
  const auto details = decode_key_details(side.subject->bytes);
  if (!details || !details->external_id) return std::nullopt;
  return external_id_index(workspace, *details->external_id);
}

void apply_event(KeyRow& row, const RecordedEvent& event, const EventSide& side) {
  const std::uint32_t version = row.key.version;
  evolve(row.key, event);
  if (row.key.version == version) return;  // not for this key
  const bool created = creation_in(event.event) != nullptr;
  if (created || std::holds_alternative<KeyRenamed>(event.event)) row.named_at = event.position;
  if (created || std::holds_alternative<KeyExternalIdChanged>(event.event)) {
    row.external = external_in(row.key.workspace, side);
  }
}

// The name that the key holds; empty if none.
std::string name_held_by(const KeyRow& row) {
  const Key& key = row.key;
  if (key.version == 0 || key.end || key.type == KeyType::kManagement) return {};
  return held_name(key.workspace, key.environment, key.name);
}

// One key, before a frame and after it.
struct Touched {
  std::optional<KeyRow> before;
  KeyRow after;
  bool expired = false;  // a notice said so, and it took no name since
};

void note_holder(HolderChanges& changes, const Touched& key) {
  const std::string left = key.before ? name_held_by(*key.before) : std::string();
  std::string taken = key.expired ? std::string() : name_held_by(key.after);
  if (key.before && left == taken && key.before->named_at == key.after.named_at) return;
  if (!left.empty()) changes[left].gone.insert(key.before->named_at);
  if (!taken.empty()) changes[std::move(taken)].came.emplace(key.after.named_at, key.after.key.id);
}

}  // namespace

struct KeyTable::Rep {
  Rep(const EventLog& log_in, const VerifyIndex& usage_in) : log(log_in), usage(usage_in) {}

  const EventLog& log;
  const VerifyIndex& usage;
  KeyTableRows rows;
  KeyVersions versions;
  NameHolders holders;
};

KeyTable::KeyTable(const EventLog& log, const VerifyIndex& usage)
    : rep_(std::make_unique<Rep>(log, usage)) {}
KeyTable::~KeyTable() = default;

Result<std::optional<Key>> KeyTable::key(const KeyId& id) const {
  auto row = rep_->rows.row(id);
  if (!row) return fail(row.error());
  if (!*row) return std::optional<Key>();
  return std::optional(std::move((*row)->key));
}

Result<std::optional<Key>> KeyTable::key_at(const KeyId& id, std::uint64_t position) const {
  auto now = rep_->rows.row(id);
  if (!now) return fail(now.error());
  if (!*now) return std::optional<Key>();
  auto then = KeyRowsAt(rep_->versions, position).row(std::move(**now));
  if (!then) return fail(then.error());
  if (!*then) return std::optional<Key>();
  return std::optional(std::move((*then)->key));
}

Result<std::optional<KeyView>> KeyTable::view(const KeyId& id) const {
  auto found = key(id);
  if (!found) return fail(found.error());
  if (!*found) return std::optional<KeyView>();
  auto details = details_of(**found);
  if (!details) return fail(details.error());
  return std::optional(KeyView{std::move(**found), std::move(*details)});
}

Result<KeyDetails> KeyTable::details_of(const Key& key) const {
  EventReader reader(rep_->log);
  return join_details(reader, key);
}

Result<KeyPage> KeyTable::list(const KeyPageRequest& request) const {
  return list_keys({rep_->rows, rep_->versions, rep_->log, rep_->usage}, request);
}

Result<std::optional<NameHolder>> KeyTable::name_holder(const WorkspaceId& workspace,
                                                        Environment environment,
                                                        std::string_view name,
                                                        std::uint64_t before) const {
  return rep_->holders.before(held_name(workspace, environment, name), before);
}

Result<std::vector<KeyId>> KeyTable::management_keys(const MemberId& member) const {
  std::vector<KeyId> found;
  const std::string_view prefix = id_bytes(member);
  const auto cursor = rep_->rows.management();
  for (cursor->seek(prefix); cursor->valid(); cursor->next()) {
    if (!cursor->key().starts_with(prefix)) break;
    const auto id = key_id_in(cursor->key().substr(prefix.size()));
    if (!id) return damaged_row("the key table");
    found.push_back(*id);
  }
  if (auto walked = cursor->status(); !walked) return fail(walked.error());
  return found;
}

Result<void> KeyTable::for_each(const std::function<void(const Key&)>& visit) const {
  const auto cursor = rep_->rows.rows();
  for (cursor->seek({}); cursor->valid(); cursor->next()) {
    const auto row = decode_key_row(cursor->value());
    if (!row) return fail(row.error());
    visit(row->key);
  }
  return cursor->status();
}

Result<bool> KeyTable::walk(const WorkspaceId& workspace, std::string& place, std::size_t limit,
                            const std::function<bool(const Key&)>& visit) const {
  return walk_rows(workspace, place, limit, [&](const KeyRow& row) { return visit(row.key); });
}

Result<bool> KeyTable::walk_rows(const WorkspaceId& workspace, std::string& place,
                                 std::size_t limit,
                                 const std::function<bool(const KeyRow&)>& visit) const {
  const std::string_view prefix = id_bytes(workspace);
  const auto cursor = rep_->rows.created();
  RowFinder rows(rep_->rows, false);  // after the cursor: it has every row that this points to
  cursor->seek(place.empty() ? prefix : std::string_view(place));
  if (!place.empty() && cursor->valid() && cursor->key() == place) cursor->next();
  for (; cursor->valid() && cursor->key().starts_with(prefix); cursor->next()) {
    if (limit-- == 0) return true;
    const auto id = key_id_in(cursor->value());
    if (!id) return damaged_row("the key table");
    const auto row = rows.find(*id);
    if (!row) return fail(row.error());
    place = cursor->key();
    if (!visit(*row)) return true;
  }
  if (auto walked = cursor->status(); !walked) return fail(walked.error());
  return false;
}

std::string KeyTable::walk_place(const WorkspaceId& workspace, std::uint64_t position) {
  std::string place(id_bytes(workspace));
  ByteWriter(place).u64(position);
  return place;
}

Result<void> KeyTable::open(Store& store) {
  if (auto done = rep_->rows.open(store, label()); !done) return done;
  if (auto done = rep_->versions.open(store, label() + ".versions"); !done) return done;
  return rep_->holders.open(store, label() + ".holders");
}

Result<void> KeyTable::load(std::uint64_t /*size*/) { return {}; }

// A key may change several times in one frame, whose rows are not written yet.
Result<void> KeyTable::apply(const CommittedFrame& frame, StoreBatch& batch) {
  std::map<KeyId, Touched> touched;
  for (std::size_t i = 0; i < frame.events.size(); ++i) {
    const RecordedEvent& event = frame.events[i];
    if (event.stream.kind != StreamKind::kKey) continue;
    const bool expired = std::holds_alternative<KeyExpired>(event.event);
    if (is_notice(event.event) && !expired) continue;
    const KeyId id{event.stream.id};
    auto found = touched.find(id);
    if (found == touched.end()) {
      // The first event of a key finds no row: not looking is half of a creation's cost here.
      const bool created = event.version == 1 && !expired;
      auto row = created ? std::optional<KeyRow>() : rep_->rows.row(id);
      if (!row) return fail(row.error());
      KeyRow after = row->value_or(KeyRow());
      found = touched.emplace(id, Touched{std::move(*row), std::move(after)}).first;
    }
    Touched& key = found->second;
    if (key.after.key.version != 0 && !expired) {
      rep_->versions.keep(batch, key.after, event.position);
      if (key.before != key.after) rep_->rows.write_lasting(batch, key.after);
    }
    apply_event(key.after, event, frame.side.events[i]);
    key.expired = expired || (key.expired && key.after.named_at != event.position);
  }
  HolderChanges holders;
  for (const auto& [id, change] : touched) {
    if (change.after.key.version == 0) continue;  // it was never made
    if (change.before != change.after) rep_->rows.write(batch, change.before, change.after);
    note_holder(holders, change);
  }
  return rep_->holders.change(batch, holders);
}

}  // namespace keyledger
