// Bringing keys that were made elsewhere, by the hashes of their secrets (design api.md "Keys").
#include "events/blobs.h"
#include "events/crypto.h"
#include "http/change.h"
#include "http/handlers.h"
#include "http/key_answer.h"
#include "http/key_fields.h"
#include "http/query.h"

namespace keyledger::http {
namespace {

ImportKeys read_import(const Call& call, BodyReader& body) {
  ImportKeys command;
  body.objects("keys", kMaxImportedKeys, [&](BodyReader& entry, const Json& object) {
    CreateKey key = read_imported_key(entry, object);
    key.id = KeyId{make_ulid(call.now, random_bytes<10>())};
    key.secret.id = SecretId{make_ulid(call.now, random_bytes<10>())};
    command.keys.push_back(std::move(key));
  });
  return command;
}

Key key_made_by(const RecordedEvent& event) {
  Key key;
  evolve(key, event);
  return key;
}

// As after a create, and which entry it is about.
void add_warnings(Json& warnings, const Key& key, std::size_t index) {
  for (Json& about : warnings_about(key)) {
    Json warning{{"index", index}};
    warning.update(about);
    warnings.push_back(std::move(warning));
  }
}

// What the keys would be is in the events; they have no place in the ledger, and no ids to keep.
Response rehearsed(const Decision& decision) {
  Json warnings = Json::array();
  for (std::size_t i = 0; i < decision.size(); ++i) {
    RecordedEvent event;
    event.stream = decision[i].stream;
    event.version = 1;
    event.event = decision[i].event;
    add_warnings(warnings, key_made_by(event), i);
  }
  Json json{{"dry_run", true}, {"count", decision.size()}, {"warnings", std::move(warnings)}};
  return json_response(200, json);
}

Error said_to_send_fewer(Error error) {
  if (error.code == ErrorCode::kTooLarge) error.detail += " Send fewer keys at once.";
  return error;
}

// The keys as they were just after the call, from its events: so a repeat answers the same.
Result<Response> imported(const Call& call, const Receipt& receipt) {
  const auto events = events_of(call, receipt);
  if (!events) return fail(events.error());
  const Directory& directory = call.api.projections.directory();
  Json keys = Json::array();
  Json warnings = Json::array();
  for (const EventAt& at : *events) {
    const Key key = key_made_by(at.event);
    KeyDetails details;
    if (const auto& blob = at.side.subject) {
      auto decoded = decode_key_details(blob->bytes);
      if (!decoded) return fail(decoded.error());
      details = std::move(*decoded);
    }
    add_warnings(warnings, key, keys.size());
    keys.push_back(key_json(key, details, {}, directory, at.event.time));
  }
  return json_response(201, {{"keys", std::move(keys)}, {"warnings", std::move(warnings)}});
}

}  // namespace

Result<Response> import_keys(Call& call) {
  QueryReader query(call);
  const bool dry_run =
      query.choice<bool>("dry_run", {{"true", true}, {"false", false}}).value_or(false);
  if (auto refused = query.finish()) return fail(std::move(*refused));
  const auto fields = read_fields(call);
  if (!fields) return fail(fields.error());
  BodyReader body(*fields);
  ImportKeys command = read_import(call, body);
  std::string reason = read_reason(call, body);
  if (fields->contains("keys") && (*fields)["keys"].empty()) {
    body.fault("keys", FieldFault::kInvalid, "must have at least one entry");
  }
  if (auto refused = body.finish()) return fail(std::move(*refused));

  if (dry_run) {
    const auto decision = rehearse(call, std::move(command), std::move(reason));
    if (!decision) return fail(decision.error());
    return rehearsed(*decision);
  }
  const auto receipt = submit(call, std::move(command), std::move(reason));
  if (!receipt) return fail(said_to_send_fewer(receipt.error()));
  return imported(call, *receipt);
}

}  // namespace keyledger::http
