#include "projections/audit_trail.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "events/bytes.h"
#include "events/log/event_reader.h"
#include "events/text.h"
#include "projections/audit_join.h"
#include "projections/directory.h"
#include "projections/key_table.h"
#include "projections/key_table_rows.h"
#include "projections/position_rows.h"
#include "projections/streams.h"

namespace keyledger {
namespace {

constexpr std::uint64_t kNoEnd = std::numeric_limits<std::uint64_t>::max();

// A walk stops after this many events that did not match, so that a rare match in a long history
// costs a caller several short pages and never one endless request.
constexpr std::size_t kMaxScan = 50'000;

// What rows of the index table (position_rows.h) begin with: kind, workspace, what events are found
// by. By key, and by member as a target, events are found in the streams.
enum class Kind : std::uint8_t { kAll = 1, kActor = 2, kAction = 3 };

std::string prefix_of(Kind kind, const WorkspaceId& workspace) {
  std::string key;
  ByteWriter out(key);
  out.u8(static_cast<std::uint8_t>(kind));
  out.array(workspace.bytes);
  return key;
}
std::string prefix_of(Kind kind, const WorkspaceId& workspace, const IdBytes& id) {
  std::string key = prefix_of(kind, workspace);
  ByteWriter(key).array(id);
  return key;
}
std::string prefix_of(const WorkspaceId& workspace, EventType action) {
  std::string key = prefix_of(Kind::kAction, workspace);
  ByteWriter(key).u16(action);
  return key;
}

std::string time_key(Timestamp time, std::uint64_t position) {
  std::string key;
  ByteWriter out(key);
  out.i64(time.ms);
  out.u64(position);
  return key;
}
std::string name_key(const KeyId& key_id, std::uint64_t position) {
  std::string key;
  ByteWriter out(key);
  out.array(key_id.bytes);
  out.u64(position);
  return key;
}

// Several walks as one without doubles.
class MergedWalk {
 public:
  MergedWalk(std::vector<PositionWalk> walks, bool descending)
      : walks_(std::move(walks)), descending_(descending) {}

  // The next position; nothing at the end.
  Result<std::optional<std::uint64_t>> next() {
    std::optional<std::uint64_t> best;
    for (const PositionWalk& walk : walks_) {
      auto head = walk.position();
      if (!head) return fail(head.error());
      if (*head && (!best || (descending_ ? **head > *best : **head < *best))) best = *head;
    }
    for (PositionWalk& walk : walks_) {
      if (best && *walk.position() == best) walk.pass();
    }
    return best;
  }

 private:
  std::vector<PositionWalk> walks_;
  bool descending_;
};

}  // namespace

struct AuditTrail::Rep {
  const EventLog& log;
  const Directory& directory;
  const KeyTable& keys;
  const Streams& streams;
  Store* store = nullptr;
  const Table* index = nullptr;
  const Table* times = nullptr;
  const Table* names = nullptr;

  [[nodiscard]] AuditJoin join() const {
    return {log, directory, keys,
            [this](const KeyId& key, std::uint64_t at) { return key_name(key, at); }};
  }

  // Rows of "names": key id, position of a renaming; the name until then.
  Result<std::optional<std::string>> key_name(const KeyId& id, std::uint64_t position) const {
    const auto key = keys.key(id);
    if (!key) return fail(key.error());
    if (!*key) return std::optional<std::string>();
    const auto cursor = store->cursor(*names);  // after the key: it sees every renaming that did
    const std::string wanted = name_key(id, position + 1);
    cursor->seek(wanted);
    if (auto status = cursor->status(); !status) return fail(status.error());
    const bool renamed_since = cursor->valid() && cursor->key().starts_with(id_bytes(id));
    return std::optional(renamed_since ? std::string(cursor->value()) : (*key)->name);
  }

  // The first position recorded at or after `time`; kNoEnd if there is none yet.
  Result<std::uint64_t> first_at(Timestamp time) const {
    const auto cursor = store->cursor(*times);
    cursor->seek(time_key(time, 0));
    if (auto status = cursor->status(); !status) return fail(status.error());
    if (!cursor->valid()) return kNoEnd;
    ByteReader in(cursor->key().substr(sizeof(std::int64_t)));
    return in.u64();
  }

