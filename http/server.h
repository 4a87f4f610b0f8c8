// The listener: cpp-httplib (0.11.4 of Debian 12, 0.18.7 of Debian 13) under our handlers. Plain
// HTTP for now, with the limits the library allows; the front end of a later issue replaces only
// this file, the only one that sees the library.
//
// What the library does that we cannot mend here:
// - It percent-decodes header values before anybody sees them. So X-Reason and X-On-Behalf-Of may
//   be sent percent-encoded, which is the one way to send UTF-8 in a header; and a request id with
//   a percent sign in it comes back decoded.
// - A connection holds its thread until it closes, also while idle (5 s at most): slow clients can
//   use up all threads. stop() waits for idle connections just as long.
// - The number of headers and the length of a header line without an end are not limited.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "events/result.h"
#include "http/message.h"

namespace keyledger::http {

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0: any free one, see port()
  std::size_t threads = 128;  // a thread is held by each open connection; more of them wait
  std::size_t max_body_bytes = 1U << 20U;
};

class Server {
 public:
  using Handle = std::function<Response(const Request&)>;

  Server(ServerOptions options, Handle handle);
  ~Server();  // stop()

  // Binds; kUnavailable with a sentence if the address is taken (never shared with another
  // process).
  [[nodiscard]] Result<void> bind();
  [[nodiscard]] std::uint16_t port() const;
  // Serves until stop(); from one thread.
  void run();
  // Stops accepting, lets running requests finish. Any thread, also before run().
  void stop();

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger::http
