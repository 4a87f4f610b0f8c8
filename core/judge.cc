#include "core/judge.h"

#include <algorithm>

#include "core/endpoint.h"
#include "events/text.h"

namespace keyledger {

namespace {

const PolicyScope* find_scope(const Policy& policy, std::string_view name) {
  const auto found = std::find_if(policy.scopes.begin(), policy.scopes.end(),
                                  [name](const PolicyScope& scope) { return scope.name == name; });
  return found == policy.scopes.end() ? nullptr : &*found;
}

bool contains(const ScopeSet& scopes, std::string_view wanted) {
  return std::binary_search(scopes.begin(), scopes.end(), wanted, std::less<>());
}

bool grants_all(const Grants& grants, KeyType type, const Policy& policy,
                std::span<const std::string> wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& scope) {
    return grants_scope(grants.scopes, type, policy, scope);
  });
}

bool allows_address(const Grants& grants, const std::optional<IpAddress>& ip) {
  if (grants.networks.empty()) return true;
  return ip && std::any_of(grants.networks.begin(), grants.networks.end(),
                           [&](const NetworkRule& rule) { return contains(rule, *ip); });
}

// Public keys alone have origin rules, and one without any rule matches nothing.
bool allows_origin(const Grants& grants, KeyType type, const std::optional<Origin>& origin) {
  if (type != KeyType::kPublic) return true;
  if (!origin && grants.allow_missing_origin) return true;
  return std::any_of(grants.origins.begin(), grants.origins.end(), [&](const OriginRule& rule) {
    return origin ? matches(rule, *origin) : is_any(rule);
  });
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHeaderRequired: return "HEADER_REQUIRED";
    case Verdict::kMalformed: return "MALFORMED";
    case Verdict::kNotFound: return "NOT_FOUND";
    case Verdict::kRevoked: return "REVOKED";
    case Verdict::kCompromised: return "COMPROMISED";
    case Verdict::kExpired: return "EXPIRED";
    case Verdict::kSuspended: return "SUSPENDED";
    case Verdict::kNotYetValid: return "NOT_YET_VALID";
    case Verdict::kSecretRetired: return "SECRET_RETIRED";
    case Verdict::kEnvironmentNotAllowed: return "ENVIRONMENT_NOT_ALLOWED";
    case Verdict::kIpNotAllowed: return "IP_NOT_ALLOWED";
    case Verdict::kOriginNotAllowed: return "ORIGIN_NOT_ALLOWED";
    case Verdict::kEndpointNotAllowed: return "ENDPOINT_NOT_ALLOWED";
    case Verdict::kScopeNotGranted: return "SCOPE_NOT_GRANTED";
    case Verdict::kRateLimited: return "RATE_LIMITED";
    case Verdict::kValid: return "VALID";
  }
  return "UNKNOWN";
}

std::string_view verdict_sentence(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHeaderRequired: return "A header that is required is missing or not accepted.";
    case Verdict::kMalformed: return "The text cannot be an API key.";
    case Verdict::kNotFound: return "There is no such key in this workspace.";
    case Verdict::kRevoked: return "The key was revoked.";
    case Verdict::kCompromised: return "The key was revoked because it is compromised.";
    case Verdict::kExpired: return "The key has expired.";
    case Verdict::kSuspended: return "The key is suspended.";
    case Verdict::kNotYetValid: return "The key is not valid yet.";
    case Verdict::kSecretRetired: return "The key was rotated; this secret has been retired.";
    case Verdict::kEnvironmentNotAllowed: return "The key belongs to the other environment.";
    case Verdict::kIpNotAllowed: return "The key may not be used from this address.";
    case Verdict::kOriginNotAllowed: return "The key may not be used from this origin.";
    case Verdict::kEndpointNotAllowed: return "The key may not be used for this endpoint.";
    case Verdict::kScopeNotGranted: return "The key does not have every scope that is asked for.";
    case Verdict::kRateLimited: return "The key has been used too often in this window.";
    case Verdict::kValid: return "The key is valid.";
  }
  return "Unknown.";
}

Grants grants_of(const Key& key) {
  return {key.scopes, key.allowed_origins, key.allow_missing_origin, key.allowed_ips,
          key.rate_limit};
}

Credential credential_of(const Key& key, const KeySecret& secret,
                         std::shared_ptr<const Grants> grants) {
  Credential credential;
  credential.key = key.id;
  credential.workspace = key.workspace;
  if (key.not_before) credential.not_before_ms = key.not_before->ms;
  if (key.expires_at) credential.expires_at_ms = key.expires_at->ms;
  if (secret.retires_at) credential.retires_at_ms = secret.retires_at->ms;
  credential.grants = std::move(grants);
  credential.created = key.created_cause;
  credential.newest = key.newest_cause;
  credential.scopes = key.scopes_cause;
  credential.origins = key.origins_cause;
  credential.addresses = key.addresses_cause;
  credential.start = key.start_cause;
  credential.expiry = key.expiry_cause;
  credential.rate_limit = key.rate_limit_cause;
  credential.suspension = key.suspension_cause;
  credential.retirement = secret.retired_cause;
  credential.end = key.end_cause;
  credential.type = key.type;
  credential.environment = key.environment;
  credential.suspended = key.suspended;
  if (key.end) credential.ended = key.end->status;
  return credential;
}

