// The rules of a workspace, whole, as an event carries them (design api.md "Policy"). A profile is
// only a name for the document it was made from; nothing reads the name again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "events/access_rules.h"

namespace keyledger {

enum class NameRule : std::uint8_t { kFree = 1, kNoWhitespace = 2 };
enum class OnLeak : std::uint8_t { kReport = 1, kSuspend = 2, kRevoke = 3 };
enum class UseDigest : std::uint8_t { kOff = 1, kDaily = 2, kHourly = 3 };

struct PolicyScope {
  std::string name;
  std::string description;
  bool is_public = false;
  bool operator==(const PolicyScope&) const = default;
};

struct PolicyEndpoint {
  std::string method;
  std::string path;
  std::string scope;  // empty: none needed
  bool is_public = false;
  bool operator==(const PolicyEndpoint&) const = default;
};

struct RequiredHeader {
  std::string name;
  std::vector<std::string> values;
  bool operator==(const RequiredHeader&) const = default;
};

// The initial values are the `default` profile.
struct Policy {
  NameRule name_rule = NameRule::kFree;
  bool unique_names = true;
  bool allow_public = true;
  bool allow_private = true;
  std::vector<PolicyScope> scopes;  // empty: any well-formed scope may be granted
  ScopeSet default_scopes = {kAllScopes};
  std::vector<PolicyEndpoint> endpoints;
  std::vector<RequiredHeader> required_headers;
  std::optional<std::uint64_t> max_ttl_seconds;
  std::optional<std::uint64_t> default_ttl_seconds;
  std::optional<std::uint32_t> rotation_age_days;
  std::optional<std::uint32_t> inactivity_days;
  bool forbid_wildcard_origin_live = false;
  bool require_reason = false;
  bool require_if_match = false;
  std::optional<RateLimit> rate_limit;
  OnLeak on_leak = OnLeak::kReport;
  UseDigest use_digest = UseDigest::kDaily;
  std::uint32_t usage_retention_days = 400;
  std::string secret_prefix;

  bool operator==(const Policy&) const = default;
};

}  // namespace keyledger
