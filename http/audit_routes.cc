// The audit trail of the caller's workspace (design api.md "Audit and time").
#include <charconv>

#include "events/log/event_reader.h"
#include "http/audit_export.h"
#include "http/audit_page.h"
#include "http/audit_query.h"
#include "http/base64.h"
#include "http/change.h"
#include "http/handlers.h"

namespace keyledger::http {
namespace {

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
  request.filter = read_audit_filter(call, query);
  request.descending = query.choice<bool>("order", {{"desc", true}, {"asc", false}}).value_or(true);
  const auto format = read_audit_format(query);
  request.limit = query.limit();
  request.after = position_of_cursor(query.cursor());
  if (auto refused = query.finish()) return fail(std::move(*refused));
  if (format) return audit_export(call, *format, std::move(request));
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
