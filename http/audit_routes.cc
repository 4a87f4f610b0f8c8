// The audit trail of the caller's workspace (design api.md "Audit and time").
#include <algorithm>
#include <array>
#include <charconv>

#include "events/log/event_reader.h"
#include "events/network.h"
#include "http/audit_page.h"
#include "http/base64.h"
#include "http/change.h"
#include "http/handlers.h"
#include "http/query.h"

namespace keyledger::http {
namespace {

constexpr std::size_t kMaxActions = 100;
constexpr std::array<std::string_view, 4> kLaterFormats = {"ndjson", "csv", "cloudevents", "ocsf"};

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

AuditFilter read_filter(const Call& call, QueryReader& query) {
  AuditFilter filter;
  filter.workspace = call.caller->workspace;
  filter.key = query.id<KeyId>("key");
  filter.member = query.id<MemberId>("member");
  if (const auto actor = query.text("actor", kMaxName)) {
    const auto member = parse_id<MemberId>(*actor);
    const auto key = parse_id<KeyId>(*actor);
    if (member) filter.actor = member->bytes;
    if (key) filter.actor = key->bytes;
    if (!filter.actor) {
      query.fault("actor", FieldFault::kInvalid, "is neither a member's nor a key's id");
    }
  }
  read_actions(query, filter);
  if (const auto ip = query.text("ip", kMaxName)) {
    const auto address = parse_address(*ip);
    if (address) filter.ip = to_text(*address);
    if (!address) query.fault("ip", FieldFault::kInvalid, "is not an IP address");
  }
  filter.request_id = query.text("request_id", kMaxToken);
  filter.from = query.time("from");
  filter.to = query.time("to");
  if (filter.from && filter.to && *filter.from > *filter.to) {
    query.fault("from", FieldFault::kConflict, "must not be after `to`");
  }
  filter.q = query.text("q", kMaxText);
  return filter;
}

void read_format(QueryReader& query) {
  const auto format = query.text("format", kMaxName);
  if (!format || *format == "json") return;
  if (std::find(kLaterFormats.begin(), kLaterFormats.end(), *format) != kLaterFormats.end()) {
    query.not_supported("format");
  } else {
    query.fault("format", FieldFault::kInvalid, "must be json");
  }
}

Result<std::uint64_t> position_in_path(const Call& call) {
  const std::string& text = call.params.find("position")->second;
  std::uint64_t position = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, position);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return fail(ErrorCode::kNotFound, "There is no entry at this position.");
  }
  return position;
}

Result<AuditEntry> entry_in_path(const Call& call) {
  const auto position = position_in_path(call);
  if (!position) return fail(position.error());
  return call.api.projections.audit().entry(call.caller->workspace, *position);
}

// What opens the commitment of a leaf, or that it was erased; nothing if the leaf has none.
void add_blob(Json& blobs, std::string_view role, const std::optional<Digest>& commitment,
              const std::optional<Blob>& blob) {
  if (!commitment) return;
  if (!blob) {
    blobs.push_back({{"role", role}, {"erased", true}});
    return;
  }
  const std::string_view salt(reinterpret_cast<const char*>(blob->salt.data()), blob->salt.size());
  blobs.push_back({{"role", role}, {"salt", base64(salt)}, {"bytes", base64(blob->bytes)}});
}

}  // namespace

Result<Response> list_audit(Call& call) {
  QueryReader query(call);
  AuditPageRequest request;
  request.filter = read_filter(call, query);
  request.descending = query.choice<bool>("order", {{"desc", true}, {"asc", false}}).value_or(true);
  read_format(query);
  request.limit = query.limit();
  request.after = position_of_cursor(query.cursor());
  if (auto refused = query.finish()) return fail(std::move(*refused));
  const auto page = call.api.projections.audit().list(request);
  if (!page) return fail(page.error());
  return audit_page_response(call, *page);
}

Result<Response> get_audit_entry(Call& call) {
  const auto entry = entry_in_path(call);
  if (!entry) return fail(entry.error());
  return json_response(200, audit_entry_json(*entry));
}

Result<Response> get_audit_leaf(Call& call) {
  const auto entry = entry_in_path(call);
  if (!entry) return fail(entry.error());
  const auto at = EventReader(call.api.log).at(entry->event.position);
  if (!at) return fail(at.error());
  Json json;
  json["leaf"] = base64(at->leaf);
  json["blobs"] = Json::array();
  add_blob(json["blobs"], "actor", at->event.actor_commitment, at->side.actor);
  add_blob(json["blobs"], "subject", at->event.subject_commitment, at->side.subject);
  return json_response(200, json);
}

}  // namespace keyledger::http
