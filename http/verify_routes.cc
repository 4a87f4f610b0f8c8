// May this secret do this, now? And: who am I? (design api.md "Keys", "At the gateway").
#include <algorithm>
#include <span>

#include "core/judge.h"
#include "events/event.h"
#include "events/names.h"
#include "http/as_of.h"
#include "http/change.h"
#include "http/handlers.h"
#include "http/judge_call.h"
#include "http/key_answer.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/rate_limit_headers.h"
#include "http/retired_use.h"
#include "http/sealed_secrets.h"
#include "http/verdict_text.h"
#include "http/verify_fields.h"

namespace keyledger::http {
namespace {

constexpr std::size_t kMaxItems = 1000;

// What was not looked at, since it was not given. An address and an origin are always looked at: a
// key that has such a rule wants them given.
std::vector<std::string_view> not_checked(const VerifyFields& fields, const Policy& policy) {
  std::vector<std::string_view> out;
  if (!fields.endpoint) out.push_back("endpoint");
  if (!fields.scopes) out.push_back("scopes");
  if (!fields.headers && !policy.required_headers.empty()) out.push_back("headers");
  return out;
}

// `headers` is where the request's are kept.
VerifyRequest request_of(const Call& call, const VerifyFields& fields, const Workspace& workspace,
                         std::vector<RequestHeader>& headers) {
  VerifyRequest request;
  request.workspace = call.caller->workspace;
  request.suspension = suspension_of(workspace);
  request.policy = policy_cause_of(workspace);
  request.environment = fields.environment;
  if (fields.scopes) request.scopes = *fields.scopes;
  request.from = fields.from;
  if (fields.endpoint) request.endpoint = {fields.endpoint->method, fields.endpoint->target};
  if (fields.headers) {
    for (const auto& [name, value] : *fields.headers) headers.push_back({name, value.reveal()});
    request.headers = headers;
  }
  return request;
}

// Judges one and writes its verdict. Nothing if that may take a while and the call must not wait.
std::optional<VerifyAnswer> write_answer(Call& call, const VerifyFields& fields,
                                         const Workspace& workspace, std::string& out) {
  std::vector<RequestHeader> headers;
  const VerifyRequest request = request_of(call, fields, workspace, headers);
  const Policy& policy = workspace.policy;
  auto answer = judge_presented(call, fields.presented.reveal(), request, policy);
  if (!answer) return std::nullopt;
  const std::string detail = verdict_detail(answer->judgement.verdict, request, policy);
  write_verdict(out, *answer, detail, *call.position, not_checked(fields, policy));
  return answer;
}

// The same as of a moment that is past.
Result<void> write_past_answer(const Call& call, const VerifyFields& fields, const Moment& moment,
                               std::string& out) {
  const Past then(call.api.projections, call.api.log, moment.position);
  const auto found = then.workspace(call.caller->workspace);
  if (!found) return fail(found.error());
  static const Workspace kNoneYet;
  const Workspace& workspace = *found ? **found : kNoneYet;
  std::vector<RequestHeader> headers;
  const VerifyRequest request = request_of(call, fields, workspace, headers);
  const Policy& policy = workspace.policy;
  const auto answer =
      judge_past(call, fields.presented.reveal(), request, policy, then, moment.clock);
  if (!answer) return fail(answer.error());
  const std::string detail = verdict_detail(answer->judgement.verdict, request, policy);
  write_verdict(out, *answer, detail, moment.position, not_checked(fields, policy));
  return {};
}

// What all verdicts of a call are judged on, at least: the position that is visible now, or that
// one of them asked for.
Result<void> settle_position(Call& call, std::span<const VerifyFields> items) {
  std::optional<std::uint64_t> wanted;
  for (const VerifyFields& fields : items) wanted = std::max(wanted, fields.min_position);
  if (wanted && !call.api.wait_for(*wanted)) {
    return fail(ErrorCode::kBehind, "This position is not visible here yet.");
  }
  call.position = call.api.projections.projector().size() - 1;
  return {};
}

Response declined(Call& call) {
  call.declined = true;
  return {};
}

Result<Response> answer_one(Call& call, const VerifyFields& fields) {
  if (auto settled = settle_position(call, {&fields, 1}); !settled) return fail(settled.error());
  Response response;
  if (fields.as_of) {
    const auto moment = settle_moment(call, fields.as_of);
    if (!moment) return fail(moment.error());
    const auto written = write_past_answer(call, fields, *moment, response.body);
    if (!written) return fail(written.error());
    return response;
  }
  const auto workspace = call.own_workspace();
  if (!workspace) return fail(workspace.error());
  const auto answer = write_answer(call, fields, **workspace, response.body);
  if (!answer) return declined(call);
  add_rate_limit_headers(response, answer->rate,
                         answer->judgement.verdict != Verdict::kRateLimited);
  return response;
}

}  // namespace

Result<Response> verify_key(Call& call) {
  const bool audits = call.caller->role == Role::kAuditor;
  if (!audits) {
    if (const auto plain = read_plain_verify(call.request.body)) return answer_one(call, *plain);
  }
  if (!call.may_wait) return declined(call);
  auto json = parse_body(call.request.body);
  if (!json) return fail(json.error());
  if (audits && json->value("as_of", Json()).is_null()) {
    return fail(ErrorCode::kForbidden,
                "An auditor verifies as of the past, with as_of; else this needs the role owner or "
                "admin or verifier.");
  }
  BodyReader body(*json);
  const VerifyFields fields = read_verify(body, *json);
  if (auto error = body.finish()) return fail(std::move(*error));
  return answer_one(call, fields);
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
  if (auto settled = settle_position(call, items); !settled) return fail(settled.error());
  std::vector<Moment> moments;
  for (const VerifyFields& fields : items) {
    const std::string field = "items[" + std::to_string(moments.size()) + "].as_of";
    const auto moment = find_moment(call, fields.as_of, field);
    if (!moment) return fail(moment.error());
    moments.push_back(*moment);
  }
  const auto workspace = call.own_workspace();
  if (!workspace) return fail(workspace.error());
  std::string text = R"({"data":[)";
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i != 0) text += ',';
    if (moments[i].is_past) {
      const auto written = write_past_answer(call, items[i], moments[i], text);
      if (!written) return fail(written.error());
    } else {
      static_cast<void>(write_answer(call, items[i], **workspace, text));  // it may wait
    }
  }
  text += R"(],"next_cursor":null})";
  Response response;
  response.body = std::move(text);
  return response;
}

