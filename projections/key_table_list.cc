#include "projections/key_table_list.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "events/bytes.h"
#include "events/text.h"
#include "projections/verify_index.h"

namespace keyledger {
namespace {

// --- Filters ---

bool matches_type(const KeyFilter& filter, const Key& key) {
  if (key.type == KeyType::kManagement && !filter.management_keys) return false;
  return !filter.type || key.type == *filter.type;
}

bool matches_text(const KeyFilter& filter, const Key& key) {
  if (filter.name && key.name != *filter.name) return false;
  return !filter.q || contains_ignoring_case(key.name, *filter.q) ||
         contains_ignoring_case(key.current_secret().facts.handle, *filter.q);
}

bool matches_history(const KeyFilter& filter, const Key& key) {
  return !filter.changed_after || key.newest_cause.position > *filter.changed_after;
}

bool matches_people(const KeyFilter& filter, const Key& key) {
  if (filter.created_by && key.created_by.id != *filter.created_by) return false;
  return !filter.owner || key.owner == *filter.owner;
}

bool matches_state(const KeyFilter& filter, const Key& key, Timestamp now) {
  if (filter.environment && key.environment != *filter.environment) return false;
  if (filter.status && status_of(key, now) != *filter.status) return false;
  if (filter.expires_before && (!key.expires_at || *key.expires_at >= *filter.expires_before)) {
    return false;
  }
  return !filter.scope || std::binary_search(key.scopes.begin(), key.scopes.end(), *filter.scope);
}

bool matches_use(const KeyFilter& filter, const Key& key, const VerifyIndex& usage, Timestamp now) {
  if (!filter.unused_days) return true;
  const Timestamp since =
      unused_since(key, usage.use_of(key.id).last_used_at, filter.uses_known_since);
  return since + static_cast<std::int64_t>(*filter.unused_days) * kDayMs <= now;
}

bool wants_details(const KeyFilter& filter) {
  return filter.external_id.has_value() || !filter.metadata.empty();
}

bool matches_details(const KeyFilter& filter, const KeyDetails& details) {
  if (filter.external_id && details.external_id != filter.external_id) return false;
  return std::all_of(filter.metadata.begin(), filter.metadata.end(), [&](const auto& wanted) {
    if (!details.metadata) return false;
    const auto found = details.metadata->find(wanted.first);
    return found != details.metadata->end() && found->second == wanted.second;
  });
}

// --- Order ---

// Where a key stands in an order. `used` and `name` are set only if the order looks at them.
struct Place {
  std::uint64_t used = 0;  // 0: never, else 1 + ms
  std::string name;
  std::uint64_t position = 0;
  auto operator<=>(const Place&) const = default;
};

// Bytes that sort as places do within one order, and that index rows end with.
std::string encode(KeySort sort, const Place& place) {
  std::string bytes;
  ByteWriter out(bytes);
  if (sort == KeySort::kLastUsedAt) out.u64(place.used);
  if (sort == KeySort::kName) {
    out.raw(place.name);
    out.u8(0);
  }
  out.u64(place.position);
  return bytes;
}

std::optional<Place> decode_place(KeySort sort, std::string_view bytes) {
  Place place;
  ByteReader in(bytes);
  if (sort == KeySort::kLastUsedAt) place.used = in.u64();
  if (sort == KeySort::kName) {
    if (in.left() < 9) return std::nullopt;
    place.name = in.raw(in.left() - 9);
    in.require(in.u8() == 0);
  }
  place.position = in.u64();
  if (!in.finished()) return std::nullopt;
  return place;
}

struct Candidate {
  Place place;
  KeyId id;
};

class Listing {
 public:
  Listing(const KeyListSources& sources, const KeyPageRequest& request)
      : usage_(sources.usage),
        request_(request),
        source_(source_of(sources.rows, request)),
        finder_(sources.rows, request.descending),
        then_(sources.versions, request.position),
        details_(sources.log) {}

