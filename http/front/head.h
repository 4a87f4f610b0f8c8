// The head of a request as text: one function for each production of RFC 9112, and what its headers
// say together about the body. Strict: what two readers could take differently is refused, since a
// proxy in front may be the other reader, and a request that hides in the gap between two readings
// ("smuggling") passes the proxy's rules. Pure; every refusal is kInvalidRequest with a sentence.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "events/result.h"
#include "http/message.h"

namespace keyledger::http {

struct RequestLine {
  std::string_view method;  // one of the nine of RFC 9110 and 5789, without CONNECT
  std::string_view target;  // printable ASCII: "/path", "http://host/path" or "*"
  bool is_http_1_1 = true;  // else 1.0
};

// `line` without its CRLF.
[[nodiscard]] Result<RequestLine> parse_request_line(std::string_view line);

// A header or trailer line without its CRLF. The value may hold any byte from 0x80 on (UTF-8 passes
// as it came) and no control character but the tabulator.
[[nodiscard]] Result<HeaderView> parse_field(std::string_view line);

// What a request says about itself beside its method and target.
struct Framing {
  bool chunked = false;
  std::uint64_t length = 0;       // of the body, if it is not chunked
  bool keep_open = true;          // the client may send another request on this connection
  bool expects_continue = false;  // and waits for "100 Continue" before it sends the body

  [[nodiscard]] bool has_body() const { return chunked || length > 0; }
};
[[nodiscard]] Result<Framing> parse_framing(const RequestLine& line,
                                            std::span<const HeaderView> headers);

// "http://host/path" as "/path"; any other target as it is. parse_framing has made sure that the
// host is the one of the header.
[[nodiscard]] std::string origin_form(std::string_view target);

// Methods whose body means something. The body of any other is read, so that it is not taken for a
// request, and dropped.
[[nodiscard]] bool takes_body(std::string_view method);

}  // namespace keyledger::http
