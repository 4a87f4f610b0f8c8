#include "http/match.h"

#include "core/endpoint.h"

namespace keyledger::http {
namespace {

bool is_parameter(std::string_view segment) { return segment.starts_with(':'); }

bool fits(std::string_view pattern, std::string_view path) {
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = take_segment(pattern);
    const std::string_view given = take_segment(path);
    if (is_parameter(wanted) ? given.empty() : wanted != given) return false;
  }
  return pattern.empty() && path.empty();
}

// Whether `a` spells out the first segment in which the two differ. Both fit the same path.
bool is_more_exact(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const bool parameter_a = is_parameter(take_segment(a));
    const bool parameter_b = is_parameter(take_segment(b));
    if (parameter_a != parameter_b) return parameter_b;
  }
  return false;
}

// Empty if the path fits none.
std::string_view best_pattern(std::span<const Route> table, std::string_view path) {
  // A pattern that spells everything out is the best there can be, and the most asked for.
  for (const Route& route : table) {
    if (route.pattern == path) return route.pattern;
  }
  std::string_view best;
  for (const Route& route : table) {
    if (!fits(route.pattern, path)) continue;
    if (best.empty() || is_more_exact(route.pattern, best)) best = route.pattern;
  }
  return best;
}

void add_method(std::string& allow, std::string_view method) {
  if (!allow.empty()) allow += ", ";
  allow += method;
  if (method == "GET") allow += ", HEAD";
}

}  // namespace

Match match(std::span<const Route> table, std::string_view method, std::string_view path) {
  Match out;
  if (path.empty() || path.front() != '/') return out;
  std::string_view best = best_pattern(table, path);
  if (best.empty()) return out;

  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  for (const Route& route : table) {
    if (route.pattern != best) continue;
    add_method(out.allow, route.method);
    if (route.method == wanted || route.method == kAnyMethod) out.route = &route;
  }
  while (!best.empty()) {
    const std::string_view name = take_segment(best);
    const std::string_view value = take_segment(path);
    if (is_parameter(name)) out.params.emplace(name.substr(1), value);
  }
  return out;
}

std::size_t body_limit(std::string_view method, std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  for (const Route& route : routes()) {
    // Rows with a limit of their own have no parameter in their path.
    const bool own = route.max_body != kMaxBody && route.method == method && route.pattern == path;
    if (own) return route.max_body;
  }
  return kMaxBody;
}

ParameterUse parameter_use(const Route& route, std::string_view name) {
  const bool waits = route.method == "GET" && route.permission.kind == Permission::Kind::kMembers;
  if (waits && name == "min_position") return ParameterUse::kOnce;
  std::string_view rest = route.query;
  while (!rest.empty()) {
    std::string_view known = rest.substr(0, rest.find(' '));
    rest.remove_prefix(known.size() == rest.size() ? rest.size() : known.size() + 1);
    if (known.ends_with('*')) {
      known.remove_suffix(1);
      if (known == name) return ParameterUse::kRepeated;
    } else if (known.ends_with("[]")) {
      known.remove_suffix(1);  // "metadata["
      if (name.starts_with(known) && name.ends_with(']') && name.size() > known.size() + 1) {
        return ParameterUse::kOnce;
      }
    } else if (known == name) {
      return ParameterUse::kOnce;
    }
  }
  return ParameterUse::kUnknown;
}

}  // namespace keyledger::http
