// What each event changed, field by field, in the words of the resources. One arm per event: a new
// one stops the build here.
#include <utility>

#include "events/names.h"
#include "http/base64.h"
#include "http/json.h"

namespace keyledger::http {
namespace {

// `from` is null where there was nothing before, or where the event does not say what there was.
struct Changes {
  const AuditEntry& entry;
  Json out = Json::object();

  void set(std::string_view field, Json from, Json to) {
    out[std::string(field)] = {{"from", std::move(from)}, {"to", std::move(to)}};
  }
  // A field of something new; one that was left empty is no change.
  void begin(std::string_view field, Json to) {
    const bool empty = to.is_null() || to == false || (to.is_structured() && to.empty());
    if (!empty) set(field, nullptr, std::move(to));
  }

  void operator()(const LedgerCreated& fact) {
    begin("log_id", to_text(fact.log_id));
    begin("origin", fact.origin);
    begin("format", fact.format);
  }
  void operator()(const LedgerRollbackAccepted& fact) {
    set("origin", nullptr, fact.origin);
    set("size", fact.watermark_size, fact.found_size);
  }
  void operator()(const WorkspaceCreated& fact) {
    begin("name", fact.name);
    begin("profile", fact.profile);
    begin("operator", fact.is_operator);
  }
  void operator()(const WorkspaceSuspended&) { set("status", "active", "suspended"); }
  void operator()(const WorkspaceResumed&) { set("status", "suspended", "active"); }
  void operator()(const UsageDigested& fact) {
    begin("from", to_text(fact.from));
    begin("to", to_text(fact.to));
    begin("rows", fact.rows);
    begin("digest", base64(fact.digest));
  }
  void operator()(const PolicySet& fact) { begin("policy", policy_document(fact.policy)); }

  void operator()(const MemberAdded& fact) {
    begin("role", role_name(fact.role));
    begin("name", profile_field(entry.profile_to, &MemberProfile::name));
    begin("email", profile_field(entry.profile_to, &MemberProfile::email));
  }
  void operator()(const MemberRoleChanged& fact) {
    set("role", role_name(fact.from), role_name(fact.to));
  }
  void operator()(const MemberProfileChanged&) {
    for (const auto& [field, part] :
         {std::pair("name", &MemberProfile::name), std::pair("email", &MemberProfile::email)}) {
      Json from = profile_field(entry.profile_from, part);
      Json to = profile_field(entry.profile_to, part);
      if (from != to) set(field, std::move(from), std::move(to));
    }
  }
  void operator()(const MemberRemoved&) { set("status", "active", "removed"); }

