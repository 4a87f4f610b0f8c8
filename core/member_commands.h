// What can be asked about a member (core/commands.h). Plain values.
#pragma once

#include <optional>

#include "events/blobs.h"
#include "events/event.h"

namespace keyledger {

struct AddMember {
  MemberId id;
  Role role = Role::kVerifier;
  CommittedBlob profile;
};
struct ChangeMember {
  MemberId id;
  std::optional<Role> role;
  std::optional<CommittedBlob> profile;  // whole
  // Of the profile that `profile` was made from; another one now: kVersionMismatch. Nothing: not
  // checked.
  OptionalPosition made_from = {};
};
// Ends the member's management keys first, then the membership.
struct RemoveMember {
  MemberId id;
};

}  // namespace keyledger
