// What a gateway asks of /v1/authorize: the parts of the URL, and the request that the gateway
// holds, which it describes in headers or by appending its path (docs/gateway-protocol.md).
#pragma once

#include <optional>
#include <string_view>

#include "events/result.h"
#include "http/client_address.h"
#include "http/message.h"

namespace keyledger::http {

// A target of ours in front, and behind it the path and query of a checked request, which Envoy
// appends: "/v1/authorize/ws_…/live" and "/its/path?a=b". All else is `own`.
struct SplitTarget {
  std::string_view own;
  std::string_view appended;  // empty, or begins with '/'
};
[[nodiscard]] SplitTarget split_target(std::string_view target);

// Whether the target asks for answers that nginx's auth_request can pass on: ?nginx=1.
[[nodiscard]] bool is_for_nginx(std::string_view target);
// 400, 413 and 429, which the client can mend, as 403, and the real status in X-Status.
void restate_for_nginx(Response& response);

// What the client asked of the gateway.
struct OriginalRequest {
  std::string_view method;
  std::string_view target;  // path and query
};

// Nothing if the gateway does not say. kInvalidRequest naming the header: one of a family is
// missing, unreadable or there twice, or two families differ in method or path. kForbidden if it
// was said by a peer that is not trusted. kSecretInRequest if a secret stands in a URL.
[[nodiscard]] Result<std::optional<OriginalRequest>> original_request(const Request& request,
                                                                      std::string_view appended,
                                                                      const ClientAddress& client);

// A token of RFC 9110 section 5.6.2, as methods and names of headers are.
[[nodiscard]] bool is_http_token(std::string_view text);

}  // namespace keyledger::http