Judgement judge(const Credential* credential, const Policy& policy, const VerifyRequest& request,
                Timestamp now) {
  if (missing_header(policy, request.headers) != nullptr) {
    return {Verdict::kHeaderRequired, request.policy};
  }
  if (credential == nullptr || credential->workspace != request.workspace ||
      credential->type == KeyType::kManagement) {
    return {Verdict::kNotFound, {}};
  }
  const Credential& held = *credential;
  if (held.ended) {
    const bool compromised = *held.ended == KeyStatus::kCompromised;
    return {compromised ? Verdict::kCompromised : Verdict::kRevoked, held.end};
  }
  if (held.expires_at_ms <= now.ms) return {Verdict::kExpired, held.expiry};
  if (request.suspension.exists()) return {Verdict::kSuspended, request.suspension};
  if (held.suspended) return {Verdict::kSuspended, held.suspension};
  if (held.not_before_ms > now.ms) return {Verdict::kNotYetValid, held.start};
  if (held.retires_at_ms <= now.ms) return {Verdict::kSecretRetired, held.retirement};
  if (request.environment && *request.environment != held.environment) {
    return {Verdict::kEnvironmentNotAllowed, held.created};
  }
  static const Grants kNothing;
  const Grants& grants = held.grants ? *held.grants : kNothing;
  if (!allows_address(grants, request.from.ip)) return {Verdict::kIpNotAllowed, held.addresses};
  if (!allows_origin(grants, held.type, request.from.origin)) {
    return {Verdict::kOriginNotAllowed, held.origins};
  }
  if (request.endpoint) {
    const Reach reach = reach_of(grants.scopes, held.type, policy, *request.endpoint);
    if (reach == Reach::kNotAllowed) return {Verdict::kEndpointNotAllowed, request.policy};
    if (reach == Reach::kScopeNotGranted) return {Verdict::kScopeNotGranted, held.scopes};
  }
  if (!grants_all(grants, held.type, policy, request.scopes)) {
    return {Verdict::kScopeNotGranted, held.scopes};
  }
  return {Verdict::kValid, held.newest};
}

const RequiredHeader* missing_header(const Policy& policy, const RequestHeaders& headers) {
  if (!headers) return nullptr;
  for (const RequiredHeader& required : policy.required_headers) {
    bool accepted = false;
    for (const RequestHeader& header : *headers) {
      if (!equal_ignoring_case(header.name, required.name)) continue;
      const auto& values = required.values;
      accepted = std::find(values.begin(), values.end(), header.value) != values.end();
      if (!accepted) break;  // given twice, both must be
    }
    if (!accepted) return &required;
  }
  return nullptr;
}

// Of several lines that are about it, one that allows it is enough.
Reach reach_of(const ScopeSet& scopes, KeyType type, const Policy& policy,
               const RequestEndpoint& endpoint) {
  if (policy.endpoints.empty()) return Reach::kReached;
  const RequestPath path(endpoint.target);
  if (!path.is_usable()) return Reach::kNotAllowed;
  bool listed = false;
  bool open = false;
  for (const PolicyEndpoint& line : policy.endpoints) {
    if (!matches(line, endpoint.method, path)) continue;
    listed = true;
    if (type == KeyType::kPublic && !line.is_public) continue;
    open = true;
    const bool granted = line.scope.empty() || grants_scope(scopes, type, policy, line.scope);
    if (granted) return Reach::kReached;
  }
  if (open) return Reach::kScopeNotGranted;
  const bool unlisted_is_allowed =
      !listed && type != KeyType::kPublic && contains(scopes, kAllScopes);
  return unlisted_is_allowed ? Reach::kReached : Reach::kNotAllowed;
}

bool is_public(const Policy& policy, const RequestEndpoint& endpoint) {
  if (policy.endpoints.empty()) return true;
  const RequestPath path(endpoint.target);
  return std::any_of(policy.endpoints.begin(), policy.endpoints.end(),
                     [&](const PolicyEndpoint& line) {
                       return line.is_public && matches(line, endpoint.method, path);
                     });
}

ScopeSet shown_scopes(const ScopeSet& scopes, KeyType type, const Policy& policy) {
  if (type != KeyType::kPublic || !contains(scopes, kAllScopes)) return scopes;
  ScopeSet shown;
  for (const PolicyScope& scope : policy.scopes) {
    if (scope.is_public) shown.push_back(scope.name);
  }
  make_set(shown);
  return shown;
}

bool grants_scope(const ScopeSet& scopes, KeyType type, const Policy& policy,
                  std::string_view wanted) {
  const bool all = contains(scopes, kAllScopes);
  if (type != KeyType::kPublic) return all || contains(scopes, wanted);
  // A policy that was narrowed since narrows the public keys that are out there, too. Without a
  // list of scopes nothing is marked public, so ALL grants none.
  const PolicyScope* known = find_scope(policy, wanted);
  if (known != nullptr) return known->is_public && (all || contains(scopes, wanted));
  return policy.scopes.empty() && !all && contains(scopes, wanted);
}

}  // namespace keyledger
