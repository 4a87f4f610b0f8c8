#include "http/origin_pattern.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "events/origin.h"
#include "http/idna.h"
#include "http/public_suffix.h"

namespace keyledger::http {
namespace {

constexpr std::string_view kBelow = "*.";
constexpr std::string_view kSchemeEnd = "://";
constexpr std::string_view kLocalhost = "localhost";

tl::unexpected<Error> refuse(std::string why) {
  return fail(ErrorCode::kInvalidRequest, std::move(why));
}

bool has(std::string_view text, std::string_view any_of) {
  return text.find_first_of(any_of) != std::string_view::npos;
}

// What an origin does not have, though a URL may.
Result<void> check_parts(std::string_view rest) {
  if (has(rest, " \t\n\v\f\r")) return refuse("must not contain white space");
  if (has(rest, "@")) return refuse("must not contain user information (before an @)");
  if (has(rest, "?")) return refuse("must not contain a query");
  if (has(rest, "#")) return refuse("must not contain a fragment");
  if (has(rest, "/\\")) return refuse("must not contain a path, not even a / at its end");
  return {};
}

Result<std::string> read_host(std::string_view given) {
  if (given.starts_with('.')) {
    return refuse("must not begin with a dot; a host such as example.com is missing");
  }
  if (has(given, "*")) return refuse("may contain * alone or as the first label, as *.example.com");
  const auto ascii = given.starts_with('[') ? std::string(given) : to_a_labels(given);
  auto host = ascii ? canonical_host(*ascii) : std::nullopt;
  if (!host) return refuse("does not name a valid host (a DNS name, an IPv4 address or [IPv6])");
  return std::move(*host);
}

// Why the name may not be given: the owner of a key does not own all that lies below it.
Result<void> check_name(const std::string& host, DomainKind kind) {
  if (host == kLocalhost || kind != DomainKind::kPublicSuffix) return {};
  if (host.find('.') == std::string::npos) {
    return refuse("is a top-level name; of single labels only localhost may be given");
  }
  return refuse("is a public suffix, under which anybody may register names");
}

Result<void> decide_subdomains(OriginRule& rule, bool below) {
  if (is_address(rule.host)) {
    if (below) return refuse("names an address, which has no subdomains");
    return {};
  }
  const DomainKind kind = domain_kind(rule.host);
  if (auto named = check_name(rule.host, kind); !named) return named;
  rule.self = !below;
  rule.subdomains = below || (!rule.scheme && kind == DomainKind::kRegistrable);
  return {};
}

Result<void> read_port(OriginRule& rule, std::string_view text) {
  rule.port = parse_port(text);
  if (!rule.port) return refuse("must have a port from 1 to 65535");
  // So that one rule has one form.
  if (rule.scheme && rule.port == default_port(*rule.scheme)) rule.port.reset();
  return {};
}

}  // namespace

Result<OriginRule> parse_origin_pattern(std::string_view text) {
  if (text == "*") return any_origin_rule();
  OriginRule rule;
  std::string_view rest = text;
  if (const std::size_t end = text.find(kSchemeEnd); end != std::string_view::npos) {
    rule.scheme = canonical_scheme(text.substr(0, end));
    if (!rule.scheme) return refuse("has no valid scheme before ://");
    rest = text.substr(end + kSchemeEnd.size());
    if (rest.empty()) return refuse("names a scheme alone; the host is missing");
  }
  if (auto parts = check_parts(rest); !parts) return fail(parts.error());

  const bool below = rest.starts_with(kBelow);
  if (below && (rule.scheme || has(rest, ":"))) {
    return refuse("may have *. only without a scheme and a port");
  }
  if (!rest.starts_with('[') && std::count(rest.begin(), rest.end(), ':') > 1) {
    return refuse("must have an IPv6 address in brackets, as [::1]");
  }
  const HostAndPort parts = split_port(rest.substr(below ? kBelow.size() : 0));
  if (parts.host.empty()) {
    return refuse(parts.port ? "names a port alone; the host is missing" : "has no host");
  }
  auto host = read_host(parts.host);
  if (!host) return fail(host.error());
  rule.host = std::move(*host);
  if (parts.port) {
    if (auto port = read_port(rule, *parts.port); !port) return fail(port.error());
  }
  if (auto decided = decide_subdomains(rule, below); !decided) return fail(decided.error());
  return rule;
}

}  // namespace keyledger::http
