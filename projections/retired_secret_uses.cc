#include "projections/retired_secret_uses.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "events/bytes.h"

namespace keyledger {
namespace {

// Row of "uses": workspace, key, secret; what is known of it.
std::string key_prefix(const WorkspaceId& workspace, const KeyId& key) {
  std::string prefix;
  ByteWriter out(prefix);
  out.array(workspace.bytes);
  out.array(key.bytes);
  return prefix;
}

std::string use_row(const WorkspaceId& workspace, const RetiredSecretUse& use) {
  std::string row = key_prefix(workspace, use.key);
  ByteWriter(row).array(use.secret.bytes);
  return row;
}

std::string encode(const RetiredSecretUse& use) {
  std::string value;
  ByteWriter out(value);
  out.varint(use.count);
  out.i64(use.first.ms);
  out.i64(use.last.ms);
  out.u64(use.position);
  return value;
}

Result<void> decode(std::string_view value, RetiredSecretUse& use) {
  ByteReader in(value);
  use.count = in.varint();
  use.first.ms = in.i64();
  use.last.ms = in.i64();
  use.position = in.u64();
  if (!in.finished()) return damaged_row("retired secrets");
  return {};
}

// Row of "newest": workspace, position of the last notice; the row of "uses".
std::string newest_row(const WorkspaceId& workspace, std::uint64_t position) {
  std::string row;
  ByteWriter out(row);
  out.array(workspace.bytes);
  out.u64(position);
  return row;
}

std::uint64_t position_in(std::string_view newest_row) {
  return ByteReader(newest_row.substr(newest_row.size() - sizeof(std::uint64_t))).u64();
}

}  // namespace

struct RetiredSecretUses::Rep {
  Store* store = nullptr;
  const Table* uses = nullptr;
  const Table* newest = nullptr;
};

RetiredSecretUses::RetiredSecretUses() : rep_(std::make_unique<Rep>()) {}
RetiredSecretUses::~RetiredSecretUses() = default;

Result<std::vector<RetiredSecretUse>> RetiredSecretUses::list(const WorkspaceId& workspace,
                                                              std::uint64_t before,
                                                              std::size_t limit) const {
  std::vector<RetiredSecretUse> found;
  const std::string prefix(reinterpret_cast<const char*>(workspace.bytes.data()),
                           workspace.bytes.size());
  if (before == 0) return found;
  const auto cursor = rep_->store->cursor(*rep_->newest);
  cursor->seek_backward(newest_row(workspace, before - 1));
  for (; cursor->valid() && found.size() < limit; cursor->previous()) {
    if (!cursor->key().starts_with(prefix)) break;
    ByteReader in(cursor->value());
    in.raw(prefix.size());
    RetiredSecretUse use;
    use.key.bytes = in.array<16>();
    use.secret.bytes = in.array<16>();
    if (!in.finished()) return damaged_row("retired secrets");
    const auto row = rep_->store->get(*rep_->uses, cursor->value());
    if (!row) return fail(row.error());
    if (!*row) return damaged_row("retired secrets");
    if (auto read = decode(**row, use); !read) return fail(read.error());
    use.position = position_in(cursor->key());  // the row may have gone on since
    found.push_back(use);
  }
  if (auto walked = cursor->status(); !walked) return fail(walked.error());
  return found;
}

Result<OptionalTime> RetiredSecretUses::last_of(const WorkspaceId& workspace,
                                                const KeyId& key) const {
  OptionalTime last;
  const std::string prefix = key_prefix(workspace, key);
  const auto cursor = rep_->store->cursor(*rep_->uses);
  for (cursor->seek(prefix); cursor->valid() && cursor->key().starts_with(prefix); cursor->next()) {
    RetiredSecretUse use;
    if (auto read = decode(cursor->value(), use); !read) return fail(read.error());
    last = std::max(last, OptionalTime(use.last));
  }
  if (auto walked = cursor->status(); !walked) return fail(walked.error());
  return last;
}

Result<void> RetiredSecretUses::open(Store& store) {
  rep_->store = &store;
  return store.open_tables(label(), {{"uses", &rep_->uses}, {"newest", &rep_->newest}});
}

Result<void> RetiredSecretUses::load(std::uint64_t /*size*/) { return {}; }

Result<void> RetiredSecretUses::apply(const CommittedFrame& frame, StoreBatch& batch) {
  std::map<std::string, RetiredSecretUse> changed;  // by row of "uses"
  for (const RecordedEvent& event : frame.events) {
    const auto* notice = std::get_if<KeyRetiredSecretPresented>(&event.event);
    if (notice == nullptr) continue;
    RetiredSecretUse use;
    use.key = KeyId{event.stream.id};
    use.secret = notice->secret;
    const std::string row = use_row(event.workspace, use);
    auto found = changed.find(row);
    if (found == changed.end()) {
      const auto before = rep_->store->get(*rep_->uses, row);
      if (!before) return fail(before.error());
      if (*before) {
        if (auto read = decode(**before, use); !read) return read;
        batch.erase(*rep_->newest, newest_row(event.workspace, use.position));
      }
      found = changed.emplace(row, use).first;
    }
    RetiredSecretUse& after = found->second;
    if (after.count++ == 0) after.first = event.time;
    after.last = event.time;
    after.position = event.position;
  }
  for (const auto& [row, use] : changed) {
    WorkspaceId workspace;
    workspace.bytes = ByteReader(row).array<16>();
    batch.put(*rep_->uses, row, encode(use));
    batch.put(*rep_->newest, newest_row(workspace, use.position), row);
  }
  return {};
}

}  // namespace keyledger
