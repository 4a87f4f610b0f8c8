#include "projections/streams.h"

#include <fmt/format.h>

#include <limits>

#include "events/bytes.h"
#include "events/log/event_reader.h"

namespace keyledger {
namespace {

// Row: stream kind, id, position; no value. Rows of one stream lie together, oldest first.
std::string row_key(const StreamId& stream, std::uint64_t position) {
  std::string key;
  ByteWriter out(key);
  out.u8(static_cast<std::uint8_t>(stream.kind));
  out.array(stream.id);
  out.u64(position);
  return key;
}

constexpr std::size_t kPrefixSize = 17;

}  // namespace

struct Streams::Rep {
  const EventLog& log;
  Store* store = nullptr;
  const Table* rows = nullptr;
};

Streams::Streams(const EventLog& log) : rep_(new Rep{log}) {}
Streams::~Streams() = default;

Result<std::vector<std::uint64_t>> Streams::positions(const StreamId& stream, std::uint64_t from,
                                                      std::size_t limit) const {
  std::vector<std::uint64_t> found;
  const auto cursor = rep_->store->cursor(*rep_->rows);
  const std::string start = row_key(stream, from);
  const std::string_view prefix = std::string_view(start).substr(0, kPrefixSize);
  for (cursor->seek(start); cursor->valid() && found.size() < limit; cursor->next()) {
    if (!cursor->key().starts_with(prefix)) break;
    ByteReader in(cursor->key().substr(kPrefixSize));
    found.push_back(in.u64());
    if (!in.finished()) return fail(ErrorCode::kCorrupt, "a row of the stream index is damaged");
  }
  if (auto status = cursor->status(); !status) return fail(status.error());
  return found;
}

namespace {

// Folds the events of a stream up to and with `position`.
template <typename State>
Result<std::optional<State>> fold(const Streams& streams, const EventLog& log,
                                  const StreamId& stream, std::uint64_t position) {
  auto positions = streams.positions(stream, 0, std::numeric_limits<std::size_t>::max());
  if (!positions) return fail(positions.error());
  std::optional<State> state;
  EventReader reader(log);
  for (const std::uint64_t at : *positions) {
    if (at > position) break;
    auto event = reader.at(at);
    if (!event) return fail(event.error());
    if (!state) state.emplace();
    evolve(*state, event->event);
  }
  return state;
}

}  // namespace

Result<std::optional<Key>> Streams::key_at(const KeyId& id, std::uint64_t position) const {
  return fold<Key>(*this, rep_->log, stream_of(id), position);
}

Result<std::optional<Member>> Streams::member_at(const MemberId& id, std::uint64_t position) const {
  return fold<Member>(*this, rep_->log, stream_of(id), position);
}

Result<std::optional<Workspace>> Streams::workspace_at(const WorkspaceId& id,
                                                       std::uint64_t position) const {
  return fold<Workspace>(*this, rep_->log, stream_of(id), position);
}

Result<void> Streams::open(Store& store) {
  rep_->store = &store;
  auto table = store.table(fmt::format("{}.v{}.positions", name(), version()));
  if (!table) return fail(table.error());
  rep_->rows = *table;
  return {};
}

Result<void> Streams::load(std::uint64_t) { return {}; }

Result<void> Streams::apply(const CommittedFrame& frame, StoreBatch& batch) {
  for (const RecordedEvent& event : frame.events) {
    batch.put(*rep_->rows, row_key(event.stream, event.position), {});
  }
  return {};
}

}  // namespace keyledger
