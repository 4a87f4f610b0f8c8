#include "http/message.h"

#include <gtest/gtest.h>

namespace keyledger::http {
namespace {

TEST(Message, HeaderNamesIgnoreCase) {
  Request request;
  request.headers.emplace("X-Request-ID", "a");
  EXPECT_EQ(request.header("x-request-id"), "a");
  EXPECT_EQ(request.header("X-Request"), std::nullopt);
}

TEST(Message, ResponseHeaderNamesIgnoreCase) {
  Response response;
  response.headers.emplace_back("ETag", "\"3\"");
  EXPECT_EQ(response.header("etag"), "\"3\"");
  EXPECT_EQ(response.header("tag"), std::nullopt);
}

TEST(ParseTarget, SplitsAndDecodesOnce) {
  const auto target = parse_target("/v1/k%65ys/a+b?q=a%2Bb+c&q=%2525&empty=&bare&=x&&m%5Bk%5D=v");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/v1/keys/a+b");
  const Query wanted = {{"q", "a+b c"}, {"q", "%25"}, {"empty", ""},
                        {"bare", ""},   {"", "x"},    {"m[k]", "v"}};
  EXPECT_EQ(target->query, wanted);
}

TEST(ParseTarget, KeepsAQuestionMarkInTheQuery) {
  const auto target = parse_target("/a?b=c?d=e");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->query, (Query{{"b", "c?d=e"}}));
}

TEST(ParseTarget, RefusesWhatIsNoPathOrNoEscape) {
  for (const char* text :
       {"", "v1", "*", "http://host/v1", "/%", "/%4", "/%4g", "/a?b=%zz", "/a?%=1", "/a?b=%2"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

}  // namespace
}  // namespace keyledger::http
