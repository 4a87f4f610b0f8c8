// Personal data and what stands beside a frame. A leaf never names a person: it holds a commitment
// to a salted blob, and the blob lies in the frame's side object, from which it can be erased
// without breaking a proof (shared design architecture.md section 2). Plain values.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/crypto.h"
#include "events/result.h"

namespace keyledger {

using Salt = std::array<std::uint8_t, 32>;

// Encoded bytes and the salt of their commitment.
struct Blob {
  Salt salt{};
  std::string bytes;
  bool operator==(const Blob&) const = default;
};

// SHA-256("keyledger-blob-1\0" || salt || bytes).
[[nodiscard]] Digest commitment_of(const Blob& blob);

// A blob on its way into the ledger: encoded, salted and committed to by the caller's thread, so
// that the one writer does none of that.
struct CommittedBlob {
  Blob blob;
  Digest commitment{};
};
[[nodiscard]] CommittedBlob commit_to(std::string bytes);  // takes a fresh salt

// Who did it, as seen from outside.
struct ActorDetails {
  std::string ip;
  std::string user_agent;
  std::string on_behalf_of;
  bool operator==(const ActorDetails&) const = default;
};

// Whom a member event is about.
struct MemberProfile {
  std::string name;
  std::string email;
  bool operator==(const MemberProfile&) const = default;
};

using Metadata = std::map<std::string, std::string>;

// The free texts of a key. KeyCreated holds all that are set; a change holds only the new value of
// its own field (absent: cleared).
struct KeyDetails {
  std::optional<std::string> description;
  std::optional<Metadata> metadata;
  std::optional<std::string> external_id;
  bool operator==(const KeyDetails&) const = default;
  [[nodiscard]] bool empty() const { return !description && !metadata && !external_id; }
};

// Where a secret was found, in the words of who found it.
struct LeakDetails {
  std::string type;    // of the secret, as the finder names it
  std::string url;     // where it lies; may be empty
  std::string source;  // "content", "commit", "issue_body", …
  bool operator==(const LeakDetails&) const = default;
};

// First byte the kind, second the version, then the fields (FORMAT.md "Blobs"). Decoding refuses
// another kind, an unknown version and left-over bytes: kCorrupt.
[[nodiscard]] std::string encode_blob(const ActorDetails& details);
[[nodiscard]] std::string encode_blob(const MemberProfile& profile);
[[nodiscard]] std::string encode_blob(const KeyDetails& details);
[[nodiscard]] std::string encode_blob(const LeakDetails& details);
[[nodiscard]] Result<ActorDetails> decode_actor_details(std::string_view bytes);
[[nodiscard]] Result<MemberProfile> decode_member_profile(std::string_view bytes);
[[nodiscard]] Result<KeyDetails> decode_key_details(std::string_view bytes);
[[nodiscard]] Result<LeakDetails> decode_leak_details(std::string_view bytes);

// The blobs of one event. A blob that was erased is absent though the leaf commits to it.
struct EventSide {
  std::optional<Blob> actor;
  std::optional<Blob> subject;
  bool operator==(const EventSide&) const = default;
};

// One remembered call: which events of the frame it wrote. Both digests are SHA-256, made by the
// HTTP edge: `scope` over member, method, path and Idempotency-Key, `request` over the body.
struct IdempotencyEntry {
  Digest scope{};
  Digest request{};
  std::uint32_t first = 0;  // index in the frame
  std::uint32_t count = 0;
  bool operator==(const IdempotencyEntry&) const = default;
};

// What lies beside one frame: as many EventSides as the frame has events.
struct Side {
  std::array<std::uint8_t, 16> frame_id{};  // of the frame that it lies beside
  std::vector<EventSide> events;
  std::vector<IdempotencyEntry> calls;
  bool operator==(const Side&) const = default;
};

}  // namespace keyledger
