// Bringing keys that were made elsewhere, by the hashes of their secrets (design api.md "Keys").
#include <map>

#include "core/decide.h"
#include "events/blobs.h"
#include "events/crypto.h"
#include "http/change.h"
#include "http/guess_guard.h"
#include "http/handlers.h"
#include "http/hashed_secrets.h"
#include "http/import_there.h"
#include "http/key_answer.h"
#include "http/key_fields.h"
#include "http/problem.h"
#include "http/query.h"

namespace keyledger::http {
namespace {

ImportKeys read_import(const Call& call, BodyReader& body) {
  ImportKeys command;
  body.objects("keys", kMaxImportedKeys, [&](BodyReader& entry, const Json&) {
    CreateKey key = read_imported_key(entry);
    key.id = KeyId{make_ulid(call.now, random_bytes<10>())};
    key.secret.id = SecretId{make_ulid(call.now, random_bytes<10>())};
    command.keys.push_back(std::move(key));
  });
  return command;
}

// The place of each entry, by the hash that no other has: what a repeat of the call, which knows
// only the events, can tell too.
class EntryPlaces {
 public:
  explicit EntryPlaces(const ImportKeys& command) : size_(command.keys.size()) {
    for (std::size_t i = 0; i < size_; ++i) places_[command.keys[i].secret.hash.bytes] = i;
  }
  [[nodiscard]] std::size_t of(const Key& key) const {
    return places_.at(key.current_secret().facts.hash.bytes);
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::map<Digest, std::size_t> places_;
  std::size_t size_;
};

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
Response rehearsed(const EntryPlaces& places, const Decision& decision) {
  Json warnings = Json::array();
  for (const NewEvent& made : decision) {
    RecordedEvent event;
    event.stream = made.stream;
    event.version = 1;
    event.event = made.event;
    const Key key = key_made_by(event);
    add_warnings(warnings, key, places.of(key));
  }
  Json json{{"dry_run", true},
            {"count", decision.size()},
            {"already_there", places.size() - decision.size()},
            {"warnings", std::move(warnings)}};
  return json_response(200, json);
}

// Each time that somebody is told of another workspace's secret it is recorded as what it is, a
// look-up, and brings nearer the time when this workspace has to wait with all its imports. A call
// that is too large to be done costs as much, since it asks the same: it would have left no key.
Result<Response> answer_refusal(Call& call, Error error, std::string reason) {
  const bool tells = tells_of_another_workspace(error);
  if (tells || error.code == ErrorCode::kTooLarge) {
    static_cast<void>(call.api.import_guard->refuse(call.caller->workspace, call.now));
  }
  if (error.code == ErrorCode::kTooLarge) error.detail += " Send fewer keys at once.";
  if (!tells) return fail(std::move(error));
  const auto recorded = record(call, RecordLookup{}, std::move(reason));
  if (!recorded) return fail(recorded.error());
  call.position = recorded->position;
  return fail(std::move(error));
}

// The keys as they were just after the call, from its events: so a repeat answers the same.
Result<Response> imported(const Call& call, const EntryPlaces& places, const Receipt& receipt) {
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
    add_warnings(warnings, key, places.of(key));
    keys.push_back(key_json(key, details, {}, people_of(key, directory), at.event.time));
  }
  const std::size_t there = places.size() - keys.size();
  return json_response(
      201,
      {{"keys", std::move(keys)}, {"already_there", there}, {"warnings", std::move(warnings)}});
}

}  // namespace

Result<Response> import_keys(Call& call) {
  QueryReader query(call);
  const bool dry_run = query.flag("dry_run");
  const bool skips_existing =
      query.choice<bool>("existing", {{"refuse", false}, {"skip", true}}).value_or(false);
  if (auto refused = query.finish()) return fail(std::move(*refused));
  // Whatever is in it: who is refused for what it holds alone is told by that.
  if (!dry_run) {
    if (const auto wait = call.api.import_guard->wait_of(call.caller->workspace, call.now)) {
      return problem({ErrorCode::kRateLimited, "Too many imports of this workspace were refused."},
                     call.request_id, wait);
    }
  }
  const auto fields = read_fields(call);
  if (!fields) return fail(fields.error());
  BodyReader body(*fields);
  ImportKeys command = read_import(call, body);
  std::string reason = read_reason(call, body);
  if (fields->contains("keys") && (*fields)["keys"].empty()) {
    body.fault("keys", FieldFault::kInvalid, "must have at least one entry");
  }
  const HashedSecrets hashed(command.keys);
  hashed.check(body, *fields, call.request.headers);
  if (hashed.stand_in(call.request_id)) call.request_id.clear();  // it is answered and logged
  if (auto refused = body.finish()) return fail(std::move(*refused));

  for (std::size_t i = 0; skips_existing && i < command.keys.size(); ++i) {
    const auto there = is_there(call, command.keys[i]);
    if (!there) return fail(there.error());
    if (*there) command.there.insert(i);
  }
  const EntryPlaces places(command);
  if (dry_run) {
    command.is_rehearsal = true;
    const auto decision = rehearse(call, std::move(command), std::move(reason));
    if (!decision) return fail(decision.error());
    return rehearsed(places, *decision);
  }
  const auto receipt = submit(call, std::move(command), reason);
  if (!receipt) return answer_refusal(call, receipt.error(), std::move(reason));
  return imported(call, places, *receipt);
}

}  // namespace keyledger::http
