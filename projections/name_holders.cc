#include "projections/name_holders.h"

#include "events/bytes.h"

namespace keyledger {
namespace {

std::string holder_row(std::string_view name, std::uint64_t named_at) {
  std::string key(name);
  ByteWriter(key).u64(named_at);
  return key;
}

}  // namespace

std::string held_name(const WorkspaceId& workspace, Environment environment,
                      std::string_view name) {
  std::string key;
  ByteWriter out(key);
  out.array(workspace.bytes);
  out.u8(static_cast<std::uint8_t>(environment));
  out.raw(name);
  out.u8(0);  // in no name
  return key;
}

Result<void> NameHolders::open(Store& store, std::string_view table) {
  store_ = &store;
  const auto opened = store.table(table);
  if (!opened) return fail(opened.error());
  table_ = *opened;
  return {};
}

Result<std::optional<NameHolder>> NameHolders::before(std::string_view name,
                                                      std::uint64_t position) const {
  const auto known = held(name);
  if (!known) return fail(known.error());
  if (!*known) return std::optional<NameHolder>();
  if ((*known)->newest.named_at < position) return std::optional((*known)->newest);
  if ((*known)->count == 1) return std::optional<NameHolder>();
  return walk_back(name, position, {});
}

Result<void> NameHolders::change(StoreBatch& batch, const HolderChanges& changes) const {
  for (const auto& [name, change] : changes) {
    if (auto done = change_one(batch, name, change); !done) return done;
  }
  return {};
}

// The rows that the batch holds already cannot be read, so all that a frame does is counted first.
Result<void> NameHolders::change_one(StoreBatch& batch, const std::string& name,
                                     const HolderChange& change) const {
  const auto known = held(name);
  if (!known) return fail(known.error());
  Held after = known->value_or(Held());
  for (const std::uint64_t named_at : change.gone) {
    const auto there = has(name, named_at);
    if (!there) return fail(there.error());
    if (!*there) continue;
    if (after.count == 0) return damaged_row("the holders of names");
    batch.erase(*table_, holder_row(name, named_at));
    --after.count;
  }
  for (const auto& [named_at, id] : change.came) {
    const std::string_view bytes(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
    batch.put(*table_, holder_row(name, named_at), bytes);
    ++after.count;
  }
  if (after.count == 0) {
    if (*known) batch.erase(*table_, name);
    return {};
  }
  if (!change.came.empty()) {  // later than all that is stored
    after.newest = {change.came.rbegin()->first, change.came.rbegin()->second};
  } else if (change.gone.contains(after.newest.named_at)) {
    const auto newest = walk_back(name, after.newest.named_at, change.gone);
    if (!newest) return fail(newest.error());
    if (!*newest) return damaged_row("the holders of names");
    after.newest = **newest;
  }
  std::string row;
  ByteWriter out(row);
  out.u64(after.newest.named_at);
  out.array(after.newest.id.bytes);
  out.u64(after.count);
  batch.put(*table_, name, row);
  return {};
}

Result<std::optional<NameHolders::Held>> NameHolders::held(std::string_view name) const {
  const auto row = store_->get(*table_, name);
  if (!row) return fail(row.error());
  if (!*row) return std::optional<Held>();
  ByteReader in(**row);
  Held held;
  held.newest.named_at = in.u64();
  held.newest.id.bytes = in.array<16>();
  held.count = in.u64();
  if (!in.finished()) return damaged_row("the holders of names");
  return std::optional(held);
}

Result<bool> NameHolders::has(std::string_view name, std::uint64_t named_at) const {
  const auto row = store_->get(*table_, holder_row(name, named_at));
  if (!row) return fail(row.error());
  return row->has_value();
}

Result<std::optional<NameHolder>> NameHolders::walk_back(
    std::string_view name, std::uint64_t position, const std::set<std::uint64_t>& passed) const {
  if (position == 0) return std::optional<NameHolder>();
  const auto cursor = store_->cursor(*table_);
  for (cursor->seek_backward(holder_row(name, position - 1)); cursor->valid(); cursor->previous()) {
    if (!cursor->key().starts_with(name) || cursor->key().size() == name.size()) break;
    ByteReader key(cursor->key().substr(name.size()));
    ByteReader value(cursor->value());
    const NameHolder holder{key.u64(), KeyId{value.array<16>()}};
    if (!key.finished() || !value.finished()) return damaged_row("the holders of names");
    if (!passed.contains(holder.named_at)) return std::optional(holder);
  }
  if (auto walked = cursor->status(); !walked) return fail(walked.error());
  return std::optional<NameHolder>();
}

}  // namespace keyledger
