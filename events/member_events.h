// What can happen to a member of a workspace. Name and e-mail are personal data and lie in the
// subject blob (events/blobs.h MemberProfile), never in a payload.
#pragma once

#include <cstdint>

#include "events/key_events.h"

namespace keyledger {

enum class Role : std::uint8_t { kOwner = 1, kAdmin = 2, kAuditor = 3, kVerifier = 4 };

struct MemberAdded {
  Role role = Role::kVerifier;
  bool operator==(const MemberAdded&) const = default;
};
struct MemberRoleChanged : Change<Role> {};
struct MemberProfileChanged : DetailChange {};  // name, e-mail
struct MemberRemoved {
  bool operator==(const MemberRemoved&) const = default;
};

}  // namespace keyledger
