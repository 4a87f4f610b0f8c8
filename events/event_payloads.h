// The fields of every payload in their stored order: what FORMAT.md "Payloads" shows as tables.
// Each function serves both ways, for cereal's archives. Only event_codec.cc includes this.
//
// payload() takes the payload's version, which stands in the leaf's header. When a type gets a
// second version, its struct of before moves here, private, payload() reads it for version 1 and
// lifts it to today's shape.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <type_traits>

#include "events/event.h"
#include "events/event_archive.h"

namespace keyledger {

using PayloadVersion = std::uint8_t;

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

// Parts of payloads.

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

// Payloads, version 1 all.

// Events that say all by their type.
template <typename Archive, typename Fact>
requires std::is_empty_v<Fact>
void payload(Archive& /*archive*/, Fact& /*fact*/, PayloadVersion) {}

template <typename Archive>
void payload(Archive& archive, LedgerCreated& fact, PayloadVersion) {
  archive(fact.log_id, fact.origin, fact.format);
}

template <typename Archive>
void payload(Archive& archive, LedgerRollbackAccepted& fact, PayloadVersion) {
  archive(fact.origin, fact.watermark_size, fact.found_size);
}

template <typename Archive>
void payload(Archive& archive, WorkspaceCreated& fact, PayloadVersion) {
  archive(fact.name, fact.profile, fact.is_operator);
}

template <typename Archive>
void payload(Archive& archive, PolicySet& fact, PayloadVersion) {
  archive(fact.policy);
}

template <typename Archive>
void payload(Archive& archive, MemberAdded& fact, PayloadVersion) {
  archive(fact.role);
}

// All "…Changed" and "…Renamed" of a single value.
template <typename Archive, typename T>
void payload(Archive& archive, Change<T>& fact, PayloadVersion) {
  archive(fact.from, fact.to);
}

template <typename Archive>
void payload(Archive& archive, Change<ScopeSet>& fact, PayloadVersion) {
  archive(fact.from, fact.to);
  archive.require(is_set(fact.from) && is_set(fact.to));
}

// Changes whose values lie in side objects.
template <typename Archive>
void payload(Archive& archive, DetailChange& fact, PayloadVersion) {
  archive(fact.previous);
}

template <typename Archive>
void payload(Archive& archive, KeyCreated& fact, PayloadVersion) {
  archive(fact.type, fact.environment, fact.name, fact.secret, fact.scopes, fact.allowed_origins,
          fact.allow_missing_origin, fact.allowed_ips, fact.not_before, fact.expires_at, fact.owner,
          fact.member, fact.rate_limit, fact.replaces);
  archive.require(is_set(fact.scopes));
}

template <typename Archive>
void payload(Archive& archive, KeyRotated& fact, PayloadVersion) {
  archive(fact.secret, fact.retired, fact.retires_at);
}

template <typename Archive>
void payload(Archive& archive, KeyOverlapEnded& fact, PayloadVersion) {
  archive(fact.retired);
}

template <typename Archive>
void payload(Archive& archive, KeyRevoked& fact, PayloadVersion) {
  archive(fact.code);
}

template <typename Archive>
void payload(Archive& archive, KeyReplaced& fact, PayloadVersion) {
  archive(fact.by);
}

template <typename Archive>
void payload(Archive& archive, KeyExpired& fact, PayloadVersion) {
  archive(fact.expired_at);
}

template <typename Archive>
void payload(Archive& archive, KeySecretRetired& fact, PayloadVersion) {
  archive(fact.secret, fact.retired_at);
}

template <typename Archive>
void payload(Archive& archive, KeyRetiredSecretPresented& fact, PayloadVersion) {
  archive(fact.secret);
}

template <typename Archive>
void payload(Archive& archive, KeySecretReplayed& fact, PayloadVersion) {
  archive(fact.secret);
}

}  // namespace keyledger