  [[nodiscard]] Result<KeyPage> page() {
    if (!request_.after.empty()) {
      after_ = decode_place(request_.sort, std::string_view(request_.after).substr(1));
      if (request_.after.front() != static_cast<char>(request_.sort) || !after_) {
        return fail_field("cursor", FieldFault::kInvalid,
                          "This cursor is not one of this list in this order.");
      }
    }
    const auto walked = source_.ordered ? walk_index() : walk_sorted();
    if (!walked) return fail(walked.error());
    return std::move(page_);
  }

 private:
  // Which index finds the candidates: all its rows that begin with `prefix`.
  struct Source {
    std::unique_ptr<StoreCursor> index;
    std::string prefix;
    std::string base;      // prefix and place make the whole row
    bool ordered = false;  // the index has the asked order
  };

  static Source source_of(const KeyTableRows& rows, const KeyPageRequest& request) {
    const KeyFilter& filter = request.filter;
    const bool by_creation = request.sort == KeySort::kCreatedAt;
    const bool by_name = request.sort == KeySort::kName;
    const std::string workspace(id_bytes(filter.workspace));
    if (filter.external_id) {
      const Digest index = external_id_index(filter.workspace, *filter.external_id);
      const std::string prefix = external_prefix(index);
      return {rows.external(), prefix, prefix, by_creation};
    }
    if (filter.name) {
      const std::string prefix = names_prefix(filter.workspace, *filter.name);
      return {rows.names(), prefix, by_name ? workspace : prefix, by_creation || by_name};
    }
    if (by_name) return {rows.names(), workspace, workspace, true};
    return {rows.created(), workspace, workspace, by_creation};
  }

  [[nodiscard]] bool is_full() const { return page_.next.has_value(); }

  // As it was just after the asked position; nothing if it was made later.
  [[nodiscard]] Result<std::optional<KeyRow>> row_of(const Candidate& candidate) {
    if (candidate.place.position > request_.position) return std::optional<KeyRow>();
    auto row = finder_.find(candidate.id);
    if (!row) return fail(row.error());
    return then_.row(std::move(*row));
  }

  // Takes the key into the page, or notes that there is a next page.
  [[nodiscard]] Result<void> offer(const Candidate& candidate) {
    auto row = row_of(candidate);
    if (!row) return fail(row.error());
    if (!*row) return {};
    const KeyFilter& filter = request_.filter;
    Key& key = (*row)->key;
    // The index has every name that a key ever had, and the key is listed at the one it has.
    if (request_.sort == KeySort::kName && key.name != candidate.place.name) return {};
    if (!matches_history(filter, key) || !matches_type(filter, key) || !matches_text(filter, key) ||
        !matches_people(filter, key) || !matches_state(filter, key, request_.now) ||
        !matches_use(filter, key, usage_, request_.now)) {
      return {};
    }
    const bool full = page_.keys.size() == request_.limit;
    KeyDetails details;
    if (!full || wants_details(filter)) {
      auto joined = join_details(details_, key);
      if (!joined) return fail(joined.error());
      details = std::move(*joined);
    }
    if (!matches_details(filter, details)) return {};
    if (full) {
      page_.next = std::string(1, static_cast<char>(request_.sort)) + encode(request_.sort, last_);
      return {};
    }
    last_ = candidate.place;
    page_.keys.push_back({std::move(key), std::move(details)});
    return {};
  }

  [[nodiscard]] Result<Candidate> candidate_here() const {
    const std::string_view row = source_.index->key().substr(source_.base.size());
    const auto id = key_id_in(source_.index->value());
    // An index row ends with a place of its own order, which has no time of use.
    const KeySort sort = source_.ordered ? request_.sort : KeySort::kCreatedAt;
    auto place = decode_place(sort, row);
    if (!place || !id) return damaged_row("the key table");
    return Candidate{std::move(*place), *id};
  }

  [[nodiscard]] Result<void> walk_index() {
    StoreCursor& index = *source_.index;
    const bool down = request_.descending;
    const std::string start = after_ ? source_.base + encode(request_.sort, *after_)
                              : down ? source_.prefix + last_place()
                                     : source_.prefix;
    down ? index.seek_backward(start) : index.seek(start);
    if (after_ && index.valid() && index.key() == start) down ? index.previous() : index.next();
    while (index.valid() && index.key().starts_with(source_.prefix) && !is_full()) {
      const auto candidate = candidate_here();
      if (!candidate) return fail(candidate.error());
      if (made_in_order() && !down && candidate->place.position > request_.position) break;
      if (auto offered = offer(*candidate); !offered) return offered;
      down ? index.previous() : index.next();
    }
    return index.status();
  }

