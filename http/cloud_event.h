// An audit entry as a CloudEvent 1.0 in JSON (github.com/cloudevents/spec, "JSON Event Format").
// Needs the JSON library; include it in .cc files only.
#pragma once

#include "http/json.h"

namespace keyledger::http {

// `source` and `id` are those of the event, for ever: who gets it twice knows it again. `data` is
// the whole entry. `type` is "keyledger.key.revoked.v1"; it does not begin with a domain turned
// around, as it should, since the program cannot know the domain of those who run it. `sequence`
// (an extension of the specification) is the position with leading zeros, as its order is that of
// texts.
[[nodiscard]] Json cloud_event_json(const AuditEntry& entry, const LogId& log);

}  // namespace keyledger::http
