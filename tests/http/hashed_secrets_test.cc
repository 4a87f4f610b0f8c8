// Secrets of which only the hashes are known, in texts.
#include "http/hashed_secrets.h"

#include <gtest/gtest.h>

#include <random>

#include "events/crypto.h"

namespace keyledger::http {
namespace {

HashedSecrets of(const std::vector<std::string>& secrets) {
  std::vector<CreateKey> keys;
  for (const std::string& secret : secrets) {
    keys.emplace_back().secret.hash = {HashAlgorithm::kSha256, sha256(secret)};
  }
  return HashedSecrets(keys);
}

// As people write them down, whatever stands before and behind.
TEST(HashedSecrets, AreFoundWhereverTheyStandInAText) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+$%~";
  const std::string around = "\"'`()[]{}<>,;:=&?/|\\.!#@*";
  const auto one_of = [&](const std::string& from) { return from[random() % from.size()]; };
  for (int round = 0; round < 2000; ++round) {
    std::string secret;
    for (std::size_t i = 0, size = 8 + random() % 60; i < size; ++i) secret += one_of(plain);
    for (std::size_t i = 0, parts = random() % 4; i < parts; ++i) {
      secret[random() % secret.size()] = one_of(around);
    }
    const HashedSecrets secrets = of({secret, "another one"});
    const auto noise = [&](bool ends_in_border) {
      std::string text;
      for (std::size_t i = 0, size = random() % 12; i < size; ++i) {
        text += random() % 3 == 0 ? one_of(around) : random() % 4 == 0 ? ' ' : one_of(plain);
      }
      return ends_in_border ? text + (random() % 2 == 0 ? one_of(around) : ' ') : text;
    };
    EXPECT_TRUE(secrets.stand_in(secret)) << secret;
    std::string text = noise(true) + secret + one_of(around + " \n\t") + noise(false);
    EXPECT_TRUE(secrets.stand_in(text)) << text << "\nhas " << secret;
    text = "„" + secret + "“";
    EXPECT_TRUE(secrets.stand_in(text)) << text;
    secret.back() = secret.back() == 'x' ? 'y' : 'x';
    text = noise(true) + secret;
    EXPECT_FALSE(secrets.stand_in(text)) << text;
  }
}

TEST(HashedSecrets, AreNotTakenForWordsWhenTheyAreShort) {
  const HashedSecrets secrets = of({"letmein", "a b c d e f"});
  EXPECT_FALSE(secrets.stand_in("letmein"));
  EXPECT_FALSE(secrets.stand_in("they said letmein"));
  EXPECT_TRUE(secrets.stand_in("a b c d e f"));
  EXPECT_FALSE(secrets.stand_in(""));
  EXPECT_FALSE(of({}).stand_in("anything at all"));
}

}  // namespace
}  // namespace keyledger::http
