#include "tools/import/server_url.h"

#include <fmt/format.h>

#include "tools/listen_address.h"

namespace keyledger {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";

}  // namespace

Result<http::ServerAddress> parse_server_url(std::string_view url) {
  const auto refused = [](std::string_view why) {
    return fail(
        ErrorCode::kInvalidRequest,
        fmt::format("--url wants https://HOST, or http://127.0.0.1:PORT on this machine{}", why));
  };
  http::ServerAddress address;
  address.tls = url.starts_with(kHttps);
  if (!address.tls && !url.starts_with(kHttp)) return refused("");
  std::string_view rest = url.substr(address.tls ? kHttps.size() : kHttp.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty() || rest.find_first_of("/?#@ ") != std::string_view::npos) {
    return refused(", without a path");
  }
  const std::size_t colon = rest.rfind(':');
  const bool has_port = colon != std::string_view::npos && rest.back() != ']';
  const std::string with_port =
      has_port ? std::string(rest) : fmt::format("{}:{}", rest, address.tls ? 443 : 80);
  const auto parsed = parse_listen_address("--url", with_port);
  if (!parsed) return refused("");
  address.host = parsed->host;
  address.port = parsed->port;
  if (!address.tls && !is_loopback(address.host)) {
    return refused(": http to another machine shows the management key to whoever is on the way");
  }
  return address;
}

}  // namespace keyledger
