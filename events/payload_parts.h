// The values that payloads are made of, in their stored order: FORMAT.md "Enums" and "Parts". Only
// event_payloads.h includes this.
#pragma once

#include <algorithm>
#include <functional>

#include "events/event.h"
#include "events/event_archive.h"

namespace keyledger {

// clang-format off
template <> struct LastOf<StreamKind> { static constexpr auto kValue = StreamKind::kKey; };
template <> struct LastOf<ActorKind> { static constexpr auto kValue = ActorKind::kKeyHolder; };
template <> struct LastOf<Role> { static constexpr auto kValue = Role::kVerifier; };
template <> struct LastOf<KeyType> { static constexpr auto kValue = KeyType::kManagement; };
template <> struct LastOf<Environment> { static constexpr auto kValue = Environment::kTest; };
template <> struct LastOf<HashAlgorithm> { static constexpr auto kValue = HashAlgorithm::kSha256; };
template <> struct LastOf<RevocationCode> {
  static constexpr auto kValue = RevocationCode::kPrivilegeWithdrawn;
};
template <> struct LastOf<NameRule> { static constexpr auto kValue = NameRule::kNoWhitespace; };
template <> struct LastOf<OnLeak> { static constexpr auto kValue = OnLeak::kRevoke; };
template <> struct LastOf<UseDigest> { static constexpr auto kValue = UseDigest::kHourly; };
// clang-format on

// Sorted bytewise, none twice.
inline bool is_set(const ScopeSet& scopes) {
  return std::adjacent_find(scopes.begin(), scopes.end(), std::greater_equal<>()) == scopes.end();
}

template <typename Archive>
void serialize(Archive& archive, OriginRule& rule) {
  archive(rule.scheme, rule.host, rule.port, rule.self, rule.subdomains);
}

template <typename Archive>
void serialize(Archive& archive, NetworkRule& rule) {
  archive(rule.address, rule.prefix);
  archive.require(rule.prefix <= 128);
}

template <typename Archive>
void serialize(Archive& archive, RateLimit& rate) {
  archive(rate.limit, rate.window_seconds);
}

template <typename Archive>
void serialize(Archive& archive, SecretHash& hash) {
  archive(hash.algorithm, hash.bytes);
}

template <typename Archive>
void serialize(Archive& archive, SecretFacts& secret) {
  archive(secret.id, secret.hash, secret.handle);
}

template <typename Archive>
void serialize(Archive& archive, PolicyScope& scope) {
  archive(scope.name, scope.description, scope.is_public);
}

template <typename Archive>
void serialize(Archive& archive, PolicyEndpoint& endpoint) {
  archive(endpoint.method, endpoint.path, endpoint.scope, endpoint.is_public);
}

template <typename Archive>
void serialize(Archive& archive, RequiredHeader& header) {
  archive(header.name, header.values);
}

template <typename Archive>
void serialize(Archive& archive, Policy& policy) {
  archive(policy.name_rule, policy.unique_names, policy.allow_public, policy.allow_private,
          policy.scopes, policy.default_scopes, policy.endpoints, policy.required_headers,
          policy.max_ttl_seconds, policy.default_ttl_seconds, policy.rotation_age_days,
          policy.inactivity_days, policy.forbid_wildcard_origin_live, policy.require_reason,
          policy.require_if_match, policy.rate_limit, policy.on_leak, policy.use_digest,
          policy.usage_retention_days, policy.secret_prefix);
  archive.require(is_set(policy.default_scopes));
}

}  // namespace keyledger
