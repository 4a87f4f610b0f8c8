// The verdict: may this secret do this, now? Pure, and without allocation when the answer is VALID.
// Order and wording: design product.md section 5. MALFORMED is found before any look-up
// (http/secret.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/key.h"
#include "events/network.h"
#include "events/origin.h"

namespace keyledger {

enum class Verdict : std::uint8_t {
  kHeaderRequired,
  kMalformed,
  kNotFound,
  kRevoked,
  kCompromised,
  kExpired,
  kSuspended,
  kNotYetValid,
  kSecretRetired,
  kEnvironmentNotAllowed,
  kIpNotAllowed,
  kOriginNotAllowed,
  kEndpointNotAllowed,
  kScopeNotGranted,
  kRateLimited,
  kValid,
};
[[nodiscard]] std::string_view verdict_name(Verdict verdict);      // "SCOPE_NOT_GRANTED"
[[nodiscard]] std::string_view verdict_sentence(Verdict verdict);  // for people

// What the holder of a key may do, and from where: shared by all keys that may do the same. All of
// it was resolved when it was set, so that judging compares and neither parses nor allocates.
struct Grants {
  ScopeSet scopes;
  std::vector<OriginRule> origins;  // of public keys alone
  bool allow_missing_origin = false;
  std::vector<NetworkRule> networks;    // empty: every address
  std::optional<RateLimit> rate_limit;  // of its own (core/rate_limit.h)
  auto operator<=>(const Grants&) const = default;
};
[[nodiscard]] Grants grants_of(const Key& key);

// What judging one secret needs to know, and no more: the verify index holds one per secret.
struct Credential {
  static constexpr std::int64_t kNever = INT64_MAX;

  KeyId key;
  WorkspaceId workspace;
  std::int64_t not_before_ms = INT64_MIN;
  std::int64_t expires_at_ms = kNever;
  std::int64_t retires_at_ms = kNever;  // of this secret
  std::shared_ptr<const Grants> grants;
  Cause created;
  Cause newest;
  Cause scopes;
  Cause origins;
  Cause addresses;
  Cause start;
  Cause expiry;
  Cause rate_limit;
  Cause suspension;
  Cause retirement;
  Cause end;
  KeyType type = KeyType::kPrivate;
  Environment environment = Environment::kLive;
  bool suspended = false;
  std::optional<KeyStatus> ended;  // kRevoked or kCompromised
};

// The view of one of the key's secrets. `grants` is the caller's shared copy of grants_of(key).
[[nodiscard]] Credential credential_of(const Key& key, const KeySecret& secret,
                                       std::shared_ptr<const Grants> grants);

// Where a request came from. Absent is not "anywhere": it fails a key that has such a rule.
struct RequestSource {
  std::optional<IpAddress> ip;
  std::optional<Origin> origin;
};

// What the request that is checked asks for; `target` is its path, perhaps with a query.
struct RequestEndpoint {
  std::string_view method;
  std::string_view target;
};

struct RequestHeader {
  std::string_view name;  // in any case
  std::string_view value;
};
using RequestHeaders = std::optional<std::span<const RequestHeader>>;

// All it refers to must outlive it.
struct VerifyRequest {
  WorkspaceId workspace;  // of the caller
  std::optional<Environment> environment;
  std::span<const std::string> scopes;  // all must be granted
  Cause suspension = {};                // of the workspace: as if each of its keys were suspended
  RequestSource from = {};
  std::optional<RequestEndpoint> endpoint = {};  // absent: not checked
  RequestHeaders headers = {};                   // likewise
  Cause policy = {};                             // the event that set it
};

struct Judgement {
  Verdict verdict = Verdict::kNotFound;
  Cause decided_by;
};

// `credential` is null for an unknown secret. Management keys and other workspaces' keys are
// kNotFound.
[[nodiscard]] Judgement judge(const Credential* credential, const Policy& policy,
                              const VerifyRequest& request, Timestamp now);

// The first of the headers that the policy requires which is not there with a value that it
// accepts; null if there is none, or if `headers` is absent. It is the first check of all.
[[nodiscard]] const RequiredHeader* missing_header(const Policy& policy,
                                                   const RequestHeaders& headers);

// Whether a key may reach an endpoint, by the list of the policy; an empty list lets every key
// reach every endpoint.
enum class Reach : std::uint8_t { kReached, kNotAllowed, kScopeNotGranted };
[[nodiscard]] Reach reach_of(const ScopeSet& scopes, KeyType type, const Policy& policy,
                             const RequestEndpoint& endpoint);

// Whether any public key may reach this at all, whatever its scopes.
[[nodiscard]] bool is_public(const Policy& policy, const RequestEndpoint& endpoint);

// What the holder of a key may be told that it has: ALL on a public key by the names that it stands
// for, since to others ALL means everything.
[[nodiscard]] ScopeSet shown_scopes(const ScopeSet& scopes, KeyType type, const Policy& policy);

// Whether `scopes` grants `wanted`: ALL grants every scope to a private key, every public scope of
// the policy to a public one.
[[nodiscard]] bool grants_scope(const ScopeSet& scopes, KeyType type, const Policy& policy,
                                std::string_view wanted);

}  // namespace keyledger
