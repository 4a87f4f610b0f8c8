#include "http/client.h"

#include <httplib.h>

#include <charconv>

namespace keyledger::http {
namespace {

constexpr time_t kConnectSeconds = 10;
constexpr time_t kAnswerSeconds = 60;

std::string origin_of(const ServerAddress& to) {
  const bool v6 = to.host.find(':') != std::string::npos;
  return (to.tls ? "https://" : "http://") + (v6 ? '[' + to.host + ']' : to.host) + ':' +
         std::to_string(to.port);
}

std::optional<std::uint64_t> whole_number(const std::string& text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

// The server's certificate, or the name in it. Newer libraries tell them apart: 0.18 of Debian 13
// does, 0.11 of Debian 12 does not know the second.
template <typename LibraryError>
bool is_untrusted(LibraryError error) {
  if constexpr (requires { LibraryError::SSLServerHostnameVerification; }) {
    if (error == LibraryError::SSLServerHostnameVerification) return true;
  }
  return error == LibraryError::SSLServerVerification;
}

}  // namespace

struct Client::Rep {
  Rep(const ServerAddress& to, const Secret& the_key)
      : origin(origin_of(to)), key(the_key), library(origin) {
    library.set_keep_alive(true);
    library.set_tcp_nodelay(true);
    library.set_connection_timeout(kConnectSeconds);
    library.set_read_timeout(kAnswerSeconds);
    library.set_write_timeout(kAnswerSeconds);
  }

  std::string origin;
  const Secret& key;
  httplib::Client library;
};

Client::Client(const ServerAddress& to, const Secret& key) : rep_(std::make_unique<Rep>(to, key)) {}
Client::~Client() = default;

Result<ClientAnswer> Client::post(const std::string& target, const std::string& body,
                                  const std::vector<std::pair<std::string, std::string>>& headers) {
  httplib::Headers all(headers.begin(), headers.end());
  all.emplace("Authorization", "Bearer " + std::string(rep_->key.reveal()));
  all.emplace("Accept-Encoding", "identity");
  try {
    const auto answer = rep_->library.Post(target, all, body, "application/json");
    if (is_untrusted(answer.error())) {
      return fail(ErrorCode::kMisdirected,
                  rep_->origin + " has no certificate that this system trusts.");
    }
    if (!answer) {
      return fail(ErrorCode::kUnavailable,
                  rep_->origin + " gives no answer (" + httplib::to_string(answer.error()) + ").");
    }
    ClientAnswer out;
    out.status = answer->status;
    out.body = answer->body;
    out.replayed = answer->get_header_value("Idempotent-Replay") == "true";
    out.position = whole_number(answer->get_header_value("Ledger-Position"));
    out.retry_after = whole_number(answer->get_header_value("Retry-After"));
    return out;
  } catch (const std::exception&) {  // its text may quote a header
    return fail(ErrorCode::kUnavailable, rep_->origin + " cannot be asked.");
  }
}

}  // namespace keyledger::http
