// JSON at the edge: resources to JSON, and the strict parsing of bodies. Needs the JSON library;
// include it in .cc files of http/ and tools/ only.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "core/key.h"
#include "events/result.h"
#include "projections/all.h"

namespace keyledger::http {

// Keeps the order in which fields are written, as people read answers.
using Json = nlohmann::ordered_json;

// The body as a JSON object; an empty body is {}. kInvalidRequest (field "body") for anything else:
// not JSON, not an object, invalid UTF-8, a key twice, nesting deeper than 16.
[[nodiscard]] Result<Json> parse_body(std::string_view body);

// Text for an answer. Invalid UTF-8 cannot occur in what the ledger stores; it is replaced all the
// same.
[[nodiscard]] std::string dump(const Json& json);

[[nodiscard]] Json key_json(const Key& key, const KeyDetails& details, const Use& use,
                            const Directory& directory, Timestamp now);
[[nodiscard]] Json management_key_json(const Key& key, Timestamp now);
[[nodiscard]] Json member_json(const Member& member, const std::optional<MemberProfile>& profile);
[[nodiscard]] Json workspace_json(const Workspace& workspace);
[[nodiscard]] Json policy_json(const Workspace& workspace);
[[nodiscard]] Json audit_entry_json(const AuditEntry& entry);

}  // namespace keyledger::http
