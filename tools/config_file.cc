#include "tools/config_file.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <optional>
#include <string_view>

namespace keyledger {
namespace {

// The value after "--name" or "--name=", from the last place where it stands.
std::optional<std::string> given(const std::vector<std::string>& arguments,
                                 const std::string& name) {
  std::optional<std::string> value;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (argument == name) value = i + 1 < arguments.size() ? arguments[i + 1] : std::string();
    if (argument.starts_with(name + "=")) value = argument.substr(name.size() + 1);
  }
  return value;
}

std::optional<std::string> variable(const std::string& name) {
  const char* const value = name.empty() ? nullptr : std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

const CLI::App* called_command(const CLI::App& app, const std::vector<std::string>& arguments) {
  const auto is_called = [&](const CLI::App* command) {
    return std::find(arguments.begin(), arguments.end(), command->get_name()) != arguments.end();
  };
  const auto called = app.get_subcommands(is_called);
  return called.empty() ? nullptr : called.front();
}

Result<std::vector<CLI::ConfigItem>> read_items(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail(ErrorCode::kInvalidRequest, path + " cannot be read");
  try {
    return CLI::ConfigTOML().from_config(file);
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInvalidRequest, fmt::format("{}: {}", path, error.what()));
  }
}

}  // namespace

Result<std::vector<std::string>> with_config_file(const CLI::App& app,
                                                  std::vector<std::string> arguments) {
  const CLI::App* const command = called_command(app, arguments);
  auto path = given(arguments, "--config");
  if (!path) path = variable("KEYLEDGER_CONFIG");
  if (command == nullptr || !path) return arguments;
  const auto items = read_items(*path);
  if (!items) return fail(items.error());
  const std::vector<std::string> flags = arguments;
  for (const CLI::ConfigItem& item : *items) {
    const std::string name = "--" + item.name;
    const CLI::Option* const option = command->get_option_no_throw(name);
    if (!item.parents.empty() || option == nullptr || item.name == "config") {
      return fail(ErrorCode::kInvalidRequest,
                  fmt::format("{}: {} is not an option of {}; see keyledger {} --help", *path,
                              item.fullname(), command->get_name(), command->get_name()));
    }
    if (given(flags, name) || variable(option->get_envname())) continue;
    for (const std::string& value : item.inputs)
      arguments.push_back(fmt::format("{}={}", name, value));
  }
  return arguments;
}

}  // namespace keyledger
