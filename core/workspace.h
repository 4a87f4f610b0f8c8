// The state of a workspace and of its members, folded from their facts. Plain values; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/key.h"
#include "events/event.h"

namespace keyledger {

struct Workspace {
  WorkspaceId id;
  std::string name;
  std::string profile;
  bool is_operator = false;
  bool suspended = false;
  Timestamp created_at;
  std::uint32_t version = 0;
  std::uint64_t position = 0;  // newest fact
  Policy policy;
  std::uint32_t policy_version = 0;
  std::uint64_t policy_position = 0;
  Timestamp policy_updated_at;
  bool operator==(const Workspace&) const = default;
};

struct Member {
  MemberId id;
  WorkspaceId workspace;
  Role role = Role::kVerifier;
  bool removed = false;
  Timestamp created_at;
  Timestamp updated_at;
  std::uint32_t version = 0;
  std::uint64_t position = 0;   // newest fact
  OptionalPosition profile_at;  // the event whose subject blob holds name and e-mail
  bool operator==(const Member&) const = default;
};

// A set of roles, one bit each. The empty set permits nobody.
class RoleSet {
 public:
  constexpr RoleSet() = default;
  template <typename... Roles>
  constexpr explicit RoleSet(Roles... roles) : bits_((bit(roles) | ...)) {}
  [[nodiscard]] constexpr bool has(Role role) const { return (bits_ & bit(role)) != 0; }
  bool operator==(const RoleSet&) const = default;

 private:
  static constexpr std::uint8_t bit(Role role) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(role));
  }
  std::uint8_t bits_ = 0;
};
inline constexpr RoleSet kEveryRole{Role::kOwner, Role::kAdmin, Role::kAuditor, Role::kVerifier};

[[nodiscard]] std::string_view role_name(Role role);

// The event that suspended the workspace; no cause while it is active.
[[nodiscard]] Cause suspension_of(const Workspace& workspace);

// The event that set the policy as it is now.
[[nodiscard]] Cause policy_cause_of(const Workspace& workspace);

// As for keys: total, never fails, ignores what is not about this thing.
void evolve(Workspace& workspace, const RecordedEvent& event);
void evolve(Member& member, const RecordedEvent& event);

}  // namespace keyledger