  void operator()(const KeyCreated& fact) {
    begin("type", key_type_name(fact.type));
    begin("environment", environment_name(fact.environment));
    begin("name", fact.name);
    begin("secret", secret_json(fact.secret));
    begin("scopes", fact.scopes);
    begin("allowed_origins", origins_json(fact.allowed_origins));
    begin("allow_missing_origin", fact.allow_missing_origin);
    begin("allowed_ips", networks_json(fact.allowed_ips));
    begin("not_before", time_json(fact.not_before));
    begin("expires_at", time_json(fact.expires_at));
    begin("owner_id", to_text(fact.owner));
    begin("member_id", id_or_null(fact.member));
    begin("rate_limit", rate_limit_json(fact.rate_limit));
    begin("replaces", id_or_null(fact.replaces));
    begin("description", description(entry.details_to));
    begin("metadata", metadata(entry.details_to));
    begin("external_id", external_id(entry.details_to));
  }
  void operator()(const KeyRenamed& fact) { set("name", fact.from, fact.to); }
  void operator()(const KeyDescriptionChanged&) {
    set("description", description(entry.details_from), description(entry.details_to));
  }
  void operator()(const KeyScopesChanged& fact) { set("scopes", fact.from, fact.to); }
  void operator()(const KeyOriginsChanged& fact) {
    set("allowed_origins", origins_json(fact.from), origins_json(fact.to));
  }
  void operator()(const KeyMissingOriginChanged& fact) {
    set("allow_missing_origin", fact.from, fact.to);
  }
  void operator()(const KeyAddressesChanged& fact) {
    set("allowed_ips", networks_json(fact.from), networks_json(fact.to));
  }
  void operator()(const KeyStartChanged& fact) {
    set("not_before", time_json(fact.from), time_json(fact.to));
  }
  void operator()(const KeyExpiryChanged& fact) {
    set("expires_at", time_json(fact.from), time_json(fact.to));
  }
  void operator()(const KeyMetadataChanged&) {
    set("metadata", metadata(entry.details_from), metadata(entry.details_to));
  }
  void operator()(const KeyExternalIdChanged&) {
    set("external_id", external_id(entry.details_from), external_id(entry.details_to));
  }
  void operator()(const KeyOwnerChanged& fact) {
    set("owner_id", to_text(fact.from), to_text(fact.to));
  }
  void operator()(const KeyRateLimitChanged& fact) {
    set("rate_limit", rate_limit_json(fact.from), rate_limit_json(fact.to));
  }
  void operator()(const KeyRotated& fact) {
    Json retired = only_id(fact.retired);
    retired["retires_at"] = to_text(fact.retires_at);
    set("secret", std::move(retired), secret_json(fact.secret));
  }
  void operator()(const KeyOverlapEnded& fact) { set("secret", only_id(fact.retired), nullptr); }
  void operator()(const KeySuspended&) { set("status", nullptr, "suspended"); }
  void operator()(const KeyResumed&) { set("status", "suspended", "active"); }
  void operator()(const KeyRevoked& fact) {
    set("status", nullptr, "revoked");
    set("revoke_reason", nullptr, revocation_code_name(fact.code));
  }
  void operator()(const KeyCompromised&) {
    set("status", nullptr, "compromised");
    set("revoke_reason", nullptr, revocation_code_name(RevocationCode::kKeyCompromise));
  }
  void operator()(const KeyReplaced& fact) { set("replaced_by", nullptr, to_text(fact.by)); }

  void operator()(const KeyExpired&) { set("status", nullptr, "expired"); }
  void operator()(const KeySecretRetired& fact) { set("secret", only_id(fact.secret), nullptr); }
  // Nothing changed; these say which secret it was.
  void operator()(const KeyRetiredSecretPresented& fact) {
    set("presented_secret", nullptr, only_id(fact.secret));
  }
  void operator()(const KeySecretReplayed& fact) {
    set("shown_secret", nullptr, only_id(fact.secret));
  }
  void operator()(const KeyExpiring& fact) {
    set("expires_at", nullptr, to_text(fact.expires_at));
    set("days_left", nullptr, fact.days);
  }
  void operator()(const KeyLookedUp& fact) {
    set("looked_up_secret", nullptr, fact.secret ? only_id(*fact.secret) : Json(nullptr));
  }
  void operator()(const KeyLeakReported& fact) {
    set("leaked_secret", nullptr, only_id(fact.secret));
    set("reporter", nullptr, fact.reporter);
    set("signing_key", nullptr, fact.signing_key);
    if (!entry.leak) return;
    begin("leak_type", entry.leak->type);
    begin("leak_url", entry.leak->url);
    begin("leak_source", entry.leak->source);
  }

 private:
  static Json only_id(const SecretId& id) { return {{"id", to_text(id)}}; }
  static Json profile_field(const std::optional<MemberProfile>& profile,
                            std::string MemberProfile::*field) {
    return profile ? Json((*profile).*field) : Json(nullptr);
  }
  static Json description(const std::optional<KeyDetails>& details) {
    return details ? or_null(details->description) : Json(nullptr);
  }
  static Json metadata(const std::optional<KeyDetails>& details) {
    return details && details->metadata ? Json(*details->metadata) : Json::object();
  }
  static Json external_id(const std::optional<KeyDetails>& details) {
    return details ? or_null(details->external_id) : Json(nullptr);
  }
};

}  // namespace

Json changes_json(const AuditEntry& entry) {
  Changes changes{entry};
  std::visit([&](const auto& fact) { changes(fact); }, entry.event.event);
  return std::move(changes.out);
}

}  // namespace keyledger::http
