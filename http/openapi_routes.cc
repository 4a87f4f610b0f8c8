// What the service says about itself: its document, and a place to begin.
#include "http/change.h"
#include "http/handlers.h"
#include "http/openapi_text.h"

namespace keyledger::http {

Result<Response> get_openapi(Call& /*call*/) {
  Response response;
  response.body = openapi_text();
  return response;
}

Result<Response> get_index(Call& call) {
  const Json links = {{"openapi", "/openapi.json"},
                      {"health", "/healthz"},
                      {"ready", "/readyz"},
                      {"whoami", "/v1/whoami"}};
  return json_response(
      200, {{"name", "keyledger"}, {"version", call.api.options.version}, {"links", links}});
}

}  // namespace keyledger::http
