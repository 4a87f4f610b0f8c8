// A page of audit entries as an answer, for the trail and for one key's history.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "http/routes.h"
#include "projections/audit_trail.h"

namespace keyledger::http {

// `after` of the page request from a cursor's payload (QueryReader::cursor); nothing for the first
// page.
[[nodiscard]] std::optional<std::uint64_t> position_of_cursor(std::string_view payload);

// The cursor that says so of the next page.
[[nodiscard]] std::string position_cursor(const Call& call, std::uint64_t after);

[[nodiscard]] Response audit_page_response(const Call& call, const AuditPage& page);

}  // namespace keyledger::http
