// One event of the ledger, decoded. The variant's order means nothing and is never stored: the
// codec (events/event_codec.cc) gives every type its own tag and name, which only ever grow. To add
// an event, see CONTRIBUTING.md "A new event".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "events/digest.h"
#include "events/ids.h"
#include "events/key_events.h"
#include "events/member_events.h"
#include "events/time.h"
#include "events/workspace_events.h"

namespace keyledger {

using Event =
    std::variant<LedgerCreated, LedgerRollbackAccepted, WorkspaceCreated, WorkspaceSuspended,
                 WorkspaceResumed, UsageDigested, PolicySet, MemberAdded, MemberRoleChanged,
                 MemberProfileChanged, MemberRemoved, KeyCreated, KeyRenamed, KeyDescriptionChanged,
                 KeyScopesChanged, KeyOriginsChanged, KeyMissingOriginChanged, KeyAddressesChanged,
                 KeyStartChanged, KeyExpiryChanged, KeyMetadataChanged, KeyExternalIdChanged,
                 KeyOwnerChanged, KeyRateLimitChanged, KeyRotated, KeyOverlapEnded, KeySuspended,
                 KeyResumed, KeyRevoked, KeyCompromised, KeyReplaced, KeyImported, KeyExpired,
                 KeySecretRetired, KeyRetiredSecretPresented, KeySecretReplayed, KeyExpiring,
                 KeyLookedUp, KeyLeakReported>;

// The stored tag of an event type. Values are for ever (FORMAT.md).
using EventType = std::uint16_t;

[[nodiscard]] EventType tag_of(const Event& event);
// "key.created"; nothing for a tag that no build has ever written.
[[nodiscard]] std::string_view action_name(EventType tag);
[[nodiscard]] std::string_view action_name(const Event& event);
// Every name there is, to check a filter against.
[[nodiscard]] std::span<const std::string_view> known_actions();
// The tag that has this name; nothing for a name that no build has ever written.
[[nodiscard]] std::optional<EventType> tag_of_action(std::string_view name);
// What a key's first event says of it, made here or imported; nullptr for every other event.
[[nodiscard]] const KeyCreated* creation_in(const Event& event);
// Whether the event only records something and changes no state.
[[nodiscard]] bool is_notice(const Event& event);

// Streams: what an event is about. Each has its own version, which counts its facts from 1.
enum class StreamKind : std::uint8_t {
  kLedger = 1,
  kWorkspace = 2,
  kPolicy = 3,
  kMember = 4,
  kKey = 5
};
struct StreamId {
  StreamKind kind = StreamKind::kLedger;
  IdBytes id{};
  auto operator<=>(const StreamId&) const = default;
};

template <typename Tag>
[[nodiscard]] StreamId stream_of(const Id<Tag>& id) {
  if constexpr (std::is_same_v<Tag, KeyTag>) return {StreamKind::kKey, id.bytes};
  if constexpr (std::is_same_v<Tag, MemberTag>) return {StreamKind::kMember, id.bytes};
  if constexpr (std::is_same_v<Tag, WorkspaceTag>) return {StreamKind::kWorkspace, id.bytes};
  if constexpr (std::is_same_v<Tag, LogTag>) return {StreamKind::kLedger, id.bytes};
}
[[nodiscard]] inline StreamId policy_stream_of(const WorkspaceId& id) {
  return {StreamKind::kPolicy, id.bytes};
}

// Who did it: a member through one of its management keys, the holder of a key, or the program
// itself.
enum class ActorKind : std::uint8_t { kSystem = 1, kMember = 2, kKeyHolder = 3 };
struct Actor {
  ActorKind kind = ActorKind::kSystem;
  IdBytes id{};                     // member or key; zero for the system
  std::optional<KeyId> acting_key;  // the management key that was used
  bool operator==(const Actor&) const = default;
};

// One recorded event: exactly what its leaf holds (FORMAT.md "Leaf v1"), nothing added.
struct RecordedEvent {
  std::uint64_t position = 0;
  Timestamp time;
  EventId id;
  WorkspaceId workspace;  // events of the ledger itself belong to the operator's
  std::uint64_t workspace_seq = 0;
  StreamId stream;
  std::uint32_t version = 0;  // of the stream, after this event
  Actor actor;
  std::optional<Digest> actor_commitment;
  std::optional<Digest> subject_commitment;
  std::string request_id;
  std::string reason;
  Event event;

  bool operator==(const RecordedEvent&) const = default;
};

template <typename... Arms>
struct Overloaded : Arms... {
  using Arms::operator()...;
};
template <typename... Arms>
Overloaded(Arms...) -> Overloaded<Arms...>;

// For one arm that serves several events of a visit. It names each, so that a new event still stops
// the build where somebody has to think about it.
template <typename T, typename... Listed>
concept OneOf = (std::is_same_v<T, Listed> || ...);

}  // namespace keyledger
