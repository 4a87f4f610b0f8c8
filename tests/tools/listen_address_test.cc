#include "tools/listen_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace keyledger {
namespace {

using testing::HasSubstr;

TEST(ListenAddress, ReadsHostAndPort) {
  EXPECT_EQ(parse_listen_address("--listen", "127.0.0.1:8080"), (ListenAddress{"127.0.0.1", 8080}));
  EXPECT_EQ(parse_listen_address("--listen", "[::1]:0"), (ListenAddress{"::1", 0}));
  EXPECT_EQ(parse_listen_address("--listen", "localhost:65535"),
            (ListenAddress{"localhost", 65535}));
  EXPECT_EQ(parse_listen_address("--listen", "9464"), (ListenAddress{"127.0.0.1", 9464}));
}

TEST(ListenAddress, RefusesWhatIsNoneAndNamesTheOption) {
  for (const char* text : {"", ":", ":8080", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                           "127.0.0.1:8080x", "host", "::1:8080", "[]:80", "1.2.3.4: 80"}) {
    const auto parsed = parse_listen_address("--metrics-listen", text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidRequest);
    EXPECT_THAT(parsed.error().detail, HasSubstr("--metrics-listen"));
  }
}

TEST(ListenAddress, WritesAHostAsAUrlDoes) {
  EXPECT_EQ(host_in_url("::1"), "[::1]");
  EXPECT_EQ(host_in_url("127.0.0.1"), "127.0.0.1");
}

TEST(ListenAddress, KnowsLoopback) {
  for (const char* host : {"127.0.0.1", "127.255.0.9", "::1", "localhost"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const char* host : {"0.0.0.0", "128.0.0.1", "::", "::2", "10.0.0.1", "example.com", ""}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(ListenAddress, OpensToOthersOnlyBehindATlsProxy) {
  EXPECT_TRUE(check_is_private("--listen", {"127.0.0.1", 1}, false));
  const auto open = check_is_private("--listen", {"0.0.0.0", 8080}, false);
  ASSERT_FALSE(open);
  EXPECT_EQ(open.error().code, ErrorCode::kNotSupported);
  EXPECT_THAT(open.error().detail, HasSubstr("--behind-tls-proxy"));
  EXPECT_TRUE(check_is_private("--listen", {"0.0.0.0", 8080}, true));
}

}  // namespace
}  // namespace keyledger
