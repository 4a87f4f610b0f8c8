// The one spelling of each enumeration, in the API and wherever people read it. Static texts.
#pragma once

#include <string_view>

#include "events/key_events.h"
#include "events/policy.h"

namespace keyledger {

[[nodiscard]] std::string_view key_type_name(KeyType type);                // "private"
[[nodiscard]] std::string_view environment_name(Environment environment);  // "live"
[[nodiscard]] std::string_view revocation_code_name(RevocationCode code);  // "key_compromise"
[[nodiscard]] std::string_view name_rule_name(NameRule rule);              // "no_whitespace"
[[nodiscard]] std::string_view on_leak_name(OnLeak action);                // "report"
[[nodiscard]] std::string_view use_digest_name(UseDigest period);          // "daily"

}  // namespace keyledger
