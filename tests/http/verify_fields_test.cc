// The quick reader of a verify's body against the strict one: whatever it does not decline means
// the same, and what gateways send is not declined.
#include "http/verify_fields.h"

#include <gtest/gtest.h>

#include <random>

namespace keyledger::http {
namespace {

// What the strict reader makes of a body; nothing if it refuses.
std::optional<VerifyFields> strictly(const std::string& text) {
  const auto json = parse_body(text);
  if (!json) return std::nullopt;
  BodyReader body(*json);
  VerifyFields fields = read_verify(body, *json);
  if (body.finish()) return std::nullopt;
  return fields;
}

void expect_same(const std::string& text, const VerifyFields& quick) {
  const auto strict = strictly(text);
  ASSERT_TRUE(strict) << "the strict reader refuses " << text;
  EXPECT_EQ(quick.presented.reveal(), strict->presented.reveal()) << text;
  EXPECT_EQ(quick.environment, strict->environment) << text;
  EXPECT_EQ(quick.scopes, strict->scopes) << text;
  EXPECT_EQ(quick.from.ip, strict->from.ip) << text;
  EXPECT_EQ(quick.from.origin, strict->from.origin) << text;
  ASSERT_EQ(quick.endpoint.has_value(), strict->endpoint.has_value()) << text;
  if (quick.endpoint) {
    EXPECT_EQ(quick.endpoint->method, strict->endpoint->method) << text;
    EXPECT_EQ(quick.endpoint->target, strict->endpoint->target) << text;
  }
  ASSERT_EQ(quick.headers.has_value(), strict->headers.has_value()) << text;
  if (quick.headers) {
    const auto as_pairs = [](const VerifyFields& fields) {
      std::vector<std::pair<std::string, std::string>> pairs;
      for (const auto& [name, value] : *fields.headers) pairs.emplace_back(name, value.reveal());
      return pairs;
    };
    EXPECT_EQ(as_pairs(quick), as_pairs(*strict)) << text;
  }
  EXPECT_EQ(quick.min_position, strict->min_position) << text;
}

TEST(PlainVerify, ReadsWhatGatewaysSend) {
  for (const std::string text :
       {R"({"key":"sk_live_x"})", R"( { "key" : "k" , "scopes" : [ "b" , "a", "b" ] } )",
        R"({"scopes":[],"key":"k"})", R"({"key":"k","environment":"test","ip":"2001:db8::1"})",
        R"({"key":"k","origin":"https://example.com","ip":"192.0.2.7"})",
        R"({"key":"k","origin":"null"})", R"({"key":"k with space and ü"})",
        R"({"key":"k","method":"GET","path":"/a?b=c"})",
        R"({"path":"/ü","key":"k","headers":{},"method":"get"})",
        R"({"key":"k","headers":{"A":"1","b":"","c":"sk_live_x y"}})"}) {
    const auto quick = read_plain_verify(text);
    ASSERT_TRUE(quick) << text;
    expect_same(text, *quick);
  }
}

TEST(PlainVerify, LeavesTheRestToTheStrictReader) {
  for (const std::string text : {R"()",
                                 R"({})",
                                 R"([])",
                                 R"("k")",
                                 R"({"key":""})",
                                 R"({"key":1})",
                                 R"({"key":null})",
                                 R"({"key":"k"}x)",
                                 R"({"key":"k"}{})",
                                 R"({"key":"k)",
                                 R"({"key":"k","key":"k"})",
                                 R"({"key":"a\u0041"})",
                                 R"({"k\u0065y":"k"})",
                                 R"({"key":"k","other":1})",
                                 R"({"key":"k","scopes":"a"})",
                                 R"({"key":"k","scopes":["a b"]})",
                                 R"({"key":"k","scopes":[1]})",
                                 R"({"key":"k","scopes":["a"],"scopes":["b"]})",
                                 R"({"key":"k","ip":"1.2.3"})",
                                 R"({"key":"k","ip":null})",
                                 R"({"key":"k","origin":""})",
                                 R"({"key":"k","environment":"prod"})",
                                 R"({"key":"k","min_position":1})",
                                 R"({"key":"k","method":"GET"})",
                                 R"({"key":"k","path":"/"})",
                                 R"({"key":"k","method":"","path":"/"})",
                                 R"({"key":"k","method":"GET","method":"GET","path":"/"})",
                                 R"({"key":"k","headers":null})",
                                 R"({"key":"k","headers":[]})",
                                 R"({"key":"k","headers":{"a":1}})",
                                 R"({"key":"k","headers":{"a":"1","A":"2"}})",
                                 R"({"key":"k","headers":{},"headers":{}})",
                                 R"({"key":"k",})",
                                 "{\"key\":\"\xFF\"}",
                                 "{\"key\":\"a\x01\"}",
                                 "{\"key\":\"k\",\"origin\":\"a\xC2\x85\"}",
                                 R"({"key":"k","scopes":["a",]})"}) {
    EXPECT_FALSE(read_plain_verify(text)) << text;
  }
  EXPECT_FALSE(read_plain_verify(R"({"key":")" + std::string(5000, 'k') + R"("})"));
}

// Bodies put together from pieces that are right, wrong and cut.
TEST(PlainVerify, MeansWhatTheStrictReaderMeansWhereverItDoesNotDecline) {
  const std::vector<std::string> pieces = {R"("key":"sk_live_abc")",
                                           R"("key":"")",
                                           R"("key":"q\n")",
                                           R"("key":"x y")",
                                           R"("environment":"live")",
                                           R"("environment":"test")",
                                           R"("environment":7)",
                                           R"("scopes":[])",
                                           R"("scopes":["b","a"])",
                                           R"("scopes":["b","a","b"])",
                                           R"("scopes":["a b"])",
                                           R"("scopes":[["a"]])",
                                           R"("ip":"10.0.0.1")",
                                           R"("ip":"::ffff:10.0.0.1")",
                                           R"("ip":"10.0.0.256")",
                                           R"("ip":"fe80::1%eth0")",
                                           R"("origin":"https://a.example:8443")",
                                           R"("origin":"null")",
                                           R"("origin":"not one")",
                                           R"("min_position":3)",
                                           R"("unknown":true)",
                                           R"("method":"GET","path":"/x")",
                                           R"("path":"/a?b=%")",
                                           R"("method":"POST")",
                                           R"("method":"")",
                                           R"("path":"/a\b")",
                                           R"("headers":{"a":"b"})",
                                           R"("headers":{"a":"b","B":"\n"})",
                                           R"("headers":{"a":"b","A":"b"})",
                                           R"("headers":{"a":["b"]})",
                                           R"("headers":{"\u0061":"b","":"c"})"};
  constexpr std::uint64_t kSeed = 20'261'122;
  std::mt19937_64 random(kSeed);
  int read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = "{";
    const auto count = 1 + random() % 4;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i > 0) text += ',';
      text += i == 0 && random() % 4 != 0 ? pieces[0] : pieces[random() % pieces.size()];
    }
    text += '}';
    if (random() % 10 == 0) text.resize(random() % (text.size() + 1));
    if (random() % 10 == 0 && !text.empty()) {
      text[random() % text.size()] = static_cast<char>(random() % 256);
    }
    const auto quick = read_plain_verify(text);
    if (!quick) continue;
    ++read;
    expect_same(text, *quick);
    ASSERT_FALSE(HasFailure()) << "seed " << kSeed << ", round " << round;
  }
  EXPECT_GT(read, 2'000) << "most plain bodies are read";
}

}  // namespace
}  // namespace keyledger::http
