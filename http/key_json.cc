// Keys as answers show them (design api.md "Keys").
#include <algorithm>

#include "events/names.h"
#include "http/json.h"

namespace keyledger::http {
namespace {

using Person = std::shared_ptr<const MemberView>;

Json named_actor_json(const Actor& actor, const Person& member) {
  std::optional<std::string> name;
  if (actor.kind == ActorKind::kSystem) name = "system";
  if (member && member->profile) name = member->profile->name;
  return actor_json(actor, name);
}

// Whom an actor's id names, if it is a member's.
std::optional<MemberId> member_in(const Actor& actor) {
  if (actor.kind != ActorKind::kMember) return std::nullopt;
  return MemberId{actor.id};
}

OptionalTime used_at(const SecretId& secret, const KeyUse& use) {
  for (const SecretUse& used : use.secrets) {
    if (used.secret == secret) return used.last_used_at;
  }
  return std::nullopt;
}

// The current secret and, during an overlap, the retiring one. Ended ones are history.
Json secrets_json(const Key& key, const KeyUse& use, Timestamp now) {
  Json list = Json::array();
  for (const KeySecret& secret : key.secrets) {
    if (secret.retires_at && *secret.retires_at <= now) continue;
    Json json = secret_json(secret.facts);
    json["created_at"] = to_text(secret.created_at);
    json["retires_at"] = time_json(secret.retires_at);
    json["last_used_at"] = time_json(used_at(secret.facts.id, use));
    list.push_back(std::move(json));
  }
  return list;
}

// Whether the clients have moved on to the current secret: since when nobody used the old one, if
// somebody used the current one after that. A gap in what is known counts as a use of the old.
Json retiring_json(const Key& key, const ShownUse& shown, Timestamp now) {
  const KeySecret* const old = retiring_secret(key, now);
  if (old == nullptr) return nullptr;
  const KeySecret& current = key.current_secret();
  const OptionalTime old_used = used_at(old->facts.id, shown.use);
  const OptionalTime current_used = used_at(current.facts.id, shown.use);
  const Timestamp unused_since =
      std::max({old_used.value_or(current.created_at), current.created_at, shown.known_since});
  const bool moved_on = current_used && *current_used > unused_since;
  return {{"secret_id", to_text(old->facts.id)},
          {"retires_at", time_json(old->retires_at)},
          {"last_used_at", time_json(old_used)},
          {"safe_to_retire_since", moved_on ? Json(to_text(unused_since)) : Json(nullptr)}};
}

// `find` gives a Result<Person>.
Result<KeyPeople> find_people(const Key& key, auto find) {
  KeyPeople people;
  const std::pair<std::optional<MemberId>, Person*> wanted[] = {
      {key.owner, &people.owner},
      {member_in(key.created_by), &people.creator},
      {key.end ? member_in(key.end->by) : std::nullopt, &people.ender}};
  for (const auto& [id, place] : wanted) {
    if (!id) continue;
    auto found = find(*id);
    if (!found) return fail(found.error());
    *place = std::move(*found);
  }
  return people;
}

}  // namespace

KeyPeople people_of(const Key& key, const Directory& directory) {
  return *find_people(key,
                      [&](const MemberId& id) { return Result<Person>(directory.member(id)); });
}

Result<KeyPeople> people_of(const Key& key, Past& past) {
  return find_people(key, [&](const MemberId& id) { return past.member(id); });
}

Json key_json(const Key& key, const KeyDetails& details, const ShownUse& shown,
              const KeyPeople& people, Timestamp now) {
  const KeyUse& use = shown.use;
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
  json["owner_removed"] = people.owner && people.owner->member.removed;
  json["member_id"] = id_or_null(key.member);
  json["rate_limit"] = rate_limit_json(key.rate_limit);
  json["created_at"] = to_text(key.created_at);
  json["created_by"] = named_actor_json(key.created_by, people.creator);
  json["updated_at"] = to_text(key.updated_at);
  json["rotated_at"] = time_json(key.rotated_at);
  json["secrets"] = secrets_json(key, use, now);
  json["retiring"] = retiring_json(key, shown, now);
  json["last_used_at"] = time_json(use.last_used_at);
  json["use_count"] = shown.is_known ? Json(use.counts[Verdict::kValid]) : Json(nullptr);
  json["last_refused_at"] = time_json(use.last_refused_at);
  json["refused_count"] = shown.is_known ? Json(use.counts.refused()) : Json(nullptr);
  json["revoked_at"] = key.end ? Json(to_text(key.end->at)) : Json(nullptr);
  json["revoked_by"] = key.end ? named_actor_json(key.end->by, people.ender) : Json(nullptr);
  json["revoke_reason"] = key.end ? Json(revocation_code_name(key.end->code)) : Json(nullptr);
  json["replaces"] = id_or_null(key.replaces);
  json["replaced_by"] = id_or_null(key.replaced_by);
  json["version"] = key.version;
  json["position"] = static_cast<std::uint64_t>(key.newest_cause.position);
  return json;
}

}  // namespace keyledger::http
