// A text from outside that nobody refuses, as the ledger may keep it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace keyledger::http {

// At most `max` bytes, valid UTF-8 without control characters: what a stored text may not hold
// becomes a question mark. Pure.
[[nodiscard]] std::string kept_text(std::string_view given, std::size_t max);

}  // namespace keyledger::http
