#include "http/key_answer.h"

#include <algorithm>

#include "http/change.h"
#include "http/sealed_secrets.h"

namespace keyledger::http {
namespace {

// Which key the call gave a secret to, and which.
struct Issued {
  KeyId key;
  SecretId secret;
};

Result<Issued> issued_by(const Call& call, const Receipt& receipt) {
  const auto events = events_of(call, receipt);
  if (!events) return fail(events.error());
  for (const EventAt& at : *events) {
    const KeyId key{at.event.stream.id};
    if (const auto* created = creation_in(at.event.event)) {
      return Issued{key, created->secret.id};
    }
    if (const auto* rotated = std::get_if<KeyRotated>(&at.event.event)) {
      return Issued{key, rotated->secret.id};
    }
  }
  return fail(ErrorCode::kInternal, "a remembered call made no secret");
}

}  // namespace

bool may_see(const Caller& caller, const Key& key) {
  if (key.workspace != caller.workspace) return false;
  if (key.type != KeyType::kManagement) return true;
  return caller.role == Role::kOwner || caller.role == Role::kAuditor ||
         key.member == caller.member;
}

Result<Key> find_key(const Call& call) {
  const auto id = call.id<KeyId>();
  if (!id) return fail(id.error());
  auto key = call.api.projections.keys().key(*id);
  if (!key) return fail(key.error());
  if (!*key || !may_see(*call.caller, **key)) {
    return fail(ErrorCode::kNotFound, "There is no key with this id.");
  }
  return std::move(**key);
}

Result<Key> find_key(const Call& call, const Past& then) {
  const auto id = call.id<KeyId>();
  if (!id) return fail(id.error());
  auto key = then.key(*id);
  if (!key) return fail(key.error());
  if (!*key || !may_see(*call.caller, **key)) {
    return fail(ErrorCode::kNotFound, "There was no key with this id then.");
  }
  return std::move(**key);
}

Result<Key> key_after(const Call& call, const Receipt& receipt, const KeyId& id) {
  if (receipt.key) return *receipt.key;
  auto key = call.api.projections.keys().key_at(id, receipt.position);
  if (!key) return fail(key.error());
  if (!*key) return fail(ErrorCode::kInternal, "a replayed call names a key that is not there");
  return std::move(**key);
}

Result<Json> key_answer(const Call& call, const Key& key, Timestamp at) {
  const Projections& projections = call.api.projections;
  auto details = projections.keys().details_of(key);
  if (!details) return fail(details.error());
  const ShownUse use = call.replayed ? ShownUse{} : shown_use(call, key.id);
  return key_json(key, *details, use, people_of(key, projections.directory()), at);
}

Result<Json> key_answer(const Call& call, const Key& key, Past& then, const Moment& moment) {
  auto details = call.api.projections.keys().details_of(key);
  if (!details) return fail(details.error());
  return key_answer(call, {key, std::move(*details)}, then, moment);
}

Result<Json> key_answer(const Call& call, const KeyView& view, Past& then, const Moment& moment) {
  const auto people = people_of(view.key, then);
  if (!people) return fail(people.error());
  const ShownUse use = moment.is_past ? ShownUse{{}, {}, false} : shown_use(call, view.key.id);
  return key_json(view.key, view.details, use, *people, moment.clock);
}

ShownUse shown_use(const Call& call, const KeyId& key) {
  const Projections& projections = call.api.projections;
  return {projections.verify_index().all_uses_of(key, call.now), projections.usage().known_since()};
}

Json warnings_about(const Key& key) {
  Json warnings = Json::array();
  if (key.type != KeyType::kPublic) return warnings;
  const auto warn = [&](const char* code, const char* message) {
    warnings.push_back({{"field", "allowed_origins"}, {"code", code}, {"message", message}});
  };
  if (key.allowed_origins.empty()) {
    warn("no_origin_allowed", "The key has no allowed origins, so no origin matches it.");
  }
  if (std::any_of(key.allowed_origins.begin(), key.allowed_origins.end(), is_any)) {
    warn("wildcard_origin",
         "The origin * lets every web page, and requests from none, use the key.");
  }
  return warnings;
}

Result<Response> answer_changed_key(const Call& call, const Receipt& receipt, const KeyId& id) {
  const auto key = key_after(call, receipt, id);
  if (!key) return fail(key.error());
  const auto json = key_answer(call, *key, receipt.time);
  if (!json) return fail(json.error());
  return resource_response(*json, key->version);
}

Result<Response> answer_with_secret(Call& call, const Receipt& receipt, int status,
                                    const Secret& secret, SecretShape shape) {
  Issued issued;
  if (receipt.key) {
    issued = {receipt.key->id, receipt.key->current_secret().facts.id};
  } else {
    const auto found = issued_by(call, receipt);
    if (!found) return fail(found.error());
    issued = *found;
  }
  const auto key = key_after(call, receipt, issued.key);
  if (!key) return fail(key.error());
  auto shown = key_answer(call, *key, receipt.time);
  if (!shown) return fail(shown.error());
  Json json = shape == SecretShape::kInKey ? std::move(*shown) : Json{{"key", std::move(*shown)}};
  if (!receipt.replayed) {
    json["secret"] = secret.reveal();
  } else {
    const auto again = show_again(call, issued.key, issued.secret);
    if (!again) return fail(again.error());
    json["secret"] = *again ? Json((*again)->reveal()) : Json(nullptr);
    if (!*again) json["secret_available"] = false;
  }
  if (shape == SecretShape::kBesideKey) json["warnings"] = warnings_about(*key);
  Response response = json_response(status, json);
  set_etag(response, key->version);
  if (status == 201) response.headers.emplace_back("Location", "/v1/keys/" + to_text(issued.key));
  return response;
}

}  // namespace keyledger::http
