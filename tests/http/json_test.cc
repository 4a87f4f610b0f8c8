#include "http/json.h"

#include <gtest/gtest.h>

namespace keyledger::http {
namespace {

std::string nested(std::size_t depth) {
  std::string text = R"({"a":)";
  for (std::size_t i = 1; i < depth; ++i) text += '[';
  text += '1';
  for (std::size_t i = 1; i < depth; ++i) text += ']';
  return text + '}';
}

TEST(ParseBody, TakesAnEmptyBodyForAnEmptyObject) {
  const auto body = parse_body("");
  ASSERT_TRUE(body);
  EXPECT_TRUE(body->is_object() && body->empty());
}

TEST(ParseBody, KeepsTheOrderOfFields) {
  const auto body = parse_body(R"( {"b":1, "a":{"z":1,"y":2}} )");
  ASSERT_TRUE(body);
  EXPECT_EQ(dump(*body), R"({"b":1,"a":{"z":1,"y":2}})");
}

TEST(ParseBody, RefusesWhatIsNoObject) {
  for (const char* text : {"[]", "1", "null", "\"x\"", "{", "{}{}", "{'a':1}", "{\"a\":1,}", " ",
                           "{\"a\":\"\xC3\"}", "{\"a\":NaN}", "{\"a\":\"\\ud800\"}", "nul",
                           "{\"a\":1e999}", "\xEF\xBB\xBF\xEF\xBB\xBF{}"}) {
    const auto body = parse_body(text);
    ASSERT_FALSE(body) << text;
    EXPECT_EQ(body.error().code, ErrorCode::kInvalidRequest) << text;
    EXPECT_EQ(body.error().fields.at(0).field, "body") << text;
  }
}

TEST(ParseBody, RefusesAFieldTwiceAtAnyDepth) {
  EXPECT_FALSE(parse_body(R"({"a":1,"a":1})"));
  EXPECT_FALSE(parse_body(R"({"x":[{"a":1,"b":2,"a":1}]})"));
  EXPECT_FALSE(parse_body(R"({"a":1,"\u0061":1})"));
  EXPECT_TRUE(parse_body(R"({"a":{"a":1},"b":{"a":1}})"));
}

TEST(ParseBody, RefusesDeepNesting) {
  EXPECT_TRUE(parse_body(nested(16)));
  EXPECT_FALSE(parse_body(nested(17)));
  EXPECT_FALSE(parse_body(std::string(1'000'000, '[')));
}

// The library's own messages quote what it read.
TEST(ParseBody, DoesNotQuoteTheBody) {
  const auto body = parse_body(R"({"key":"hush" oops)");
  ASSERT_FALSE(body);
  EXPECT_EQ(body.error().detail, "The body is not valid JSON at byte 15.");
}

TEST(Dump, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(dump(Json{{"a", "\xFF"}}), "{\"a\":\"\xEF\xBF\xBD\"}");
}

TEST(ParseBody, RefusesMoreNamesThanAreCheapToRead) {
  const auto object_of = [](int names) {
    std::string text = "{";
    for (int i = 0; i < names; ++i) text += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":1";
    return text + "}";
  };
  EXPECT_TRUE(parse_body(object_of(256)));
  EXPECT_FALSE(parse_body(object_of(257)));
  EXPECT_FALSE(parse_body("{\"a\":[{\"b\":" + object_of(257) + "}]}"));
}

TEST(ParseBody, RefusesWhatComesAfterANul) {
  EXPECT_FALSE(parse_body(std::string_view("{\"a\":1}\0{}", 10)));
  EXPECT_FALSE(parse_body(std::string_view("{\"a\":1}\0", 8)));
}

TEST(SharedPieces, WriteOriginsAsTheyAreGiven) {
  const std::vector<OriginRule> origins = {
      {std::nullopt, "example.com", std::nullopt, true, true},
      {"https", "app.example.com", 8443, true, false},
      {std::nullopt, "example.com", std::nullopt, false, true}};
  EXPECT_EQ(dump(origins_json(origins)),
            R"(["example.com","https://app.example.com:8443","*.example.com"])");
}

TEST(SharedPieces, WriteNetworksInTheirOwnFamily) {
  NetworkRule v4;
  v4.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 1, 0, 0};
  v4.prefix = 112;
  NetworkRule v6;
  v6.address = {0x20, 0x01, 0x0D, 0xB8};
  v6.prefix = 32;
  EXPECT_EQ(dump(networks_json({v4, v6})), R"(["10.1.0.0/16","2001:db8::/32"])");
}

TEST(SharedPieces, NeverShowTheHashOfASecret) {
  SecretFacts facts;
  facts.handle = "sk_live_…Xy3Z";
  EXPECT_EQ(dump(secret_json(facts)),
            R"({"id":"sec_00000000000000000000000000","handle":"sk_live_…Xy3Z"})");
}

}  // namespace
}  // namespace keyledger::http
