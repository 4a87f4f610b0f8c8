#include "events/event_codec.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "events/bytes.h"
#include "events/frame.h"
#include "tests/support/random_events.h"

namespace keyledger {
namespace {

constexpr std::uint64_t kSeed = 20'260'330;

// Offsets in a leaf whose optional header fields are all absent (FORMAT.md "Leaf v1").
constexpr std::size_t kTimeAt = 9;
constexpr std::size_t kStreamKindAt = 57;
constexpr std::size_t kTypeAt = 78;
constexpr std::size_t kPayloadVersionAt = 80;
constexpr std::size_t kActorKindAt = 81;
constexpr std::size_t kActingKeyAt = 98;
constexpr std::size_t kActorCommitmentAt = 99;
constexpr std::size_t kSubjectCommitmentAt = 100;
constexpr std::size_t kHeaderSize = 105;  // with empty request id and reason

RecordedEvent plain(Event event) {
  RecordedEvent recorded;
  recorded.version = 1;
  recorded.event = std::move(event);
  return recorded;
}

void expect_refused(std::string_view leaf, std::string_view why) {
  const auto event = decode_leaf(leaf);
  ASSERT_FALSE(event) << why;
  EXPECT_EQ(event.error().code, ErrorCode::kCorrupt) << why;
}

TEST(EventCodec, EveryEventComesBackAsItWas) {
  RandomEvents random(kSeed);
  for (std::size_t type = 0; type < RandomEvents::types(); ++type) {
    for (int i = 0; i < 300; ++i) {
      const RecordedEvent event = random.recorded(random.event(type));
      const std::string leaf = encode_leaf(event);
      const auto decoded = decode_leaf(leaf);
      ASSERT_TRUE(decoded) << action_name(event.event) << ": " << decoded.error().detail;
      ASSERT_EQ(*decoded, event) << action_name(event.event);
      ASSERT_EQ(encode_leaf(*decoded), leaf) << action_name(event.event);
    }
  }
}

TEST(EventCodec, EveryStrictPrefixAndEveryLeftOverByteIsRefused) {
  RandomEvents random(kSeed + 1);
  for (std::size_t type = 0; type < RandomEvents::types(); ++type) {
    for (int i = 0; i < 10; ++i) {
      const std::string leaf = encode_leaf(random.recorded(random.event(type)));
      for (std::size_t size = 0; size < leaf.size(); ++size) {
        // A copy of just that size, so that a sanitizer sees a read beyond it.
        const std::string prefix = leaf.substr(0, size);
        ASSERT_FALSE(decode_leaf(prefix)) << size << " of " << leaf.size();
      }
      ASSERT_FALSE(decode_leaf(leaf + '\0'));
      ASSERT_FALSE(decode_leaf(leaf + leaf));
    }
  }
}

// What is accepted has exactly one encoding: else one event could have two leaf hashes.
TEST(EventCodec, ADamagedLeafIsRefusedOrIsAnotherEventsOnlyEncoding) {
  RandomEvents random(kSeed + 2);
  for (int i = 0; i < 20'000; ++i) {
    std::string leaf = encode_leaf(random.recorded());
    for (std::uint64_t hits = 1 + random.below(3); hits > 0; --hits) {
      leaf[random.below(leaf.size())] = static_cast<char>(random.below(256));
    }
    const auto decoded = decode_leaf(leaf);
    if (decoded) {
      ASSERT_EQ(encode_leaf(*decoded), leaf) << i;
    } else {
      ASSERT_EQ(decoded.error().code, ErrorCode::kCorrupt) << i;
    }
  }
}

TEST(EventCodec, RandomBytesAreRefused) {
  RandomEvents random(kSeed + 3);
  for (int i = 0; i < 5000; ++i) {
    std::string bytes(random.below(300), '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    ASSERT_FALSE(decode_leaf(bytes));
  }
}

TEST(EventCodec, TheHeaderIsAsLongAsTheFormatSays) {
  EXPECT_EQ(encode_leaf(plain(KeySuspended{})).size(), kHeaderSize);
  RecordedEvent full = plain(KeySuspended{});
  full.actor.acting_key = KeyId{};
  full.actor_commitment = Digest{};
  full.subject_commitment = Digest{};
  full.request_id = "r";
  full.reason = "why";
  EXPECT_EQ(encode_leaf(full).size(), kHeaderSize + 16 + 32 + 32 + 1 + 3);
}

TEST(EventCodec, HeaderBytesThatNoWriterMakesAreRefused) {
  const std::string good = encode_leaf(plain(KeySuspended{}));
  ASSERT_TRUE(decode_leaf(good));
  const auto with = [&](std::size_t at, std::initializer_list<int> bytes) {
    std::string leaf = good;
    std::size_t place = at;
    for (const int byte : bytes) leaf[place++] = static_cast<char>(byte);
    return leaf;
  };
  expect_refused(with(0, {0}), "format 0");
  expect_refused(with(0, {2}), "format 2");
  expect_refused(with(kTimeAt, {0xFF}), "a time before 1970");
  expect_refused(with(kTimeAt, {0x7F}), "a time after 9999");
  expect_refused(with(kStreamKindAt, {0}), "stream kind 0");
  expect_refused(with(kStreamKindAt, {6}), "stream kind 6");
  expect_refused(with(kTypeAt, {0, 0}), "type 0");
  expect_refused(with(kTypeAt, {0x7F, 0xFF}), "a type that nobody wrote");
  expect_refused(with(kPayloadVersionAt, {0}), "payload version 0");
  expect_refused(with(kPayloadVersionAt, {2}), "a newer payload version");
  expect_refused(with(kActorKindAt, {0}), "actor kind 0");
  expect_refused(with(kActorKindAt, {4}), "actor kind 4");
  expect_refused(with(kActingKeyAt, {2}), "presence of the acting key");
  expect_refused(with(kActorCommitmentAt, {0x80}), "presence of the actor's commitment");
  expect_refused(with(kSubjectCommitmentAt, {0xFF}), "presence of the subject's commitment");
}

TEST(EventCodec, ARefusalNamesThePosition) {
  RecordedEvent event = plain(KeySuspended{});
  event.position = 4711;
  std::string leaf = encode_leaf(event);
  leaf[kPayloadVersionAt] = 9;
  const auto decoded = decode_leaf(leaf);
  ASSERT_FALSE(decoded);
  EXPECT_NE(decoded.error().detail.find("4711"), std::string::npos) << decoded.error().detail;
}

TEST(EventCodec, TextMustBeUtf8WithoutControlCharacters) {
  for (const char* const bad : {"\xFF", "\xC3", "\xED\xA0\x80", "a\nb", "\x7F", "\xC2\x85"}) {
    RecordedEvent reason = plain(KeySuspended{});
    reason.reason = bad;
    expect_refused(encode_leaf(reason), "reason");
    RecordedEvent request = plain(KeySuspended{});
    request.request_id = bad;
    expect_refused(encode_leaf(request), "request id");
    expect_refused(encode_leaf(plain(KeyRenamed{{"good", bad}})), "name");
    expect_refused(encode_leaf(plain(KeyScopesChanged{{{bad}, {}}})), "scope");
  }
  RecordedEvent zero = plain(KeySuspended{});
  zero.reason = std::string(1, '\0');
  expect_refused(encode_leaf(zero), "a zero byte");
}

TEST(EventCodec, SetsMustBeSortedWithoutDoubles) {
  const auto scopes = [](ScopeSet set) { return encode_leaf(plain(KeyScopesChanged{{{}, set}})); };
  EXPECT_TRUE(decode_leaf(scopes({"a", "b"})));
  EXPECT_TRUE(decode_leaf(scopes({"B", "a"})));  // bytewise
  expect_refused(scopes({"b", "a"}), "falling");
  expect_refused(scopes({"a", "a"}), "double");
  KeyCreated created;
  created.scopes = {"b", "a"};
  expect_refused(encode_leaf(plain(created)), "falling, at creation");
  PolicySet policy;
  policy.policy.default_scopes = {"x", "x"};
  expect_refused(encode_leaf(plain(policy)), "double, in a policy");
  expect_refused(encode_leaf(plain(KeyScopesChanged{{{"z", "y"}, {}}})), "falling, before");
}

TEST(EventCodec, EnumsMustBeKnown) {
  for (const int bad : {0, 7, 255}) {
    expect_refused(encode_leaf(plain(KeyRevoked{static_cast<RevocationCode>(bad)})), "code");
    expect_refused(encode_leaf(plain(MemberAdded{static_cast<Role>(bad)})), "role");
    KeyCreated key;
    key.type = static_cast<KeyType>(bad);
    expect_refused(encode_leaf(plain(key)), "key type");
    key = {};
    key.environment = static_cast<Environment>(bad);
    expect_refused(encode_leaf(plain(key)), "environment");
    key = {};
    key.secret.hash.algorithm = static_cast<HashAlgorithm>(bad);
    expect_refused(encode_leaf(plain(key)), "hash algorithm");
    PolicySet policy;
    policy.policy.on_leak = static_cast<OnLeak>(bad);
    expect_refused(encode_leaf(plain(policy)), "on leak");
  }
}

TEST(EventCodec, NumbersMustBeInRange) {
  expect_refused(encode_leaf(plain(KeyExpired{Timestamp{-1}})), "a time before 1970");
  expect_refused(encode_leaf(plain(KeyExpired{kLastTime + 1})), "a time after 9999");
  EXPECT_TRUE(decode_leaf(encode_leaf(plain(KeyExpired{kLastTime}))));
  NetworkRule wide;
  wide.prefix = 129;
  expect_refused(encode_leaf(plain(KeyAddressesChanged{{{}, {wide}}})), "prefix 129");
}

// A payload appended to a header by hand: what no writer makes but a stranger may.
std::string with_payload(Event event, std::string_view payload) {
  return encode_leaf(plain(std::move(event))).substr(0, kHeaderSize) + std::string(payload);
}

TEST(EventCodec, PayloadBytesThatNoWriterMakesAreRefused) {
  using namespace std::string_view_literals;
  EXPECT_TRUE(decode_leaf(with_payload(KeyMissingOriginChanged{}, "\0\1"sv)));
  expect_refused(with_payload(KeyMissingOriginChanged{}, "\0\2"sv), "a boolean of 2");
  EXPECT_TRUE(decode_leaf(with_payload(KeyRenamed{}, "\1a\1b"sv)));
  expect_refused(with_payload(KeyRenamed{}, "\x81\0a\1b"sv), "a length in more bytes than needed");
  expect_refused(with_payload(KeyRenamed{}, "\1a\2b"sv), "a length beyond the end");
  EXPECT_TRUE(decode_leaf(with_payload(KeyDescriptionChanged{}, "\0"sv)));
  EXPECT_TRUE(decode_leaf(with_payload(KeyDescriptionChanged{}, "\1\7"sv)));
  expect_refused(with_payload(KeyDescriptionChanged{}, "\2\7"sv), "a presence of 2");
  // An origin rule with port 65,536: scheme absent, host "h", port, self, subdomains.
  EXPECT_TRUE(decode_leaf(with_payload(KeyOriginsChanged{}, "\0\1\0\1h\1\xFF\xFF\x03\1\0"sv)));
  expect_refused(with_payload(KeyOriginsChanged{}, "\0\1\0\1h\1\x80\x80\x04\1\0"sv), "port");
}

TEST(EventCodec, AFalseCountCostsNothing) {
  // Four thousand million scopes in nine bytes: refused before any memory is taken.
  std::string payload;
  ByteWriter writer(payload);
  writer.varint(0);
  writer.varint(4'000'000'000);
  expect_refused(with_payload(KeyScopesChanged{}, payload), "count");
  // As many empty scopes as there are bytes: refused as a set that holds one twice, quickly.
  payload.clear();
  writer.varint(0);
  writer.varint(60'000);
  payload.append(60'000, '\0');
  expect_refused(with_payload(KeyScopesChanged{}, payload), "sixty thousand empty scopes");
}

TEST(EventCodec, ATextTooLongForItsLengthFieldMakesALeafThatIsTooLong) {
  RecordedEvent event = plain(KeySuspended{});
  event.reason.assign(65'536, 'x');
  EXPECT_GT(encode_leaf(event).size(), kMaxLeafBytes);
}

}  // namespace
}  // namespace keyledger
