#include "projections/key_reports.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "events/bytes.h"
#include "events/origin.h"
#include "projections/all.h"

namespace keyledger {
namespace {

// Where a key stands in a report.
struct Place {
  std::uint8_t part = 0;  // of a report that has several
  std::int64_t at = 0;
  std::uint64_t position = 0;  // at which the key was made
  auto operator<=>(const Place&) const = default;
};
struct Candidate {
  Place place;
  KeyId key;
  bool operator<(const Candidate& other) const { return place < other.place; }
};

std::string encode(const Place& place) {
  std::string bytes;
  ByteWriter out(bytes);
  out.u8(place.part);
  out.i64(place.at);
  out.u64(place.position);
  return bytes;
}

tl::unexpected<Error> no_cursor() {
  return fail_field("cursor", FieldFault::kInvalid, "This cursor is not one of this report.");
}

// Who was removed from a workspace.
std::set<MemberId> departed_from(const Projections& projections, const WorkspaceId& workspace) {
  std::set<MemberId> gone;
  for (const auto& entry : projections.directory().members(workspace)) {
    if (entry->member.removed) gone.insert(entry->member.id);
  }
  return gone;
}

// The rules of the reports: whether a key belongs into one, and where.
class Rule {
 public:
  Rule(const Projections& projections, const KeyReportRequest& request)
      : usage_(projections.verify_index()),
        known_since_(projections.usage().known_since()),
        request_(request),
        before_(request.now + -std::int64_t{request.days} * kDayMs) {
    if (request.report == KeyReport::kDepartedCreator) {
      gone_ = departed_from(projections, request.workspace);
    }
  }

  // True if no key can belong into it.
  [[nodiscard]] bool is_empty() const {
    if (request_.report == KeyReport::kUnused) return known_since_ > before_;
    return request_.report == KeyReport::kDepartedCreator && gone_.empty();
  }
  // Keys come in the order in which they were made, and none made since then can belong here.
  [[nodiscard]] bool ends_with(const Key& key) const {
    const bool by_age =
        request_.report == KeyReport::kUnused || request_.report == KeyReport::kOverdueRotation;
    return by_age && key.created_at > before_;
  }
  // The order in which keys were made is that of the report.
  [[nodiscard]] bool is_by_creation() const {
    return request_.report == KeyReport::kFullScope ||
           request_.report == KeyReport::kDepartedCreator;
  }

  [[nodiscard]] std::optional<Place> place_of(const Key& key) const {
    if (key.workspace != request_.workspace || is_final(status_of(key, request_.now))) return {};
    if (key.type == KeyType::kManagement && !request_.management_keys) return {};
    auto place = own_place(key);
    if (place) place->position = key.created_cause.position;
    return place;
  }

 private:
  [[nodiscard]] std::optional<Place> own_place(const Key& key) const {
    switch (request_.report) {
      case KeyReport::kUnused: return unused(key);
      case KeyReport::kExpiring: return expiring(key);
      case KeyReport::kOverdueRotation: {
        const Timestamp made = key.current_secret().created_at;
        return made <= before_ ? std::optional(Place{0, made.ms, 0}) : std::nullopt;
      }
      case KeyReport::kWildcardOrigins: return wildcard(key);
      case KeyReport::kFullScope: {
        const bool full = key.type != KeyType::kManagement && key.scopes == ScopeSet{kAllScopes};
        return full ? std::optional(Place()) : std::nullopt;
      }
      case KeyReport::kDepartedCreator: return departed(key);
    }
    return {};
  }
  [[nodiscard]] std::optional<Place> unused(const Key& key) const {
    const OptionalTime used = usage_.use_of(key.id).last_used_at;
    if (unused_since(key, used, known_since_) > before_) return {};
    return used ? Place{1, used->ms, 0} : Place();
  }
  [[nodiscard]] std::optional<Place> expiring(const Key& key) const {
    const Timestamp until = request_.now + std::int64_t{request_.days} * kDayMs;
    if (!key.expires_at || *key.expires_at > until) return {};
    return Place{0, key.expires_at->ms, 0};
  }
  [[nodiscard]] static std::optional<Place> wildcard(const Key& key) {
    const OriginReach reach = reach_of(key);
    if (reach == OriginReach::kNamedHosts) return {};
    const int part = (key.environment == Environment::kLive ? 0 : 2) +
                     (reach == OriginReach::kAnyOrigin ? 0 : 1);
    return Place{static_cast<std::uint8_t>(part), 0, 0};
  }
  [[nodiscard]] std::optional<Place> departed(const Key& key) const {
    const bool by_one =
        key.created_by.kind == ActorKind::kMember && gone_.count(MemberId{key.created_by.id}) != 0;
    return by_one || gone_.count(key.owner) != 0 ? std::optional(Place()) : std::nullopt;
  }

  const VerifyIndex& usage_;
  const Timestamp known_since_;
  const KeyReportRequest request_;
  const Timestamp before_;
  std::set<MemberId> gone_;
};

// The smallest that it is offered, no more than there is room for.
class Smallest {
 public:
  explicit Smallest(std::size_t room) : room_(room) {}

