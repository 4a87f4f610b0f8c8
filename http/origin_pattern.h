// Reading one allowed origin as a person gives it (design product.md section 4; docs/origins-and-
// addresses.md): the host in its one form, and whether subdomains are meant, decided now and for
// good. Any thread.
#pragma once

#include <string_view>

#include "events/access_rules.h"
#include "events/result.h"

namespace keyledger::http {

// `*`, `host`, `host:port`, `scheme://host`, `scheme://host:port` or `*.host`. Takes valid UTF-8.
// kInvalidRequest whose detail says what is wrong, in words that follow the name of a field.
[[nodiscard]] Result<OriginRule> parse_origin_pattern(std::string_view text);

}  // namespace keyledger::http
