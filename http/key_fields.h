// The fields of a new key that creating and importing have in common (design api.md "Keys").
#pragma once

#include "core/key_commands.h"
#include "http/fields.h"

namespace keyledger::http {

// Everything but the ids, the secret, ttl_seconds and replaces. Faults are left in `body`.
[[nodiscard]] CreateKey read_key_fields(BodyReader& body);

// An entry of POST /v1/keys/import: those fields, and what is known of the secret.
[[nodiscard]] CreateKey read_imported_key(BodyReader& body);

}  // namespace keyledger::http
