#include "http/authorize_request.h"

#include <algorithm>
#include <array>
#include <string>

#include "events/text.h"
#include "http/field_faults.h"
#include "http/secret.h"

namespace keyledger::http {
namespace {

constexpr std::string_view kPrefix = "/v1/authorize";

struct Family {
  std::string_view method;
  std::array<std::string_view, 2> targets;  // one of them, or both if they agree
};
constexpr std::array<Family, 2> kFamilies = {{
    {"X-Original-Method", {"X-Original-URI", "X-Original-URL"}},
    {"X-Forwarded-Method", {"X-Forwarded-Uri", {}}},
}};

// The path and query of "https://host/path?query"; any other text as it is. A scheme has no case
// (RFC 3986 section 3.1).
std::string_view without_host(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const std::string_view rest = target.substr(scheme.size());
    const std::size_t path = rest.find_first_of("/?");
    if (path == std::string_view::npos) return "/";
    return rest.substr(path);
  }
  return target;
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

bool agree(const OriginalRequest& a, const OriginalRequest& b) {
  return a.method == b.method && path_of(a.target) == path_of(b.target);
}

// The value of a header of a family; faults if it is there twice, empty, or holds a secret behind
// escapes (one that is spelled out was found before).
std::optional<std::string_view> value_of(const Request& request, std::string_view name,
                                         FieldFaults& faults) {
  if (name.empty()) return std::nullopt;
  const auto value = request.header(name);
  if (!value) return std::nullopt;
  if (request.headers.count(name) > 1) faults.add(name, FieldFault::kInvalid, "must stand once");
  if (value->empty()) faults.add(name, FieldFault::kInvalid, "must not be empty");
  if (url_holds_secret(*value)) faults.add_secret(name);
  return value;
}

std::optional<OriginalRequest> read_family(const Request& request, const Family& family,
                                           FieldFaults& faults) {
  const auto method = value_of(request, family.method, faults);
  std::optional<std::string_view> target;
  for (const std::string_view name : family.targets) {
    auto value = value_of(request, name, faults);
    if (value) value = without_host(*value);
    if (value && target && path_of(*value) != path_of(*target)) {
      faults.add(name, FieldFault::kConflict,
                 "differs from " + std::string(family.targets.front()));
    }
    if (value && !target) target = value;
  }
  if (!method && !target) return std::nullopt;
  if (!method) faults.add(family.method, FieldFault::kRequired, "is required with the URL");
  if (!target) {
    faults.add(family.targets.front(), FieldFault::kRequired, "is required with the method");
  }
  if (method && !method->empty() && !is_http_token(*method)) {
    faults.add(family.method, FieldFault::kInvalid, "is not an HTTP method");
  }
  return OriginalRequest{method.value_or(""), target.value_or("")};
}

}  // namespace

SplitTarget split_target(std::string_view target) {
  const SplitTarget whole{target, {}};
  const std::string_view path = path_of(target);
  if (!path.starts_with(kPrefix)) return whole;
  std::size_t at = kPrefix.size();
  for (int segment = 0; segment < 2; ++segment) {  // the workspace and the environment
    if (at >= path.size() || path[at] != '/') return whole;
    at = path.find('/', at + 1);
    if (at == std::string_view::npos) return whole;
  }
  return {target.substr(0, at), target.substr(at)};
}

bool is_for_nginx(std::string_view target) {
  const std::string_view own = split_target(target).own;
  const std::size_t mark = own.find('?');
  if (mark == std::string_view::npos || !own.starts_with(kPrefix)) return false;
  for (std::string_view rest = own.substr(mark + 1); !rest.empty();) {
    const std::string_view one = rest.substr(0, rest.find('&'));
    if (one == "nginx=1") return true;
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
  }
  return false;
}

void restate_for_nginx(Response& response) {
  constexpr std::array<int, 3> kClientsOwn = {400, 413, 429};
  if (std::find(kClientsOwn.begin(), kClientsOwn.end(), response.status) == kClientsOwn.end())
    return;
  response.headers.emplace_back("X-Status", std::to_string(response.status));
  response.status = 403;
}

Result<std::optional<OriginalRequest>> original_request(const Request& request,
                                                        std::string_view appended,
                                                        const ClientAddress& client) {
  FieldFaults faults;
  std::optional<OriginalRequest> found;
  for (const Family& family : kFamilies) {
    const auto said = read_family(request, family, faults);
    if (said && found && !agree(*said, *found)) {
      faults.add(family.method, FieldFault::kConflict,
                 "and its URL differ from those of " + std::string(kFamilies.front().method));
    }
    if (said) found = said;
  }
  if (!appended.empty()) {
    const OriginalRequest said{request.method, appended};
    if (found && !agree(said, *found)) {
      faults.add("url", FieldFault::kConflict,
                 "has a path appended that differs from the one in the headers");
    }
    found = said;
  }
  if (found && !client.through_proxy) {
    return fail(ErrorCode::kForbidden,
                "The address that sent this request is not a trusted proxy, so it may not say what "
                "another one asked for.");
  }
  if (auto refused = faults.verdict()) return fail(std::move(*refused));
  return found;
}

bool is_http_token(std::string_view text) {
  const auto allowed = [](char c) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return plain || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace keyledger::http
