// The program's log: to standard error, text on a terminal and one JSON object a line otherwise.
// Nothing that is logged may hold a secret, a URL, a name or an address.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace keyledger {

enum class LogFormat { kText, kJson };

// Text if standard error is a terminal.
[[nodiscard]] LogFormat default_log_format();

// Sets up spdlog for the whole process. `level`: debug, info, warn, error.
void start_logging(LogFormat format, std::string_view level);

// One structured line.
using LogFields = std::initializer_list<std::pair<std::string_view, std::string>>;
void log_info(std::string_view message, LogFields fields = {});
void log_error(std::string_view message, LogFields fields = {});

}  // namespace keyledger
