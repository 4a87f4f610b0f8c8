// Allowed origins as people give them: design product.md section 4, and every example of the seed.
#include "http/origin_pattern.h"

#include <gtest/gtest.h>

#include "events/origin.h"
#include "http/idna.h"
#include "http/public_suffix.h"

namespace keyledger::http {
namespace {

// "self subdomains https://app.example.com" or "refused: why".
std::string meaning(std::string_view pattern) {
  const auto rule = parse_origin_pattern(pattern);
  if (!rule) return "refused: " + rule.error().detail;
  return std::string(rule->self ? "self " : "") + (rule->subdomains ? "subdomains " : "") +
         to_text(*rule);
}

bool allows(std::string_view pattern, std::string_view origin) {
  const auto rule = parse_origin_pattern(pattern);
  EXPECT_TRUE(rule) << pattern;
  return rule && matches(*rule, parse_origin(origin));
}

TEST(OriginPattern, DecidesWhatEachFormMeans) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"*", "self *"},
      {"example.com", "self subdomains example.com"},
      {"example.co.uk", "self subdomains example.co.uk"},
      {"alice.github.io", "self subdomains alice.github.io"},
      {"app.example.com", "self app.example.com"},
      {"subdomain.example.com", "self subdomain.example.com"},
      {"blog.alice.github.io", "self blog.alice.github.io"},
      {"example.com:8080", "self subdomains example.com:8080"},
      {"app.example.com:8080", "self app.example.com:8080"},
      {"localhost", "self localhost"},
      {"localhost:3000", "self localhost:3000"},
      {"http://localhost:3000", "self http://localhost:3000"},
      {"https://example.com", "self https://example.com"},
      {"https://app.example.com:8080", "self https://app.example.com:8080"},
      {"capacitor://localhost", "self capacitor://localhost"},
      {"*.example.com", "subdomains *.example.com"},
      {"*.app.example.com", "subdomains *.app.example.com"},
      {"*.localhost", "subdomains *.localhost"},
      {"127.0.0.1", "self 127.0.0.1"},
      {"127.0.0.1:3000", "self 127.0.0.1:3000"},
      {"[::1]", "self [::1]"},
      {"http://[2001:DB8:0::1]:8080", "self http://[2001:db8::1]:8080"},
      // One form for what is the same.
      {"EXAMPLE.com", "self subdomains example.com"},
      {"example.com.", "self subdomains example.com"},
      {"HTTPS://Example.COM:443", "self https://example.com"},
      {"http://example.com:80", "self http://example.com"},
      {"http://example.com:443", "self http://example.com:443"},
      {"example.com:443", "self subdomains example.com:443"},
      {"b\xC3\xBC"
       "cher.example",
       "self subdomains xn--bcher-kva.example"},
      {"XN--Bcher-Kva.example", "self subdomains xn--bcher-kva.example"},
      {"*.B\xC3\x9C"
       "CHER.example",
       "subdomains *.xn--bcher-kva.example"},
      {"fa\xC3\x9F.de", "self subdomains xn--fa-hia.de"},  // non-transitional, as browsers
      {"\xE4\xBE\x8B.\xE5\x85\xAC\xE5\x8F\xB8.cn", "self subdomains xn--fsq.xn--55qx5d.cn"},
      {"r3---sn.example.com", "self r3---sn.example.com"},
      {"my_app.example.com", "self my_app.example.com"},
  };
  for (const auto& [pattern, wanted] : rows) EXPECT_EQ(meaning(pattern), wanted) << pattern;
}

TEST(OriginPattern, RefusesWithAReasonOfItsOwn) {
  const std::pair<std::string, std::string> rows[] = {
      {"http://", "names a scheme alone; the host is missing"},
      {":3000", "names a port alone; the host is missing"},
      {".com", "must not begin with a dot; a host such as example.com is missing"},
      {"com", "is a top-level name; of single labels only localhost may be given"},
      {"intranet", "is a top-level name; of single labels only localhost may be given"},
      {"null", "is a top-level name; of single labels only localhost may be given"},
      {"co.uk", "is a public suffix, under which anybody may register names"},
      {"github.io", "is a public suffix, under which anybody may register names"},
      {"*.github.io", "is a public suffix, under which anybody may register names"},
      {"https://co.uk", "is a public suffix, under which anybody may register names"},
      {"\xE5\x85\xAC\xE5\x8F\xB8.cn", "is a public suffix, under which anybody may register names"},
      {"*.com", "is a top-level name; of single labels only localhost may be given"},
      {"https://example.com/", "must not contain a path, not even a / at its end"},
      {"example.com/path", "must not contain a path, not even a / at its end"},
      {"//example.com", "must not contain a path, not even a / at its end"},
      {"example.com\\path", "must not contain a path, not even a / at its end"},
      {"example.com?q=1", "must not contain a query"},
      {"example.com#top", "must not contain a fragment"},
      {"user@example.com", "must not contain user information (before an @)"},
      {"https://user:word@example.com", "must not contain user information (before an @)"},
      {"exa mple.com", "must not contain white space"},
      {" example.com", "must not contain white space"},
      {"example.com ", "must not contain white space"},
      {"https://example.com\t", "must not contain white space"},
      {"example.com:0", "must have a port from 1 to 65535"},
      {"example.com:65536", "must have a port from 1 to 65535"},
      {"example.com:", "must have a port from 1 to 65535"},
      {"example.com:http", "must have a port from 1 to 65535"},
      {"example.com:-1", "must have a port from 1 to 65535"},
      {"::1", "must have an IPv6 address in brackets, as [::1]"},
      {"*.example.com:80", "may have *. only without a scheme and a port"},
      {"https://*.example.com", "may have *. only without a scheme and a port"},
      {"*.127.0.0.1", "names an address, which has no subdomains"},
      {"*.*.example.com", "may contain * alone or as the first label, as *.example.com"},
      {"app.*.com", "may contain * alone or as the first label, as *.example.com"},
      {"*example.com", "may contain * alone or as the first label, as *.example.com"},
      {"https://*", "may contain * alone or as the first label, as *.example.com"},
      {"*.", "has no host"},
      {"1http://example.com", "has no valid scheme before ://"},
      {"://example.com", "has no valid scheme before ://"},
      {"ht tp://example.com", "has no valid scheme before ://"},
  };
  for (const auto& [pattern, why] : rows) EXPECT_EQ(meaning(pattern), "refused: " + why) << pattern;
  for (const std::string& pattern :
       {std::string("example..com"), std::string("-a.example.com"), std::string("a-.example.com"),
        std::string("1.2.3"), std::string("256.0.0.1"), std::string("127.0.0.01"),
        std::string("0x7f.0.0.1"), std::string("[1.2.3.4]"), std::string("[::1"),
        std::string("[fe80::1%25eth0]"), std::string("xn--zzzzzz99.example"),
        std::string("exa%6dple.com"), std::string(64, 'a') + ".com",
        std::string("\xE2\x80\xAE"
                    "evil.example"),
        "a." + std::string(250, 'a') + ".com"}) {
    EXPECT_EQ(meaning(pattern),
              "refused: does not name a valid host (a DNS name, an IPv4 address or [IPv6])")
        << pattern;
  }
}

