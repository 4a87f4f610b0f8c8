// How commands speak to people: one sentence on standard error for a failure, a progress line on a
// terminal for what takes long.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "events/result.h"

namespace keyledger {

// Prints "keyledger: <sentence>" and the fields at fault. Answers `exit_code`.
int report_failure(const Error& error, int exit_code = 1);

// A callback that redraws one line "<what> 12,345 of 99,999" on standard error if that is a
// terminal and the work takes longer than a second; else does nothing.
[[nodiscard]] std::function<void(std::uint64_t done, std::uint64_t total)> progress_line(
    std::string what);

}  // namespace keyledger