namespace {

Response too_often(const Call& call, const RateState& state) {
  Response response = problem({429, "Too many requests", error_name(ErrorCode::kRateLimited),
                               verdict_sentence(Verdict::kRateLimited)},
                              call.request_id);
  add_rate_limit_headers(response, state, false);
  return response;
}

}  // namespace

Result<Response> whoami(Call& call) {
  const auto unknown = fail(ErrorCode::kUnauthenticated, "Send a valid key in Authorization.");
  const auto credential = credential_of(call.request);
  if (!credential || is_malformed(*credential)) return unknown;
  Projections& projections = call.api.projections;
  const ClientAddress user = user_of(call.client);
  RequestSource from{user.ip, std::nullopt};
  if (const auto origin = call.request.header("Origin")) from.origin = parse_origin(*origin);
  const auto caller = projections.verify_index().caller(
      Secret(std::string(*credential)).hash().bytes, from, call.now);
  if (!caller) return unknown;
  const auto workspace = projections.directory().workspace(caller->workspace);
  const bool manages = caller->type == KeyType::kManagement;
  Verdict verdict = caller->judgement.verdict;
  if (!manages && workspace && workspace->suspended) {
    verdict = std::min(verdict, Verdict::kSuspended);  // the first that fails is the verdict
  }
  const auto count = [&](const std::optional<RateLimit>& rate) {
    const UseDigest period = workspace ? workspace->policy.use_digest : UseDigest::kDaily;
    return projections.verify_index().count({caller->key, caller->secret, verdict, from, period},
                                            rate, call.now);
  };
  if (verdict != Verdict::kValid) {
    count(std::nullopt);
    if (verdict == Verdict::kIpNotAllowed && !user.ip) {
      return fail(ErrorCode::kForbidden, *why_unknown(user));
    }
    if (verdict == Verdict::kIpNotAllowed || verdict == Verdict::kOriginNotAllowed) {
      return fail(ErrorCode::kForbidden, std::string(verdict_sentence(verdict)));
    }
    if (verdict == Verdict::kSecretRetired) {
      record_retired_use(call.api, {caller->workspace, caller->key, caller->secret},
                         call.request_id, call.now);
    }
    return unknown;
  }
  const auto key = projections.keys().key(caller->key);
  if (!key) return fail(key.error());
  if (!*key) return unknown;
  // Limits are for uses of the API that is protected; management keys have none.
  const auto rate = manages || !workspace
                        ? std::nullopt
                        : rate_limit_for(caller->rate_limit, workspace->policy.rate_limit);
  const auto taken = count(rate);
  if (taken && !taken->granted) return too_often(call, taken->after);

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
      {"ip", user.text}, {"origin", seen("Origin")}, {"user_agent", seen("User-Agent")}};
  Response response = json_response(200, json);
  if (taken) add_rate_limit_headers(response, taken->after, true);
  return response;
}

}  // namespace keyledger::http
