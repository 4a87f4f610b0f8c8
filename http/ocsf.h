// An audit entry as an event of the Open Cybersecurity Schema Framework 1.8.0 (schema.ocsf.io).
// Needs the JSON library; include it in .cc files only.
#pragma once

#include "http/json.h"

namespace keyledger::http {

// Of the class Entity Management (3004): the key, member, policy, workspace or ledger is its
// entity, and the changed fields are in `entity.data` and `entity_result.data`. metadata.uid is the
// event's id, metadata.sequence its position. What the schema has no place for (the leaf's hash,
// who issued the key that was used, on whose behalf) is in `unmapped`.
[[nodiscard]] Json ocsf_json(const AuditEntry& entry);

}  // namespace keyledger::http
