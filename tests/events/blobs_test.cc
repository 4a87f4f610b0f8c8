#include "events/blobs.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/random_events.h"

namespace keyledger {
namespace {

using namespace std::string_view_literals;

constexpr std::uint64_t kSeed = 20'260'332;

template <typename T>
void expect_all_cuts_refused(const std::string& bytes, Result<T> (*decode)(std::string_view)) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto decoded = decode(bytes.substr(0, size));
    ASSERT_FALSE(decoded) << size;
    ASSERT_EQ(decoded.error().code, ErrorCode::kCorrupt);
  }
  ASSERT_FALSE(decode(bytes + '\0'));
}

TEST(Blobs, EveryKindComesBackAsItWas) {
  RandomEvents random(kSeed);
  for (int i = 0; i < 500; ++i) {
    const ActorDetails actor = random.actor_details();
    ASSERT_EQ(decode_actor_details(encode_blob(actor)), actor);
    const MemberProfile profile = random.member_profile();
    ASSERT_EQ(decode_member_profile(encode_blob(profile)), profile);
    const KeyDetails details = random.key_details();
    ASSERT_EQ(decode_key_details(encode_blob(details)), details);
    const LeakDetails leak = random.leak_details();
    ASSERT_EQ(decode_leak_details(encode_blob(leak)), leak);
    if (i >= 20) continue;
    expect_all_cuts_refused(encode_blob(actor), decode_actor_details);
    expect_all_cuts_refused(encode_blob(profile), decode_member_profile);
    expect_all_cuts_refused(encode_blob(details), decode_key_details);
    expect_all_cuts_refused(encode_blob(leak), decode_leak_details);
  }
}

TEST(Blobs, AnotherKindOrVersionIsRefused) {
  const std::string actor = encode_blob(ActorDetails{"192.0.2.1", "curl", ""});
  const std::string profile = encode_blob(MemberProfile{"Ada", "ada@example.com"});
  const std::string details = encode_blob(KeyDetails{"note", {}, {}});
  EXPECT_FALSE(decode_actor_details(profile));
  EXPECT_FALSE(decode_member_profile(actor));
  EXPECT_FALSE(decode_member_profile(details));
  EXPECT_FALSE(decode_key_details(actor));
  for (const char version : {'\0', '\2', '\xFF'}) {
    std::string other = details;
    other[1] = version;
    EXPECT_FALSE(decode_key_details(other));
  }
  EXPECT_FALSE(decode_key_details(""));
}

// A cleared field and an empty one are different things.
TEST(Blobs, AbsentIsNotEmpty) {
  const KeyDetails empty{"", Metadata{}, ""};
  EXPECT_EQ(decode_key_details(encode_blob(empty)), empty);
  EXPECT_EQ(decode_key_details(encode_blob(KeyDetails{})), KeyDetails{});
  EXPECT_NE(encode_blob(empty), encode_blob(KeyDetails{}));
  EXPECT_TRUE(KeyDetails{}.empty());
  EXPECT_FALSE(empty.empty());
}

TEST(Blobs, MetadataHasOneEncoding) {
  EXPECT_TRUE(decode_key_details("\3\1\0\1\2\1a\0\1b\0\0"sv));
  EXPECT_FALSE(decode_key_details("\3\1\0\1\2\1b\0\1a\0\0"sv)) << "keys that fall";
  EXPECT_FALSE(decode_key_details("\3\1\0\1\2\1a\0\1a\0\0"sv)) << "a key twice";
  EXPECT_FALSE(decode_key_details("\3\1\0\1\3\1a\0\1b\0\0"sv)) << "more entries than bytes";
  EXPECT_FALSE(decode_key_details("\3\1\0\2\0"sv)) << "a presence of 2";
}

TEST(Blobs, DamagedBlobsNeverCrashAndHaveOneEncoding) {
  RandomEvents random(kSeed + 1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = encode_blob(random.key_details());
    bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    const auto decoded = decode_key_details(bytes);
    if (decoded) {
      ASSERT_EQ(encode_blob(*decoded), bytes);
    }
  }
}

// By hand, with coreutils: printf 'keyledger-blob-1\0' + 32 bytes 0x00..0x1f + 'blob', sha256sum.
TEST(Blobs, ACommitmentIsTheHashOfDomainSaltAndBytes) {
  Blob blob;
  for (std::size_t i = 0; i < blob.salt.size(); ++i) blob.salt[i] = static_cast<std::uint8_t>(i);
  blob.bytes = "blob";
  std::string input("keyledger-blob-1\0", 17);
  for (char c = 0; c < 32; ++c) input += c;
  input += "blob";
  EXPECT_EQ(commitment_of(blob), sha256(input));
  const Digest known = {0x43, 0x93, 0xa1, 0x9b, 0x64, 0xbd, 0x7e, 0x97, 0x1e, 0x0b, 0x56,
                        0xc8, 0x43, 0x30, 0x76, 0x84, 0x90, 0xe8, 0xf4, 0x82, 0x8d, 0x14,
                        0x4f, 0xfe, 0x0e, 0x97, 0xfd, 0x66, 0x07, 0xfa, 0x52, 0x34};
  EXPECT_EQ(commitment_of(blob), known);
}

TEST(Blobs, CommittingTakesAFreshSalt) {
  const CommittedBlob one = commit_to("same");
  const CommittedBlob two = commit_to("same");
  EXPECT_EQ(one.blob.bytes, "same");
  EXPECT_EQ(one.commitment, commitment_of(one.blob));
  EXPECT_NE(one.blob.salt, two.blob.salt);
  EXPECT_NE(one.commitment, two.commitment);
}

}  // namespace
}  // namespace keyledger
