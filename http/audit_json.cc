// Audit entries as JSON (design api.md "Audit and time"); `keyledger dump` writes the same.
#include "http/base64.h"
#include "http/json.h"

namespace keyledger::http {
namespace {

Json actor_of(const AuditEntry& entry) {
  const Actor& actor = entry.event.actor;
  Json json = actor_json(actor, entry.actor_name);
  json["key_id"] = id_or_null(actor.acting_key);
  json["key_issued_by"] = id_or_null(entry.key_issued_by);
  const auto& details = entry.actor_details;
  const auto text = [](const std::string& value) {
    return value.empty() ? Json(nullptr) : Json(value);
  };
  json["ip"] = details ? text(details->ip) : Json(nullptr);
  json["user_agent"] = details ? text(details->user_agent) : Json(nullptr);
  return json;
}

Json on_behalf_of(const AuditEntry& entry) {
  if (!entry.actor_details || entry.actor_details->on_behalf_of.empty()) return nullptr;
  return entry.actor_details->on_behalf_of;
}

Json target_of(const AuditEntry& entry) {
  const StreamId& stream = entry.event.stream;
  Json json;
  switch (stream.kind) {
    case StreamKind::kLedger:
      json["type"] = "ledger";
      json["id"] = to_text(LogId{stream.id});
      break;
    case StreamKind::kWorkspace:
      json["type"] = "workspace";
      json["id"] = to_text(WorkspaceId{stream.id});
      break;
    case StreamKind::kPolicy:
      json["type"] = "policy";
      json["id"] = to_text(WorkspaceId{stream.id});
      break;
    case StreamKind::kMember:
      json["type"] = "member";
      json["id"] = to_text(MemberId{stream.id});
      break;
    case StreamKind::kKey:
      json["type"] = "key";
      json["id"] = to_text(KeyId{stream.id});
      break;
  }
  json["name"] = or_null(entry.target_name);
  return json;
}

bool is_denied(const Event& event) {
  return std::holds_alternative<KeyRetiredSecretPresented>(event);
}

}  // namespace

Json audit_entry_json(const AuditEntry& entry) {
  const RecordedEvent& event = entry.event;
  Json json;
  json["position"] = event.position;
  json["workspace_seq"] = event.workspace_seq;
  json["id"] = to_text(event.id);
  json["time"] = to_text(event.time);
  json["action"] = action_name(event.event);
  json["outcome"] = is_denied(event.event) ? "denied" : "success";
  json["actor"] = actor_of(entry);
  json["on_behalf_of"] = on_behalf_of(entry);
  json["target"] = target_of(entry);
  json["changes"] = changes_json(entry);
  json["reason"] = event.reason.empty() ? Json(nullptr) : Json(event.reason);
  json["request_id"] = event.request_id.empty() ? Json(nullptr) : Json(event.request_id);
  json["workspace_id"] = event.workspace.is_nil() ? Json(nullptr) : Json(to_text(event.workspace));
  json["leaf_hash"] = base64(entry.leaf_hash);
  return json;
}

}  // namespace keyledger::http
