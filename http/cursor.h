// Cursors: where the next page of a list begins, in a form that clients keep for as long as they
// like and cannot read anything into. The tag in it guards against mistakes (a cut cursor, one of
// another list or filter), not against people: all it holds is a place in the caller's own list.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/ids.h"

namespace keyledger::http {

// base64url (RFC 4648 section 5, no padding) of: version u8 = 1, the payload, and the first 16
// bytes of HMAC-SHA-256 over version, scope and payload, under a key derived from the log's id, so
// that it lives as long as the log. `scope` says which list it is of.
[[nodiscard]] std::string seal_cursor(const LogId& log, std::string_view scope,
                                      std::string_view payload);

// The payload; nothing unless seal_cursor made it for this log and scope.
[[nodiscard]] std::optional<std::string> open_cursor(const LogId& log, std::string_view scope,
                                                     std::string_view cursor);

}  // namespace keyledger::http
