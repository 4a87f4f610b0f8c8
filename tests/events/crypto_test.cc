#include "events/crypto.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace keyledger {
namespace {

std::string hex(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : digest) {
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

// FIPS 180-4 examples (NIST CSRC).
TEST(Crypto, Sha256GivesTheKnownAnswers) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Crypto, PartsHashLikeTheirConcatenation) {
  const std::array<std::string_view, 4> parts{"a", "", "b", "c"};
  EXPECT_EQ(sha256(parts), sha256("abc"));
  EXPECT_EQ(sha256(std::span<const std::string_view>{}), sha256(""));
}

// RFC 4231 test cases 1, 2, 3 and 6 (a key longer than a block).
TEST(Crypto, HmacGivesTheKnownAnswers) {
  EXPECT_EQ(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(hmac_sha256(std::string(20, '\xaa'), std::string(50, '\xdd'))),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'),
                            "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Crypto, RandomBytesDiffer) {
  std::set<std::array<std::uint8_t, 16>> seen;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(seen.insert(random_bytes<16>()).second);
}

TEST(Crypto, ConstantTimeEqualityIsEquality) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
  EXPECT_FALSE(equal_in_constant_time("secret", "secreT"));
  EXPECT_FALSE(equal_in_constant_time("Secret", "secret"));
  EXPECT_FALSE(equal_in_constant_time("secret", "secrets"));
}

TEST(Crypto, WipedMemoryIsZero) {
  std::array<char, 9> secret{"sk_live_"};
  wipe(secret.data(), secret.size());
  EXPECT_EQ(secret, (std::array<char, 9>{}));
}

TEST(Crypto, WhatIsSealedOpensUnderItsKeyAlone) {
  const auto key = random_bytes<32>();
  const auto other = random_bytes<32>();
  for (const std::string_view plain : {"", "a", "sk_live_0123456789"}) {
    const std::string sealed = seal(key, plain);
    EXPECT_EQ(unseal(key, sealed), plain);
    EXPECT_FALSE(unseal(other, sealed));
    EXPECT_NE(sealed, seal(key, plain)) << "the nonce must be fresh";
  }
  EXPECT_EQ(seal(key, "sk_live_0123456789").find("live"), std::string::npos);
}

TEST(Crypto, ASealBreaksOnEveryBitAndEveryCut) {
  const auto key = random_bytes<32>();
  const std::string sealed = seal(key, "sk_live_0123456789");
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string broken = sealed;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(unseal(key, broken)) << bit;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(unseal(key, sealed.substr(0, size))) << size;
  }
  EXPECT_FALSE(unseal(key, sealed + '\0'));
}

}  // namespace
}  // namespace keyledger
