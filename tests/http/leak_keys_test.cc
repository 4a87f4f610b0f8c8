#include "http/leak_keys.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/http/leak_fixture.h"

namespace keyledger::http {
namespace {

using nlohmann::json;

std::string refusal(const json& document) {
  const auto keys = LeakKeys::parse(document.dump());
  if (keys || keys.error().fields.empty()) return "taken";
  return keys.error().fields[0].field;
}

TEST(LeakKeys, AreGithubsDocument) {
  const auto keys = LeakKeys::parse(github_keys());
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->size(), 1U);
  EXPECT_TRUE(keys->have_signed(kGithubBody, kGithubIdentifier, kGithubSignature));
}

TEST(LeakKeys, BelieveNothingThatIsNotWhollyRight) {
  const auto keys = LeakKeys::parse(github_keys());
  ASSERT_TRUE(keys);
  const std::string signature(kGithubSignature);
  const std::string body(kGithubBody);
  EXPECT_FALSE(keys->have_signed(body + ' ', kGithubIdentifier, signature));
  EXPECT_FALSE(keys->have_signed(body, "another", signature));
  EXPECT_FALSE(keys->have_signed(body, "", signature));
  EXPECT_FALSE(keys->have_signed(body, kGithubIdentifier, ""));
  EXPECT_FALSE(keys->have_signed(body, kGithubIdentifier, signature + "\n"));
  EXPECT_FALSE(keys->have_signed(body, kGithubIdentifier, signature.substr(0, 92)));
  EXPECT_FALSE(keys->have_signed(body, kGithubIdentifier, "not base64 at all"));
}

TEST(LeakKeys, CountKeysThatAreNotCurrentAndIgnoreFurtherFields) {
  json document = json::parse(github_keys());
  document["public_keys"][0]["is_current"] = false;
  document["public_keys"][0]["added"] = "later";
  document["more"] = 1;
  EXPECT_TRUE(LeakKeys::parse(document.dump()));
}

TEST(LeakKeys, NameWhatIsWrongWithTheFile) {
  const json good = json::parse(github_keys());
  const json key = good["public_keys"][0];
  EXPECT_EQ(refusal(json::object()), "public_keys");
  EXPECT_EQ(refusal({{"public_keys", json::array()}}), "public_keys");
  EXPECT_EQ(refusal({{"public_keys", {1}}}), "public_keys[0]");
  EXPECT_EQ(refusal({{"public_keys", {key, {{"key", key["key"]}}}}}),
            "public_keys[1].key_identifier");
  EXPECT_EQ(refusal({{"public_keys", {key, key}}}), "public_keys[1].key_identifier");
  EXPECT_EQ(refusal({{"public_keys", {{{"key_identifier", "a"}, {"key", "none"}}}}}),
            "public_keys[0].key");
  EXPECT_EQ(refusal({{"public_keys", {{{"key_identifier", "a b\n"}, {"key", key["key"]}}}}}),
            "public_keys[0].key_identifier");
  const auto no_json = LeakKeys::parse("-----BEGIN PUBLIC KEY-----");
  EXPECT_FALSE(no_json);
}

}  // namespace
}  // namespace keyledger::http
