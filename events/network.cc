#include "events/network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace keyledger {
namespace {

constexpr unsigned kBits = 128;
constexpr unsigned kMappedBits = 96;  // of ::ffff:0:0/96, which stands before an IPv4 address
constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

bool is_mapped(const std::array<std::uint8_t, 16>& address) {
  return std::memcmp(address.data(), kMapped.data(), kMapped.size()) == 0;
}

bool is_v4(const NetworkRule& network) {
  return network.prefix >= kMappedBits && is_mapped(network.address);
}

// The bits of byte `index` that belong to a prefix of that length.
std::uint8_t mask_of(unsigned prefix, unsigned index) {
  const unsigned before = index * 8;
  if (prefix >= before + 8) return 0xFF;
  if (prefix <= before) return 0;
  return static_cast<std::uint8_t>(0xFFU << (8 - (prefix - before)));
}

std::string address_text(const std::array<std::uint8_t, 16>& address, bool v4) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(v4 ? AF_INET : AF_INET6, address.data() + (v4 ? kMapped.size() : 0), text.data(),
              text.size());
  return text.data();
}

std::string network_text(const NetworkRule& network) {
  const bool v4 = is_v4(network);
  return address_text(network.address, v4) + '/' +
         std::to_string(network.prefix - (v4 ? kMappedBits : 0));
}

tl::unexpected<Error> refuse(std::string why) {
  return fail(ErrorCode::kInvalidRequest, std::move(why));
}

bool has_leading_zero(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const bool begins = i == 0 || text[i - 1] == '.';
    if (begins && text[i] == '0' && text[i + 1] >= '0' && text[i + 1] <= '9') return true;
  }
  return false;
}

// Why a text is no address: the mistakes that people make have words of their own.
tl::unexpected<Error> refuse_address(std::string_view text) {
  if (text.empty()) return refuse("has no address before the /");
  if (text.find('%') != std::string_view::npos) return refuse("must not have a zone id (%…)");
  if (text.front() == '[') return refuse("must not have brackets");
  if (text.find(':') == std::string_view::npos && has_leading_zero(text)) {
    return refuse("must not have leading zeros, which some programs read as octal");
  }
  return refuse("must be an IPv4 or IPv6 address or network, as 203.0.113.0/24 or 2001:db8::/32");
}

std::optional<unsigned> parse_prefix(std::string_view text, unsigned longest) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  const bool plain = text.size() == 1 || (!text.empty() && text.front() != '0');
  if (!whole || !plain || value > longest) return std::nullopt;
  return value;
}

}  // namespace

std::optional<IpAddress> parse_address(std::string_view text) {
  // inet_pton() wants a text that ends with a zero, and would not see what stands behind another.
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (text.size() >= copy.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
  text.copy(copy.data(), text.size());
  IpAddress address;
  if (::inet_pton(AF_INET6, copy.data(), address.bytes.data()) == 1) return address;
  if (::inet_pton(AF_INET, copy.data(), address.bytes.data() + kMapped.size()) != 1) {
    return std::nullopt;
  }
  std::copy(kMapped.begin(), kMapped.end(), address.bytes.begin());
  return address;
}

std::string to_text(const IpAddress& address) {
  return address_text(address.bytes, is_mapped(address.bytes));
}

Result<NetworkRule> parse_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address_part = text.substr(0, slash);
  const auto address = parse_address(address_part);
  if (!address) return refuse_address(address_part);
  NetworkRule network{address->bytes, kBits};
  if (slash == std::string_view::npos) return network;

  const bool v4 = address_part.find(':') == std::string_view::npos;
  const unsigned longest = v4 ? kBits - kMappedBits : kBits;
  const auto prefix = parse_prefix(text.substr(slash + 1), longest);
  if (!prefix) return refuse("must have a prefix length from 0 to " + std::to_string(longest));
  network.prefix = static_cast<std::uint8_t>(*prefix + (v4 ? kMappedBits : 0));
  for (unsigned i = 0; i < network.address.size(); ++i) {
    network.address[i] &= mask_of(network.prefix, i);
  }
  if (network.address == address->bytes) return network;
  return refuse("has host bits set; did you mean " + network_text(network) + "?");
}

std::string to_text(const NetworkRule& network) {
  if (network.prefix == kBits) return to_text(IpAddress{network.address});
  return network_text(network);
}

bool contains(const NetworkRule& network, const IpAddress& address) {
  if (is_mapped(address.bytes) != is_v4(network)) return false;
  const std::size_t whole = network.prefix / 8U;
  if (std::memcmp(network.address.data(), address.bytes.data(), whole) != 0) return false;
  if (whole == address.bytes.size()) return true;
  const std::uint8_t mask = mask_of(network.prefix, static_cast<unsigned>(whole));
  return (address.bytes[whole] & mask) == network.address[whole];
}

}  // namespace keyledger
