#include "tests/events/event_json.h"

#include <array>
#include <optional>
#include <stdexcept>
#include <vector>

#include "events/event_codec.h"

namespace keyledger {
namespace {

// Names of an enum that counts from 1.
template <typename E, std::size_t N>
Json named(E value, const std::array<const char*, N>& names) {
  return names.at(static_cast<std::size_t>(value) - 1);
}

// Declared before the templates that use them.
Json json(const OriginRule& rule);
Json json(const NetworkRule& rule);
Json json(const RateLimit& rate);
Json json(const PolicyScope& scope);
Json json(const PolicyEndpoint& endpoint);
Json json(const RequiredHeader& header);
Json json(const Blob& blob);

Json json(bool value) { return value; }
Json json(std::uint16_t value) { return value; }
Json json(std::uint32_t value) { return value; }
Json json(std::uint64_t value) { return value; }
Json json(const std::string& text) { return text; }
Json json(Timestamp time) { return time.ms; }

template <std::size_t N>
Json json(const std::array<std::uint8_t, N>& bytes) {
  return to_hex({reinterpret_cast<const char*>(bytes.data()), N});
}
template <typename Tag>
Json json(const Id<Tag>& id) {
  return to_text(id);
}

Json json(HashAlgorithm algorithm) { return named(algorithm, std::array{"sha256"}); }
Json json(KeyType type) { return named(type, std::array{"public", "private", "management"}); }
Json json(Environment environment) { return named(environment, std::array{"live", "test"}); }
Json json(Role role) { return named(role, std::array{"owner", "admin", "auditor", "verifier"}); }
Json json(RevocationCode code) {
  return named(code, std::array{"unspecified", "key_compromise", "affiliation_changed",
                                "superseded", "cessation_of_operation", "privilege_withdrawn"});
}
Json json(NameRule rule) { return named(rule, std::array{"free", "no_whitespace"}); }
Json json(OnLeak answer) { return named(answer, std::array{"report", "suspend", "revoke"}); }
Json json(UseDigest digest) { return named(digest, std::array{"off", "daily", "hourly"}); }

template <typename T>
Json json(const std::optional<T>& value) {
  return value ? json(*value) : Json(nullptr);
}
template <typename T>
Json json(const std::vector<T>& values) {
  Json out = Json::array();
  for (const T& value : values) out.push_back(json(value));
  return out;
}

Json json(const OriginRule& rule) {
  return {{"scheme", json(rule.scheme)},
          {"host", rule.host},
          {"port", json(rule.port)},
          {"self", rule.self},
          {"subdomains", rule.subdomains}};
}
Json json(const NetworkRule& rule) {
  return {{"address", json(rule.address)}, {"prefix", rule.prefix}};
}
Json json(const RateLimit& rate) {
  return {{"limit", rate.limit}, {"window_seconds", rate.window_seconds}};
}
Json json(const SecretFacts& secret) {
  const Json hash = {{"algorithm", json(secret.hash.algorithm)},
                     {"bytes", json(secret.hash.bytes)}};
  return {{"id", json(secret.id)}, {"hash", hash}, {"handle", secret.handle}};
}
Json json(const PolicyScope& scope) {
  return {{"name", scope.name}, {"description", scope.description}, {"is_public", scope.is_public}};
}
Json json(const PolicyEndpoint& endpoint) {
  return {{"method", endpoint.method},
          {"path", endpoint.path},
          {"scope", endpoint.scope},
          {"is_public", endpoint.is_public}};
}
Json json(const RequiredHeader& header) {
  return {{"name", header.name}, {"values", json(header.values)}};
}
Json json(const Policy& policy) {
  return {{"name_rule", json(policy.name_rule)},
          {"unique_names", policy.unique_names},
          {"allow_public", policy.allow_public},
          {"allow_private", policy.allow_private},
          {"scopes", json(policy.scopes)},
          {"default_scopes", json(policy.default_scopes)},
          {"endpoints", json(policy.endpoints)},
          {"required_headers", json(policy.required_headers)},
          {"max_ttl_seconds", json(policy.max_ttl_seconds)},
          {"default_ttl_seconds", json(policy.default_ttl_seconds)},
          {"rotation_age_days", json(policy.rotation_age_days)},
          {"inactivity_days", json(policy.inactivity_days)},
          {"forbid_wildcard_origin_live", policy.forbid_wildcard_origin_live},
          {"require_reason", policy.require_reason},
          {"require_if_match", policy.require_if_match},
          {"rate_limit", json(policy.rate_limit)},
          {"on_leak", json(policy.on_leak)},
          {"use_digest", json(policy.use_digest)},
          {"usage_retention_days", policy.usage_retention_days},
          {"secret_prefix", policy.secret_prefix}};
}

template <typename Fact>
requires std::is_empty_v<Fact> Json payload(const Fact& /*fact*/) { return Json::object(); }
template <typename T>
Json payload(const Change<T>& fact) {
  return {{"from", json(fact.from)}, {"to", json(fact.to)}};
}
Json payload(const DetailChange& fact) { return {{"previous", json(fact.previous)}}; }
Json payload(const LedgerCreated& fact) {
  return {{"log_id", json(fact.log_id)}, {"origin", fact.origin}, {"format", fact.format}};
}
Json payload(const LedgerRollbackAccepted& fact) {
  return {{"origin", fact.origin},
          {"watermark_size", fact.watermark_size},
          {"found_size", fact.found_size}};
}
Json payload(const WorkspaceCreated& fact) {
  return {{"name", fact.name}, {"profile", fact.profile}, {"is_operator", fact.is_operator}};
}
Json payload(const PolicySet& fact) { return {{"policy", json(fact.policy)}}; }
Json payload(const UsageDigested& fact) {
  return {{"from", json(fact.from)},
          {"to", json(fact.to)},
          {"rows", fact.rows},
          {"algorithm", json(fact.algorithm)},
          {"digest", json(fact.digest)}};
}
Json payload(const MemberAdded& fact) { return {{"role", json(fact.role)}}; }
Json payload(const KeyCreated& fact) {
  return {{"type", json(fact.type)},
          {"environment", json(fact.environment)},
          {"name", fact.name},
          {"secret", json(fact.secret)},
          {"scopes", json(fact.scopes)},
          {"allowed_origins", json(fact.allowed_origins)},
          {"allow_missing_origin", fact.allow_missing_origin},
          {"allowed_ips", json(fact.allowed_ips)},
          {"not_before", json(fact.not_before)},
          {"expires_at", json(fact.expires_at)},
          {"owner", json(fact.owner)},
          {"member", json(fact.member)},
          {"rate_limit", json(fact.rate_limit)},
          {"replaces", json(fact.replaces)}};
}
Json payload(const KeyRotated& fact) {
  return {{"secret", json(fact.secret)},
          {"retired", json(fact.retired)},
          {"retires_at", json(fact.retires_at)}};
}
Json payload(const KeyOverlapEnded& fact) { return {{"retired", json(fact.retired)}}; }
Json payload(const KeyRevoked& fact) { return {{"code", json(fact.code)}}; }
Json payload(const KeyReplaced& fact) { return {{"by", json(fact.by)}}; }
Json payload(const KeyExpired& fact) { return {{"expired_at", json(fact.expired_at)}}; }
Json payload(const KeySecretRetired& fact) {
  return {{"secret", json(fact.secret)}, {"retired_at", json(fact.retired_at)}};
}
Json payload(const KeyRetiredSecretPresented& fact) { return {{"secret", json(fact.secret)}}; }
Json payload(const KeySecretReplayed& fact) { return {{"secret", json(fact.secret)}}; }
Json payload(const KeyExpiring& fact) {
  return {{"expires_at", json(fact.expires_at)}, {"days", fact.days}};
}
Json payload(const KeyLookedUp& fact) { return {{"secret", json(fact.secret)}}; }
Json payload(const KeyLeakReported& fact) {
  return {{"secret", json(fact.secret)},
          {"reporter", fact.reporter},
          {"signing_key", fact.signing_key}};
}

Json json(const StreamId& stream) {
  constexpr std::array kPrefixes{"log_", "ws_", "ws_", "mem_", "key_"};
  const auto kind = static_cast<std::size_t>(stream.kind) - 1;
  return {
      {"kind", named(stream.kind, std::array{"ledger", "workspace", "policy", "member", "key"})},
      {"id", kPrefixes.at(kind) + ulid_text(stream.id)}};
}
Json json(const Actor& actor) {
  constexpr std::array kPrefixes{"", "mem_", "key_"};
  const auto kind = static_cast<std::size_t>(actor.kind) - 1;
  return {{"kind", named(actor.kind, std::array{"system", "member", "key_holder"})},
          {"id", kPrefixes.at(kind) + ulid_text(actor.id)},
          {"acting_key", json(actor.acting_key)}};
}
Json json(const Blob& blob) { return {{"salt", json(blob.salt)}, {"bytes", to_hex(blob.bytes)}}; }

}  // namespace

Json to_json(const RecordedEvent& event) {
  const Json fields = std::visit([](const auto& fact) { return payload(fact); }, event.event);
  return {{"format", 1},
          {"position", event.position},
          {"time", event.time.ms},
          {"id", json(event.id)},
          {"workspace", json(event.workspace)},
          {"workspace_seq", event.workspace_seq},
          {"stream", json(event.stream)},
          {"version", event.version},
          {"type", action_name(event.event)},
          {"payload_version", 1},
          {"actor", json(event.actor)},
          {"actor_commitment", json(event.actor_commitment)},
          {"subject_commitment", json(event.subject_commitment)},
          {"request_id", event.request_id},
          {"reason", event.reason},
          {"payload", fields}};
}

Json to_json(const Frame& frame) {
  Json leaves = Json::array();
  for (const std::string& leaf : frame.leaves) leaves.push_back(to_json(decode_leaf(leaf).value()));
  return {{"log_id", json(frame.log_id)},
          {"first_position", frame.first_position},
          {"frame_id", json(frame.frame_id)},
          {"leaves", leaves}};
}

Json to_json(const Side& side) {
  Json events = Json::array();
  for (const EventSide& event : side.events) {
    events.push_back({{"actor", json(event.actor)}, {"subject", json(event.subject)}});
  }
  Json calls = Json::array();
  for (const IdempotencyEntry& call : side.calls) {
    calls.push_back({{"scope", json(call.scope)},
                     {"request", json(call.request)},
                     {"first", call.first},
                     {"count", call.count}});
  }
  return {{"frame_id", json(side.frame_id)}, {"events", events}, {"calls", calls}};
}

Json to_json(const ActorDetails& details) {
  return {{"kind", "actor_details"},
          {"version", 1},
          {"ip", details.ip},
          {"user_agent", details.user_agent},
          {"on_behalf_of", details.on_behalf_of}};
}

Json to_json(const MemberProfile& profile) {
  return {
      {"kind", "member_profile"}, {"version", 1}, {"name", profile.name}, {"email", profile.email}};
}

Json to_json(const LeakDetails& details) {
  return {{"kind", "leak_details"},
          {"version", 1},
          {"type", details.type},
          {"url", details.url},
          {"source", details.source}};
}

Json to_json(const KeyDetails& details) {
  Json metadata = nullptr;
  if (details.metadata) {
    metadata = Json::object();
    for (const auto& [key, value] : *details.metadata) metadata[key] = value;
  }
  return {{"kind", "key_details"},
          {"version", 1},
          {"description", json(details.description)},
          {"metadata", metadata},
          {"external_id", json(details.external_id)}};
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char byte : bytes) {
    out += kDigits[static_cast<std::uint8_t>(byte) >> 4U];
    out += kDigits[static_cast<std::uint8_t>(byte) & 15U];
  }
  return out;
}

std::string from_hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digits;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    const auto value = kDigits.find(c);
    if (value == std::string_view::npos) throw std::invalid_argument("not hex");
    digits += static_cast<char>(value);
  }
  if (digits.size() % 2 != 0) throw std::invalid_argument("half a byte");
  std::string out;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    out += static_cast<char>(digits[i] * 16 + digits[i + 1]);
  }
  return out;
}

}  // namespace keyledger
