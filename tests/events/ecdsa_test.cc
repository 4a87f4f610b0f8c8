#include "events/ecdsa.h"

#include <gtest/gtest.h>

#include <string>

namespace keyledger {
namespace {

// The example of GitHub's "Secret scanning partner program": its test key, the signature in base64
// decoded here, and the body that was signed.
constexpr std::string_view kPem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsz9ugWDj5jK5ELBK42ynytbo38gP\n"
    "HzZFI03Exwz8Lh/tCfL3YxwMdLjB+bMznsanlhK0RwcGP3IDb34kQDIo3Q==\n"
    "-----END PUBLIC KEY-----\n";
constexpr std::string_view kBody =
    R"([{"token":"some_token","type":"some_type","url":"some_url","source":"some_source"}])";

std::string bytes_of(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    out.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return out;
}

const std::string& signature() {
  static const std::string bytes = bytes_of(
      "3045022052d9cde2bef88852fb2dbbe92464d8f7b92df0eb7ef4d7bba8b028a705182aef0221"
      "008473769033a1cb623a78690e166c4d90e27e2f6cbca10f40d93f46189a3a5896");
  return bytes;
}

TEST(Ecdsa, KnowsASignatureOfGithub) {
  const auto key = EcdsaPublicKey::from_pem(kPem);
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->has_signed(kBody, signature()));
}

TEST(Ecdsa, RefusesEveryChangedBitOfTheBodyAndOfTheSignature) {
  const auto key = EcdsaPublicKey::from_pem(kPem);
  ASSERT_TRUE(key);
  std::string body(kBody);
  for (char& byte : body) {
    byte = static_cast<char>(byte ^ 1);
    EXPECT_FALSE(key->has_signed(body, signature()));
    byte = static_cast<char>(byte ^ 1);
  }
  std::string changed = signature();
  for (char& byte : changed) {
    byte = static_cast<char>(byte ^ 1);
    EXPECT_FALSE(key->has_signed(kBody, changed));
    byte = static_cast<char>(byte ^ 1);
  }
  EXPECT_TRUE(key->has_signed(body, changed)) << "all was put back";
}

TEST(Ecdsa, RefusesWhatIsNoSignature) {
  const auto key = EcdsaPublicKey::from_pem(kPem);
  ASSERT_TRUE(key);
  EXPECT_FALSE(key->has_signed(kBody, ""));
  EXPECT_FALSE(key->has_signed(kBody, "nonsense"));
  EXPECT_FALSE(key->has_signed(kBody, signature() + '\0')) << "more after it";
  // {0, 0}, which some implementations took for good (CVE-2022-21449).
  EXPECT_FALSE(key->has_signed(kBody, bytes_of("3006020100020100")));
}

TEST(Ecdsa, TakesKeysOfItsCurveAlone) {
  EXPECT_FALSE(EcdsaPublicKey::from_pem(""));
  EXPECT_FALSE(EcdsaPublicKey::from_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n"));
  EXPECT_FALSE(
      EcdsaPublicKey::from_pem("-----BEGIN PUBLIC KEY-----\n"
                               "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEv87zISvEli250wsqZYTGBw/6I4afIft8\n"
                               "RLWIeicLEDQlaismRYKbWQTUz+wtrWsqljbuWdUrt3uJCNyjusWN2d7pGIkFnAHC\n"
                               "9+A90QfWAP4UUYIz3lONhd3Vtw9+MQmN\n"
                               "-----END PUBLIC KEY-----\n"))
      << "P-384";
  EXPECT_FALSE(
      EcdsaPublicKey::from_pem("-----BEGIN PUBLIC KEY-----\n"
                               "MCowBQYDK2VwAyEAP+tr1FycmM/jtFurn4YT8NMWbSi4utUol4IjRClRlkw=\n"
                               "-----END PUBLIC KEY-----\n"))
      << "Ed25519";
}

}  // namespace
}  // namespace keyledger
