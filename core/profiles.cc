#include "core/profiles.h"

#include <algorithm>
#include <array>

namespace keyledger {

namespace {

// One key per integration, every key with full access, a version header on every request.
Policy quo() {
  Policy policy;
  policy.name_rule = NameRule::kNoWhitespace;
  policy.unique_names = true;
  policy.allow_public = false;
  policy.scopes = {{kAllScopes, "Full access to the API of the workspace", false}};
  policy.required_headers = {{"Quo-Api-Version", {"2026-03-30"}}};
  return policy;
}

// Public keys in browsers, private keys on servers. The tables are the seed's, word for word.
Policy quotient() {
  Policy policy;
  policy.unique_names = false;
  policy.scopes = {
      {kAllScopes, "Full access to all endpoints", false},
      {"ANALYTICS_READ", "Read analytics data", false},
      {"ANALYTICS_WRITE", "Track events", true},
      {"AUDIENCE_READ", "Read people, companies, and lists", false},
      {"AUDIENCE_WRITE", "Create/update people, companies, and list membership", true},
      {"BLOG_READ", "Read blogs, authors, and tags", true},
      {"BLOG_WRITE", "Create/update blog content", false},
      {"FLOW_TRIGGER", "Trigger programmatic flows", true},
      {"MEMORY_READ", "Read memory documents", false},
      {"MEMORY_WRITE", "Create/update memory documents", false},
  };
  policy.endpoints = {
      {"POST", "/api/v0/analytics", "ANALYTICS_WRITE", true},
      {"POST", "/api/v0/audience/people", "AUDIENCE_WRITE", true},
      {"POST", "/api/v0/audience/companies", "AUDIENCE_WRITE", true},
      {"POST", "/api/v0/audience/lists/:slug/people", "AUDIENCE_WRITE", true},
      {"DELETE", "/api/v0/audience/lists/:slug/people", "AUDIENCE_WRITE", true},
      {"GET", "/api/v0/blog/*", "BLOG_READ", true},
      {"POST", "/api/v0/flow/:id/trigger", "FLOW_TRIGGER", true},
      {"GET", "/api/v0/whoami", "", true},
  };
  return policy;
}

struct Profile {
  std::string_view name;
  Policy (*make)();
};
constexpr std::array kProfiles = {Profile{"default", [] { return Policy(); }}, Profile{"quo", quo},
                                  Profile{"quotient", quotient}};

}  // namespace

std::optional<Policy> profile_policy(std::string_view name) {
  const auto found = std::find_if(kProfiles.begin(), kProfiles.end(),
                                  [name](const Profile& profile) { return profile.name == name; });
  if (found == kProfiles.end()) return std::nullopt;
  return found->make();
}

std::string profile_names() {
  std::string names;
  for (const Profile& profile : kProfiles) {
    names += (names.empty() ? "" : ", ") + std::string(profile.name);
  }
  return names;
}

}  // namespace keyledger
