// A server on a free port with a thread of its own, for as long as this lives.
#pragma once

#include <stdexcept>
#include <thread>
#include <utility>

#include "http/server.h"

namespace keyledger::http {

inline ServerOptions any_port() {
  ServerOptions options;
  options.port = 0;
  options.event_threads = 2;
  options.threads = 4;
  return options;
}

// 200 with this body; a refusal of the listener with its status and sentence.
inline Response plain_answer(const Request& request, std::string body = "{}") {
  Response response;
  response.headers.emplace_back("X-Request-Id", "r");
  response.body = std::move(body);
  if (request.unreadable) {
    const ErrorCode code = request.unreadable->code;
    response.status = code == ErrorCode::kOverloaded ? 503
                      : code == ErrorCode::kTooLarge ? 413
                                                     : 400;
    response.body = request.unreadable->detail;
  }
  return response;
}

class RunningServer {
 public:
  RunningServer(ServerOptions options, Server::Handle handle)
      : server_(std::move(options), std::move(handle)) {
    if (const auto bound = server_.bind(); !bound) throw std::runtime_error(bound.error().detail);
    thread_ = std::thread([this] { server_.run(); });
  }
  ~RunningServer() { stop(); }

  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  void begin_stop() { server_.stop(); }
  // Returns when run() has returned.
  void stop() {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  Server server_;
  std::thread thread_;
};

}  // namespace keyledger::http
