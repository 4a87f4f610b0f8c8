#include "events/network.h"

#include <gtest/gtest.h>

#include <random>

namespace keyledger {
namespace {

NetworkRule network(std::string_view text) {
  const auto parsed = parse_network(text);
  EXPECT_TRUE(parsed) << text << ' ' << (parsed ? "" : parsed.error().detail);
  return parsed.value_or(NetworkRule());
}

std::string refusal(std::string_view text) {
  const auto parsed = parse_network(text);
  return parsed ? "taken as " + to_text(*parsed) : parsed.error().detail;
}

IpAddress address(std::string_view text) {
  const auto parsed = parse_address(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(IpAddress());
}

TEST(ParseNetwork, GivesEachNetworkOneForm) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"10.0.0.0/8", "10.0.0.0/8"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"203.0.113.7", "203.0.113.7"},
      {"203.0.113.7/32", "203.0.113.7"},
      {"255.255.255.255", "255.255.255.255"},
      {"::/0", "::/0"},
      {"2001:DB8::/32", "2001:db8::/32"},
      {"2001:db8:0:0:0:0:0:1", "2001:db8::1"},
      {"2001:db8::1/128", "2001:db8::1"},
      {"::1", "::1"},
      {"::ffff:192.0.2.7", "192.0.2.7"},
      {"::ffff:c000:207", "192.0.2.7"},
      {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
      {"::ffff:0:0/96", "0.0.0.0/0"},
      {"::fffe:0:0/95", "::fffe:0:0/95"},  // more than the mapped ones: an IPv6 network
      {"fe80::/10", "fe80::/10"},
  };
  for (const auto& [text, shown] : rows) {
    EXPECT_EQ(to_text(network(text)), shown) << text;
    EXPECT_EQ(network(to_text(network(text))), network(text)) << text;
  }
  EXPECT_EQ(network("10.0.0.0/8").prefix, 104) << "stored v4-mapped";
}

TEST(ParseNetwork, RefusesHostBitsWithTheNetworkThatMayBeMeant) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"10.0.0.1/8", "10.0.0.0/8"},
      {"192.0.2.255/31", "192.0.2.254/31"},
      {"1.2.3.4/0", "0.0.0.0/0"},
      {"2001:db8::1/32", "2001:db8::/32"},
      {"ffff::/1", "8000::/1"},
      {"::ffff:10.0.0.1/104", "10.0.0.0/8"},
      {"2001:db8::ff/121", "2001:db8::80/121"}};
  for (const auto& [text, meant] : rows) {
    EXPECT_EQ(refusal(text), "has host bits set; did you mean " + std::string(meant) + "?");
  }
}

TEST(ParseNetwork, SaysWhatIsWrong) {
  const std::string form =
      "must be an IPv4 or IPv6 address or network, as 203.0.113.0/24 or 2001:db8::/32";
  const std::string zeros = "must not have leading zeros, which some programs read as octal";
  const std::string zone = "must not have a zone id (%…)";
  const std::pair<std::string, std::string> rows[] = {
      {"/8", "has no address before the /"},
      {"10.0.0.0/33", "must have a prefix length from 0 to 32"},
      {"10.0.0.0/-1", "must have a prefix length from 0 to 32"},
      {"10.0.0.0/", "must have a prefix length from 0 to 32"},
      {"10.0.0.0/08", "must have a prefix length from 0 to 32"},
      {"10.0.0.0/8/8", "must have a prefix length from 0 to 32"},
      {"10.0.0.0/255.0.0.0", "must have a prefix length from 0 to 32"},
      {"10.0.0.0/ 8", "must have a prefix length from 0 to 32"},
      {"10.0.0.0/99999999999", "must have a prefix length from 0 to 32"},
      {"::/129", "must have a prefix length from 0 to 128"},
      {"fe80::1%eth0", zone},
      {"fe80::%eth0/64", zone},
      {"010.0.0.1", zeros},
      {"10.0.0.01/32", zeros},
      {"10.00.0.1", zeros},
      {"[::1]", "must not have brackets"},
      {"10.0.0", form},
      {"10.0.0.0.0", form},
      {"10.0.0.256", form},
      {"0x0a.0.0.1", form},
      {"167772160", form},
      {"1::2::3", form},
      {"12345::", form},
      {"::1.2.3", form},
      {" 10.0.0.1", form},
      {"10.0.0.1 ", form},
      {"10.0.0.1:80", form},
      {"localhost", form},
      {"*", form},
      {std::string("10.0.0.1\0.example", 17), form},
      {std::string(60, '1'), form},
  };
  for (const auto& [text, why] : rows) EXPECT_EQ(refusal(text), why) << text;
}

