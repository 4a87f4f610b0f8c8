#include "events/origin.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace keyledger {
namespace {

OriginRule rule_for(std::string host, bool self, bool subdomains) {
  OriginRule rule;
  rule.host = std::move(host);
  rule.self = self;
  rule.subdomains = subdomains;
  return rule;
}

TEST(ParseOrigin, ReadsWhatABrowserSends) {
  EXPECT_EQ(parse_origin("https://example.com"),
            (Origin{"https", "example.com", std::uint16_t{443}}));
  EXPECT_EQ(parse_origin("http://localhost:3000"),
            (Origin{"http", "localhost", std::uint16_t{3000}}));
  EXPECT_EQ(parse_origin("capacitor://localhost"), (Origin{"capacitor", "localhost", {}}));
  EXPECT_EQ(parse_origin("http://[2001:DB8::1]:81"),
            (Origin{"http", "[2001:db8::1]", std::uint16_t{81}}));
}

TEST(ParseOrigin, GivesOneFormToWhatIsTheSame) {
  const std::pair<const char*, const char*> rows[] = {
      {"HTTPS://Example.COM", "https://example.com"},
      {"https://example.com:443", "https://example.com"},
      {"http://example.com:80", "http://example.com"},
      {"https://example.com.", "https://example.com"},
      {"http://[0:0::1]", "http://[::1]"},
      {"http://[::ffff:7f00:1]", "http://[::ffff:127.0.0.1]"},
  };
  for (const auto& [text, same] : rows) {
    EXPECT_EQ(parse_origin(text), parse_origin(same)) << text;
    EXPECT_FALSE(parse_origin(text).opaque()) << text;
  }
  EXPECT_NE(parse_origin("http://[::ffff:127.0.0.1]"), parse_origin("http://127.0.0.1"));
}

TEST(ParseOrigin, TakesWhatIsNoOriginForOpaque) {
  const std::string rows[] = {"",
                              "null",
                              "example.com",
                              "https:example.com",
                              "https://",
                              "://example.com",
                              "1https://example.com",
                              "https://example.com/",
                              "https://example.com/path",
                              "https://example.com?q",
                              "https://example.com#f",
                              "https://user@example.com",
                              "https://example.com@evil.org",
                              "https://example.com:",
                              "https://example.com:0",
                              "https://example.com:65536",
                              "https://example.com:0443",
                              "https://example.com:1:2",
                              "https://example.com..",
                              "https://.example.com",
                              "https://exa mple.com",
                              " https://example.com",
                              "https://example.com https://example.org",
                              "https://example.com, https://example.org",
                              "https://b\xC3\xBC"
                              "cher.example",
                              "https://127.1",
                              "https://0x7f.1",
                              "https://127.0.0.01",
                              "https://1.2.3.4.5",
                              "https://[::1",
                              "https://[::1]x",
                              "https://[1.2.3.4]",
                              "https://::1",
                              "https://-a.example",
                              "https://" + std::string(64, 'a') + ".example",
                              "https://" + std::string(300, 'a')};
  for (const std::string& text : rows) EXPECT_TRUE(parse_origin(text).opaque()) << text;
}

// What a host rule of each kind says of each origin: scheme and port of one that has none.
TEST(Matches, WantsTheDefaultPortOfHttpAndHttpsWithoutASchemeOrPort) {
  const OriginRule rule = rule_for("app.example.com", true, false);
  for (const char* text : {"https://app.example.com", "http://app.example.com",
                           "https://app.example.com:443", "http://app.example.com:80"}) {
    EXPECT_TRUE(matches(rule, parse_origin(text))) << text;
  }
  for (const char* text :
       {"https://app.example.com:8443", "http://app.example.com:443", "https://app.example.com:80",
        "ftp://app.example.com", "capacitor://app.example.com", "https://x.app.example.com",
        "https://example.com", "null", "app.example.com"}) {
    EXPECT_FALSE(matches(rule, parse_origin(text))) << text;
  }
}

TEST(Matches, WithAPortWantsThatPortAlone) {
  OriginRule rule = rule_for("localhost", true, false);
  rule.port = 3000;
  EXPECT_TRUE(matches(rule, parse_origin("http://localhost:3000")));
  EXPECT_TRUE(matches(rule, parse_origin("https://localhost:3000")));
  EXPECT_FALSE(matches(rule, parse_origin("http://localhost")));
  EXPECT_FALSE(matches(rule, parse_origin("http://localhost:3001")));
  rule.port = 443;
  EXPECT_TRUE(matches(rule, parse_origin("https://localhost")));
  EXPECT_TRUE(matches(rule, parse_origin("http://localhost:443")));
  EXPECT_FALSE(matches(rule, parse_origin("http://localhost")));
}

TEST(Matches, WithASchemeWantsThatSchemeAlone) {
  OriginRule rule = rule_for("app.example.com", true, false);
  rule.scheme = "https";
  EXPECT_TRUE(matches(rule, parse_origin("https://app.example.com")));
  EXPECT_FALSE(matches(rule, parse_origin("http://app.example.com")));
  EXPECT_FALSE(matches(rule, parse_origin("http://app.example.com:443")));
  EXPECT_FALSE(matches(rule, parse_origin("https://app.example.com:8443")));
  rule.scheme = "capacitor";
  EXPECT_TRUE(matches(rule, parse_origin("capacitor://app.example.com")));
  EXPECT_FALSE(matches(rule, parse_origin("capacitor://app.example.com:443")));
}

TEST(Matches, EveryOriginWithTheStar) {
  for (const char* text : {"https://example.com", "null", "", "nonsense", "x://y:1"}) {
    EXPECT_TRUE(matches(any_origin_rule(), parse_origin(text))) << text;
  }
}

std::vector<std::string> labels_of(const std::string& host) {
  std::vector<std::string> out(1);
  for (const char c : host) {
    if (c == '.') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

// By labels from the right, as the words of the rule say.
bool allows_by_labels(const OriginRule& rule, const std::string& host) {
  const auto wanted = labels_of(rule.host);
  const auto given = labels_of(host);
  if (given.size() < wanted.size()) return false;
  if (!std::equal(wanted.rbegin(), wanted.rend(), given.rbegin())) return false;
  return given.size() == wanted.size() ? rule.self : rule.subdomains;
}

TEST(Matches, EqualsTheModelOverTreesOfHosts) {
  constexpr std::uint64_t kSeed = 4;
  std::mt19937_64 random(kSeed);
  // Few labels, some of them ends of others, so that hosts meet often.
  const std::vector<std::string> labels = {"a", "ba", "evila", "com", "xn--bcher-kva"};
  const auto host = [&] {
    std::string out = labels[random() % labels.size()];
    for (auto more = random() % 4; more != 0; --more) out += '.' + labels[random() % labels.size()];
    return out;
  };
  int matched = 0;
  for (int round = 0; round < 50'000; ++round) {
    const OriginRule rule = rule_for(host(), random() % 2 == 0, random() % 2 == 0);
    const std::string given = random() % 3 == 0 ? host() + '.' + rule.host : host();
    const bool allowed = matches(rule, parse_origin("https://" + given));
    ASSERT_EQ(allowed, allows_by_labels(rule, given))
        << to_text(rule) << " self " << rule.self << " subdomains " << rule.subdomains << ' '
        << given << " seed " << kSeed << " round " << round;
    matched += allowed ? 1 : 0;
  }
  EXPECT_GT(matched, 5'000);
}

}  // namespace
}  // namespace keyledger