  // Positions [first, end) that the filter and the page before leave.
  Result<std::pair<std::uint64_t, std::uint64_t>> range(const AuditPageRequest& request) const {
    std::uint64_t first = request.filter.first.value_or(0);
    std::uint64_t end = request.filter.end.value_or(kNoEnd);
    if (request.filter.from) {
      auto at = first_at(*request.filter.from);
      if (!at) return fail(at.error());
      first = std::max(first, *at);
    }
    if (request.filter.to) {
      auto at = first_at(*request.filter.to);
      if (!at) return fail(at.error());
      end = std::min(end, *at);
    }
    if (request.after) {
      if (request.descending) {
        end = std::min(end, *request.after);
      } else {
        first = std::max(first, *request.after + 1);
      }
    }
    return std::pair(first, end);
  }

  // Over the narrowest index that holds all matches.
  [[nodiscard]] MergedWalk walk(const AuditFilter& filter, bool descending,
                                std::uint64_t start) const {
    std::vector<PositionWalk> walks;
    const auto add = [&](std::string prefix) {
      walks.emplace_back(store->cursor(*index), std::move(prefix), descending, start);
    };
    const WorkspaceId& workspace = filter.workspace;
    if (filter.key) {
      walks.push_back(streams.walk(stream_of(*filter.key), descending, start));
    } else if (filter.member) {
      walks.push_back(streams.walk(stream_of(*filter.member), descending, start));
      add(prefix_of(Kind::kActor, workspace, filter.member->bytes));
    } else if (filter.actor) {
      add(prefix_of(Kind::kActor, workspace, *filter.actor));
    } else if (filter.actions.empty()) {
      add(prefix_of(Kind::kAll, workspace));
    }
    if (walks.empty()) {
      for (const EventType action : filter.actions) add(prefix_of(workspace, action));
    }
    return {std::move(walks), descending};
  }

