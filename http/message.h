// HTTP requests and answers as handlers see them: no library, no socket. http/front/ makes and
// sends them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
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
[[nodiscard]] bool same_header(std::string_view a, std::string_view b);

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

struct HeaderView {
  std::string_view name;
  std::string_view value;  // without white space around it
};

// A request that still lies in the listener's buffers: good for the call it is given to, no longer.
struct RequestView {
  std::string_view method;
  std::string_view target;
  std::string_view body;
  std::string_view peer;
  std::span<const HeaderView> headers;  // in the order they came

  // The first value; nothing if the header is absent.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

// The client's end of an answer that is made while it is sent. One thread.
class AnswerStream {
 public:
  virtual ~AnswerStream() = default;
  // Sends all of it; waits while the client is slow to take it, within a deadline. False: the
  // client has gone or is too slow, or the server's time to stop is over. Give up then.
  virtual bool write(std::string_view bytes) = 0;
  // False once nobody waits for more or the server stops: an answer without an end (a feed) ends
  // itself then; one that has an end goes on.
  [[nodiscard]] virtual bool wanted() const = 0;
};

// Makes an answer's body piece by piece, on a thread of its own; may block. False: it could not be
// made whole, and the client is to see that by a body without an end.
using Producer = std::function<bool(AnswerStream&)>;

// In the order in which they are sent; names and values as they are written.
using AnswerHeaders = std::vector<std::pair<std::string, std::string>>;

struct Response {
  int status = 200;
  AnswerHeaders headers;
  std::string content_type = "application/json; charset=utf-8";
  std::string body;
  Producer producer;  // if there is one, it makes the body, and `body` is not sent

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

// Every good escape decoded, all else as it stands: for finding, not for routing.
[[nodiscard]] std::string decoded_where_possible(std::string_view text);

}  // namespace keyledger::http
