// What one event says of the texts of a key's label. Internal to verify_index.cc.
#pragma once

#include <utility>

#include "events/event.h"
#include "events/frame.h"
#include "projections/key_label.h"

namespace keyledger {

// The details of a key that lie beside an event. Nothing if the blob was erased.
inline KeyDetails details_in(const EventSide& side) {
  if (!side.subject) return {};
  auto details = decode_key_details(side.subject->bytes);
  if (!details) return {};
  return std::move(*details);
}

// What one event changes of its key's label; `side` holds what may not be in a leaf.
struct LabelFold {
  KeyLabel& label;
  const EventSide& side;

  void operator()(const KeyCreated& fact) const {
    label.name = fact.name;
    KeyDetails details = details_in(side);
    label.metadata = std::move(details.metadata);
    label.external_id = std::move(details.external_id);
  }
  void operator()(const KeyRenamed& fact) const { label.name = fact.to; }
  void operator()(const KeyMetadataChanged&) const { label.metadata = details_in(side).metadata; }
  void operator()(const KeyExternalIdChanged&) const {
    label.external_id = details_in(side).external_id;
  }
  template <OneOf<LedgerCreated, LedgerRollbackAccepted, WorkspaceCreated, WorkspaceSuspended,
                  WorkspaceResumed, PolicySet, MemberAdded, MemberRoleChanged, MemberProfileChanged,
                  MemberRemoved, KeyDescriptionChanged, KeyScopesChanged, KeyOriginsChanged,
                  KeyMissingOriginChanged, KeyAddressesChanged, KeyStartChanged, KeyExpiryChanged,
                  KeyOwnerChanged, KeyRateLimitChanged, KeyRotated, KeyOverlapEnded, KeySuspended,
                  KeyResumed, KeyRevoked, KeyCompromised, KeyReplaced, KeyExpired, KeySecretRetired,
                  KeyRetiredSecretPresented, KeySecretReplayed, KeyExpiring, KeyLookedUp,
                  KeyLeakReported, UsageDigested>
                Other>
  void operator()(const Other& /*names nothing*/) const {}
};

}  // namespace keyledger
