#include "http/ocsf.h"

#include <utility>

#include "events/network.h"

namespace keyledger::http {
namespace {

constexpr int kCategory = 3;  // Identity & Access Management
constexpr int kClass = 3004;  // Entity Management
constexpr int kOther = 99;    // of every enumeration: what the text beside it says

struct Choice {
  int id;
  std::string_view name;
};

constexpr Choice kCreate{1, "Create"};
constexpr Choice kRead{2, "Read"};
constexpr Choice kUpdate{3, "Update"};
constexpr Choice kDelete{4, "Delete"};
constexpr Choice kDeactivate{11, "Deactivate"};
constexpr Choice kSuspend{12, "Suspend"};
constexpr Choice kResume{13, "Resume"};
constexpr Choice kOtherActivity{kOther, "Other"};

// Every event is named, so that a new one stops the build here.
Choice activity_of(const Event& event) {
  return std::visit(
      Overloaded{
          [](const OneOf<LedgerCreated, WorkspaceCreated, MemberAdded, KeyCreated,
                         KeyImported> auto&) { return kCreate; },
          [](const OneOf<KeyLookedUp, KeySecretReplayed> auto&) { return kRead; },
          [](const OneOf<LedgerRollbackAccepted, PolicySet, MemberRoleChanged, MemberProfileChanged,
                         KeyRenamed, KeyDescriptionChanged, KeyScopesChanged, KeyOriginsChanged,
                         KeyMissingOriginChanged, KeyAddressesChanged, KeyStartChanged,
                         KeyExpiryChanged, KeyMetadataChanged, KeyExternalIdChanged,
                         KeyOwnerChanged, KeyRateLimitChanged, KeyRotated, KeyOverlapEnded,
                         KeyReplaced, KeySecretRetired> auto&) { return kUpdate; },
          [](const OneOf<MemberRemoved, KeyRevoked, KeyCompromised> auto&) { return kDelete; },
          [](const OneOf<WorkspaceSuspended, KeySuspended> auto&) { return kSuspend; },
          [](const OneOf<WorkspaceResumed, KeyResumed> auto&) { return kResume; },
          [](const KeyExpired&) { return kDeactivate; },
          [](const OneOf<UsageDigested, KeyRetiredSecretPresented, KeyExpiring,
                         KeyLeakReported> auto&) { return kOtherActivity; },
      },
      event);
}

Choice severity_of(const Event& event) {
  return std::visit(
      [](const auto& fact) -> Choice {
        using Fact = std::decay_t<decltype(fact)>;
        if constexpr (OneOf<Fact, KeyCompromised, KeyLeakReported, LedgerRollbackAccepted>) {
          return {4, "High"};
        }
        if constexpr (OneOf<Fact, KeyRetiredSecretPresented>) return {3, "Medium"};
        if constexpr (OneOf<Fact, KeyRevoked, KeySecretReplayed, KeyLookedUp, MemberRemoved,
                            PolicySet, WorkspaceSuspended>) {
          return {2, "Low"};
        }
        return {1, "Informational"};
      },
      event);
}

void add_choice(Json& json, const char* name, Choice choice) {
  json[std::string(name) + "_id"] = choice.id;
  json[name] = choice.name;
}

Json metadata_of(const RecordedEvent& event) {
  Json json;
  json["version"] = "1.8.0";
  json["product"] = {{"name", "keyledger"}, {"vendor_name", "keyledger"}};
  json["uid"] = to_text(event.id);
  json["sequence"] = event.position;
  json["event_code"] = action_name(event.event);
  json["log_name"] = "audit";
  json["tenant_uid"] = to_text(event.workspace);
  json["original_time"] = to_text(event.time);
  if (!event.request_id.empty()) json["correlation_uid"] = event.request_id;
  return json;
}

// Who did it. `actor` as in the entry.
Json user_of(ActorKind kind, const Json& actor) {
  Json user;
  for (const auto& [name, part] :
       {std::pair("uid", "id"), std::pair("name", "name"), std::pair("credential_uid", "key_id")}) {
    if (!actor[part].is_null()) user[name] = actor[part];
  }
  switch (kind) {
    case ActorKind::kMember: add_choice(user, "type", {1, "User"}); break;
    case ActorKind::kSystem: add_choice(user, "type", {3, "System"}); break;
    case ActorKind::kKeyHolder: add_choice(user, "type", {4, "Service"}); break;
  }
  return user;
}

// What it was done to; `target` as in the entry.
Json entity_of(StreamKind kind, const Json& target) {
  Json entity;
  entity["uid"] = target["id"];
  if (!target["name"].is_null()) entity["name"] = target["name"];
  const Json same = entity;
  switch (kind) {
    case StreamKind::kMember:
      add_choice(entity, "type", {2, "User"});
      entity["user"] = same;
      break;
    case StreamKind::kPolicy:
      add_choice(entity, "type", {5, "Policy"});
      entity["policy"] = same;
      break;
    case StreamKind::kKey: add_choice(entity, "type", {kOther, "API Key"}); break;
    case StreamKind::kWorkspace: add_choice(entity, "type", {kOther, "Workspace"}); break;
    case StreamKind::kLedger: add_choice(entity, "type", {kOther, "Ledger"}); break;
  }
  return entity;
}

// Adds `entity`, and if fields changed, what they were and `entity_result`, what they are.
void add_entity(Json& json, const RecordedEvent& event, const Json& entry) {
  Json before = entity_of(event.stream.kind, entry["target"]);
  const Json& changes = entry["changes"];
  if (changes.empty()) {
    json["entity"] = std::move(before);
    return;
  }
  Json after = before;
  for (const auto& [field, change] : changes.items()) {
    before["data"][field] = change["from"];
    after["data"][field] = change["to"];
  }
  after["version"] = std::to_string(event.version);
  json["entity"] = std::move(before);
  json["entity_result"] = std::move(after);
}

std::string shown(const Json& who) {
  const Json& name = who["name"].is_null() ? who["id"] : who["name"];
  return name.is_string() ? name.get<std::string>() : std::string();
}

}  // namespace

Json ocsf_json(const AuditEntry& entry) {
  const RecordedEvent& event = entry.event;
  const Json whole = audit_entry_json(entry);
  const Json& actor = whole["actor"];
  const Choice activity = activity_of(event.event);
  const std::string action = whole["action"];

  Json json;
  json["activity_id"] = activity.id;
  json["activity_name"] = activity.id == kOther ? action : std::string(activity.name);
  json["category_uid"] = kCategory;
  json["category_name"] = "Identity & Access Management";
  json["class_uid"] = kClass;
  json["class_name"] = "Entity Management";
  json["type_uid"] = kClass * 100 + activity.id;
  json["type_name"] = "Entity Management: " + std::string(activity.name);
  add_choice(json, "severity", severity_of(event.event));
  const bool denied = whole["outcome"] == "denied";
  add_choice(json, "status", denied ? Choice{2, "Failure"} : Choice{1, "Success"});
  json["time"] = event.time.ms;
  json["message"] = action + " of " + shown(whole["target"]) + " by " + shown(actor);
  if (!event.reason.empty()) json["comment"] = event.reason;
  json["metadata"] = metadata_of(event);
  json["actor"]["user"] = user_of(event.actor.kind, actor);
  if (!actor["ip"].is_null()) {
    // "unknown" and "unix" are said where there is no address, and ip_t takes nothing else.
    const bool address = parse_address(actor["ip"].get_ref<const std::string&>()).has_value();
    json["src_endpoint"][address ? "ip" : "name"] = actor["ip"];
  }
  if (!actor["user_agent"].is_null()) json["http_request"]["user_agent"] = actor["user_agent"];
  add_entity(json, event, whole);
  Json& unmapped = json["unmapped"];
  unmapped["workspace_seq"] = event.workspace_seq;
  unmapped["leaf_hash"] = whole["leaf_hash"];
  if (!actor["key_issued_by"].is_null()) unmapped["key_issued_by"] = actor["key_issued_by"];
  if (!whole["on_behalf_of"].is_null()) unmapped["on_behalf_of"] = whole["on_behalf_of"];
  return json;
}

}  // namespace keyledger::http
