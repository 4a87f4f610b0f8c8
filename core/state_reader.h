// What the rules must look up. core says what it needs; the projections implement it (tools wires
// it), and core/overlay.h lays events over it that are decided but not yet applied.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/key.h"
#include "core/workspace.h"
#include "events/result.h"

namespace keyledger {

// A call that was answered before: what it wrote.
struct RememberedCall {
  Digest request{};
  std::uint64_t first_position = 0;
  std::uint32_t count = 0;
};

// A key that holds a name, and the position of the event that gave it.
struct NameHolder {
  std::uint64_t named_at = 0;
  KeyId id;
  bool operator==(const NameHolder&) const = default;
};

// Behind every position.
inline constexpr std::uint64_t kNewestHolder = std::numeric_limits<std::uint64_t>::max();

// Every answer may be kStorage or kCorrupt: then nothing may be decided. Lists are in the order of
// the ids. Thread safety: any thread, but for the overlay.
class StateReader {
 public:
  virtual ~StateReader() = default;

  [[nodiscard]] virtual Result<std::optional<Key>> key(const KeyId& id) const = 0;

  // The workspace of the key that has this secret, or had it: there is one at most in the ledger.
  [[nodiscard]] virtual Result<std::optional<WorkspaceId>> workspace_with_secret(
      const SecretHash& hash) const = 0;

  // The holders of a name, newest first, one a call: of the keys with that name that no fact has
  // ended, the one that took it last (by being created or renamed) before position `before`. It may
  // have expired by the clock; the caller looks. Once the key.expired notice says so, it holds the
  // name no more: what is final stays so, and nobody has to walk over it again. Management keys
  // hold no names.
  [[nodiscard]] virtual Result<std::optional<NameHolder>> name_holder(
      const WorkspaceId& workspace, Environment environment, std::string_view name,
      std::uint64_t before) const = 0;

  [[nodiscard]] virtual Result<std::optional<Member>> member(const MemberId& id) const = 0;
  // Members of a workspace that are owners and not removed.
  [[nodiscard]] virtual Result<std::vector<MemberId>> owners(
      const WorkspaceId& workspace) const = 0;
  // Management keys of a member that no fact has ended.
  [[nodiscard]] virtual Result<std::vector<KeyId>> management_keys(
      const MemberId& member) const = 0;

  // Null if there is none. Shared, since a policy is large and read by every command.
  [[nodiscard]] virtual Result<std::shared_ptr<const Workspace>> workspace(
      const WorkspaceId& id) const = 0;

  // How many events a workspace has: the next workspace_seq.
  [[nodiscard]] virtual Result<std::uint64_t> events_in(const WorkspaceId& workspace) const = 0;
  // Facts of the ledger's own stream: its version.
  [[nodiscard]] virtual Result<std::uint32_t> ledger_version() const = 0;

  [[nodiscard]] virtual Result<std::optional<RememberedCall>> remembered(
      const Digest& scope) const = 0;
};

}  // namespace keyledger
