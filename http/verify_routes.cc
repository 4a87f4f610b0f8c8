// May this secret do this, now? And: who am I? (design api.md "Keys", "At the gateway").
#include <algorithm>
#include <chrono>

#include "core/judge.h"
#include "events/event.h"
#include "events/names.h"
#include "http/change.h"
#include "http/handlers.h"
#include "http/key_answer.h"
#include "http/query.h"
#include "http/retired_use.h"
#include "http/sealed_secrets.h"

namespace keyledger::http {
namespace {

constexpr std::size_t kMaxPath = 8000;
constexpr std::size_t kMaxItems = 1000;
constexpr std::chrono::seconds kWaitForPosition{2};

struct VerifyFields {
  Secret presented{std::string()};
  std::optional<Environment> environment;
  std::optional<ScopeSet> scopes;
  RequestSource from;
  bool has_endpoint = false;
  std::optional<std::uint64_t> min_position;
};

// Whatever a browser sends as Origin is a question that has an answer; an address comes from the
// gateway, which should know what one is.
RequestSource read_source(BodyReader& body) {
  RequestSource from;
  if (const auto ip = body.text("ip", kMaxName)) {
    from.ip = parse_address(*ip);
    if (!from.ip) body.fault("ip", FieldFault::kInvalid, "is not an IPv4 or IPv6 address");
  }
  if (const auto origin = body.text("origin", kMaxText)) from.origin = parse_origin(*origin);
  return from;
}

// They are the checked request's own and may hold its secret, so that is not refused; nothing of
// them is kept.
void check_headers(BodyReader& body, const Json& headers) {
  const bool texts =
      headers.is_object() && std::all_of(headers.begin(), headers.end(),
                                         [](const Json& value) { return value.is_string(); });
  if (!texts) body.fault("headers", FieldFault::kInvalid, "must be an object of texts");
}

VerifyFields read_verify(BodyReader& body, const Json& json) {
  VerifyFields fields;
  fields.presented = Secret(body.presented_secret("key").value_or(std::string()));
  fields.environment = body.choice<Environment>(
      "environment", {{"live", Environment::kLive}, {"test", Environment::kTest}});
  if (body.has("scopes")) fields.scopes = body.scopes("scopes");
  fields.from = read_source(body);
  const auto method = body.text("method", kMaxName);
  const auto path = body.text("path", kMaxPath);
  if (method.has_value() != path.has_value()) {
    body.fault(method ? "path" : "method", FieldFault::kRequired,
               "method and path are checked together");
  }
  fields.has_endpoint = method && path;
  if (body.has("headers")) check_headers(body, json["headers"]);
  body.not_supported("as_of");
  fields.min_position = body.whole("min_position", INT64_MAX);
  return fields;
}

Json label_json(const VerifyAnswer& answer) {
  const Credential& credential = *answer.credential;
  const KeyLabel label = answer.label.unpack();
  Json json;
  json["id"] = to_text(credential.key);
  json["name"] = label.name;
  json["type"] = key_type_name(credential.type);
  json["environment"] = environment_name(credential.environment);
  json["scopes"] = credential.grants->scopes;
  json["metadata"] = label.metadata.value_or(Metadata{});
  json["external_id"] = or_null(label.external_id);
  json["expires_at"] = credential.expires_at_ms == Credential::kNever
                           ? Json(nullptr)
                           : Json(to_text(Timestamp{credential.expires_at_ms}));
  return json;
}

// What was not looked at: it was not asked, or its rule is not enforced yet. An address and an
// origin are always looked at, since a key that has such a rule wants them given.
Json not_checked(const VerifyFields& fields, const Policy& policy) {
  Json out = Json::array();
  if (!fields.has_endpoint || !policy.endpoints.empty()) out.push_back("endpoint");
  if (!fields.scopes) out.push_back("scopes");
  return out;
}

Json verdict_json(const VerifyAnswer& answer, std::uint64_t position) {
  const Judgement& judgement = answer.judgement;
  const bool known = judgement.verdict != Verdict::kMalformed &&
                     judgement.verdict != Verdict::kNotFound && answer.credential.has_value();
  Json json;
  json["valid"] = judgement.verdict == Verdict::kValid;
  json["code"] = verdict_name(judgement.verdict);
  json["detail"] = verdict_sentence(judgement.verdict);
  json["key"] = known ? label_json(answer) : Json(nullptr);
  json["decided_by"] = nullptr;
  if (known && judgement.decided_by.exists()) {
    json["decided_by"] = {{"position", static_cast<std::uint64_t>(judgement.decided_by.position)},
                          {"type", action_name(static_cast<EventType>(judgement.decided_by.type))}};
  }
  json["position"] = position;
  return json;
}

// Somebody still uses a secret that has ended: its owner should know. The verdict does not wait for
// whether it could be recorded.
void record_retired_use(Call& call, const VerifyAnswer& answer) {
  if (!call.api.retired_use->is_news(answer.secret, call.now)) return;
  Submission submission;
  submission.call.workspace = answer.credential->workspace;
  submission.call.request_id = call.request_id;
  submission.command = RecordRetiredSecretUse{answer.credential->key, answer.secret};
  static_cast<void>(call.api.ledger.execute(std::move(submission)));
}

VerifyAnswer answer_for(Call& call, const VerifyFields& fields, const Workspace& workspace) {
  VerifyAnswer answer;
  if (is_malformed(fields.presented.reveal())) {
    answer.judgement.verdict = Verdict::kMalformed;
    return answer;
  }
  VerifyRequest request;
  request.workspace = call.caller->workspace;
  request.suspension = suspension_of(workspace);
  request.environment = fields.environment;
  if (fields.scopes) request.scopes = *fields.scopes;
  request.from = fields.from;
  VerifyIndex& index = call.api.projections.verify_index();
  return index.verify(fields.presented.hash().bytes, workspace.policy, request, call.now);
}

// Judges all of them on what is visible at one position, at least.
Result<Json> verify_all(Call& call, const std::vector<VerifyFields>& items) {
  const Projections& projections = call.api.projections;
  std::optional<std::uint64_t> wanted;
  for (const VerifyFields& fields : items) wanted = std::max(wanted, fields.min_position);
  if (wanted && !projections.projector().wait_beyond(*wanted, kWaitForPosition)) {
    return fail(ErrorCode::kBehind, "This position is not visible here yet.");
  }
  const std::uint64_t position = projections.projector().size() - 1;
  const auto workspace = projections.directory().workspace(call.caller->workspace);
  Json verdicts = Json::array();
  for (const VerifyFields& fields : items) {
    const VerifyAnswer answer = answer_for(call, fields, *workspace);
    if (call.api.options.on_verdict) call.api.options.on_verdict(answer.judgement.verdict);
    if (answer.judgement.verdict == Verdict::kSecretRetired) record_retired_use(call, answer);
    verdicts.push_back(verdict_json(answer, position));
    verdicts.back()["not_checked"] = not_checked(fields, workspace->policy);
  }
  call.position = position;
  return verdicts;
}

}  // namespace

Result<Response> verify_key(Call& call) {
  auto json = parse_body(call.request.body);
  if (!json) return fail(json.error());
  BodyReader body(*json);
  std::vector<VerifyFields> fields;
  fields.push_back(read_verify(body, *json));
  if (auto error = body.finish()) return fail(std::move(*error));
  const auto verdicts = verify_all(call, fields);
  if (!verdicts) return fail(verdicts.error());
  return json_response(200, verdicts->front());
}

Result<Response> verify_batch(Call& call) {
  auto json = parse_body(call.request.body);
  if (!json) return fail(json.error());
  BodyReader body(*json);
  std::vector<VerifyFields> items;
  body.objects("items", kMaxItems, [&](BodyReader& item, const Json& object) {
    items.push_back(read_verify(item, object));
  });
  if (auto error = body.finish()) return fail(std::move(*error));
  auto verdicts = verify_all(call, items);
  if (!verdicts) return fail(verdicts.error());
  return page_response(std::move(*verdicts), std::nullopt);
}

Result<Response> whoami(Call& call) {
  const auto unknown = fail(ErrorCode::kUnauthenticated, "Send a valid key in Authorization.");
  const auto credential = credential_of(call.request);
  if (!credential || is_malformed(*credential)) return unknown;
  Projections& projections = call.api.projections;
  RequestSource from{parse_address(call.client_ip), std::nullopt};
  if (const auto origin = call.request.header("Origin")) from.origin = parse_origin(*origin);
  const auto caller = projections.verify_index().caller(
      Secret(std::string(*credential)).hash().bytes, from, call.now);
  if (!caller) return unknown;
  const auto workspace = projections.directory().workspace(caller->workspace);
  const bool manages = caller->type == KeyType::kManagement;
  if (!manages && workspace && workspace->suspended) return unknown;
  const Verdict verdict = caller->judgement.verdict;
  if (verdict == Verdict::kIpNotAllowed || verdict == Verdict::kOriginNotAllowed) {
    return fail(ErrorCode::kForbidden, std::string(verdict_sentence(verdict)));
  }
  if (verdict != Verdict::kValid) return unknown;
  const auto key = projections.keys().key(caller->key);
  if (!key) return fail(key.error());
  if (!*key) return unknown;
  projections.verify_index().count_use(caller->key, call.now);

  auto shown = key_answer(call, **key, call.now);
  if (!shown) return fail(shown.error());
  Json json;
  json["key"] = std::move(*shown);
  json["member"] = nullptr;
  if ((*key)->member) {
    const auto member = projections.directory().member(*(*key)->member);
    if (!member || member->member.removed) return unknown;
    json["member"] = member_json(member->member, member->profile);
  }
  const auto seen = [&](std::string_view header) {
    const auto value = call.request.header(header);
    return value ? Json(std::string(*value)) : Json(nullptr);
  };
  json["client"] = {
      {"ip", call.client_ip}, {"origin", seen("Origin")}, {"user_agent", seen("User-Agent")}};
  return json_response(200, json);
}

}  // namespace keyledger::http
