// Forward authentication: a gateway asks, for each request, whether it may pass (design product.md
// section 5 "At the gateway"; docs/gateway-protocol.md). Needs nothing but memory.
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "events/names.h"
#include "http/authorize_request.h"
#include "http/cors.h"
#include "http/handlers.h"
#include "http/judge_call.h"
#include "http/problem.h"
#include "http/query.h"
#include "http/rate_limit_headers.h"

namespace keyledger::http {
namespace {

// Headers that decide, besides those of the policy and those that no call may send twice.
constexpr std::array<std::string_view, 2> kSingleHeaders = {"Access-Control-Request-Method",
                                                            "Access-Control-Request-Headers"};

// Whose keys a gateway accepts.
struct Gateway {
  std::shared_ptr<const Workspace> workspace;
  std::optional<Environment> environment;  // absent: either
};

Result<Gateway> gateway_of(const Call& call) {
  const Directory& directory = call.api.projections.directory();
  if (call.params.empty()) {
    if (auto only = directory.only_workspace()) return Gateway{std::move(only), std::nullopt};
    return fail_field(
        "url", FieldFault::kRequired,
        "This ledger does not have exactly one workspace: say which, and the environment, as "
        "in /v1/authorize/ws_…/live.");
  }
  const auto id = call.id<WorkspaceId>();
  Gateway gateway{id ? directory.workspace(*id) : nullptr, std::nullopt};
  if (!gateway.workspace) {
    return fail(ErrorCode::kNotFound,
                "There is no workspace with this id: check the one in the URL that the gateway "
                "asks, against GET /v1/workspace.");
  }
  const std::string& environment = call.params.find("environment")->second;
  if (environment == "live") gateway.environment = Environment::kLive;
  if (environment == "test") gateway.environment = Environment::kTest;
  if (!gateway.environment && environment != "any") {
    return fail(ErrorCode::kNotFound,
                "The environment in the URL that the gateway asks must be live, test or any.");
  }
  return gateway;
}

// Two lines of a header that decides would leave open which of them the upstream reads.
Result<void> check_single(const Request& request, const Policy& policy) {
  FieldFaults faults;
  const auto check = [&](std::string_view name) {
    if (request.headers.count(name) > 1) faults.add(name, FieldFault::kInvalid, "must stand once");
  };
  for (const std::string_view name : kSingleHeaders) check(name);
  for (const RequiredHeader& required : policy.required_headers) check(required.name);
  if (auto refused = faults.verdict()) return fail(std::move(*refused));
  return {};
}

// With a list of endpoints, a request that is not described cannot be held to it.
Result<void> check_described(const Policy& policy, const std::optional<OriginalRequest>& original) {
  if (original || policy.endpoints.empty()) return {};
  return fail_field(
      "X-Original-Method", FieldFault::kRequired,
      "The policy has a list of endpoints: send X-Original-Method and X-Original-URI, "
      "or X-Forwarded-Method and X-Forwarded-Uri, or append the path to the URL.");
}

Result<void> check_question(const Request& request, const Policy& policy,
                            const Result<std::optional<OriginalRequest>>& original) {
  if (!original) return fail(original.error());
  if (auto checked = check_single(request, policy); !checked) return checked;
  return check_described(policy, *original);
}

// --- Answers ---

// RFC 3986 section 2.3: what is not unreserved is escaped, byte by byte.
std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
  return out;
}

// Names of scopes need no escapes and have no comma.
std::string joined(const ScopeSet& scopes) {
  std::string out;
  for (const std::string& scope : scopes) {
    if (!out.empty()) out += ',';
    out += scope;
  }
  return out;
}

// All of them, always: a gateway that copies them overwrites what a client has sent under these
// names.
Response allowed(const VerifyAnswer& answer, const Policy& policy) {
  const Credential& credential = *answer.credential;
  const KeyLabel label = answer.label.unpack();
  Response response;
  response.headers = {
      {"X-Key-Id", to_text(credential.key)},
      {"X-Key-Name", percent_encoded(label.name)},
      {"X-Key-Type", std::string(key_type_name(credential.type))},
      {"X-Key-Environment", std::string(environment_name(credential.environment))},
      {"X-Key-Scopes", joined(shown_scopes(credential.grants->scopes, credential.type, policy))},
      {"X-Key-External-Id", percent_encoded(label.external_id.value_or(std::string()))},
      {"X-Workspace-Id", to_text(credential.workspace)},
  };
  response.body = "{}";
  return response;
}

// Why a key is none is nobody's business who does not have it.
bool is_hidden(Verdict verdict) {
  return verdict == Verdict::kMalformed || verdict == Verdict::kNotFound ||
         verdict == Verdict::kRevoked || verdict == Verdict::kCompromised ||
         verdict == Verdict::kSecretRetired;
}

Response refused(const Call& call, Verdict verdict, std::string_view detail) {
  Refusal refusal;
  refusal.code = is_hidden(verdict) ? "invalid_api_key" : verdict_name(verdict);
  refusal.detail = is_hidden(verdict) ? "Send a valid API key in Authorization." : detail;
  if (verdict == Verdict::kHeaderRequired) {
    refusal.status = 400;
    refusal.title = "A header is required";
  } else if (verdict <= Verdict::kSecretRetired) {
    refusal.status = 401;
    refusal.title = "No valid API key";
  } else if (verdict == Verdict::kRateLimited) {
    refusal.status = 429;
    refusal.title = "Too many requests";
  } else {
    refusal.status = 403;
    refusal.title = "The API key does not allow this";
  }
  return problem(refusal, call.request_id);
}

Response judged(Call& call, const Gateway& gateway, const std::optional<OriginalRequest>& original,
                bool& declined) {
  const Workspace& workspace = *gateway.workspace;
  const Policy& policy = workspace.policy;
  std::vector<RequestHeader> headers;
  for (const RequiredHeader& required : policy.required_headers) {
    if (const auto value = call.request.header(required.name)) {
      headers.push_back({required.name, *value});
    }
  }
  VerifyRequest request;
  request.workspace = workspace.id;
  request.suspension = suspension_of(workspace);
  request.policy = policy_cause_of(workspace);
  request.environment = gateway.environment;
  const ClientAddress user = user_of(call.client);
  request.from.ip = user.ip;
  if (const auto origin = call.request.header("Origin"))
    request.from.origin = parse_origin(*origin);
  if (original) request.endpoint = {original->method, original->target};
  request.headers = headers;
  const std::string_view presented = credential_of(call.request).value_or("");
  const auto answer = judge_presented(call, presented, request, policy);
  if (!answer) {
    declined = true;
    return {};
  }
  const Verdict verdict = answer->judgement.verdict;
  call.is_wrong_key = is_hidden(verdict) && !presented.empty();
  const auto detail = [&] {
    const auto unknown = verdict == Verdict::kIpNotAllowed ? why_unknown(user) : std::nullopt;
    return unknown ? *unknown : verdict_detail(verdict, request, policy);
  };
  Response response =
      verdict == Verdict::kValid ? allowed(*answer, policy) : refused(call, verdict, detail());
  add_rate_limit_headers(response, answer->rate, verdict != Verdict::kRateLimited);
  if (call.client.through_proxy) {
    call.answer_headers.emplace_back("X-Verdict", std::string(verdict_name(verdict)));
  }
  return response;
}

}  // namespace

Result<Response> authorize(Call& call) {
  QueryReader query(call);
  static_cast<void>(query.choice<bool>("nginx", {{"1", true}}));
  if (auto error = query.finish()) return fail(std::move(*error));
  const auto gateway = gateway_of(call);
  if (!gateway) return fail(gateway.error());
  const auto original = original_request(call.request, call.appended, call.client);
  const Workspace& workspace = *gateway->workspace;
  const Browser browser(call, workspace, gateway->environment, original ? *original : std::nullopt);
  const auto readable = check_question(call.request, workspace.policy, original);
  if (readable && browser.is_preflight()) return browser.answer_preflight();
  browser.add_headers(call.answer_headers);
  if (!readable) return fail(readable.error());
  bool declined = false;
  Response response = judged(call, *gateway, *original, declined);
  call.declined = declined;
  return response;
}

}  // namespace keyledger::http