  // What each() does, with the events that match as far as they say themselves; `take` may fail.
  template <typename Taken>
  Result<OptionalPosition> scan(const AuditPageRequest& request, const Taken& take) const;
};

namespace {

bool concerns_member(const RecordedEvent& event, const MemberId& member) {
  const bool acted = event.actor.kind == ActorKind::kMember && event.actor.id == member.bytes;
  return acted || event.stream == stream_of(member);
}

// What the event itself says; names and addresses are looked at after the join.
bool matches(const AuditFilter& filter, const RecordedEvent& event) {
  if (event.workspace != filter.workspace) return false;
  if (filter.key && event.stream != stream_of(*filter.key)) return false;
  if (filter.actor && (event.actor.kind == ActorKind::kSystem || event.actor.id != *filter.actor)) {
    return false;
  }
  if (filter.member && !concerns_member(event, *filter.member)) return false;
  if (filter.request_id && event.request_id != *filter.request_id) return false;
  const EventType type = tag_of(event.event);
  return filter.actions.empty() ||
         std::find(filter.actions.begin(), filter.actions.end(), type) != filter.actions.end();
}

bool matches(const AuditFilter& filter, const AuditEntry& entry) {
  if (filter.ip && (!entry.actor_details || entry.actor_details->ip != *filter.ip)) return false;
  if (!filter.q) return true;
  return contains_ignoring_case(entry.event.reason, *filter.q) ||
         (entry.target_name && contains_ignoring_case(*entry.target_name, *filter.q));
}

}  // namespace

AuditTrail::AuditTrail(const EventLog& log, const Directory& directory, const KeyTable& keys,
                       const Streams& streams)
    : rep_(new Rep{log, directory, keys, streams}) {}
AuditTrail::~AuditTrail() = default;

template <typename Taken>
Result<OptionalPosition> AuditTrail::Rep::scan(const AuditPageRequest& request,
                                               const Taken& take) const {
  const auto range = this->range(request);
  if (!range) return fail(range.error());
  const auto [first, end] = *range;
  if (first >= end) return OptionalPosition();

  const std::uint64_t start = request.descending ? end - 1 : first;
  MergedWalk walk = this->walk(request.filter, request.descending, start);
  EventReader reader(log);
  OptionalPosition last;
  bool wanted = true;
  for (std::size_t scanned = 0;; ++scanned) {
    auto position = walk.next();
    if (!position) return fail(position.error());
    if (!*position || **position < first || **position >= end) return OptionalPosition();
    if (!wanted || scanned == kMaxScan) return last;
    last = **position;
    auto at = reader.at(*last);
    if (!at) return fail(at.error());
    if (!matches(request.filter, at->event)) continue;
    const Result<bool> taken = take(*at);
    if (!taken) return fail(taken.error());
    wanted = *taken;
  }
}

Result<OptionalPosition> AuditTrail::each(const AuditPageRequest& request, const Take& take) const {
  AuditJoin join = rep_->join();
  return rep_->scan(request, [&](const EventAt& at) -> Result<bool> {
    auto entry = join.entry(at);
    if (!entry) return fail(entry.error());
    return !matches(request.filter, *entry) || take(std::move(*entry));
  });
}

Result<OptionalPosition> AuditTrail::each_event(const AuditPageRequest& request,
                                                const TakeEvent& take) const {
  if (request.filter.ip || request.filter.q) {
    return each(request, [&](const AuditEntry& entry) { return take(entry.event); });
  }
  return rep_->scan(request, [&](const EventAt& at) -> Result<bool> { return take(at.event); });
}

Result<AuditPage> AuditTrail::list(const AuditPageRequest& request) const {
  AuditPage page;
  auto next = each(request, [&](AuditEntry entry) {
    page.entries.push_back(std::move(entry));
    return page.entries.size() < request.limit;
  });
  if (!next) return fail(next.error());
  page.next = *next;
  return page;
}

Result<OptionalPosition> AuditTrail::first_after(Timestamp time) const {
  const auto first = rep_->first_at(time + 1);
  if (!first) return fail(first.error());
  return *first == kNoEnd ? OptionalPosition() : *first;
}

Result<AuditEntry> AuditTrail::entry(const WorkspaceId& workspace, std::uint64_t position) const {
  auto at = EventReader(rep_->log).at(position);
  if (!at) return fail(at.error());
  if (at->event.workspace != workspace) {
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no event {} in this workspace", position));
  }
  return rep_->join().entry(*at);
}

Result<AuditEntry> AuditTrail::entry(std::uint64_t position) const {
  auto at = EventReader(rep_->log).at(position);
  if (!at) return fail(at.error());
  return rep_->join().entry(*at);
}

Result<void> AuditTrail::open(Store& store) {
  rep_->store = &store;
  return store.open_tables(
      label(), {{"index", &rep_->index}, {"times", &rep_->times}, {"names", &rep_->names}});
}

Result<void> AuditTrail::load(std::uint64_t) { return {}; }

Result<void> AuditTrail::apply(const CommittedFrame& frame, StoreBatch& batch) {
  PositionRows index;
  std::optional<Timestamp> time_before;
  for (const RecordedEvent& event : frame.events) {
    const WorkspaceId& workspace = event.workspace;
    index.add(prefix_of(Kind::kAll, workspace), event.position);
    index.add(prefix_of(workspace, tag_of(event.event)), event.position);
    if (event.actor.kind != ActorKind::kSystem) {
      index.add(prefix_of(Kind::kActor, workspace, event.actor.id), event.position);
    }
    // Each frame begins anew, so that the rows do not depend on where a run of the program began.
    if (event.time != time_before) {
      batch.put(*rep_->times, time_key(event.time, event.position), {});
    }
    time_before = event.time;
    if (const auto* renamed = std::get_if<KeyRenamed>(&event.event)) {
      batch.put(*rep_->names, name_key(KeyId{event.stream.id}, event.position), renamed->from);
    }
  }
  index.put(batch, *rep_->index);
  return {};
}

}  // namespace keyledger
