// A command's options from a TOML file. A flag goes before an environment variable, a variable
// before the file: so the file's entries become arguments for what neither of the two names.
#pragma once

#include <string>
#include <vector>

#include "events/result.h"

namespace CLI {
class App;
}

namespace keyledger {

// `arguments` (without the program's name) with those of the file after them, if --config or
// KEYLEDGER_CONFIG names one. Keys are the long names of the options of the command that is called.
// kInvalidRequest names the file, and the key that the command does not know.
[[nodiscard]] Result<std::vector<std::string>> with_config_file(const CLI::App& app,
                                                                std::vector<std::string> arguments);

}  // namespace keyledger
