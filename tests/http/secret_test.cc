#include "http/secret.h"

#include <gtest/gtest.h>

#include <ostream>
#include <regex>
#include <set>
#include <sstream>
#include <type_traits>

#include "events/checksum.h"
#include "http/sealed_secrets.h"

namespace keyledger::http {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <typename T>
concept Comparable = requires(const T& a, const T& b) {
  a == b;
};

// The type cannot leave by accident.
static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<std::string, Secret>);
static_assert(!Streamable<Secret>);
static_assert(!Comparable<Secret>);

TEST(MakeSecret, HasThePublishedForm) {
  const std::regex form("(pk|sk|mk)_(live|test)_[0-9A-Za-z]{33}");
  for (const auto type : {KeyType::kPublic, KeyType::kPrivate, KeyType::kManagement}) {
    for (const auto environment : {Environment::kLive, Environment::kTest}) {
      const Secret secret = make_secret(type, environment, "");
      EXPECT_TRUE(std::regex_match(std::string(secret.reveal()), form)) << secret.handle();
    }
  }
  EXPECT_TRUE(
      make_secret(KeyType::kPublic, Environment::kLive, "").reveal().starts_with("pk_live"));
  EXPECT_TRUE(make_secret(KeyType::kPrivate, Environment::kTest, "").reveal().starts_with("sk_te"));
  EXPECT_TRUE(make_secret(KeyType::kManagement, Environment::kLive, "").reveal().starts_with("mk"));
}

TEST(MakeSecret, NeverMakesOneTwice) {
  std::set<std::string> seen;
  for (int i = 0; i < 2000; ++i) {
    const Secret secret = make_secret(KeyType::kPrivate, Environment::kLive, "");
    EXPECT_TRUE(seen.emplace(secret.reveal()).second);
  }
}

// As a scanner outside of this program would check it: CRC-32 in base62 over all that is before.
TEST(MakeSecret, EndsInTheChecksumOfWhatIsBefore) {
  for (const char* prefix : {"", "acme"}) {
    const Secret secret = make_secret(KeyType::kPrivate, Environment::kLive, prefix);
    const std::string text(secret.reveal());
    std::uint64_t value = 0;
    for (const char c : text.substr(text.size() - 6)) {
      const std::string digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
      value = value * 62 + digits.find(c);
    }
    EXPECT_EQ(value, crc32(text.substr(0, text.size() - 6)));
  }
}

TEST(Secret, ShowsPrefixEnvironmentAndLastFour) {
  const Secret secret = make_secret(KeyType::kPrivate, Environment::kLive, "acme");
  const std::string text(secret.reveal());
  EXPECT_EQ(secret.handle(), "acme_sk_live_…" + text.substr(text.size() - 4));
  EXPECT_EQ(Secret("short").handle(), "…");
}

TEST(Secret, IsWipedWhenItMovesAway) {
  // Short enough to live inside the string object, where a move leaves the characters behind.
  Secret from(std::string("tiny"));
  const char* left_behind = from.reveal().data();
  const Secret to = std::move(from);
  EXPECT_EQ(to.reveal(), "tiny");
  EXPECT_EQ(std::string(left_behind, 4), std::string(4, '\0'));
}

TEST(IsMalformed, KnowsWhatIsNotWorthALookUp) {
  const Secret secret = make_secret(KeyType::kPrivate, Environment::kLive, "");
  const std::string text(secret.reveal());
  EXPECT_FALSE(is_malformed(text));
  EXPECT_FALSE(is_malformed("any-other-form"));
  EXPECT_FALSE(is_malformed(std::string(512, 'x')));
  EXPECT_FALSE(is_malformed("sk_live_tooshort"));
  EXPECT_FALSE(is_malformed(text + "x"));  // another form, which may have been imported

  EXPECT_TRUE(is_malformed(""));
  EXPECT_TRUE(is_malformed(std::string(513, 'x')));
  EXPECT_TRUE(is_malformed("has space"));
  EXPECT_TRUE(is_malformed(text + "\n"));
  EXPECT_TRUE(is_malformed("caf\xC3\xA9"));
  EXPECT_TRUE(is_malformed(std::string("a\0b", 3)));
  for (std::size_t i = 8; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_TRUE(is_malformed(changed)) << i;
  }
}

TEST(FindSecret, FindsOneAnywhere) {
  for (const char* prefix : {"", "acme"}) {
    const Secret secret = make_secret(KeyType::kPrivate, Environment::kTest, prefix);
    const std::string text(secret.reveal());
    EXPECT_EQ(find_secret(text), 0U);
    EXPECT_EQ(find_secret("see " + text + " there"), 4U);
    EXPECT_EQ(find_secret("/v1/keys/" + text + "?x=" + text), 9U);
    EXPECT_EQ(find_secret("pk_live_sk_test_" + text), 16U);
    EXPECT_EQ(find_secret("ab" + text + "cd"), 2U);
  }
}

TEST(FindSecret, SeesNoneWhereThereIsNone) {
  const Secret secret = make_secret(KeyType::kPrivate, Environment::kTest, "");
  const std::string text(secret.reveal());
  std::string wrong = text;
  wrong[12] = wrong[12] == 'A' ? 'B' : 'A';
  for (const std::string& other : {std::string(), std::string("sk_live_"), wrong, text.substr(1),
                                   text.substr(0, 40), secret.handle(), std::string(5000, '_')}) {
    EXPECT_EQ(find_secret(other), std::string::npos) << other;
  }
}

TEST(SealedSecrets, ShowsASecretForTenMinutes) {
  SealedSecrets sealed(10);
  const SecretId id{{1}};
  const Secret secret = make_secret(KeyType::kPrivate, Environment::kLive, "");
  sealed.keep(id, secret, {1000});
  const auto found = sealed.find(id, {1000 + SealedSecrets::kKeepMs - 1});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->reveal(), secret.reveal());
  EXPECT_FALSE(sealed.find(id, {1000 + SealedSecrets::kKeepMs}));
  EXPECT_FALSE(sealed.find(SecretId{{2}}, {1000}));
  sealed.forget(id);
  EXPECT_FALSE(sealed.find(id, {1000}));
}

TEST(SealedSecrets, LetsTheOldestGoWhenFull) {
  SealedSecrets sealed(3);
  for (std::uint8_t i = 1; i <= 5; ++i) {
    sealed.keep(SecretId{{i}}, Secret("secret " + std::to_string(i)), {i});
  }
  EXPECT_FALSE(sealed.find(SecretId{{1}}, {6}));
  EXPECT_FALSE(sealed.find(SecretId{{2}}, {6}));
  for (std::uint8_t i = 3; i <= 5; ++i) EXPECT_TRUE(sealed.find(SecretId{{i}}, {6})) << int{i};
}

}  // namespace
}  // namespace keyledger::http
