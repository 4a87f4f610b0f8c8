#include "http/base64.h"

#include <gtest/gtest.h>

#include <random>

namespace keyledger::http {
namespace {

// RFC 4648 section 10.
TEST(Base64, WritesTheVectorsOfTheRfc) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xFB\xFF"), "+/8=");
}

TEST(Base64, ReadsBackWhatItWroteAndNothingElse) {
  for (const char* bytes : {"", "f", "fo", "foo", "foob", "\xFB\xFF"}) {
    EXPECT_EQ(parse_base64(base64(bytes)), bytes);
  }
  for (const char* text :
       {"Zg", "Zg=", "Zg===", "====", "Zh==", "Zm 9", "-_8=", "Zm9v\n", "=Zg="}) {
    EXPECT_FALSE(parse_base64(text)) << text;
  }
}

TEST(Base64Url, ReadsBackWhatItWrote) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (std::size_t size = 0; size < 200; ++size) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const std::string text = base64url(bytes);
    EXPECT_EQ(text.find_first_of("+/="), std::string::npos);
    EXPECT_EQ(parse_base64url(text), bytes);
  }
}

TEST(Base64Url, RefusesWhatNoEncoderWrites) {
  EXPECT_EQ(parse_base64url("-_8"), "\xFB\xFF");
  for (const char* text : {"Z", "Zg==", "Zh", "Zm9=", "Zm 9", "+/8", "Zm9vY", "Zm\n"}) {
    EXPECT_FALSE(parse_base64url(text)) << text;
  }
}

}  // namespace
}  // namespace keyledger::http
