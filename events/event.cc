#include "events/event.h"

#include <array>
#include <utility>

#include "events/event_table.h"

namespace keyledger {
namespace {

// A row that knows which type it is for, so that the table can be checked against the variant.
template <typename T>
struct Row {
  EventRow row;
};

template <typename T>
constexpr Row<T> fact(EventType tag, std::string_view name, std::uint8_t payload_version = 1) {
  return {{tag, name, false, payload_version}};
}
template <typename T>
constexpr Row<T> notice(EventType tag, std::string_view name, std::uint8_t payload_version = 1) {
  return {{tag, name, true, payload_version}};
}

// Compiles only if the rows stand in the variant's order and none is missing.
template <typename... Ts>
constexpr std::array<EventRow, sizeof...(Ts)> table(Row<Ts>... rows) {
  static_assert(std::is_same_v<Event, std::variant<Ts...>>,
                "one row per event type, in the variant's order: see CONTRIBUTING.md \"A new "
                "event\" for all that a new type touches");
  return {rows.row...};
}

// Tags and names are stored for ever: never change one, never use one again (FORMAT.md "Types").
// Each group has room to grow.
constexpr std::array<EventRow, kEventTypes> kRows = table(
    // The ledger itself.
    fact<LedgerCreated>(0x0001, "ledger.created"),
    fact<LedgerRollbackAccepted>(0x0002, "ledger.rollback_accepted"),
    // Workspaces and their policy.
    fact<WorkspaceCreated>(0x0100, "workspace.created"),
    fact<WorkspaceSuspended>(0x0101, "workspace.suspended"),
    fact<WorkspaceResumed>(0x0102, "workspace.resumed"),  //
    notice<UsageDigested>(0x0110, "usage.digest"), fact<PolicySet>(0x0180, "policy.set"),
    // Members.
    fact<MemberAdded>(0x0200, "member.added"),
    fact<MemberRoleChanged>(0x0201, "member.role_changed"),
    fact<MemberProfileChanged>(0x0202, "member.profile_changed"),
    fact<MemberRemoved>(0x0203, "member.removed"),
    // Keys.
    fact<KeyCreated>(0x0300, "key.created"),  //
    fact<KeyRenamed>(0x0301, "key.renamed"),
    fact<KeyDescriptionChanged>(0x0302, "key.description_changed"),
    fact<KeyScopesChanged>(0x0303, "key.scopes_changed"),
    fact<KeyOriginsChanged>(0x0304, "key.origins_changed"),
    fact<KeyMissingOriginChanged>(0x0305, "key.missing_origin_changed"),
    fact<KeyAddressesChanged>(0x0306, "key.addresses_changed"),
    fact<KeyStartChanged>(0x0307, "key.start_changed"),
    fact<KeyExpiryChanged>(0x0308, "key.expiry_changed"),
    fact<KeyMetadataChanged>(0x0309, "key.metadata_changed"),
    fact<KeyExternalIdChanged>(0x030A, "key.external_id_changed"),
    fact<KeyOwnerChanged>(0x030B, "key.owner_changed"),
    fact<KeyRateLimitChanged>(0x030C, "key.rate_limit_changed"),
    fact<KeyRotated>(0x030D, "key.rotated"), fact<KeyOverlapEnded>(0x030E, "key.overlap_ended"),
    fact<KeySuspended>(0x030F, "key.suspended"),  //
    fact<KeyResumed>(0x0310, "key.resumed"),      //
    fact<KeyRevoked>(0x0311, "key.revoked"), fact<KeyCompromised>(0x0312, "key.compromised"),
    fact<KeyReplaced>(0x0313, "key.replaced"),  //
    fact<KeyImported>(0x0314, "key.imported"),
    // What only records something about a key.
    notice<KeyExpired>(0x0380, "key.expired"),
    notice<KeySecretRetired>(0x0381, "key.secret_retired"),
    notice<KeyRetiredSecretPresented>(0x0382, "key.retired_secret_presented"),
    notice<KeySecretReplayed>(0x0383, "key.secret_replayed"),
    notice<KeyExpiring>(0x0384, "key.expiring"), notice<KeyLookedUp>(0x0385, "key.looked_up"),
    notice<KeyLeakReported>(0x0386, "key.leak_reported"));

constexpr bool tags_rise() {
  for (std::size_t i = 1; i < kRows.size(); ++i) {
    if (kRows[i - 1].tag >= kRows[i].tag) return false;
  }
  return true;
}
static_assert(tags_rise(), "tags grow with the table, so none is given twice");

constexpr std::array<std::string_view, kEventTypes> names_of(
    const std::array<EventRow, kEventTypes>& rows) {
  std::array<std::string_view, kEventTypes> names{};
  for (std::size_t i = 0; i < rows.size(); ++i) names[i] = rows[i].name;
  return names;
}
constexpr auto kNames = names_of(kRows);

}  // namespace

const std::array<EventRow, kEventTypes>& event_rows() { return kRows; }

std::optional<std::size_t> find_event_row(EventType tag) {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].tag == tag) return i;
  }
  return std::nullopt;
}

EventType tag_of(const Event& event) { return kRows[event.index()].tag; }

std::string_view action_name(EventType tag) {
  const auto index = find_event_row(tag);
  return index ? kRows[*index].name : std::string_view{};
}

std::string_view action_name(const Event& event) { return kRows[event.index()].name; }

std::span<const std::string_view> known_actions() { return kNames; }

std::optional<EventType> tag_of_action(std::string_view name) {
  for (const EventRow& row : kRows) {
    if (row.name == name) return row.tag;
  }
  return std::nullopt;
}

const KeyCreated* creation_in(const Event& event) {
  if (const auto* imported = std::get_if<KeyImported>(&event)) return imported;
  return std::get_if<KeyCreated>(&event);
}

bool is_notice(const Event& event) { return kRows[event.index()].notice; }

}  // namespace keyledger