  // Whether the walk meets the keys in the order in which they were made.
  [[nodiscard]] bool made_in_order() const { return request_.sort == KeySort::kCreatedAt; }

  // What a row of the index ends with that is not before any that is wanted.
  [[nodiscard]] std::string last_place() const {
    if (!made_in_order()) return std::string(9, '\xFF');
    Place last;
    last.position = request_.position;
    return encode(KeySort::kCreatedAt, last);
  }

  // A heap, since a page is small and the candidates are many.
  [[nodiscard]] Result<void> walk_sorted() {
    auto heap = gather();
    if (!heap) return fail(heap.error());
    const auto later = [down = request_.descending](const Candidate& a, const Candidate& b) {
      return down ? a.place < b.place : b.place < a.place;
    };
    std::make_heap(heap->begin(), heap->end(), later);
    while (!heap->empty() && !is_full()) {
      std::pop_heap(heap->begin(), heap->end(), later);
      if (auto offered = offer(heap->back()); !offered) return offered;
      heap->pop_back();
    }
    return {};
  }

  // All candidates of the source behind `after_`, with their places in the asked order.
  [[nodiscard]] Result<std::vector<Candidate>> gather() {
    std::vector<Candidate> all;
    StoreCursor& index = *source_.index;
    for (index.seek(source_.prefix); index.valid(); index.next()) {
      if (!index.key().starts_with(source_.prefix)) break;
      auto candidate = candidate_here();
      if (!candidate) return fail(candidate.error());
      const auto there = place(*candidate);
      if (!there) return fail(there.error());
      if (!*there) continue;
      const bool behind = !after_ || (request_.descending ? candidate->place < *after_
                                                          : *after_ < candidate->place);
      if (behind) all.push_back(std::move(*candidate));
    }
    if (auto walked = index.status(); !walked) return fail(walked.error());
    return all;
  }

  // False if the key was made later than asked for.
  [[nodiscard]] Result<bool> place(Candidate& candidate) {
    if (request_.sort == KeySort::kLastUsedAt) {
      const OptionalTime used = usage_.use_of(candidate.id).last_used_at;
      candidate.place.used = used ? static_cast<std::uint64_t>(used->ms) + 1 : 0;
      return true;
    }
    auto row = row_of(candidate);
    if (!row) return fail(row.error());
    if (!*row) return false;
    candidate.place.name = std::move((*row)->key.name);
    return true;
  }

  const VerifyIndex& usage_;
  const KeyPageRequest& request_;
  Source source_;
  RowFinder finder_;  // made after the index's cursor, so that every row it points to is there
  KeyRowsAt then_;
  EventReader details_;
  std::optional<Place> after_;
  Place last_;  // of the newest key in the page
  KeyPage page_;
};

}  // namespace

Result<KeyPage> list_keys(const KeyListSources& sources, const KeyPageRequest& request) {
  return Listing(sources, request).page();
}

Result<KeyDetails> join_details(EventReader& reader, const Key& key) {
  KeyDetails joined;
  std::optional<std::uint64_t> read_at;
  KeyDetails there;  // what the event at `read_at` says
  const auto read = [&](OptionalPosition at) -> Result<void> {
    if (at == read_at) return {};
    there = KeyDetails();
    read_at = at;
    if (!at) return {};
    const auto event = reader.at(*at);
    if (!event) return fail(event.error());
    if (!event->side.subject) return {};
    auto details = decode_key_details(event->side.subject->bytes);
    if (!details) return fail(details.error());
    there = std::move(*details);
    return {};
  };
  if (auto done = read(key.description_at); !done) return fail(done.error());
  joined.description = there.description;
  if (auto done = read(key.metadata_at); !done) return fail(done.error());
  joined.metadata = there.metadata;
  if (auto done = read(key.external_id_at); !done) return fail(done.error());
  joined.external_id = there.external_id;
  return joined;
}

}  // namespace keyledger
