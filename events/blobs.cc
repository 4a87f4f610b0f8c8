#include "events/blobs.h"

#include "events/bytes.h"

namespace keyledger {
namespace {

// The trailing zero byte is part of the domain's name, so that no other use of SHA-256 here can
// give the same input.
constexpr std::string_view kDomain{"keyledger-blob-1\0", 17};

enum class BlobKind : std::uint8_t {
  kActorDetails = 1,
  kMemberProfile = 2,
  kKeyDetails = 3,
  kLeakDetails = 4,
};
constexpr std::uint8_t kVersion = 1;

ByteWriter start(std::string& out, BlobKind kind) {
  ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>(kind));
  writer.u8(kVersion);
  return writer;
}

ByteReader open(std::string_view bytes, BlobKind kind) {
  ByteReader reader(bytes);
  reader.require(reader.u8() == static_cast<std::uint8_t>(kind));
  reader.require(reader.u8() == kVersion);
  return reader;
}

// A blob of texts alone: each with its length, in the order of its fields.
template <typename... Texts>
std::string encode_texts(BlobKind kind, const Texts&... texts) {
  std::string out;
  ByteWriter writer = start(out, kind);
  (writer.sized(texts), ...);
  return out;
}

template <typename... Texts>
bool decode_texts(std::string_view bytes, BlobKind kind, Texts&... texts) {
  ByteReader reader = open(bytes, kind);
  ((texts = reader.sized()), ...);
  return reader.finished();
}

void write(ByteWriter& writer, const std::optional<std::string>& text) {
  writer.u8(text ? 1 : 0);
  if (text) writer.sized(*text);
}

std::optional<std::string> read_optional_text(ByteReader& reader) {
  if (!reader.presence()) return std::nullopt;
  return std::string(reader.sized());
}

void write(ByteWriter& writer, const std::optional<Metadata>& metadata) {
  writer.u8(metadata ? 1 : 0);
  if (!metadata) return;
  writer.varint(metadata->size());
  for (const auto& [key, value] : *metadata) {
    writer.sized(key);
    writer.sized(value);
  }
}

std::optional<Metadata> read_optional_metadata(ByteReader& reader) {
  if (!reader.presence()) return std::nullopt;
  constexpr std::size_t kMinEntry = 2;  // two empty texts
  Metadata metadata;
  for (std::size_t left = reader.count(kMinEntry); left > 0 && reader.ok(); --left) {
    std::string key(reader.sized());
    std::string value(reader.sized());
    // Keys rise, so that a map has exactly one encoding.
    reader.require(metadata.empty() || metadata.rbegin()->first < key);
    metadata.emplace_hint(metadata.end(), std::move(key), std::move(value));
  }
  return metadata;
}

}  // namespace

Digest commitment_of(const Blob& blob) {
  const std::string_view salt(reinterpret_cast<const char*>(blob.salt.data()), blob.salt.size());
  const std::array<std::string_view, 3> parts{kDomain, salt, blob.bytes};
  return sha256(parts);
}

CommittedBlob commit_to(std::string bytes) {
  CommittedBlob out;
  out.blob.salt = random_bytes<std::tuple_size_v<Salt>>();
  out.blob.bytes = std::move(bytes);
  out.commitment = commitment_of(out.blob);
  return out;
}

std::string encode_blob(const ActorDetails& details) {
  return encode_texts(BlobKind::kActorDetails, details.ip, details.user_agent,
                      details.on_behalf_of);
}

std::string encode_blob(const MemberProfile& profile) {
  return encode_texts(BlobKind::kMemberProfile, profile.name, profile.email);
}

std::string encode_blob(const KeyDetails& details) {
  std::string out;
  ByteWriter writer = start(out, BlobKind::kKeyDetails);
  write(writer, details.description);
  write(writer, details.metadata);
  write(writer, details.external_id);
  return out;
}

std::string encode_blob(const LeakDetails& details) {
  return encode_texts(BlobKind::kLeakDetails, details.type, details.url, details.source);
}

Result<ActorDetails> decode_actor_details(std::string_view bytes) {
  ActorDetails details;
  if (!decode_texts(bytes, BlobKind::kActorDetails, details.ip, details.user_agent,
                    details.on_behalf_of)) {
    return fail(ErrorCode::kCorrupt, "A blob of actor details is damaged.");
  }
  return details;
}

Result<MemberProfile> decode_member_profile(std::string_view bytes) {
  MemberProfile profile;
  if (!decode_texts(bytes, BlobKind::kMemberProfile, profile.name, profile.email)) {
    return fail(ErrorCode::kCorrupt, "A blob of a member is damaged.");
  }
  return profile;
}

Result<KeyDetails> decode_key_details(std::string_view bytes) {
  ByteReader reader = open(bytes, BlobKind::kKeyDetails);
  KeyDetails details;
  details.description = read_optional_text(reader);
  details.metadata = read_optional_metadata(reader);
  details.external_id = read_optional_text(reader);
  if (!reader.finished()) return fail(ErrorCode::kCorrupt, "A blob of key details is damaged.");
  return details;
}

Result<LeakDetails> decode_leak_details(std::string_view bytes) {
  LeakDetails details;
  if (!decode_texts(bytes, BlobKind::kLeakDetails, details.type, details.url, details.source)) {
    return fail(ErrorCode::kCorrupt, "A blob of leak details is damaged.");
  }
  return details;
}

}  // namespace keyledger