TEST(OriginPattern, MatchesAsTheSeedSays) {
  for (const char* origin :
       {"https://example.com", "https://www.example.com", "https://app.example.com"}) {
    EXPECT_TRUE(allows("example.com", origin)) << origin;
    EXPECT_TRUE(allows("*", origin)) << origin;
  }
  for (const char* origin : {"https://app.example.com", "http://app.example.com"}) {
    EXPECT_TRUE(allows("app.example.com", origin)) << origin;
  }
  for (const char* origin : {"https://example.com", "https://www.example.com",
                             "https://x.app.example.com", "https://app.example.com:8080"}) {
    EXPECT_FALSE(allows("app.example.com", origin)) << origin;
  }
  EXPECT_TRUE(allows("localhost:3000", "http://localhost:3000"));
  EXPECT_FALSE(allows("localhost:3000", "http://localhost"));
  EXPECT_TRUE(allows("https://app.example.com", "https://app.example.com"));
  EXPECT_FALSE(allows("https://app.example.com", "http://app.example.com"));
  EXPECT_TRUE(allows("https://app.example.com:8080", "https://app.example.com:8080"));
  EXPECT_FALSE(allows("https://app.example.com:8080", "https://app.example.com"));
}

// Design product.md section 4: an origin is parsed, not matched as text.
TEST(OriginPattern, IsNotTakenInByWhatOnlyLooksLikeIt) {
  for (const char* origin :
       {"https://example.com.evil.org", "https://evilexample.com", "https://example.com@evil.org",
        "null", "https://evil.org/example.com", "https://evil.org?https://example.com",
        "https://evil.org#example.com", "https://example.com:80:443", "https://example.comx",
        "https://example.co", "https://example.com%2eevil.org", "https://evil.org\\.example.com",
        "javascript:https://example.com", "https://example.com\t.evil.org"}) {
    EXPECT_FALSE(allows("example.com", origin)) << origin;
    EXPECT_TRUE(allows("*", origin)) << origin;
  }
  EXPECT_FALSE(allows("*.example.com", "https://example.com"));
  EXPECT_FALSE(allows("*.example.com", "https://.example.com"));
  EXPECT_TRUE(allows("*.example.com", "https://a.b.example.com"));
}

TEST(PublicSuffix, KnowsTheKindsOfNames) {
  EXPECT_EQ(domain_kind("com"), DomainKind::kPublicSuffix);
  EXPECT_EQ(domain_kind("co.uk"), DomainKind::kPublicSuffix);
  EXPECT_EQ(domain_kind("example.co.uk"), DomainKind::kRegistrable);
  EXPECT_EQ(domain_kind("www.example.co.uk"), DomainKind::kDeeper);
  // A list has wildcards with exceptions, and names nobody has listed.
  EXPECT_EQ(domain_kind("any.ck"), DomainKind::kPublicSuffix);
  EXPECT_EQ(domain_kind("www.ck"), DomainKind::kRegistrable);
  EXPECT_EQ(domain_kind("corp.internal"), DomainKind::kRegistrable);
  EXPECT_EQ(domain_kind("db.corp.internal"), DomainKind::kDeeper);
}

TEST(Idna, LeavesAsciiAlone) {
  EXPECT_EQ(to_a_labels("Some--thing_.Example"), "Some--thing_.Example");
  EXPECT_EQ(to_a_labels("xn--bcher-kva.example"), "xn--bcher-kva.example");
  EXPECT_FALSE(to_a_labels("xn--zzzzzz99.example"));
  EXPECT_FALSE(to_a_labels("\xFF.example"));
}

}  // namespace
}  // namespace keyledger::http
