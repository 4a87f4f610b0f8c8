// The answer of a verify as JSON text, written straight: it is on every request of somebody's API,
// and the JSON library would take ten times as long. The only place that says what it looks like.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "projections/verify_index.h"

namespace keyledger::http {

// `detail`: the verdict for people. `not_checked`: names of rules that were not looked at. Names of
// a key only if the verdict is one about a key that the caller may know (design product.md section
// 5).
void write_verdict(std::string& out, const VerifyAnswer& answer, std::string_view detail,
                   std::uint64_t position, const std::vector<std::string_view>& not_checked);

// `text` in quotes, escaped after RFC 8259 section 7. It must be valid UTF-8.
void write_json_text(std::string& out, std::string_view text);

}  // namespace keyledger::http
