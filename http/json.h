// JSON at the edge: resources to JSON, and the strict parsing of bodies. Needs the JSON library;
// include it in .cc files of http/ and tools/ only.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/key.h"
#include "events/result.h"
#include "projections/all.h"
#include "projections/past.h"

namespace keyledger::http {

// Keeps the order in which fields are written, as people read answers.
using Json = nlohmann::ordered_json;

// The body as a JSON object; an empty body is {}. kInvalidRequest (field "body") for anything else:
// not JSON, not an object, invalid UTF-8, a NUL, a key twice, nesting deeper than 16, more than
// 256 names in one object.
[[nodiscard]] Result<Json> parse_body(std::string_view body);
// The same for a call whose body is an array; an empty one is none.
[[nodiscard]] Result<Json> parse_list_body(std::string_view body);

// Text for an answer. Invalid UTF-8 cannot occur in what the ledger stores; it is replaced all the
// same.
[[nodiscard]] std::string dump(const Json& json);

// How a key was used, and since when no use is forgotten. Uses are counted and not recorded, so of
// the past nobody knows them.
struct ShownUse {
  KeyUse use;
  Timestamp known_since;
  bool is_known = true;
};

// The members that a key's answer tells something of; null: none, or nothing is known.
struct KeyPeople {
  std::shared_ptr<const MemberView> owner;
  std::shared_ptr<const MemberView> creator;
  std::shared_ptr<const MemberView> ender;
};
// As they are now.
[[nodiscard]] KeyPeople people_of(const Key& key, const Directory& directory);
// As they were.
[[nodiscard]] Result<KeyPeople> people_of(const Key& key, Past& past);

// Resources, as GET answers them (design api.md). Fields in its order.
[[nodiscard]] Json key_json(const Key& key, const KeyDetails& details, const ShownUse& shown,
                            const KeyPeople& people, Timestamp now);
[[nodiscard]] Json member_json(const Member& member, const std::optional<MemberProfile>& profile);
[[nodiscard]] Json workspace_json(const Workspace& workspace);
// The document with its version; and the document alone.
[[nodiscard]] Json policy_json(const Workspace& workspace);
[[nodiscard]] Json policy_document(const Policy& policy);
[[nodiscard]] Json audit_entry_json(const AuditEntry& entry);
// Its `changes`: {field: {from, to}}, values as in the resources (http/audit_changes.cc).
[[nodiscard]] Json changes_json(const AuditEntry& entry);

// Pieces that several of them share.
[[nodiscard]] Json time_json(const OptionalTime& time);  // RFC 3339 or null
[[nodiscard]] Json origins_json(const std::vector<OriginRule>& origins);
[[nodiscard]] Json networks_json(const std::vector<NetworkRule>& networks);
// Of a request: the origin as its header said it, but in the one form that it is compared in.
[[nodiscard]] Json ip_json(const std::optional<IpAddress>& ip);
[[nodiscard]] Json origin_json(const std::optional<Origin>& origin);
[[nodiscard]] Json rate_limit_json(const std::optional<RateLimit>& rate_limit);
[[nodiscard]] Json secret_json(const SecretFacts& secret);  // {id, handle}: never the hash
[[nodiscard]] Json handle_json(const SecretFacts& secret);  // null if the importer gave none
// {type, id, name}; type: member, key or system.
[[nodiscard]] Json actor_json(const Actor& actor, const std::optional<std::string>& name);

template <typename T>
[[nodiscard]] Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}
template <typename Tag>
[[nodiscard]] Json id_or_null(const std::optional<Id<Tag>>& id) {
  return id ? Json(to_text(*id)) : Json(nullptr);
}

}  // namespace keyledger::http
