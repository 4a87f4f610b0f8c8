// From a method and a path to a row of the route table.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "http/routes.h"

namespace keyledger::http {

struct Match {
  const Route* route = nullptr;  // null: see `allow`
  std::map<std::string, std::string, std::less<>> params;
  // The methods of the pattern that fits the path best, as the header Allow lists them; empty: the
  // path fits none (404).
  std::string allow;
};

// `path` is decoded. The path alone chooses the pattern (one that spells a segment out goes before
// one with a parameter there), then the method chooses the row; HEAD is GET.
[[nodiscard]] Match match(std::span<const Route> table, std::string_view method,
                          std::string_view path);

// The longest body that a request may have, before it is known who sends it: the row's, kMaxBody
// where there is none.
[[nodiscard]] std::size_t body_limit(std::string_view method, std::string_view target);

// Whether the row knows a query parameter, and how it may occur.
enum class ParameterUse : std::uint8_t { kUnknown, kOnce, kRepeated };
[[nodiscard]] ParameterUse parameter_use(const Route& route, std::string_view name);

}  // namespace keyledger::http
