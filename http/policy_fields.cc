#include "http/policy_fields.h"

#include <algorithm>
#include <utility>

#include "core/endpoint.h"
#include "http/authorize_request.h"
#include "http/secret.h"

namespace keyledger::http {
namespace {

constexpr std::uint64_t kMaxSeconds = 100ULL * 366 * 86'400;  // a hundred years
constexpr std::uint64_t kMaxDays = 36'500;

bool is_header_value(std::string_view text) {
  const auto visible = [](char c) { return c >= ' ' && c <= '~'; };
  return !text.empty() && text.front() != ' ' && text.back() != ' ' &&
         std::all_of(text.begin(), text.end(), visible);
}

// Lower case alone, as the rest of a secret's prefix is: "acme" in "acme_sk_live_…".
bool is_secret_prefix(std::string_view text) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return text.size() <= kMaxSecretPrefix && std::all_of(text.begin(), text.end(), allowed);
}

template <typename Number>
std::optional<Number> read_whole(BodyReader& body, std::string_view field, std::uint64_t max) {
  const auto given = body.whole(field, 1, max);
  return given ? std::optional(static_cast<Number>(*given)) : std::nullopt;
}

void read_key_types(BodyReader& body, Policy& policy) {
  const auto fits = [](std::string_view text) { return text == "public" || text == "private"; };
  const auto types =
      body.texts("key_types", "key types", {kMaxName, fits, "must be public or private"});
  if (!types) return;
  const auto lists = [&](std::string_view type) {
    return std::find(types->begin(), types->end(), type) != types->end();
  };
  policy.allow_public = lists("public");
  policy.allow_private = lists("private");
}

void read_scopes(BodyReader& body, Policy& policy) {
  if (!body.has("scopes")) return;
  body.objects("scopes", kMaxListEntries, [&policy](BodyReader& fields, const Json&) {
    PolicyScope scope;
    scope.name = fields.required_text("name", kMaxScope).value_or("");
    if (!scope.name.empty() && !is_scope(scope.name)) {
      fields.fault("name", FieldFault::kInvalid, kScopeRule);
    }
    scope.description = fields.free_text("description", kMaxText).value_or("");
    scope.is_public = fields.boolean("public").value_or(false);
    policy.scopes.push_back(std::move(scope));
  });
}

PolicyEndpoint read_endpoint(BodyReader& fields) {
  PolicyEndpoint endpoint;
  const auto method = fields.required_text("method", kMaxName);
  const auto path = fields.required_text("path", kMaxText);
  endpoint.method = method.value_or("GET");
  endpoint.path = path.value_or("/");
  const EndpointFaults faults = check_endpoint_pattern(endpoint.method, endpoint.path);
  if (faults.method) fields.fault("method", FieldFault::kInvalid, *faults.method);
  if (faults.path) fields.fault("path", FieldFault::kInvalid, *faults.path);
  endpoint.scope = fields.free_text("scope", kMaxScope).value_or("");
  if (!endpoint.scope.empty() && !is_scope(endpoint.scope)) {
    fields.fault("scope", FieldFault::kInvalid, kScopeRule);
  }
  endpoint.is_public = fields.boolean("public").value_or(false);
  return endpoint;
}

void read_endpoints(BodyReader& body, Policy& policy) {
  if (!body.has("endpoints")) return;
  body.objects("endpoints", kMaxListEntries, [&policy](BodyReader& fields, const Json&) {
    policy.endpoints.push_back(read_endpoint(fields));
  });
}

void read_headers(BodyReader& body, Policy& policy) {
  if (!body.has("required_headers")) return;
  body.objects("required_headers", kMaxListEntries, [&policy](BodyReader& fields, const Json&) {
    RequiredHeader header;
    header.name = fields.required_text("name", kMaxName).value_or("");
    if (!header.name.empty() && !is_http_token(header.name)) {
      fields.fault("name", FieldFault::kInvalid, "must be a header's name (RFC 9110 section 5.1)");
    }
    const auto values = fields.texts(
        "values", "texts",
        {kMaxToken, is_header_value, "must be printable ASCII without spaces at its ends"});
    if (!fields.has("values")) fields.fault("values", FieldFault::kRequired, "is required");
    header.values = values.value_or(std::vector<std::string>());
    policy.required_headers.push_back(std::move(header));
  });
}

void read_switches(BodyReader& body, Policy& policy) {
  policy.unique_names = body.boolean("unique_names").value_or(policy.unique_names);
  policy.forbid_wildcard_origin_live =
      body.boolean("forbid_wildcard_origin_live").value_or(policy.forbid_wildcard_origin_live);
  policy.require_reason = body.boolean("require_reason").value_or(policy.require_reason);
  policy.require_if_match = body.boolean("require_if_match").value_or(policy.require_if_match);
  policy.name_rule =
      body.choice<NameRule>("name_rule",
                            {{"free", NameRule::kFree}, {"no_whitespace", NameRule::kNoWhitespace}})
          .value_or(policy.name_rule);
  policy.on_leak = body.choice<OnLeak>("on_leak", {{"report", OnLeak::kReport},
                                                   {"suspend", OnLeak::kSuspend},
                                                   {"revoke", OnLeak::kRevoke}})
                       .value_or(policy.on_leak);
  policy.use_digest = body.choice<UseDigest>("use_digest", {{"off", UseDigest::kOff},
                                                            {"daily", UseDigest::kDaily},
                                                            {"hourly", UseDigest::kHourly}})
                          .value_or(policy.use_digest);
}

void read_limits(BodyReader& body, Policy& policy) {
  policy.max_ttl_seconds = read_whole<std::uint64_t>(body, "max_ttl_seconds", kMaxSeconds);
  policy.default_ttl_seconds = read_whole<std::uint64_t>(body, "default_ttl_seconds", kMaxSeconds);
  policy.rotation_age_days = read_whole<std::uint32_t>(body, "rotation_age_days", kMaxDays);
  policy.inactivity_days = read_whole<std::uint32_t>(body, "inactivity_days", kMaxDays);
  policy.usage_retention_days = read_whole<std::uint32_t>(body, "usage_retention_days", kMaxDays)
                                    .value_or(policy.usage_retention_days);
  policy.rate_limit = body.rate_limit("rate_limit").value;
}

}  // namespace

Policy read_policy(BodyReader& body) {
  Policy policy;
  for (const char* told : {"version", "updated_at", "position", "dry_run", "warnings",
                           "affected_count", "affected_keys"}) {
    body.ignore(told);
  }
  read_key_types(body, policy);
  read_scopes(body, policy);
  policy.default_scopes = body.scopes("default_scopes").value_or(policy.default_scopes);
  read_endpoints(body, policy);
  read_headers(body, policy);
  read_switches(body, policy);
  read_limits(body, policy);
  policy.secret_prefix = body.free_text("secret_prefix", kMaxName).value_or("");
  if (!is_secret_prefix(policy.secret_prefix)) {
    body.fault(
        "secret_prefix", FieldFault::kInvalid,
        "must be at most " + std::to_string(kMaxSecretPrefix) + " lower-case letters and digits");
  }
  return policy;
}

}  // namespace keyledger::http
