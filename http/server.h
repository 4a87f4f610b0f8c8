// The listener: http/front/ under our handlers. docs/http-front-end.md says how it works, what each
// limit protects, and what it does about each way to hurt an HTTP server that we know.
//
// Header values reach the handler as they came: white space around them is taken off, and nothing
// is decoded.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "events/result.h"
#include "http/front/options.h"
#include "http/message.h"

namespace keyledger::http {

class Server {
 public:
  // From many threads at once. What it throws is answered with 500 and told nobody.
  using Handle = std::function<Response(const Request&)>;

  Server(ServerOptions options, Handle handle);
  ~Server();  // after run() has returned

  // Binds; kUnavailable with a sentence if the address is taken (never shared with another
  // process).
  [[nodiscard]] Result<void> bind();
  [[nodiscard]] std::uint16_t port() const;
  // Serves until stop(); from one thread, once.
  void run();
  // Stops accepting; what is running is finished within the deadline and its connections are
  // closed, and then run() returns. Any thread, at once, also before run().
  void stop();

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger::http
