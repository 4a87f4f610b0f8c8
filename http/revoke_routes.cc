// The end of a key, and of those that it made (design api.md "Keys").
#include <algorithm>

#include "http/change.h"
#include "http/handlers.h"
#include "http/key_answer.h"
#include "http/known_keys.h"
#include "http/several_keys.h"

#include "events/names.h"

namespace keyledger::http {
namespace {

struct Revocation {
  RevocationCode code = RevocationCode::kUnspecified;
  bool cascade = false;
  KeyPageOf page;  // of the cascade
  std::string reason;
};

RevocationCode read_revocation_code(BodyReader& body) {
  using enum RevocationCode;
  std::initializer_list<std::pair<std::string_view, RevocationCode>> codes = {
      {"unspecified", kUnspecified},
      {"key_compromise", kKeyCompromise},
      {"affiliation_changed", kAffiliationChanged},
      {"superseded", kSuperseded},
      {"cessation_of_operation", kCessationOfOperation},
      {"privilege_withdrawn", kPrivilegeWithdrawn}};
  return body.choice<RevocationCode>("reason_code", codes).value_or(kUnspecified);
}

// A cascade goes on after the key itself has ended, so it needs another one to be asked with.
void check_cascade(const Call& call, const std::optional<Key>& key, BodyReader& body) {
  if (!key || key->workspace != call.caller->workspace) return;  // the core answers that
  if (key->type != KeyType::kManagement) {
    body.fault("cascade", FieldFault::kNotAllowed, "only a management key makes keys");
  } else if (key->id == call.caller->key) {
    body.fault("cascade", FieldFault::kNotAllowed,
               "needs another management key than the one that it is about");
  }
}

Result<Revocation> read_revocation(const Call& call, const KeyId& id) {
  const auto fields = read_fields(call);
  if (!fields) return fail(fields.error());
  const auto key = call.api.projections.keys().key(id);
  if (!key) return fail(key.error());
  BodyReader body(*fields);
  Revocation wanted;
  wanted.code = read_revocation_code(body);
  wanted.cascade = body.boolean("cascade").value_or(false);
  if (wanted.cascade) check_cascade(call, *key, body);
  wanted.page = read_key_page(call, body, "cascade " + to_text(id));
  const auto comment = body.free_text("comment", kMaxText);
  wanted.reason = read_reason(call, body);
  if (comment && !wanted.reason.empty() && *comment != wanted.reason) {
    body.fault("comment", FieldFault::kConflict, "differs from the reason");
  }
  if (comment) wanted.reason = *comment;
  if (auto refused = body.finish()) return fail(std::move(*refused));
  return wanted;
}

// How many keys it made that had not ended when it ended itself.
Result<std::size_t> count_keys_made(const Call& call, const std::set<KeyId>& made,
                                    const Since& since) {
  std::size_t count = 0;
  for (const KeyId& id : made) {
    const auto key = call.api.projections.keys().key(id);
    if (!key) return fail(key.error());
    if (*key && lived_at(**key, since)) ++count;
  }
  return count;
}

// What the answer about a management key says of the keys that it made. Nobody who only wants it
// ended waits for a long count, nor for others who look through all keys.
Result<void> see_to_keys_made(Call& call, const Key& key, Revocation wanted, Json& answer) {
  const Since since{key.end_cause.position, key.end->at};
  auto made = keys_made_with(call, key, Look::kQuick);
  if (!made) return fail(made.error());
  answer["keys_made"] = nullptr;
  if (made->complete) {
    const auto count = count_keys_made(call, made->keys, since);
    if (!count) return fail(count.error());
    answer["keys_made"] = *count;
  }
  if (!wanted.cascade) return {};
  if (!made->complete) {
    made =
        call.api.walks.take(kTurnPatience, [&] { return keys_made_with(call, key, Look::kWhole); });
    if (!made) return fail(made.error());
  }
  KeyTask task;
  task.action = KeyAction::kRevoke;
  task.since = since;
  task.code = key.end->code;
  task.reason = std::move(wanted.reason);
  return carry_out(call, made->keys, wanted.page, task, answer);
}

}  // namespace

Result<Response> revoke_key(Call& call) {
  const auto id = call.id<KeyId>();
  if (!id) return fail(id.error());
  auto wanted = read_revocation(call, *id);
  if (!wanted) return fail(wanted.error());
  const auto receipt = submit(call, RevokeKey{*id, wanted->code}, wanted->reason);
  if (!receipt) return fail(receipt.error());
  const auto key = key_after(call, *receipt, *id);
  if (!key) return fail(key.error());
  if (!key->end) return fail(ErrorCode::kInternal, "a revoked key has no end");
  auto shown = key_answer(call, *key, receipt->time);
  if (!shown) return fail(shown.error());
  Json json;
  json["key"] = std::move(*shown);
  json["position"] = static_cast<std::uint64_t>(key->end_cause.position);
  json["effective_at"] = to_text(key->end->at);
  if (key->type == KeyType::kManagement) {
    const auto seen = see_to_keys_made(call, *key, std::move(*wanted), json);
    if (!seen) return fail(seen.error());
  }
  return resource_response(json, key->version);
}

}  // namespace keyledger::http
