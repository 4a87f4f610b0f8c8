// The policies that are shipped with the product (design product.md section 1 "The profiles"). A
// workspace begins with one; from then on the policy is its own and the name only a label.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "events/policy.h"

namespace keyledger {

// "default", "quo" or "quotient"; nothing for any other name.
[[nodiscard]] std::optional<Policy> profile_policy(std::string_view name);

// "default, quo, quotient": for those who named another one.
[[nodiscard]] std::string profile_names();

}  // namespace keyledger
