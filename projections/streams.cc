#include "projections/streams.h"

#include <limits>

#include "events/bytes.h"
#include "events/log/event_reader.h"

namespace keyledger {
namespace {

// What the rows of a stream (position_rows.h) begin with: its kind and id.
std::string prefix_of(const StreamId& stream) {
  std::string prefix;
  ByteWriter out(prefix);
  out.u8(static_cast<std::uint8_t>(stream.kind));
  out.array(stream.id);
  return prefix;
}

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
  for (PositionWalk here = walk(stream, false, from); found.size() < limit; here.pass()) {
    const auto position = here.position();
    if (!position) return fail(position.error());
    if (!*position) break;
    found.push_back(**position);
  }
  return found;
}

PositionWalk Streams::walk(const StreamId& stream, bool descending, std::uint64_t start) const {
  return {rep_->store->cursor(*rep_->rows), prefix_of(stream), descending, start};
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

Result<std::optional<Member>> Streams::member_at(const MemberId& id, std::uint64_t position) const {
  return fold<Member>(*this, rep_->log, stream_of(id), position);
}

Result<std::optional<Workspace>> Streams::workspace_at(const WorkspaceId& id,
                                                       std::uint64_t position) const {
  return fold<Workspace>(*this, rep_->log, stream_of(id), position);
}

Result<void> Streams::open(Store& store) {
  rep_->store = &store;
  return store.open_tables(label(), {{"positions", &rep_->rows}});
}

Result<void> Streams::load(std::uint64_t) { return {}; }

Result<void> Streams::apply(const CommittedFrame& frame, StoreBatch& batch) {
  PositionRows rows;
  for (const RecordedEvent& event : frame.events) {
    rows.add(prefix_of(event.stream), event.position);
  }
  rows.put(batch, *rep_->rows);
  return {};
}

}  // namespace keyledger
