// Identifiers: 16 raw bytes in events and rows, prefix + ULID text everywhere people see them.
// ULID (github.com/ulid/spec): 48 bits of milliseconds, 80 random bits, Crockford base32, 26
// characters, so that ids sort by the time they were made. Random bits are always fresh, never
// counted up: an id must not tell how many others there are. Value types; nothing here allocates
// but to_text().
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "events/time.h"

namespace keyledger {

using IdBytes = std::array<std::uint8_t, 16>;

// 26 upper-case characters. parse_ulid also accepts nothing else: no lower case, no overflow.
[[nodiscard]] std::string ulid_text(const IdBytes& bytes);
[[nodiscard]] std::optional<IdBytes> parse_ulid(std::string_view text);

// The id of a thing made at `now`, from 10 fresh random bytes.
[[nodiscard]] IdBytes make_ulid(Timestamp now, const std::array<std::uint8_t, 10>& random);

template <typename Tag>
struct Id {
  IdBytes bytes{};

  [[nodiscard]] bool is_nil() const { return bytes == IdBytes{}; }
  auto operator<=>(const Id&) const = default;
};

struct WorkspaceTag {
  static constexpr std::string_view kPrefix = "ws_";
};
struct MemberTag {
  static constexpr std::string_view kPrefix = "mem_";
};
struct KeyTag {
  static constexpr std::string_view kPrefix = "key_";
};
struct SecretTag {
  static constexpr std::string_view kPrefix = "sec_";
};
struct EventTag {
  static constexpr std::string_view kPrefix = "evt_";
};
struct LogTag {
  static constexpr std::string_view kPrefix = "log_";
};

using WorkspaceId = Id<WorkspaceTag>;
using MemberId = Id<MemberTag>;
using KeyId = Id<KeyTag>;
using SecretId = Id<SecretTag>;  // one secret of a key: safe to show, says nothing about the secret
using EventId = Id<EventTag>;
using LogId = Id<LogTag>;

template <typename Tag>
[[nodiscard]] std::string to_text(const Id<Tag>& id) {
  return std::string(Tag::kPrefix) + ulid_text(id.bytes);
}

// Nothing unless `text` is exactly this kind's prefix and a ULID.
template <typename IdType>
[[nodiscard]] std::optional<IdType> parse_id(std::string_view text);

template <typename Tag>
[[nodiscard]] std::optional<Id<Tag>> parse_id_as(std::string_view text) {
  if (text.substr(0, Tag::kPrefix.size()) != Tag::kPrefix) return std::nullopt;
  const auto bytes = parse_ulid(text.substr(Tag::kPrefix.size()));
  if (!bytes) return std::nullopt;
  return Id<Tag>{*bytes};
}
template <>
inline std::optional<WorkspaceId> parse_id<WorkspaceId>(std::string_view text) {
  return parse_id_as<WorkspaceTag>(text);
}
template <>
inline std::optional<MemberId> parse_id<MemberId>(std::string_view text) {
  return parse_id_as<MemberTag>(text);
}
template <>
inline std::optional<KeyId> parse_id<KeyId>(std::string_view text) {
  return parse_id_as<KeyTag>(text);
}
template <>
inline std::optional<EventId> parse_id<EventId>(std::string_view text) {
  return parse_id_as<EventTag>(text);
}

// For hash tables. The last eight bytes are random in every id, so no mixing is needed.
struct IdHash {
  template <typename Tag>
  std::size_t operator()(const Id<Tag>& id) const {
    std::size_t value = 0;
    std::memcpy(&value, id.bytes.data() + 8, sizeof(value));
    return value;
  }
};

}  // namespace keyledger
