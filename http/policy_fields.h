// A policy as a body gives it (design api.md "Policy").
#pragma once

#include "events/policy.h"
#include "http/fields.h"

namespace keyledger::http {

// The whole document. A field that is absent or null gets the value that it has in the profile
// `default`; what only an answer says (its version, which keys it affected) may stand there and is
// not looked at, so that a document that was read can be changed and sent back. Each value is
// checked by itself, faults are left in `body`; how they fit together is core's to say.
[[nodiscard]] Policy read_policy(BodyReader& body);

}  // namespace keyledger::http
