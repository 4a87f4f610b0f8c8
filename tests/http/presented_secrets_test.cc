#include "http/presented_secrets.h"

#include <gtest/gtest.h>

#include <random>

#include "http/base64.h"
#include "http/secret.h"

namespace keyledger::http {
namespace {

// Views them.
PresentedSecrets presented(const std::vector<std::string>& secrets) {
  PresentedSecrets out;
  for (const std::string& secret : secrets) out.add(secret);
  return out;
}

// Every byte behind an escape.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += '%';
    const auto byte = static_cast<unsigned char>(c);
    for (const unsigned digit : {byte / 16U, byte % 16U}) out += "0123456789aBcdEF"[digit];
  }
  return out;
}

std::string printable(std::mt19937_64& random, std::size_t size) {
  std::string out;
  while (out.size() < size) out += static_cast<char>('!' + random() % ('~' - '!'));
  return out;
}

// The law: whatever stands around it and however it is written, it is found; what does not hold it
// is let through.
TEST(PresentedSecrets, AreFoundInEveryEncodingAndPlace) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t limit) { return random() % limit; };
    std::vector<std::string> secrets;
    for (std::size_t i = 0; i <= below(5); ++i) {
      secrets.push_back("same head " + printable(random, 8 + below(40)) +
                        (seed % 3 ? "" : " same end"));
    }
    const PresentedSecrets all = presented(secrets);
    const std::string& shown = secrets[below(secrets.size())];
    std::string text = printable(random, below(50)) + shown + printable(random, below(50));
    EXPECT_TRUE(all.shown_in(text));
    for (std::size_t layers = below(4); layers > 0; --layers) {
      switch (below(3)) {
        case 0: text = escaped(text); break;
        case 1: text = base64(text); break;
        default: text = base64url(text);
      }
      text = "/" + printable(random, below(9)) + "/" + text + "&x=" + printable(random, below(9));
      EXPECT_TRUE(all.shown_in(text)) << text;
    }
    // All but one character of it.
    std::string almost = shown;
    almost[below(almost.size())] = '\t';
    EXPECT_FALSE(all.shown_in(printable(random, below(50)) + almost));
    EXPECT_FALSE(all.shown_in(base64(printable(random, below(300)))));
  }
}

TEST(PresentedSecrets, AreFoundInOurOwnFormAlsoIfNobodyPresentedThem) {
  const Secret secret = make_secret(KeyType::kPrivate, Environment::kLive, "acme");
  const std::string text(secret.reveal());
  const PresentedSecrets none;
  for (const std::string& shown : {text, "k=" + escaped(escaped(text)), base64url("{" + text)}) {
    EXPECT_TRUE(none.shown_in(shown)) << shown;
  }
  EXPECT_FALSE(none.shown_in("https://github.com/octocat/Hello-World/blob/main/config%20a.yml"));
  EXPECT_FALSE(none.shown_in(""));
}

TEST(PresentedSecrets, AreNotLookedForWhereTheyAreTooShortToBeAny) {
  const std::vector<std::string> short_ones = {"", "a", "1234567"};
  const std::vector<std::string> long_enough = {"12345678"};
  EXPECT_FALSE(presented(short_ones).shown_in("a text with 1234567"));
  EXPECT_TRUE(presented(long_enough).shown_in("a text with 12345678"));
}

TEST(PresentedSecrets, MayBeBehindMoreEscapesThanAnybodyWrites) {
  const std::vector<std::string> secrets = {"hidden and long"};
  const PresentedSecrets all = presented(secrets);
  std::string text = "hidden and lon%67";
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(all.shown_in(text)) << text;
    for (std::size_t at = 0; (at = text.find('%', at)) != std::string::npos; at += 3) {
      text.replace(at, 1, "%25");
    }
  }
}

}  // namespace
}  // namespace keyledger::http
