// The fields of every payload in their stored order: what FORMAT.md "Payloads" shows as tables.
// Each function serves both ways, for cereal's archives. Only event_codec.cc includes this.
//
// payload() takes the payload's version, which stands in the leaf's header. When a type gets a
// second version, its struct of before moves here, private, payload() reads it for version 1 and
// lifts it to today's shape.
#pragma once

#include <cstdint>
#include <type_traits>

#include "events/event.h"
#include "events/event_archive.h"
#include "events/payload_parts.h"

namespace keyledger {

using PayloadVersion = std::uint8_t;

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
void payload(Archive& archive, UsageDigested& fact, PayloadVersion) {
  archive(fact.from, fact.to, fact.rows, fact.algorithm, fact.digest);
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

// KeyImported, too.
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
void payload(Archive& archive, KeyExpiring& fact, PayloadVersion) {
  archive(fact.expires_at, fact.days);
}

template <typename Archive, OneOf<KeyRetiredSecretPresented, KeySecretReplayed, KeyLookedUp> Notice>
void payload(Archive& archive, Notice& fact, PayloadVersion) {
  archive(fact.secret);
}

template <typename Archive>
void payload(Archive& archive, KeyLeakReported& fact, PayloadVersion) {
  archive(fact.secret, fact.reporter, fact.signing_key);
}

}  // namespace keyledger
