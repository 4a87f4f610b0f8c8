#include "http/match.h"

#include <gtest/gtest.h>

#include <array>

namespace keyledger::http {
namespace {

Result<Response> nothing(Call&) { return Response{}; }

constexpr std::array kTable = {
    Route{"GET", "/v1/keys", members(Role::kOwner), nothing, "q action* metadata[] limit"},
    Route{"POST", "/v1/keys", anybody(), nothing},
    Route{"GET", "/v1/keys/:id", anybody(), nothing},
    Route{"POST", "/v1/keys/verify", anybody(), nothing},
    Route{"POST", "/v1/keys/:id/rotate", anybody(), nothing},
};

TEST(Match, FindsTheRowAndItsParameters) {
  const Match found = match(kTable, "POST", "/v1/keys/key_1/rotate");
  ASSERT_NE(found.route, nullptr);
  EXPECT_EQ(found.route->pattern, "/v1/keys/:id/rotate");
  EXPECT_EQ(found.params.at("id"), "key_1");
}

TEST(Match, TakesHeadForGet) {
  const Match found = match(kTable, "HEAD", "/v1/keys");
  ASSERT_NE(found.route, nullptr);
  EXPECT_EQ(found.route->method, "GET");
}

TEST(Match, PrefersTheSegmentThatIsSpelledOut) {
  EXPECT_EQ(match(kTable, "POST", "/v1/keys/verify").route, &kTable[3]);
  // The path is that of verify, whatever the method.
  const Match get = match(kTable, "GET", "/v1/keys/verify");
  EXPECT_EQ(get.route, nullptr);
  EXPECT_EQ(get.allow, "POST");
}

TEST(Match, ListsTheMethodsOfAPath) {
  const Match found = match(kTable, "DELETE", "/v1/keys");
  EXPECT_EQ(found.route, nullptr);
  EXPECT_EQ(found.allow, "GET, HEAD, POST");
}

TEST(Match, FindsNothingElsewhere) {
  for (const char* path :
       {"", "/", "v1/keys", "/v1/keys/", "/v1//keys", "/v1", "/v1/keys/a/b", "/v1/keys/a/rotate/",
        "/v1/keys//rotate", "/V1/keys", "/v1/keys/a/Rotate"}) {
    const Match found = match(kTable, "GET", path);
    EXPECT_EQ(found.route, nullptr) << path;
    EXPECT_EQ(found.allow, "") << path;
  }
}

TEST(ParameterUse, ReadsTheColumn) {
  const Route& route = kTable[0];
  EXPECT_EQ(parameter_use(route, "q"), ParameterUse::kOnce);
  EXPECT_EQ(parameter_use(route, "limit"), ParameterUse::kOnce);
  EXPECT_EQ(parameter_use(route, "action"), ParameterUse::kRepeated);
  EXPECT_EQ(parameter_use(route, "metadata[team]"), ParameterUse::kOnce);
  EXPECT_EQ(parameter_use(route, "min_position"), ParameterUse::kOnce);
  for (const char* name : {"", "Q", "action*", "metadata", "metadata[]", "metadata[x", "limi"}) {
    EXPECT_EQ(parameter_use(route, name), ParameterUse::kUnknown) << name;
  }
  EXPECT_EQ(parameter_use(kTable[1], "min_position"), ParameterUse::kUnknown);
  EXPECT_EQ(parameter_use(kTable[2], "min_position"), ParameterUse::kUnknown) << "for anybody";
}

TEST(BodyLimit, IsThatOfTheRoute) {
  constexpr std::size_t kMebibyte = std::size_t{1} << 20U;
  EXPECT_EQ(body_limit("POST", "/v1/keys/verify_batch"), 4 * kMebibyte);
  EXPECT_EQ(body_limit("POST", "/v1/keys/verify_batch?x=1"), 4 * kMebibyte);
  EXPECT_EQ(body_limit("GET", "/v1/keys/verify_batch"), kMebibyte);
  EXPECT_EQ(body_limit("POST", "/v1/keys/verify"), kMebibyte);
  EXPECT_EQ(body_limit("POST", "/nowhere"), kMebibyte);
  // It looks for the pattern as it stands.
  for (const Route& route : routes()) {
    if (route.max_body != kMaxBody) {
      EXPECT_EQ(route.pattern.find(':'), std::string_view::npos);
    }
  }
}

}  // namespace
}  // namespace keyledger::http
