// cpp-httplib without its sockets: one request goes through the library's own entry point, routing
// hooks and answer writer, from memory to memory. It builds with 0.11.4 (Debian 12) and 0.18.7
// (Debian 13).
//
// The library sees the request line and nothing else of what the client sent. So nothing of it can
// be triggered by a header: no percent-decoding of values, no ranges, no unpacking, no forms, no
// compression at quality 11, no header that hides the client's address (docs/http-front-end.md).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "http/front/answer.h"
#include "http/message.h"

namespace keyledger::http {

class Library {
 public:
  using Handle = std::function<Response(const Request&)>;  // does not throw

  // `idle`: how long a connection stays open for a next request, which answers mention.
  Library(Handle handle, std::chrono::seconds idle);
  ~Library();

  // Appends the answer to `out`. One with a producer is given back instead. Any thread.
  Response serve(const Request& request, const AnswerForm& form, std::string& out) const;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger::http
