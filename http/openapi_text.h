// The API's own description (OpenAPI 3.1): http/openapi.json, byte for byte, built into the
// program. A test holds it against the route table, another against what the service answers.
#pragma once

#include <string>
#include <string_view>

namespace keyledger::http {

// Static. Any thread.
[[nodiscard]] const std::string& openapi_text();

}  // namespace keyledger::http
