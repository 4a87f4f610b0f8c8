// The ledger as it was just after one event: workspaces and members, and keys by way of the key
// table. What has not changed since comes from memory; what has, from the log.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "core/key.h"
#include "core/workspace.h"
#include "events/log/event_reader.h"
#include "projections/all.h"

namespace keyledger {

// For one request, one thread. Projections and log must outlive it. Errors: those of both.
class Past {
 public:
  // Just after the event at `position`, which must have reached the rows.
  Past(const Projections& projections, const EventLog& log, std::uint64_t position)
      : projections_(projections), log_(log), position_(position) {}

  // Nothing, or null, if there was none with this id yet.
  [[nodiscard]] Result<std::optional<Key>> key(const KeyId& id) const;
  [[nodiscard]] Result<std::shared_ptr<const MemberView>> member(const MemberId& id);
  [[nodiscard]] Result<std::shared_ptr<const Workspace>> workspace(const WorkspaceId& id) const;

 private:
  [[nodiscard]] Result<std::shared_ptr<const MemberView>> read_member(const MemberId& id) const;
  [[nodiscard]] Result<Workspace> read_workspace(const WorkspaceId& id) const;

  const Projections& projections_;
  const EventLog& log_;
  const std::uint64_t position_;
  std::map<MemberId, std::shared_ptr<const MemberView>> members_;  // asked for before
};

}  // namespace keyledger
