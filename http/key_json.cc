// Keys as answers show them (design api.md "Keys").
#include "events/names.h"
#include "http/json.h"

namespace keyledger::http {
namespace {

Json named_actor_json(const Actor& actor, const Directory& directory) {
  std::optional<std::string> name;
  if (actor.kind == ActorKind::kSystem) name = "system";
  if (actor.kind == ActorKind::kMember) {
    const auto member = directory.member(MemberId{actor.id});
    if (member && member->profile) name = member->profile->name;
  }
  return actor_json(actor, name);
}

bool was_removed(const MemberId& id, const Directory& directory) {
  const auto view = directory.member(id);
  return view && view->member.removed;
}

// The current secret and, during an overlap, the retiring one. Ended ones are history.
Json secrets_json(const Key& key, Timestamp now) {
  Json list = Json::array();
  for (const KeySecret& secret : key.secrets) {
    if (secret.retires_at && *secret.retires_at <= now) continue;
    Json json = secret_json(secret.facts);
    json["created_at"] = to_text(secret.created_at);
    json["retires_at"] = time_json(secret.retires_at);
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace

Json key_json(const Key& key, const KeyDetails& details, const Use& use, const Directory& directory,
              Timestamp now) {
  Json json;
  json["id"] = to_text(key.id);
  json["workspace_id"] = to_text(key.workspace);
  json["type"] = key_type_name(key.type);
  json["environment"] = environment_name(key.environment);
  json["name"] = key.name;
  json["description"] = or_null(details.description);
  json["handle"] = handle_json(key.current_secret().facts);
  json["status"] = status_name(status_of(key, now));
  json["scopes"] = key.scopes;
  json["allowed_origins"] = origins_json(key.allowed_origins);
  json["allow_missing_origin"] = key.allow_missing_origin;
  json["allowed_ips"] = networks_json(key.allowed_ips);
  json["not_before"] = time_json(key.not_before);
  json["expires_at"] = time_json(key.expires_at);
  json["metadata"] = details.metadata.value_or(Metadata{});
  json["external_id"] = or_null(details.external_id);
  json["owner_id"] = to_text(key.owner);
  json["owner_removed"] = was_removed(key.owner, directory);
  json["member_id"] = id_or_null(key.member);
  json["rate_limit"] = rate_limit_json(key.rate_limit);
  json["created_at"] = to_text(key.created_at);
  json["created_by"] = named_actor_json(key.created_by, directory);
  json["updated_at"] = to_text(key.updated_at);
  json["rotated_at"] = time_json(key.rotated_at);
  json["secrets"] = secrets_json(key, now);
  json["last_used_at"] = time_json(use.last_used_at);
  json["use_count"] = use.count;
  json["revoked_at"] = key.end ? Json(to_text(key.end->at)) : Json(nullptr);
  json["revoked_by"] = key.end ? named_actor_json(key.end->by, directory) : Json(nullptr);
  json["revoke_reason"] = key.end ? Json(revocation_code_name(key.end->code)) : Json(nullptr);
  json["replaces"] = id_or_null(key.replaces);
  json["replaced_by"] = id_or_null(key.replaced_by);
  json["version"] = key.version;
  json["position"] = static_cast<std::uint64_t>(key.newest_cause.position);
  return json;
}

}  // namespace keyledger::http
