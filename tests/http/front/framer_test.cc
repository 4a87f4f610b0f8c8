// The framer: which bytes are a request, which are refused, and that the cuts between reads do not
// matter. What a whole stream of bytes comes to is written as one line for each request.
#include "http/front/framer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/http/front/requests_of.h"

namespace keyledger::http {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::uint64_t kBodyLimit = 1000;

FramingLimits limits() {
  FramingLimits out;
  out.drained = 5000;
  out.body = [](std::string_view method, std::string_view target) {
    return method == "POST" && target == "/large" ? 4 * kBodyLimit : kBodyLimit;
  };
  return out;
}

std::vector<std::string> read_pieces(const std::vector<std::string_view>& pieces) {
  static const FramingLimits the_limits = limits();
  return requests_of(the_limits, pieces);
}

std::vector<std::string> read_whole(std::string_view bytes) { return read_pieces({bytes}); }

std::string read_one(std::string_view bytes) {
  const auto all = read_whole(bytes);
  return all.size() == 1 ? all[0] : "not one but " + std::to_string(all.size());
}

std::string get(std::string_view headers) {
  return "GET /a HTTP/1.1\r\nHost: x\r\n" + std::string(headers) + "\r\n";
}
std::string post(std::string_view headers, std::string_view body) {
  return "POST /a HTTP/1.1\r\nHost: x\r\n" + std::string(headers) + "\r\n" + std::string(body);
}
std::string chunked(std::string_view body) { return post("Transfer-Encoding: chunked\r\n", body); }

TEST(Framer, ReadsARequest) {
  EXPECT_THAT(read_whole("GET /a?b=%20c HTTP/1.1\r\nHost: x\r\nX-One:  1 \t\r\nEmpty:\r\n\r\n"),
              ElementsAre("GET /a?b=%20c {Host: x} {X-One: 1} {Empty: } "));
  EXPECT_EQ(read_one(post("Content-Length: 3\r\n", "abc")),
            "POST /a {Host: x} {Content-Length: 3} abc");
}

TEST(Framer, LeavesHeaderValuesAsTheyCame) {
  EXPECT_THAT(read_one(get("X-Reason: caf\xC3\xA9 100%41 \"a\\b\"\r\n")),
              HasSubstr("{X-Reason: caf\xC3\xA9 100%41 \"a\\b\"}"));
}

TEST(Framer, ReadsPipelinedRequestsInOrder) {
  EXPECT_THAT(read_whole(post("Content-Length: 2\r\n", "{}") + get("") +
                         chunked("1\r\nx\r\n0\r\n\r\n") + "GET /la"),
              ElementsAre("POST /a {Host: x} {Content-Length: 2} {}", "GET /a {Host: x} ",
                          "POST /a {Host: x} {Transfer-Encoding: chunked} x", "…"));
}

TEST(Framer, TakesNoLengthForNoBody) {
  EXPECT_EQ(read_one(post("", "")), "POST /a {Host: x} ");
  EXPECT_EQ(read_one(post("Content-Length: 0\r\n", "")), "POST /a {Host: x} {Content-Length: 0} ");
}

TEST(Framer, PutsChunksTogether) {
  for (const char* body :
       {"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "5\r\nabcde\r\n0\r\n\r\n",
        "05;x=\"y z\"\r\nabcde\r\n000\r\n\r\n", "5\r\nabcde\r\n0\r\nX-Checksum: 1\r\n\r\n"}) {
    EXPECT_THAT(read_one(chunked(body)), ::testing::EndsWith(" abcde")) << body;
  }
  EXPECT_THAT(read_one(chunked("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n")),
              HasSubstr("01234567890123456789"));
}

TEST(Framer, ForgivesOneEmptyLineBeforeARequest) {
  EXPECT_EQ(read_one("\r\n" + get("")), "GET /a {Host: x} ");
  EXPECT_THAT(read_one("\r\n\r\n" + get("")), StartsWith("400"));
}

TEST(Framer, TakesTheFormsOfATarget) {
  const auto target = [](std::string_view method, std::string_view text) {
    return read_one(std::string(method) + ' ' + std::string(text) +
                    " HTTP/1.1\r\nHost: x:1\r\n\r\n");
  };
  EXPECT_THAT(target("GET", "http://x:1/a?b"), StartsWith("GET /a?b "));
  EXPECT_THAT(target("GET", "HTTP://X:1?b"), StartsWith("GET /?b "));
  EXPECT_THAT(target("GET", "http://x:1"), StartsWith("GET / "));
  EXPECT_THAT(target("OPTIONS", "*"), StartsWith("OPTIONS * "));
  for (const char* bad : {"*", "a", "x:1", "http://y/a", "http:///a", "http://u@x:1/a", "ftp://x/a",
                          "/a#b", "/a\tb", "/a b", "/\xC3\xA9", "/\x7F"}) {
    EXPECT_THAT(target("GET", bad), StartsWith("400")) << bad;
  }
}

// Headers that make a request read one way by us and another way by somebody else.
const std::vector<std::string> kAmbiguous = {
    // Two lengths, the same twice, a list, other numbers.
    "Content-Length: 4\r\nContent-Length: 5\r\n",
    "Content-Length: 4\r\nContent-Length: 4\r\n",
    "Content-Length: 4, 4\r\n",
    "Content-Length: 4,5\r\n",
    "Content-Length: +4\r\n",
    "Content-Length: -4\r\n",
    "Content-Length: 0x4\r\n",
    "Content-Length: 4.0\r\n",
    "Content-Length: 4 5\r\n",
    "Content-Length: 4;\r\n",
    "Content-Length: \"4\"\r\n",
    "Content-Length: \xD9\xA4\r\n",
    "Content-Length:\r\n",
    "Content-Length: 99999999999999999999\r\n",
    "Content-Length: 18446744073709551620\r\n",
    // A length and a coding.
    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    // Codings.
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "Transfer-Encoding: identity\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding: chunked,\r\n",
    "Transfer-Encoding: ,chunked\r\n",
    "Transfer-Encoding: Chunked\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: \"chunked\"\r\n",
    "Transfer-Encoding: chunked;q=1\r\n",
    "Transfer-Encoding: \x0B"
    "chunked\r\n",
    "Transfer-Encoding:\r\n",
    // Names that are almost the name.
    "Content-Length : 4\r\n",
    "Content-Length\t: 4\r\n",
    " Content-Length: 4\r\n",
    "Transfer-Encoding : chunked\r\n",
    "Transfer-Encoding\r\n : chunked\r\n",
    "Content\x01Length: 4\r\n",
    "Content-Length\x00: 4\r\n",
    ": 4\r\n",
    "no colon\r\n",
    "X\xC3\xA9: 1\r\n",
    "X(y): 1\r\n",
    // Lines.
    "X: 1\nContent-Length: 4\r\n",
    "X: 1\rContent-Length: 4\r\n",
    "X: 1\r\r\nContent-Length: 4\r\n",
    "X: 1\r\n folded\r\n",
    "X: 1\r\n\tfolded\r\n",
    "Transfer-Encoding:\r\n chunked\r\n",
    "\n",
    "X: a\x7F\r\n",
    "X: a\x01\r\n",
    // The host.
    "Host: x\r\n",
    "host: y\r\n",
    // Expectations.
    "Expect: 200-ok\r\n",
    "Expect: 100-continue\r\nExpect: 100-continue\r\n",
};

TEST(Framer, RefusesWhatTwoReadersTakeDifferently) {
  const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
  for (const std::string& header : kAmbiguous) {
    for (const char* method : {"GET", "HEAD", "POST", "DELETE", "OPTIONS"}) {
      const auto seen = read_whole(std::string(method) + " /a HTTP/1.1\r\nHost: x\r\n" + header +
                                   "\r\n" + smuggled);
      ASSERT_EQ(seen.size(), 1U) << header;
      EXPECT_THAT(seen[0], AllOf(StartsWith("400 "), HasSubstr("(close)"), Not(HasSubstr("smugg"))))
          << header;
    }
  }
  // A NUL does not fit into the table above.
  using std::string_literals::operator""s;
  EXPECT_THAT(read_one(get("X: a\0b\r\n"s)), StartsWith("400"));
  EXPECT_THAT(read_one(get("X\0: b\r\n"s)), StartsWith("400"));
  EXPECT_THAT(read_one("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n"s), StartsWith("400"));
}

TEST(Framer, RefusesRequestLines) {
  for (const char* line : {"",
                           "GET",
                           "GET /a",
                           "GET /a ",
                           "GET  /a HTTP/1.1",
                           "GET /a  HTTP/1.1",
                           " GET /a HTTP/1.1",
                           "GET\t/a\tHTTP/1.1",
                           "GET /a HTTP/1.1 ",
                           "GET /a b HTTP/1.1",
                           "get /a HTTP/1.1",
                           "BREW /a HTTP/1.1",
                           "CONNECT x:1 HTTP/1.1",
                           "G\x01T /a HTTP/1.1",
                           "GET /a HTTP/1.2",
                           "GET /a HTTP/2.0",
                           "GET /a HTTP/0.9",
                           "GET /a HTTP/01.1",
                           "GET /a http/1.1",
                           "GET /a HTTP/1.1\x0B",
                           "GET /a HTTP/1,1",
                           "PRI * HTTP/2.0",
                           "\x16\x03\x01\x02"}) {
    const auto seen = read_whole("\r\n" + std::string(line) + "\r\nHost: x\r\n\r\n");
    ASSERT_EQ(seen.size(), 1U) << line;
    EXPECT_THAT(seen[0], AllOf(StartsWith("400"), HasSubstr("(close)"))) << line;
  }
}

TEST(Framer, KnowsATlsHelloByItsFirstByte) {
  EXPECT_THAT(read_one("\x16"), HasSubstr("This is not HTTP"));
}

TEST(Framer, WantsAHostOfAHost) {
  EXPECT_THAT(read_one("GET /a HTTP/1.1\r\n\r\n"), StartsWith("400"));
  EXPECT_THAT(read_one("GET /a HTTP/1.0\r\n\r\n"), StartsWith("GET /a"));
  for (const char* bad : {"a b", "a/b", "a,b", "a@b", "a?b", "a#b", "a\\b", "\xC3\xA9"}) {
    EXPECT_THAT(read_one("GET /a HTTP/1.1\r\nHost: " + std::string(bad) + "\r\n\r\n"),
                StartsWith("400"))
        << bad;
  }
  for (const char* good : {"", "a", "a.b:80", "[::1]:80", "127.0.0.1"}) {
    EXPECT_THAT(read_one("GET /a HTTP/1.1\r\nHost: " + std::string(good) + "\r\n\r\n"),
                StartsWith("GET"))
        << good;
  }
}

TEST(Framer, RefusesBadChunks) {
  for (const char* body : {"\r\n",
                           "x\r\n",
                           "-2\r\n",
                           "+2\r\nab\r\n",
                           "0x2\r\nab\r\n",
                           " 2\r\nab\r\n",
                           "2 \r\nab\r\n",
                           "2 ;x\r\nab\r\n",
                           "2\nab\r\n",
                           "2;x\nab\r\n",
                           "2\r\nab\n0\r\n\r\n",
                           "2\r\nabc\r\n",
                           "2\r\nabXX",
                           "3\r\nab\r\n0\r\n\r\n",
                           "fffffffff\r\n",
                           "100000000000000002\r\n",
                           "2;\x01\r\nab\r\n",
                           "2,3\r\nab\r\n",
                           "0\r\nX\r\n\r\n",
                           "0\r\n folded: 1\r\n\r\n",
                           "0\r\nX: 1\nY: 2\r\n\r\n",
                           "0\r\n\n",
                           "2\rab\r\n"}) {
    EXPECT_THAT(read_one(chunked(body)), AllOf(StartsWith("400 POST /a"), HasSubstr("(close)")))
        << body;
  }
}

TEST(Framer, BoundsWhatIsAroundChunks) {
  EXPECT_THAT(read_one(chunked("1;" + std::string(62, 'x'))), StartsWith("413"));
  EXPECT_THAT(read_one(chunked("0\r\nX: " + std::string(4096, 'x'))), StartsWith("413"));
  std::string many;
  for (int i = 0; i < 100; ++i) many += "1;" + std::string(60, 'x') + "\r\na\r\n";
  EXPECT_THAT(read_one(chunked(many)), AllOf(StartsWith("413"), HasSubstr("(close)")));
}

TEST(Framer, BoundsHeads) {
  const std::string x8(8000, 'x');
  EXPECT_THAT(read_one("GET /" + x8.substr(1) + " HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("GET"));
  EXPECT_THAT(read_one("GET /" + x8 + " HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("413"));
  EXPECT_THAT(read_one("GET /" + x8 + x8 + x8), StartsWith("413"));
  EXPECT_THAT(read_one(get("X: " + x8 + "\r\n")), StartsWith("GET"));
  EXPECT_THAT(read_one(get("X: " + x8 + "\r\nY: " + x8 + x8)), StartsWith("413"));
  std::string lines;
  for (int i = 0; i < 99; ++i) lines += "X: 1\r\n";
  EXPECT_THAT(read_one(get(lines)), StartsWith("GET"));
  EXPECT_THAT(read_one(get(lines + "X: 1\r\n")), StartsWith("413"));
}

TEST(Framer, BoundsBodiesAndGoesOnAfterOneThatIsTooLarge) {
  const std::string next = get("");
  const std::string kilo(1001, 'x');
  EXPECT_THAT(read_whole(post("Content-Length: 1001\r\n", kilo + next)),
              ElementsAre("413 POST /a The body has more than 1000 bytes.", "GET /a {Host: x} "));
  EXPECT_THAT(read_whole(chunked("3e9\r\n" + kilo + "\r\n0\r\n\r\n" + next)),
              ElementsAre("413 POST /a The body has more than 1000 bytes.", "GET /a {Host: x} "));
  std::string small;  // each chunk is within the limit
  for (int i = 0; i < 11; ++i) small += "64\r\n" + kilo.substr(0, 100) + "\r\n";
  EXPECT_THAT(read_whole(chunked(small + "0\r\n\r\n" + next)),
              ElementsAre("413 POST /a The body has more than 1000 bytes.", "GET /a {Host: x} "));
  EXPECT_THAT(read_whole(post("Content-Length: 5001\r\n", kilo + next)),
              ElementsAre(StartsWith("413 POST /a The body")));
  EXPECT_THAT(read_whole(chunked("1389\r\n" + kilo)),
              ElementsAre(AllOf(StartsWith("413"), HasSubstr("(close)"))));
  EXPECT_THAT(read_one("POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n" + kilo),
              StartsWith("POST /large"));
}

TEST(Framer, DropsTheBodyOfAGetAndCloses) {
  for (const char* method : {"GET", "HEAD", "OPTIONS", "TRACE"}) {
    const std::string smuggled = get("");
    const auto seen =
        read_whole(std::string(method) + " /b HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                   std::to_string(smuggled.size()) + "\r\n\r\n" + smuggled);
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_THAT(seen[0], AllOf(StartsWith(method), HasSubstr("/b"), HasSubstr("}  (close)")));
  }
}

TEST(Framer, KnowsWhenAConnectionEnds) {
  const auto closes = [](const std::string& bytes) {
    return read_one(bytes).find("(close)") != std::string::npos;
  };
  EXPECT_FALSE(closes(get("")));
  EXPECT_FALSE(closes(get("Connection: keep-alive\r\n")));
  EXPECT_TRUE(closes(get("Connection: close\r\n")));
  EXPECT_TRUE(closes(get("Connection: x ,CLOSE\r\n")));
  EXPECT_TRUE(closes(get("Connection: keep-alive\r\nconnection: close\r\n")));
  EXPECT_TRUE(closes("GET /a HTTP/1.0\r\n\r\n"));
}

TEST(Framer, AsksForTheBodyOnceItIsWaitedFor) {
  const FramingLimits the_limits = limits();
  Framer framer(the_limits);
  framer.append(post("Content-Length: 2\r\nExpect: 100-Continue\r\n", ""));
  EXPECT_TRUE(framer.takes_continue());
  EXPECT_FALSE(framer.takes_continue());
  framer.append("{}");
  ASSERT_TRUE(framer.is_ready());
  EXPECT_EQ(framer.request().body, "{}");
  ASSERT_TRUE(framer.next());

  framer.append(post("Content-Length: 2\r\nExpect: 100-continue\r\n", "{}"));
  EXPECT_FALSE(framer.takes_continue());  // it has come already
  ASSERT_TRUE(framer.next());

  framer.append(post("Content-Length: 2000\r\nExpect: 100-continue\r\n", ""));
  EXPECT_FALSE(framer.takes_continue());
  ASSERT_TRUE(framer.is_ready());
  EXPECT_FALSE(framer.keeps_open());
}

TEST(Framer, HoldsNoMoreThanItsLimits) {
  const FramingLimits the_limits = limits();
  Framer framer(the_limits);
  std::size_t most = 0;
  const auto send = [&](std::string_view piece) {
    framer.append(piece);
    most = std::max(most, framer.held());
  };
  send(post("Content-Length: 5000\r\n", ""));
  for (int i = 0; i < 500; ++i) send("0123456789");
  ASSERT_TRUE(framer.is_ready());
  ASSERT_TRUE(framer.next());
  EXPECT_LE(most, 1024U);
  send(get("X: " + std::string(8000, 'x') + "\r\n"));
  ASSERT_TRUE(framer.is_ready());
  ASSERT_TRUE(framer.next());
  EXPECT_LE(framer.held(), 4096U + 64U);  // an idle connection gives its memory back
}

// A stream of requests and damaged requests, from pieces that matter to the framer.
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t seed) : random_(seed) {}

  std::string make() {
    std::string out;
    for (std::size_t i = 0, count = 1 + below(5); i < count; ++i) out += request();
    for (std::size_t i = 0, count = below(3); i < count && !out.empty(); ++i) damage(out);
    return out;
  }
  std::vector<std::string_view> cut(std::string_view bytes) {
    std::vector<std::string_view> out;
    const std::size_t longest = 1 + below(bytes.size() < 40 ? 3 : 60);
    while (!bytes.empty()) {
      const std::size_t size = std::min(bytes.size(), 1 + below(longest));
      out.push_back(bytes.substr(0, size));
      bytes.remove_prefix(size);
    }
    return out;
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }

  std::string request() {
    const std::string body(below(4) == 0 ? below(6000) : below(30), 'b');
    std::string out =
        below(3) == 0 ? "GET /a HTTP/1.1\r\nHost: x\r\n" : "POST /a HTTP/1.1\r\nHost: x\r\n";
    if (below(10) == 0) out = "\r\n" + out;
    if (below(20) == 0) out += "X: " + std::string(below(20000), 'v') + "\r\n";
    if (below(20) == 0) out += "Connection: close\r\n";
    if (below(2) == 0) {
      return out + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    out += "Transfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < body.size();) {
      const std::size_t size = std::min(body.size() - at, 1 + below(500));
      char line[24];
      std::snprintf(line, sizeof(line), "%zx%s\r\n", size, below(3) == 0 ? ";x=y" : "");
      out += line + body.substr(at, size) + "\r\n";
      at += size;
    }
    return out + (below(4) == 0 ? "0\r\nT: 1\r\n\r\n" : "0\r\n\r\n");
  }
  void damage(std::string& bytes) {
    const std::size_t at = below(bytes.size());
    switch (below(4)) {
      case 0: bytes.erase(at, 1 + below(3)); break;
      case 1: bytes[at] = "\r\n \t:;0a\0\x80"[below(10)]; break;
      case 2: bytes.insert(at, 1, "\r\n \t:;0a\0\x80"[below(10)]); break;
      default: bytes.resize(at); break;
    }
  }

  std::mt19937_64 random_;
};

TEST(Framer, ReadsTheSameHoweverTheBytesAreCut) {
  std::size_t refused = 0;
  std::size_t understood = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    RandomStream random(seed);
    const std::string bytes = random.make();
    const auto whole = read_whole(bytes);
    EXPECT_EQ(read_pieces(random.cut(bytes)), whole) << "seed " << seed;
    for (const std::string& line : whole) {
      if (line.starts_with("4")) ++refused;
      if (line.starts_with("GET") || line.starts_with("POST")) ++understood;
    }
  }
  EXPECT_GT(refused, 500U);  // else the streams are not worth their name
  EXPECT_GT(understood, 2000U);
}

}  // namespace
}  // namespace keyledger::http