TEST(ParseAddress, TakesNoNetworkAndNoZone) {
  EXPECT_EQ(to_text(address("::ffff:192.0.2.7")), "192.0.2.7");
  EXPECT_EQ(to_text(address("2001:db8::A")), "2001:db8::a");
  for (const char* text : {"", "10.0.0.0/8", "fe80::1%1", "[::1]", "unknown", "1.2.3"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

// Bit for bit, by the definition: the first `prefix` bits are the same.
bool holds_by_bits(const NetworkRule& rule, const IpAddress& ip) {
  for (unsigned bit = 0; bit < rule.prefix; ++bit) {
    const unsigned shift = 7 - bit % 8;
    if (((rule.address[bit / 8] ^ ip.bytes[bit / 8]) >> shift & 1U) != 0) return false;
  }
  return true;
}

TEST(Contains, EqualsTheBitwiseModel) {
  constexpr std::uint64_t kSeed = 20261122;
  std::mt19937_64 random(kSeed);
  int held = 0;
  for (int round = 0; round < 20'000; ++round) {
    const bool v4 = random() % 2 == 0;
    IpAddress ip;
    for (std::uint8_t& byte : ip.bytes) byte = static_cast<std::uint8_t>(random());
    if (v4) ip = address("::ffff:0.0.0.0");
    for (std::size_t i = 12; v4 && i < 16; ++i) ip.bytes[i] = static_cast<std::uint8_t>(random());
    // A network near the address: its first bits, and perhaps one of them turned.
    NetworkRule rule{ip.bytes, static_cast<std::uint8_t>(v4 ? 96 + random() % 33 : random() % 129)};
    for (unsigned bit = rule.prefix; bit < 128; ++bit) {
      rule.address[bit / 8] &= static_cast<std::uint8_t>(~(1U << (7 - bit % 8)));
    }
    const unsigned first = v4 ? 96 : 0;
    if (rule.prefix > first && random() % 2 == 0) {
      const unsigned bit = first + static_cast<unsigned>(random() % (rule.prefix - first));
      rule.address[bit / 8] ^= static_cast<std::uint8_t>(1U << (7 - bit % 8));
    }
    ASSERT_EQ(contains(rule, ip), holds_by_bits(rule, ip))
        << to_text(rule) << ' ' << to_text(ip) << " seed " << kSeed << " round " << round;
    ASSERT_EQ(network(to_text(rule)), rule) << to_text(rule);
    held += contains(rule, ip) ? 1 : 0;
  }
  EXPECT_GT(held, 5'000);
  EXPECT_LT(held, 15'000);
}

TEST(Contains, KeepsTheTwoFamiliesApart) {
  EXPECT_FALSE(contains(network("::/0"), address("192.0.2.7")));
  EXPECT_TRUE(contains(network("::/0"), address("2001:db8::1")));
  EXPECT_FALSE(contains(network("0.0.0.0/0"), address("::1")));
  EXPECT_TRUE(contains(network("0.0.0.0/0"), address("::ffff:1.2.3.4")));
  EXPECT_FALSE(contains(network("::fffe:0:0/95"), address("1.2.3.4")));
}

}  // namespace
}  // namespace keyledger
