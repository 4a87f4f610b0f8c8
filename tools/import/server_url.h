// Where a command finds the service.
#pragma once

#include <string_view>

#include "events/result.h"
#include "http/client.h"

namespace keyledger {

// "https://keys.example.com" or "http://127.0.0.1:8080"; without a path. kInvalidRequest for
// anything else, and for http to another machine, where the management key could be read on the
// way.
[[nodiscard]] Result<http::ServerAddress> parse_server_url(std::string_view url);

}  // namespace keyledger
