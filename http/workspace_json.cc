// Workspaces, their policy and their members as JSON.
#include "events/names.h"
#include "http/json.h"

namespace keyledger::http {
namespace {

Json scopes_list(const Policy& policy) {
  Json out = Json::array();
  for (const PolicyScope& scope : policy.scopes) {
    out.push_back(
        {{"name", scope.name}, {"description", scope.description}, {"public", scope.is_public}});
  }
  return out;
}

Json endpoints_list(const Policy& policy) {
  Json out = Json::array();
  for (const PolicyEndpoint& endpoint : policy.endpoints) {
    out.push_back({{"method", endpoint.method},
                   {"path", endpoint.path},
                   {"scope", endpoint.scope.empty() ? Json(nullptr) : Json(endpoint.scope)},
                   {"public", endpoint.is_public}});
  }
  return out;
}

Json headers_list(const Policy& policy) {
  Json out = Json::array();
  for (const RequiredHeader& header : policy.required_headers) {
    out.push_back({{"name", header.name}, {"values", header.values}});
  }
  return out;
}

Json key_types(const Policy& policy) {
  Json out = Json::array();
  if (policy.allow_public) out.push_back(key_type_name(KeyType::kPublic));
  if (policy.allow_private) out.push_back(key_type_name(KeyType::kPrivate));
  return out;
}

}  // namespace

Json policy_document(const Policy& policy) {
  return {{"name_rule", name_rule_name(policy.name_rule)},
          {"unique_names", policy.unique_names},
          {"key_types", key_types(policy)},
          {"scopes", scopes_list(policy)},
          {"default_scopes", policy.default_scopes},
          {"endpoints", endpoints_list(policy)},
          {"required_headers", headers_list(policy)},
          {"max_ttl_seconds", or_null(policy.max_ttl_seconds)},
          {"default_ttl_seconds", or_null(policy.default_ttl_seconds)},
          {"rotation_age_days", or_null(policy.rotation_age_days)},
          {"inactivity_days", or_null(policy.inactivity_days)},
          {"forbid_wildcard_origin_live", policy.forbid_wildcard_origin_live},
          {"require_reason", policy.require_reason},
          {"require_if_match", policy.require_if_match},
          {"rate_limit", rate_limit_json(policy.rate_limit)},
          {"on_leak", on_leak_name(policy.on_leak)},
          {"use_digest", use_digest_name(policy.use_digest)},
          {"usage_retention_days", policy.usage_retention_days},
          {"secret_prefix", policy.secret_prefix}};
}

Json policy_json(const Workspace& workspace) {
  Json out = policy_document(workspace.policy);
  out["updated_at"] = to_text(workspace.policy_updated_at);
  out["version"] = workspace.policy_version;
  out["position"] = workspace.policy_position;
  return out;
}

Json workspace_json(const Workspace& workspace) {
  return {{"id", to_text(workspace.id)},
          {"name", workspace.name},
          {"profile", workspace.profile},
          {"operator", workspace.is_operator},
          {"status", workspace.suspended ? "suspended" : "active"},
          {"created_at", to_text(workspace.created_at)},
          {"version", workspace.version},
          {"position", workspace.position}};
}

Json member_json(const Member& member, const std::optional<MemberProfile>& profile) {
  return {{"id", to_text(member.id)},
          {"workspace_id", to_text(member.workspace)},
          {"name", profile ? Json(profile->name) : Json(nullptr)},
          {"email", profile ? Json(profile->email) : Json(nullptr)},
          {"role", role_name(member.role)},
          {"status", member.removed ? "removed" : "active"},
          {"created_at", to_text(member.created_at)},
          {"updated_at", to_text(member.updated_at)},
          {"version", member.version},
          {"position", member.position}};
}

}  // namespace keyledger::http
