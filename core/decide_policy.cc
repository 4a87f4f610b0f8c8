// The policy of a workspace, which its owners set as a whole.
#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/decide_rules.h"
#include "events/event_codec.h"

namespace keyledger {

namespace {

bool has_scope(const Policy& policy, std::string_view name) {
  return name == kAllScopes || policy.scopes.empty() ||
         std::any_of(policy.scopes.begin(), policy.scopes.end(),
                     [name](const PolicyScope& scope) { return scope.name == name; });
}

// Header names have no case (RFC 9110 section 5.1).
std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// The pattern without the names of its parameters, which match the same paths under any name.
std::string shape_of(std::string_view path) {
  std::string shape;
  bool in_name = false;
  for (const char c : path) {
    if (c == '/') in_name = false;
    if (!in_name) shape += c;
    if (c == ':' && shape.ends_with("/:")) in_name = true;
  }
  return shape;
}

void check_scope_list(const Policy& policy, Faults& faults) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < policy.scopes.size(); ++i) {
    const PolicyScope& scope = policy.scopes[i];
    if (scope.name == kAllScopes && scope.is_public) {
      faults.add(indexed("scopes", i) + ".public", FieldFault::kConflict,
                 "ALL is every scope; on a public key it stands for the public ones.");
    }
    if (seen.insert(scope.name).second) continue;
    faults.add(indexed("scopes", i) + ".name", FieldFault::kConflict, "The scope is listed twice.");
  }
}

void check_endpoints(const Policy& policy, Faults& faults) {
  std::set<std::pair<std::string_view, std::string>> seen;
  for (std::size_t i = 0; i < policy.endpoints.size(); ++i) {
    const PolicyEndpoint& endpoint = policy.endpoints[i];
    if (!seen.emplace(endpoint.method, shape_of(endpoint.path)).second) {
      faults.add(indexed("endpoints", i), FieldFault::kConflict,
                 "An endpoint with this method and path is listed before.");
    }
    if (!endpoint.scope.empty() && !has_scope(policy, endpoint.scope)) {
      faults.add(indexed("endpoints", i) + ".scope", FieldFault::kNotAllowed,
                 "The policy has no scope " + endpoint.scope + ".");
    }
  }
}

// A header that no request can bring through a gateway would close the API to every key.
struct ClosedHeaders {
  std::string_view names;  // in lower case, a space between; "x-*" is every name that begins so
  std::string_view why;
};
constexpr std::array<ClosedHeaders, 6> kClosedHeaders = {{
    {"authorization", "This header carries the key; its values cannot be listed."},
    {"connection keep-alive te trailer transfer-encoding upgrade content-length expect proxy-*",
     "This header is about one connection or the body; a gateway does not pass it on."},
    {"host", "A gateway sets this header to the name that keyledger answers to."},
    {"origin", "Which origins a key allows is said by the key: allowed_origins."},
    {"cookie", "What a cookie says is different for each client; its values cannot be listed."},
    {"forwarded x-real-ip x-forwarded-* x-original-* x-rewrite-* x-key-* x-workspace-*",
     "A gateway removes what a client sends under this name, or sets it itself."},
}};

// Why nobody may be asked for the header, whose name is in lower case; empty if one may.
std::string_view why_closed(std::string_view name) {
  for (const ClosedHeaders& closed : kClosedHeaders) {
    for (std::string_view rest = closed.names; !rest.empty();) {
      const std::string_view one = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
      const bool prefix = one.ends_with('*');
      if (prefix ? name.starts_with(one.substr(0, one.size() - 1)) : name == one) return closed.why;
    }
  }
  if (name.find('_') == std::string_view::npos) return {};
  return "Gateways drop headers that have '_' in their names, and servers take it for '-'.";
}

void check_headers(const Policy& policy, Faults& faults) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < policy.required_headers.size(); ++i) {
    const RequiredHeader& header = policy.required_headers[i];
    const std::string place = indexed("required_headers", i);
    const std::string name = lower_case(header.name);
    if (const std::string_view why = why_closed(name); !why.empty()) {
      faults.add(place + ".name", FieldFault::kNotAllowed, std::string(why));
    } else if (!seen.insert(name).second) {
      faults.add(place + ".name", FieldFault::kConflict,
                 "The header is listed twice; give all of its values in one entry.");
    }
    if (header.values.empty()) {
      faults.add(place + ".values", FieldFault::kRequired,
                 "Without an accepted value every request would be refused.");
    }
  }
}

// An event has room for this and for whom and why (kMaxLeafBytes).
constexpr std::size_t kMaxPolicyBytes = 56 * 1024;

std::size_t encoded_size(const PolicySet& fact) {
  RecordedEvent event;
  event.event = fact;
  return encode_leaf(event).size();
}

// Every contradiction, named by field and index. What each value must look like was checked where
// it was parsed.
void check_policy(const Policy& policy, Faults& faults) {
  if (!policy.allow_public && !policy.allow_private) {
    faults.add("key_types", FieldFault::kInvalid, "At least one type of key must be allowed.");
  }
  check_scope_list(policy, faults);
  check_scopes(policy, KeyType::kPrivate, policy.default_scopes, true, faults, "default_scopes");
  check_endpoints(policy, faults);
  check_headers(policy, faults);
  if (policy.max_ttl_seconds && policy.default_ttl_seconds &&
      *policy.default_ttl_seconds > *policy.max_ttl_seconds) {
    faults.add("default_ttl_seconds", FieldFault::kConflict,
               "The default life of a key is longer than max_ttl_seconds.");
  }
}

}  // namespace

Result<Decision> decide_on(const Situation& in, const SetPolicy& command) {
  if (!in.by_system() && in.role != Role::kOwner) return refuse_role(RoleSet(Role::kOwner));
  PolicySet fact{command.policy};
  make_set(fact.policy.default_scopes);
  const bool is_so = fact.policy == in.policy();
  if (is_so && !in.call.if_match) return Decision{};
  const auto version = check_version(in, in.workspace->policy_version);
  if (!version) return fail(version.error());
  if (is_so) return Decision{};

  Faults faults;
  check_reason(in, faults);
  check_policy(command.policy, faults);
  const auto fields = faults.verdict();
  if (!fields) return fail(fields.error());
  if (encoded_size(fact) > kMaxPolicyBytes) {
    return fail(ErrorCode::kTooLarge, "The policy is too large to be recorded as one event.");
  }
  Decision decision;
  decision.push_back({policy_stream_of(in.workspace->id), std::move(fact), std::nullopt, {}});
  return decision;
}

}  // namespace keyledger
