#include "tools/import/server_url.h"

#include <gtest/gtest.h>

namespace keyledger {
namespace {

std::string read(std::string_view url) {
  const auto address = parse_server_url(url);
  if (!address) return "refused";
  return (address->tls ? "tls " : "plain ") + address->host + ' ' + std::to_string(address->port);
}

TEST(ServerUrl, IsHttpsOrOnThisMachine) {
  EXPECT_EQ(read("https://keys.example.com"), "tls keys.example.com 443");
  EXPECT_EQ(read("https://keys.example.com:8443/"), "tls keys.example.com 8443");
  EXPECT_EQ(read("https://[2001:db8::1]"), "tls 2001:db8::1 443");
  EXPECT_EQ(read("http://127.0.0.1:8080"), "plain 127.0.0.1 8080");
  EXPECT_EQ(read("http://localhost"), "plain localhost 80");
  EXPECT_EQ(read("http://[::1]:8080"), "plain ::1 8080");
}

TEST(ServerUrl, RefusesWhatWouldShowTheKeyOrIsNoOrigin) {
  for (const char* url :
       {"http://keys.example.com", "http://10.0.0.1:8080", "http://127.0.0.1.evil.example",
        "keys.example.com", "ftp://127.0.0.1", "https://", "https:///v1",
        "https://keys.example.com/v1", "https://me:key@keys.example.com",
        "https://keys.example.com?x", "https://keys.example.com:x",
        "https://keys.example.com:99999", "https://2001:db8::1"}) {
    EXPECT_EQ(read(url), "refused") << url;
  }
}

}  // namespace
}  // namespace keyledger
