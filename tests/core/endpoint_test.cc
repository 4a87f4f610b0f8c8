#include "core/endpoint.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace keyledger {
namespace {

PolicyEndpoint line(std::string method, std::string path) {
  return {std::move(method), std::move(path), {}, false};
}

bool fits(const std::string& pattern, const std::string& target) {
  return matches(line("GET", pattern), "GET", RequestPath(target));
}

TEST(EndpointPattern, TakesWhatAPolicyMaySay) {
  for (const char* path :
       {"/", "/*", "/v1/keys", "/v1/keys/", "/v1/keys/:id", "/v1/:a/b/:_b2", "/api/v0/blog/*",
        "/v1/keys:verify", "/a.b/..c/...", "/käse", "/a,b=c@d!$&'()+~"}) {
    const EndpointFaults faults = check_endpoint_pattern("GET", path);
    EXPECT_TRUE(faults.none()) << path << " " << faults.path.value_or("");
  }
  for (const char* method : {"GET", "POST", "PATCH", "M-SEARCH", "BASELINE_CONTROL"}) {
    EXPECT_TRUE(check_endpoint_pattern(method, "/").none()) << method;
  }
}

TEST(EndpointPattern, SaysWhatIsWrong) {
  struct Row {
    std::string path;
    std::string_view reason;
  };
  const Row rows[] = {
      {"", "begin with"},
      {"v1", "begin with"},
      {"*", "begin with"},
      {"https://example.com/v1", "begin with"},
      {"/" + std::string(500, 'a'), "500"},
      {"/a?b=c", "query"},
      {"/a%20b", "decoded"},
      {"/a b", "white space"},
      {"/a\tb", "control"},
      {"/a\\b", "white space"},
      {"/a;b", "';'"},
      {"/a#b", "'#'"},
      {"/a\xFF", "control"},
      {"//", "'//'"},
      {"/a//b", "'//'"},
      {"/./a", "'..'"},
      {"/a/..", "'..'"},
      {"/*/a", "last segment"},
      {"/a*", "last segment"},
      {"/**", "last segment"},
      {"/a/*/", "last segment"},
      {"/:", "':parameter'"},
      {"/:1", "':parameter'"},
      {"/:a-b", "':parameter'"},
      {"/:a:b", "':parameter'"},
  };
  for (const Row& row : rows) {
    const EndpointFaults faults = check_endpoint_pattern("GET", row.path);
    EXPECT_FALSE(faults.method);
    ASSERT_TRUE(faults.path) << row.path;
    EXPECT_NE(faults.path->find(row.reason), std::string::npos) << row.path << " " << *faults.path;
  }
  for (const std::string method : {"", "get", "GET ", "HEAD", "*", "GÉT"}) {
    EXPECT_TRUE(check_endpoint_pattern(method, "/").method) << method;
  }
  EXPECT_TRUE(check_endpoint_pattern(std::string(33, 'A'), "/").method);
}

TEST(RequestPath, IsCutAtTheQueryAndDecodedOnce) {
  EXPECT_EQ(RequestPath("/a/b?c=/../d").text(), "/a/b");
  EXPECT_EQ(RequestPath("/%61%2D%c3%A4").text(), "/a-ä");
  EXPECT_EQ(RequestPath("/%252f%252e").text(), "/%2f%2e");
  EXPECT_EQ(RequestPath("/a%20b%3Fd").text(), "/a b?d");
  // A proxy may write it out on the way, and what is behind it is then no part of the segment.
  EXPECT_FALSE(RequestPath("/blog/..%3b/..%3B/admin").is_usable());
  EXPECT_EQ(RequestPath("/" + std::string(kMaxRequestPath - 1, 'a')).text().size(),
            kMaxRequestPath);
}

// Each is one that two servers might read differently.
TEST(RequestPath, IsNotUsableWhereTwoReadersCouldDiffer) {
  for (const std::string& target : std::vector<std::string>{
           "",           "a",      "*",           "?",
           "http://h/a", "//",     "//a",         "/a//b",
           "/a//",       "/.",     "/..",         "/a/.",
           "/a/../b",    "/a/./b", "/a/%2e%2E/b", "/%2e",
           "/a/.%2e",    "/a\\b",  "/a%5cb",      "/a%5Cb",
           "/a%2fb",     "/a%2Fb", "/a%00b",      "/a%0d%0ab",
           "/a%7fb",     "/a;b",   "/a/..;/b",    "/a#b",
           "/a b",       "/a\tb",  "/a%",         "/a%2",
           "/a%zz",      "/a%%41", "/a%u0041",    "/%c0%af",
           "/%ff",       "/\xFF",  "/a/%2e%2e?x", "/" + std::string(kMaxRequestPath, 'a')}) {
    EXPECT_FALSE(RequestPath(target).is_usable()) << target;
    EXPECT_FALSE(fits("/*", target)) << target;
  }
}

TEST(Endpoint, TakesASegmentForAParameterAndOneOrMoreForAStar) {
  EXPECT_TRUE(fits("/a/:x/c", "/a/b/c"));
  EXPECT_TRUE(fits("/a/:x", "/a/%62?q"));
  EXPECT_FALSE(fits("/a/:x", "/a/"));
  EXPECT_FALSE(fits("/a/:x", "/a"));
  EXPECT_FALSE(fits("/a/:x", "/a/b/"));
  EXPECT_FALSE(fits("/a/:x", "/a/b/c"));
  EXPECT_TRUE(fits("/a/*", "/a/b"));
  EXPECT_TRUE(fits("/a/*", "/a/b/c/"));
  EXPECT_FALSE(fits("/a/*", "/a/"));
  EXPECT_FALSE(fits("/a/*", "/a"));
  EXPECT_FALSE(fits("/a/*", "/ab/c"));
  EXPECT_FALSE(fits("/*", "/"));
  EXPECT_TRUE(fits("/", "/?a"));
  EXPECT_FALSE(fits("/a", "/a/"));
  EXPECT_FALSE(fits("/a/", "/a"));
  EXPECT_FALSE(fits("/a", "/A"));
}

TEST(Endpoint, TakesHeadForGetAndMethodsAsTheyAreWritten) {
  EXPECT_TRUE(matches(line("GET", "/a"), "HEAD", RequestPath("/a")));
  EXPECT_FALSE(matches(line("POST", "/a"), "HEAD", RequestPath("/a")));
  EXPECT_FALSE(matches(line("GET", "/a"), "get", RequestPath("/a")));
  EXPECT_FALSE(matches(line("GET", "/a"), "POST", RequestPath("/a")));
}

// --- Against a reading that splits, copies and knows nothing of the other one ---

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> segments(1);
  for (const char c : path.substr(1)) {
    if (c == '/') {
      segments.emplace_back();
    } else {
      segments.back() += c;
    }
  }
  return segments;
}

