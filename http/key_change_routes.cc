// Changing keys: PATCH, rotate, retire, suspend, resume (design api.md "Keys").
#include "events/crypto.h"
#include "events/names.h"
#include "http/change.h"
#include "http/handlers.h"
#include "http/key_answer.h"

namespace keyledger::http {
namespace {

// A sealed text of a key, if it is given and not what it was already: an event that changes nothing
// would only hide the ones that do.
template <typename T>
std::optional<CommittedBlob> changed_detail(const Patch<T>& patch,
                                            std::optional<T> KeyDetails::*field,
                                            const KeyDetails& now) {
  if (!patch.present || patch.value == now.*field) return std::nullopt;
  KeyDetails details;
  details.*field = patch.value;
  return commit_to(encode_blob(details));
}

template <typename T>
std::optional<std::optional<T>> patched(const Patch<T>& patch) {
  if (!patch.present) return std::nullopt;
  return patch.value;
}

// For what has no null of its own: cleared is none, or no.
template <typename T>
std::optional<T> or_none(const Patch<T>& patch) {
  if (!patch.present) return std::nullopt;
  return patch.value.value_or(T());
}

ChangeKey read_change(BodyReader& body, const KeyId& id, const KeyDetails& now) {
  ChangeKey command;
  command.id = id;
  for (const char* field : {"name", "scopes", "owner_id"}) body.not_cleared(field);
  command.name = body.text("name", kMaxName);
  command.scopes = body.scopes("scopes");
  command.allowed_origins = or_none(body.origins("allowed_origins"));
  command.allow_missing_origin = or_none(body.patch_boolean("allow_missing_origin"));
  command.allowed_ips = or_none(body.networks("allowed_ips"));
  command.rate_limit = patched(body.own_rate_limit("rate_limit"));
  command.not_before = patched(body.patch_time("not_before"));
  command.expires_at = patched(body.patch_time("expires_at"));
  command.owner = body.id<MemberId>("owner_id");
  command.description =
      changed_detail(body.patch_free_text("description", kMaxText), &KeyDetails::description, now);
  command.metadata = changed_detail(body.metadata("metadata"), &KeyDetails::metadata, now);
  command.external_id =
      changed_detail(body.patch_free_text("external_id", kMaxName), &KeyDetails::external_id, now);
  return command;
}

// The changes that take nothing but the key and a reason.
template <typename SimpleCommand>
Result<Response> simple_change(Call& call) {
  const auto id = call.id<KeyId>();
  if (!id) return fail(id.error());
  const auto fields = read_fields(call);
  if (!fields) return fail(fields.error());
  BodyReader body(*fields);
  std::string reason = read_reason(call, body);
  if (auto error = body.finish()) return fail(std::move(*error));
  const auto receipt = submit(call, SimpleCommand{*id}, std::move(reason));
  if (!receipt) return fail(receipt.error());
  return answer_changed_key(call, *receipt, *id);
}

}  // namespace

Result<Response> change_key(Call& call) {
  const auto id = call.id<KeyId>();
  if (!id) return fail(id.error());
  const auto fields = read_fields(call);
  if (!fields) return fail(fields.error());
  const auto view = call.api.projections.keys().view(*id);
  if (!view) return fail(view.error());
  const KeyDetails details = *view ? (*view)->details : KeyDetails{};
  BodyReader body(*fields);
  ChangeKey command = read_change(body, *id, details);
  std::string reason = read_reason(call, body);
  if (auto error = body.finish()) return fail(std::move(*error));
  const bool origins = command.allowed_origins.has_value();
  const auto receipt = submit(call, std::move(command), std::move(reason));
  if (!receipt) return fail(receipt.error());
  if (!origins) return answer_changed_key(call, *receipt, *id);
  const auto key = key_after(call, *receipt, *id);
  if (!key) return fail(key.error());
  auto json = key_answer(call, *key, receipt->time);
  if (!json) return fail(json.error());
  // Beside the key's own fields, and only where there is something to say.
  if (auto warnings = warnings_about(*key); !warnings.empty()) {
    (*json)["warnings"] = std::move(warnings);
  }
  return resource_response(*json, key->version);
}

Result<Response> rotate_key(Call& call) {
  const auto id = call.id<KeyId>();
  if (!id) return fail(id.error());
  const auto fields = read_fields(call);
  if (!fields) return fail(fields.error());
  BodyReader body(*fields);
  RotateKey command;
  command.id = *id;
  command.overlap_seconds = body.whole("overlap_seconds", kMaxOverlapSeconds).value_or(0);
  std::string reason = read_reason(call, body);
  if (auto error = body.finish()) return fail(std::move(*error));

  const auto key = call.api.projections.keys().key(*id);
  if (!key) return fail(key.error());
  // Whether the caller may, the core decides; the type and the environment stand in the new secret.
  const bool known = key->has_value() && (*key)->workspace == call.caller->workspace;
  const auto workspace = call.api.projections.directory().workspace(call.caller->workspace);
  const Secret secret = make_secret(known ? (*key)->type : KeyType::kPrivate,
                                    known ? (*key)->environment : Environment::kLive,
                                    workspace->policy.secret_prefix);
  command.secret = {SecretId{make_ulid(call.now, random_bytes<10>())}, secret.hash(),
                    secret.handle()};
  const SecretId secret_id = command.secret.id;
  const auto receipt =
      submit_with_secret(call, std::move(command), std::move(reason), secret_id, secret);
  if (!receipt) return fail(receipt.error());
  return answer_with_secret(call, *receipt, 200, secret);
}

Result<Response> retire_key(Call& call) { return simple_change<EndOverlap>(call); }
Result<Response> suspend_key(Call& call) { return simple_change<SuspendKey>(call); }
Result<Response> resume_key(Call& call) { return simple_change<ResumeKey>(call); }

}  // namespace keyledger::http
