#include "http/front/head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace keyledger::http {
namespace {

constexpr std::array<std::string_view, 8> kMethods = {"GET",   "HEAD",   "POST",    "PUT",
                                                      "PATCH", "DELETE", "OPTIONS", "TRACE"};
constexpr std::array<std::string_view, 4> kMethodsWithBody = {"POST", "PUT", "PATCH", "DELETE"};
constexpr std::array<std::string_view, 2> kSchemes = {"http://", "https://"};
constexpr std::size_t kMaxLengthDigits = 18;  // fits in 64 bits whatever they are

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_printable(char c) { return c > ' ' && c < 0x7F; }  // whatever the sign of char
bool is_blank(char c) { return c == ' ' || c == '\t'; }

// RFC 9110 section 5.6.2.
bool is_token_char(char c) {
  return is_alnum(c) ||
         (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

bool is_value_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
}

// RFC 3986 section 3.2 without user info, and without what no host has in practice.
bool is_host_char(char c) {
  return is_alnum(c) ||
         (c != '\0' && std::string_view("-._~:[]%").find(c) != std::string_view::npos);
}

template <typename Predicate>
bool all_of(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

tl::unexpected<Error> refuse(std::string detail) {
  return fail(ErrorCode::kInvalidRequest, std::move(detail));
}

struct Absolute {
  std::string_view authority;
  std::string_view rest;  // path and query; empty, or begins with '/' or '?'
};

std::optional<Absolute> split_absolute(std::string_view target) {
  for (const std::string_view scheme : kSchemes) {
    if (target.size() < scheme.size() || !same_header(target.substr(0, scheme.size()), scheme)) {
      continue;
    }
    target.remove_prefix(scheme.size());
    const std::size_t end = std::min(target.find_first_of("/?"), target.size());
    return Absolute{target.substr(0, end), target.substr(end)};
  }
  return std::nullopt;
}

Result<void> check_target(std::string_view method, std::string_view target) {
  if (!all_of(target, is_printable)) {
    return refuse("A URL is printable ASCII: percent-encode the rest.");
  }
  if (target.find('#') != std::string_view::npos) return refuse("A fragment (#) is not sent.");
  if (target.starts_with('/') || (target == "*" && method == "OPTIONS")) return {};
  if (const auto absolute = split_absolute(target)) {
    if (!absolute->authority.empty() && all_of(absolute->authority, is_host_char)) return {};
  }
  return refuse("The URL of a request begins with a slash.");
}

// The values of all headers of this name, which may be a list in one header or in several.
struct Values {
  std::size_t count = 0;
  std::string_view first;
};

Values values_of(std::span<const HeaderView> headers, std::string_view name) {
  Values out;
  for (const HeaderView& header : headers) {
    if (!same_header(header.name, name)) continue;
    if (out.count++ == 0) out.first = header.value;
  }
  return out;
}

bool connection_says(std::span<const HeaderView> headers, std::string_view option) {
  for (const HeaderView& header : headers) {
    if (!same_header(header.name, "Connection")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      if (same_header(trimmed(rest.substr(0, comma)), option)) return true;
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return false;
}

Result<void> check_host(const RequestLine& line, std::span<const HeaderView> headers) {
  const Values host = values_of(headers, "Host");
  if (host.count > 1) return refuse("The header Host must stand once.");
  if (host.count == 0 && line.is_http_1_1) return refuse("HTTP/1.1 wants the header Host.");
  if (!all_of(host.first, is_host_char)) return refuse("The header Host is not a host and port.");
  const auto absolute = split_absolute(line.target);
  if (absolute && host.count == 1 && !same_header(absolute->authority, host.first)) {
    return refuse("The URL and the header Host name two hosts.");
  }
  return {};
}

// RFC 9112 section 6.3. No list, no sign, no white space, and nothing twice, even if it is the
// same.
Result<void> read_length(std::span<const HeaderView> headers, Framing& out) {
  const Values length = values_of(headers, "Content-Length");
  if (length.count == 0) return {};
  if (length.count > 1) return refuse("The header Content-Length must stand once.");
  const std::string_view digits = length.first;
  if (digits.empty() || digits.size() > kMaxLengthDigits || !all_of(digits, is_digit)) {
    return refuse("The header Content-Length must be a number.");
  }
  std::from_chars(digits.data(), digits.data() + digits.size(), out.length);
  return {};
}

// Exactly "chunked", in these letters: the tricks are in the variants, and no client needs one.
Result<void> read_coding(const RequestLine& line, std::span<const HeaderView> headers,
                         Framing& out) {
  const Values coding = values_of(headers, "Transfer-Encoding");
  if (coding.count == 0) return {};
  if (coding.count > 1 || coding.first != "chunked") {
    return refuse("The only Transfer-Encoding is chunked, once.");
  }
  if (!line.is_http_1_1) return refuse("HTTP/1.0 has no Transfer-Encoding.");
  if (values_of(headers, "Content-Length").count > 0) {
    return refuse("A request has a Content-Length or a Transfer-Encoding, not both.");
  }
  out.chunked = true;
  return {};
}

Result<void> read_expectation(const RequestLine& line, std::span<const HeaderView> headers,
                              Framing& out) {
  const Values expected = values_of(headers, "Expect");
  if (expected.count == 0 || !line.is_http_1_1) return {};  // 1.0: ignored, RFC 9110 10.1.1
  if (expected.count > 1 || !same_header(expected.first, "100-continue")) {
    return refuse("The only expectation that can be met is 100-continue.");
  }
  out.expects_continue = out.has_body();
  return {};
}

}  // namespace

Result<RequestLine> parse_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return refuse("A request begins with a line of method, URL and version.");
  }
  RequestLine out;
  out.method = line.substr(0, first);
  out.target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return refuse("The versions spoken here are HTTP/1.1 and HTTP/1.0.");
  }
  out.is_http_1_1 = version == "HTTP/1.1";
  if (!is_one_of(out.method, kMethods)) return refuse("There is no such method here.");
  if (auto checked = check_target(out.method, out.target); !checked) return fail(checked.error());
  return out;
}

Result<HeaderView> parse_field(std::string_view line) {
  if (!line.empty() && is_blank(line.front())) return refuse("A header is one line.");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return refuse("A header is a name, a colon and a value.");
  HeaderView out{line.substr(0, colon), trimmed(line.substr(colon + 1))};
  if (out.name.empty() || !all_of(out.name, is_token_char)) {
    return refuse("The name of a header is letters, digits and hyphens up to its colon.");
  }
  if (!all_of(out.value, is_value_char)) {
    return refuse("A header's value has no control characters.");
  }
  return out;
}

Result<Framing> parse_framing(const RequestLine& line, std::span<const HeaderView> headers) {
  Framing out;
  if (auto host = check_host(line, headers); !host) return fail(host.error());
  if (auto length = read_length(headers, out); !length) return fail(length.error());
  if (auto coding = read_coding(line, headers, out); !coding) return fail(coding.error());
  if (auto expected = read_expectation(line, headers, out); !expected) {
    return fail(expected.error());
  }
  // HTTP/1.0 could ask to stay; few clients are left that do, and closing is always right.
  out.keep_open = line.is_http_1_1 && !connection_says(headers, "close");
  // A proxy may have taken what follows such a head for the next request. Never found out here.
  if (out.has_body() && !takes_body(line.method)) out.keep_open = false;
  return out;
}

std::string origin_form(std::string_view target) {
  const auto absolute = split_absolute(target);
  if (!absolute) return std::string(target);
  std::string out(absolute->rest);
  if (!out.starts_with('/')) out.insert(out.begin(), '/');
  return out;
}

bool takes_body(std::string_view method) { return is_one_of(method, kMethodsWithBody); }

}  // namespace keyledger::http
