// HTTP requests and answers as handlers see them: no library, no socket. server.cc (later
// http/front/) makes and sends them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/result.h"

namespace keyledger::http {

// Header names compare without regard to ASCII case (RFC 9110 section 5.1).
struct HeaderLess {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};
using Headers = std::multimap<std::string, std::string, HeaderLess>;

struct Request {
  std::string method;  // upper case
  std::string target;  // as it came: path and query, not decoded
  Headers headers;     // values without white space around them
  std::string body;
  std::string peer;  // address of the socket's other end, without the port
  // Set by the listener if it could not make sense of the bytes: the answer is this refusal.
  std::optional<Error> unreadable;

  // The first value; nothing if the header is absent.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content_type = "application/json; charset=utf-8";
  std::string body;

  // The first value; nothing if the header is absent.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

// Names and values, decoded, in the order of the URL.
using Query = std::vector<std::pair<std::string, std::string>>;

// A request target, decoded once.
struct Target {
  std::string path;
  Query query;
};

// Splits at the first '?', then at '&' and '='; decodes percent signs, and '+' in the query as a
// space (WHATWG "application/x-www-form-urlencoded"). Nothing for a bad escape or a target that
// does not begin with '/'.
[[nodiscard]] std::optional<Target> parse_target(std::string_view target);

}  // namespace keyledger::http