std::optional<std::vector<std::string>> naive_segments(std::string target) {
  target.resize(std::min(target.size(), target.find('?')));
  if (target.empty() || target[0] != '/') return std::nullopt;
  auto segments = split(target);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].empty() && i + 1 != segments.size()) return std::nullopt;
    std::string decoded;
    for (std::size_t at = 0; at < segments[i].size(); ++at) {
      const char c = segments[i][at];
      if (c == '\\' || c == ';') return std::nullopt;
      if (c != '%') {
        decoded += c;
        continue;
      }
      const std::string digits = segments[i].substr(at + 1, 2);
      if (digits.size() != 2 ||
          digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
        return std::nullopt;
      }
      const int code = std::stoi(digits, nullptr, 16);
      if (code == 0 || code == '/' || code == '\\' || code == ';') return std::nullopt;
      if (code >= 0x80) return std::nullopt;  // the pieces below make no UTF-8 beyond ASCII
      decoded += static_cast<char>(code);
      at += 2;
    }
    if (decoded == "." || decoded == "..") return std::nullopt;
    segments[i] = decoded;
  }
  return segments;
}

bool naive_fits(const std::string& pattern, const std::string& target) {
  const auto given = naive_segments(target);
  if (!given) return false;
  const auto wanted = split(pattern);
  const bool star = wanted.back() == "*";
  const std::size_t fixed = wanted.size() - (star ? 1 : 0);
  if (star ? given->size() <= fixed || (*given)[fixed].empty() : given->size() != fixed) {
    return false;
  }
  for (std::size_t i = 0; i < fixed; ++i) {
    const bool same = wanted[i][0] == ':' ? !(*given)[i].empty() : wanted[i] == (*given)[i];
    if (!same) return false;
  }
  return true;
}

TEST(Endpoint, MatchesAsANaiveReadingDoes) {
  const std::vector<std::string> pieces = {
      "/",  "/",   "/",   "/",   "/a", "/b", "/a", "a",  ":",   "%61",   "%41", "%2e", "%2E", ".",
      "..", "%2f", "%5c", "%00", ";",  "\\", "%",  "%6", "%25", "%252f", "?",   "?/",  "*",   "A"};
  const std::vector<std::string> patterns = {"/",     "/*",     "/a",      "/a/",     "/:x",
                                             "/:x/",  "/a/*",   "/:x/*",   "/a/:y",   "/a/b",
                                             "/a/b/", "/:x/:y", "/:x/b/*", "/a/a/:z", "/%/a"};
  constexpr std::uint64_t kSeed = 20'260'330;
  std::mt19937_64 random(kSeed);
  int fitting = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string target = random() % 20 == 0 ? "" : "/a";
    for (std::uint64_t i = random() % 6; i > 0; --i) target += pieces[random() % pieces.size()];
    const std::string& pattern = patterns[random() % patterns.size()];
    const bool expected = naive_fits(pattern, target);
    ASSERT_EQ(fits(pattern, target), expected) << pattern << " " << target << " seed " << kSeed;
    fitting += expected ? 1 : 0;
  }
  EXPECT_GT(fitting, 3000);
}

}  // namespace
}  // namespace keyledger
