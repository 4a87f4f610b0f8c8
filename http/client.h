// The other side: a caller of a keyledger over HTTP or HTTPS, for commands that work through the
// API.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "events/result.h"
#include "http/secret.h"

namespace keyledger::http {

struct ServerAddress {
  bool tls = false;  // certificates are checked against those that the system trusts
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;
};

struct ClientAnswer {
  int status = 0;
  std::string body;
  bool replayed = false;                     // Idempotent-Replay
  std::optional<std::uint64_t> position;     // Ledger-Position; only a keyledger says it
  std::optional<std::uint64_t> retry_after;  // seconds
};

// One keep-alive connection, opened when it is needed. Not for two threads.
class Client {
 public:
  // `key`, the management key, must outlive it.
  Client(const ServerAddress& to, const Secret& key);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // A JSON body. kUnavailable, with what is wrong, if there is no whole answer within a minute:
  // then the call may or may not have been carried out. kMisdirected if the server cannot show
  // that it is the one in the address: then it was told nothing.
  [[nodiscard]] Result<ClientAnswer> post(
      const std::string& target, const std::string& body,
      const std::vector<std::pair<std::string, std::string>>& headers);

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger::http
