#include "http/client_address.h"

#include <algorithm>

#include "events/origin.h"

namespace keyledger::http {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// "192.0.2.7", "192.0.2.7:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711".
std::optional<IpAddress> parse_entry(std::string_view text) {
  if (const auto plain = parse_address(text)) return plain;
  const HostAndPort parts = split_port(text);
  if (parts.port && !parse_port(*parts.port)) return std::nullopt;
  std::string_view host = parts.host;
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (!bracketed)
    return host.find(':') == std::string_view::npos ? parse_address(host) : std::nullopt;
  host = host.substr(1, host.size() - 2);
  return host.find(':') == std::string_view::npos ? std::nullopt : parse_address(host);
}

// Walks from the right, over all lines, to the first who is not one of ours.
std::optional<IpAddress> forwarded_for(const Headers& headers, const TrustedProxies& proxies) {
  std::optional<IpAddress> found;
  const auto [first, last] = headers.equal_range("X-Forwarded-For");
  for (auto line = last; line != first;) {
    std::string_view rest = (--line)->second;
    for (bool more = true; more;) {
      const std::size_t comma = rest.rfind(',');
      more = comma != std::string_view::npos;
      found = parse_entry(trimmed(more ? rest.substr(comma + 1) : rest));
      if (!found || !proxies.trusts(*found)) return found;
      if (more) rest = rest.substr(0, comma);
    }
  }
  return found;
}

}  // namespace

TrustedProxies::TrustedProxies()
    : networks_{*parse_network("127.0.0.0/8"), *parse_network("::1")} {}

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& given) {
  if (given.empty()) return TrustedProxies();
  std::vector<NetworkRule> networks;
  if (given == std::vector<std::string>{"none"}) return TrustedProxies(networks);
  for (const std::string& text : given) {
    const auto network = parse_network(text);
    if (!network) {
      return fail(ErrorCode::kInvalidRequest,
                  "--trusted-proxies: " + text + ' ' + network.error().detail);
    }
    networks.push_back(*network);
  }
  return TrustedProxies(std::move(networks));
}

bool TrustedProxies::trusts(const IpAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const NetworkRule& network) { return contains(network, address); });
}

bool TrustedProxies::trusts(std::string_view peer) const {
  if (peer == "unix") return true;
  const auto address = parse_address(peer);
  return address && trusts(*address);
}

ClientAddress client_address(const Request& request, const TrustedProxies& proxies) {
  ClientAddress client;
  client.through_proxy = proxies.trusts(request.peer);
  client.named = client.through_proxy && request.headers.count("X-Forwarded-For") != 0;
  if (!client.named) {
    client.ip = parse_address(request.peer);
    client.text = request.peer;
    return client;
  }
  client.ip = forwarded_for(request.headers, proxies);
  client.text = client.ip ? to_text(*client.ip) : "unknown";
  return client;
}

ClientAddress user_of(const ClientAddress& client) {
  if (client.named || !client.through_proxy) return client;
  ClientAddress user = client;
  user.ip.reset();
  user.text = "unknown";
  return user;
}

std::optional<std::string> why_unknown(const ClientAddress& user) {
  if (user.ip) return std::nullopt;
  const std::string why = user.named           ? "The proxy's X-Forwarded-For names no address"
                          : user.through_proxy ? "The proxy sent no X-Forwarded-For"
                                               : "The connection has no address";
  return why + ", so the client's is not known; the key may be used from certain addresses alone.";
}

}  // namespace keyledger::http
