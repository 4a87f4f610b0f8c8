// Who is at the other end: the socket's peer, or, behind a proxy that we trust, whom that proxy
// names in X-Forwarded-For (design product.md section 5).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/network.h"
#include "events/result.h"
#include "http/message.h"

namespace keyledger::http {

// Whose word about a client counts. Any thread.
class TrustedProxies {
 public:
  TrustedProxies();  // this machine's own: 127.0.0.0/8 and ::1
  explicit TrustedProxies(std::vector<NetworkRule> networks) : networks_(std::move(networks)) {}
  // As the option --trusted-proxies names them: addresses and networks, or "none" alone. Nothing
  // given: the default.
  [[nodiscard]] static Result<TrustedProxies> parse(const std::vector<std::string>& given);

  // `peer` is an address, or "unix" for a socket of this machine, which only those reach whom its
  // file lets in: always trusted.
  [[nodiscard]] bool trusts(std::string_view peer) const;
  [[nodiscard]] bool trusts(const IpAddress& address) const;

 private:
  std::vector<NetworkRule> networks_;
};

struct ClientAddress {
  bool through_proxy = false;   // the peer is a trusted proxy
  bool named = false;           // and it said whom it speaks for
  std::optional<IpAddress> ip;  // nothing: not known, which no list of addresses allows
  std::string text;             // to show: the address, "unix" or "unknown"
};

// The right-most entry of all X-Forwarded-For lines, joined in their order, that is not a trusted
// proxy's; the left-most if all are. An entry is an address, perhaps with a port; one that is none
// leaves the client unknown. A proxy that names nobody is the client itself.
[[nodiscard]] ClientAddress client_address(const Request& request, const TrustedProxies& proxies);

// Who uses the key of a request that a gateway may have passed on: the client, but nobody who is
// known if the proxy names nobody, since there must be another.
[[nodiscard]] ClientAddress user_of(const ClientAddress& client);

// Why a user has no address that could be on a list, in a sentence; nothing if there is one.
[[nodiscard]] std::optional<std::string> why_unknown(const ClientAddress& user);

}  // namespace keyledger::http