  void offer(const Candidate& one) {
    if (heap_.size() == room_) {
      if (!(one < heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.pop_back();
    }
    heap_.push_back(one);
    std::push_heap(heap_.begin(), heap_.end());
  }
  [[nodiscard]] bool is_full() const { return heap_.size() == room_; }
  [[nodiscard]] std::vector<Candidate> take() {
    std::sort_heap(heap_.begin(), heap_.end());
    return std::move(heap_);
  }

 private:
  std::size_t room_;
  std::vector<Candidate> heap_;
};

Result<std::optional<Place>> read_place(std::string_view after) {
  if (after.empty()) return std::optional<Place>();
  ByteReader in(after);
  Place place;
  place.part = in.u8();
  place.at = in.i64();
  place.position = in.u64();
  if (!in.finished()) return no_cursor();
  return std::optional(place);
}

}  // namespace

struct ReportedKeys::Rep {
  const Projections& projections;
  const KeyReportRequest request;
  const Rule rule;

  [[nodiscard]] Result<KeyReportPage> walk_keys(std::string_view cursor, std::size_t limit) const;
  [[nodiscard]] Result<KeyReportPage> walk_schedule(std::string_view cursor,
                                                    std::size_t limit) const;
};

Result<KeyReportPage> ReportedKeys::Rep::walk_keys(std::string_view cursor,
                                                   std::size_t limit) const {
  const auto after = read_place(cursor);
  if (!after) return fail(after.error());
  Smallest found(limit + 1);  // one more says that there is a next page
  std::string place;
  if (*after && rule.is_by_creation()) {
    place = KeyTable::walk_place(request.workspace, (*after)->position);
  }
  bool over = rule.is_empty();
  const auto look = [&](const Key& key) {
    const auto at = rule.place_of(key);
    if (at && (!*after || **after < *at)) found.offer({*at, key.id});
    over = rule.ends_with(key) || (rule.is_by_creation() && found.is_full());
    return !over;
  };
  for (bool more = true; more && !over;) {
    const auto walked =
        projections.keys().walk(request.workspace, place, KeyTable::kKeysAtOnce, look);
    if (!walked) return fail(walked.error());
    more = *walked;
  }
  KeyReportPage page;
  std::vector<Candidate> candidates = found.take();
  if (candidates.size() > limit) {
    candidates.pop_back();
    page.next = encode(candidates.back().place);
  }
  for (const Candidate& candidate : candidates) page.keys.push_back(candidate.key);
  return page;
}

Result<KeyReportPage> ReportedKeys::Rep::walk_schedule(std::string_view cursor,
                                                       std::size_t limit) const {
  ExpiryPlace place{request.now, {}};
  place.key.bytes.fill(0xFF);  // what expires now has expired
  if (!cursor.empty()) {
    ByteReader in(cursor);
    place.at.ms = in.i64();
    place.key.bytes = in.array<16>();
    if (!in.finished()) return no_cursor();
  }
  const Timestamp until = request.now + std::int64_t{request.days} * kDayMs;
  const std::size_t at_once = std::min(KeyTable::kKeysAtOnce, limit + 1);
  KeyReportPage page;
  for (;;) {
    const auto due = projections.schedule().expiring(request.workspace, place, until, at_once);
    if (!due) return fail(due.error());
    for (const ExpiryPlace& next : *due) {
      const auto key = projections.keys().key(next.key);
      if (!key) return fail(key.error());
      const bool wanted = *key && rule.place_of(**key);
      if (wanted && page.keys.size() == limit) {
        ByteWriter out(page.next.emplace());
        out.i64(place.at.ms);
        out.array(place.key.bytes);
        return page;
      }
      if (wanted) page.keys.push_back(next.key);
      place = next;
    }
    if (due->size() < at_once) return page;
  }
}

OriginReach reach_of(const Key& key) {
  if (key.type != KeyType::kPublic) return OriginReach::kNamedHosts;
  OriginReach reach = OriginReach::kNamedHosts;
  for (const OriginRule& rule : key.allowed_origins) {
    if (is_any(rule)) return OriginReach::kAnyOrigin;
    if (rule.subdomains) reach = OriginReach::kWholeDomain;
  }
  return reach;
}

ReportedKeys::ReportedKeys(const Projections& projections, const KeyReportRequest& request)
    : rep_(new Rep{projections, request, Rule(projections, request)}) {}
ReportedKeys::~ReportedKeys() = default;

bool ReportedKeys::walks_all_keys() const { return rep_->request.report != KeyReport::kExpiring; }

Result<KeyReportPage> ReportedKeys::page(std::string_view after, std::size_t limit) const {
  return walks_all_keys() ? rep_->walk_keys(after, limit) : rep_->walk_schedule(after, limit);
}

bool ReportedKeys::has(const Key& key) const { return rep_->rule.place_of(key).has_value(); }

}  // namespace keyledger
