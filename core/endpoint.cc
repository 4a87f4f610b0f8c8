#include "core/endpoint.h"

#include <algorithm>

#include "events/hex.h"
#include "events/text.h"

namespace keyledger {
namespace {

bool is_dots(std::string_view segment) { return segment == "." || segment == ".."; }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7F'; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// What neither a path nor a pattern may spell out.
bool is_refused(char c) {
  return is_control(c) || c == ' ' || c == '\\' || c == ';' || c == '#' || c == '?';
}

// The character that the escape at the front of `text` stands for; nothing if it may not stand in a
// path.
std::optional<char> decode(std::string_view text) {
  if (text.size() < 3) return std::nullopt;
  const int high = hex_digit(text[1]);
  const int low = hex_digit(text[2]);
  if (high < 0 || low < 0) return std::nullopt;
  const char c = static_cast<char>(high * 16 + low);
  // Go's proxies write an escaped ';' out when they repair a path, and servlets cut segments at it.
  if (is_control(c) || c == '/' || c == '\\' || c == ';') return std::nullopt;
  return c;
}

// Segments that name something: none of dots, none empty but the one after a last '/'.
bool has_plain_segments(std::string_view path) {
  while (!path.empty()) {
    const std::string_view segment = take_segment(path);
    if (is_dots(segment) || (segment.empty() && !path.empty())) return false;
  }
  return true;
}

std::optional<std::string> check_method(std::string_view method) {
  const auto plain = [](char c) {
    return (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
  };
  if (method.empty() || method.size() > kMaxEndpointMethod ||
      !std::all_of(method.begin(), method.end(), plain)) {
    return "must be an HTTP method in upper case, of at most 32 letters";
  }
  if (method == "HEAD") return "must not be HEAD, which counts as GET: name GET";
  return std::nullopt;
}

bool is_parameter_name(std::string_view name) {
  return !name.empty() && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

std::optional<std::string> check_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return "must begin with '/'";
  if (path.size() > kMaxEndpointPath) return "must have at most 500 bytes";
  if (path.find('?') != std::string_view::npos) {
    return "must not have a query: requests are matched by their path alone";
  }
  if (path.find('%') != std::string_view::npos) {
    return "must be written decoded, without '%': requests are decoded before they are matched";
  }
  if (!is_clean_text(path) || std::any_of(path.begin(), path.end(), is_refused)) {
    return "must not contain white space, control characters, '\\', ';' or '#'";
  }
  if (!has_plain_segments(path)) return "must not contain '//' or a segment '.' or '..'";
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view segment = take_segment(rest);
    if (segment.find('*') != std::string_view::npos && (segment != "*" || !rest.empty())) {
      return "may have '*' as its whole last segment only";
    }
    if (segment.starts_with(':') && !is_parameter_name(segment.substr(1))) {
      return "must name a ':parameter' by letters, digits and '_', not a digit first";
    }
  }
  return std::nullopt;
}

bool fits(std::string_view pattern, std::string_view path) {
  while (!pattern.empty() && !path.empty()) {
    if (pattern == "/*") return path != "/";
    const std::string_view wanted = take_segment(pattern);
    const std::string_view given = take_segment(path);
    if (wanted.starts_with(':') ? given.empty() : wanted != given) return false;
  }
  return pattern.empty() && path.empty();
}

}  // namespace

std::string_view take_segment(std::string_view& rest) {
  rest.remove_prefix(1);
  const std::string_view segment = rest.substr(0, rest.find('/'));
  rest.remove_prefix(segment.size());
  return segment;
}

EndpointFaults check_endpoint_pattern(std::string_view method, std::string_view path) {
  return {check_method(method), check_path(path)};
}

// The buffer is left as it is: to clear it would cost more than all the rest.
// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
RequestPath::RequestPath(std::string_view target) {
  const std::string_view raw = target.substr(0, target.find('?'));
  if (raw.empty() || raw.front() != '/' || raw.size() > kMaxRequestPath) return;
  if (std::any_of(raw.begin(), raw.end(), is_refused)) return;
  std::string_view path = raw;
  if (raw.find('%') != std::string_view::npos) {
    std::size_t size = 0;
    for (std::size_t at = 0; at < raw.size(); ++at) {
      char c = raw[at];
      if (c == '%') {
        const auto decoded = decode(raw.substr(at));
        if (!decoded) return;
        c = *decoded;
        at += 2;
      }
      decoded_[size++] = c;
    }
    path = {decoded_.data(), size};
  }
  if (has_plain_segments(path) && is_valid_utf8(path)) path_ = path;
}

bool matches(const PolicyEndpoint& line, std::string_view method, const RequestPath& path) {
  return line.method == (method == "HEAD" ? "GET" : method) && path.is_usable() &&
         fits(line.path, path.text());
}

}  // namespace keyledger
