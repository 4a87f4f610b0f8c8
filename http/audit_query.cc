#include "http/audit_query.h"

#include <charconv>

#include "events/network.h"

namespace keyledger::http {
namespace {

constexpr std::size_t kMaxActions = 100;
constexpr std::string_view kPlace = "position:";

// The tags of "key.revoked" or of all that begin with "key." for "key.*".
std::vector<EventType> tags_of(std::string_view action) {
  const bool group = action.ends_with(".*");
  if (group) action.remove_suffix(1);
  std::vector<EventType> out;
  for (const std::string_view name : known_actions()) {
    const bool wanted = group ? name.starts_with(action) : name == action;
    if (wanted) out.push_back(*tag_of_action(name));
  }
  return out;
}

void read_actions(QueryReader& query, AuditFilter& filter) {
  const auto actions = query.texts("action", kMaxName);
  if (actions.size() > kMaxActions) {
    query.fault("action", FieldFault::kTooMany,
                "must have at most " + std::to_string(kMaxActions) + " values");
    return;
  }
  for (const std::string& action : actions) {
    const auto tags = tags_of(action);
    if (tags.empty()) query.fault("action", FieldFault::kInvalid, "is no action: " + action);
    filter.actions.insert(filter.actions.end(), tags.begin(), tags.end());
  }
}

void read_actor(QueryReader& query, AuditFilter& filter) {
  const auto actor = query.text("actor", kMaxName);
  if (!actor) return;
  const auto member = parse_id<MemberId>(*actor);
  const auto key = parse_id<KeyId>(*actor);
  if (member) filter.actor = member->bytes;
  if (key) filter.actor = key->bytes;
  if (!filter.actor) {
    query.fault("actor", FieldFault::kInvalid, "is neither a member's nor a key's id");
  }
}

// One end of the part of the history that is asked for. `size` is the place after the newest event:
// who has seen that one asks for what comes from there on.
void read_end(QueryReader& query, std::string_view name, std::uint64_t size, OptionalTime& time,
              OptionalPosition& position) {
  const auto given = query.text(name, kMaxName);
  if (!given) return;
  if (!given->starts_with(kPlace)) {
    time = parse_time(*given);
    if (!time) {
      query.fault(name, FieldFault::kInvalid,
                  "must be an RFC 3339 time, as 2026-03-30T12:00:00Z, or a place, as position:42");
    }
    return;
  }
  const char* first = given->data() + kPlace.size();
  const char* last = given->data() + given->size();
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(first, last, value);
  if (parsed.ec == std::errc() && parsed.ptr == last && value <= size) {
    position = value;
    return;
  }
  query.fault(name, FieldFault::kInvalid,
              "must name a position from 0 to " + std::to_string(size) +
                  ", which is the one after the newest event");
}

}  // namespace

AuditFilter read_audit_filter(const Call& call, QueryReader& query) {
  AuditFilter filter;
  filter.workspace = call.caller->workspace;
  filter.key = query.id<KeyId>("key");
  filter.member = query.id<MemberId>("member");
  read_actor(query, filter);
  read_actions(query, filter);
  if (const auto ip = query.text("ip", kMaxName)) {
    const auto address = parse_address(*ip);
    if (address) filter.ip = to_text(*address);
    if (!address) query.fault("ip", FieldFault::kInvalid, "is not an IP address");
  }
  filter.request_id = query.text("request_id", kMaxToken);
  const std::uint64_t size = call.position ? *call.position + 1 : 0;
  read_end(query, "from", size, filter.from, filter.first);
  read_end(query, "to", size, filter.to, filter.end);
  const bool times_cross = filter.from && filter.to && *filter.from > *filter.to;
  const bool places_cross = filter.first && filter.end && *filter.first > *filter.end;
  if (times_cross || places_cross) {
    query.fault("from", FieldFault::kConflict, "must not be after `to`");
  }
  filter.q = query.text("q", kMaxText);
  return filter;
}

}  // namespace keyledger::http
