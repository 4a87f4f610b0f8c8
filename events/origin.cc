#include "events/origin.h"

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "events/network.h"

namespace keyledger {
namespace {

constexpr std::size_t kMaxHost = 253;  // RFC 1035 section 2.3.4, without the trailing dot
constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxScheme = 32;
constexpr std::string_view kAny = "*";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_label(std::string_view label) {
  const auto allowed = [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; };
  return !label.empty() && label.size() <= kMaxLabel && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), allowed);
}

bool is_name(std::string_view host) {
  if (host.empty() || host.size() > kMaxHost) return false;
  for (std::size_t from = 0; from <= host.size();) {
    const std::size_t to = std::min(host.find('.', from), host.size());
    if (!is_label(host.substr(from, to - from))) return false;
    from = to + 1;
  }
  return true;
}

// A host whose last label is a number is an IPv4 address or nothing (WHATWG URL, "ends in a number
// checker"): browsers read 127.1, 0x7f.1 and 127.0.0.01 as addresses, too.
bool ends_in_number(std::string_view host) {
  const std::size_t dot = host.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? host : host.substr(dot + 1);
  if (last.empty()) return false;
  if (std::all_of(last.begin(), last.end(), is_digit)) return true;
  return last.starts_with("0x") &&
         last.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
}

bool is_below(std::string_view host, std::string_view parent) {
  return host.size() > parent.size() + 1 && host.ends_with(parent) &&
         host[host.size() - parent.size() - 1] == '.';
}

bool matches_host(const OriginRule& rule, std::string_view host) {
  if (rule.self && host == rule.host) return true;
  return rule.subdomains && is_below(host, rule.host);
}

}  // namespace

Origin parse_origin(std::string_view text) {
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos) return {};
  auto scheme = canonical_scheme(text.substr(0, end));
  const HostAndPort rest = split_port(text.substr(end + 3));
  auto host = canonical_host(rest.host);
  if (!scheme || !host) return {};
  Origin origin{std::move(*scheme), std::move(*host), std::nullopt};
  origin.port = rest.port ? parse_port(*rest.port) : default_port(origin.scheme);
  if (rest.port && !origin.port) return {};
  return origin;
}

bool matches(const OriginRule& rule, const Origin& origin) {
  if (is_any(rule)) return true;
  if (origin.opaque()) return false;
  const bool scheme = rule.scheme ? *rule.scheme == origin.scheme
                                  : origin.scheme == "https" || origin.scheme == "http";
  if (!scheme) return false;
  const auto port = rule.port ? rule.port : default_port(origin.scheme);
  return port == origin.port && matches_host(rule, origin.host);
}

bool is_any(const OriginRule& rule) { return rule.host == kAny; }

OriginRule any_origin_rule() {
  OriginRule rule;
  rule.host = std::string(kAny);  // g++ 12 warns of an overlap in the plain assignment
  return rule;
}

std::string to_text(const OriginRule& rule) {
  std::string text;
  if (rule.scheme) text.append(*rule.scheme).append("://");
  if (!rule.self) text.append("*.");
  text += rule.host;
  if (rule.port) text += ':' + std::to_string(*rule.port);
  return text;
}

HostAndPort split_port(std::string_view text) {
  std::size_t from = 0;
  if (text.starts_with('[')) from = std::min(text.find(']'), text.size());
  const std::size_t colon = text.find(':', from);
  if (colon == std::string_view::npos) return {text, std::nullopt};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || text.front() == '0') return std::nullopt;
  return port;
}

std::optional<std::uint16_t> default_port(std::string_view scheme) {
  if (scheme == "https") return std::uint16_t{443};
  if (scheme == "http") return std::uint16_t{80};
  return std::nullopt;
}

std::optional<std::string> canonical_scheme(std::string_view text) {
  const auto allowed = [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  };
  const bool sized = !text.empty() && text.size() <= kMaxScheme;
  if (!sized || !is_letter(text.front()) || !std::all_of(text.begin(), text.end(), allowed)) {
    return std::nullopt;
  }
  return lower(text);
}

std::optional<std::string> canonical_host(std::string_view text) {
  if (text.starts_with('[')) {
    if (!text.ends_with(']') || text.find(':') == std::string_view::npos) return std::nullopt;
    const auto address = parse_address(text.substr(1, text.size() - 2));
    if (!address) return std::nullopt;
    // An IPv4 address in IPv6 form is another origin than the IPv4 address.
    const std::string shown = to_text(*address);
    return shown.find(':') == std::string::npos ? "[::ffff:" + shown + ']' : '[' + shown + ']';
  }
  if (text.ends_with('.')) text.remove_suffix(1);
  if (!is_name(text)) return std::nullopt;
  std::string host = lower(text);
  if (!ends_in_number(host)) return host;
  const auto address = parse_address(host);
  if (!address) return std::nullopt;
  return to_text(*address);
}

bool is_address(std::string_view canonical_host) {
  return canonical_host.starts_with('[') || ends_in_number(canonical_host);
}

}  // namespace keyledger
