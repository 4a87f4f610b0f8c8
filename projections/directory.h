// Workspaces and their members, as they are now: few, read on every call, so all in memory. Names
// and e-mails are joined from the side objects at load and kept in memory only.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "core/workspace.h"
#include "events/blobs.h"
#include "events/log/event_log.h"
#include "projections/projection.h"

namespace keyledger {

struct MemberView {
  Member member;
  std::optional<MemberProfile> profile;  // absent: erased
};

// What the blob beside an event about a member says; one that was erased says nothing.
[[nodiscard]] std::optional<MemberProfile> profile_in(const EventSide& side);

// Thread safety: queries from any thread.
class Directory : public Projection {
 public:
  explicit Directory(const EventLog& log);
  ~Directory() override;

  [[nodiscard]] std::shared_ptr<const Workspace> workspace(const WorkspaceId& id) const;
  [[nodiscard]] std::vector<std::shared_ptr<const Workspace>> workspaces() const;  // by id
  // Null if there is none or more than one. Costs the same however many there are.
  [[nodiscard]] std::shared_ptr<const Workspace> only_workspace() const;
  [[nodiscard]] std::shared_ptr<const MemberView> member(const MemberId& id) const;
  // Removed ones too; by id, which is by time of adding.
  [[nodiscard]] std::vector<std::shared_ptr<const MemberView>> members(
      const WorkspaceId& workspace) const;
  // Positions: how many events a workspace has, and facts of the ledger's own stream.
  [[nodiscard]] std::uint64_t events_in(const WorkspaceId& workspace) const;
  [[nodiscard]] std::uint32_t ledger_version() const;
  [[nodiscard]] Timestamp last_time() const;  // recorded time of the newest event; 0: none yet
  [[nodiscard]] LogId log_id() const;
  [[nodiscard]] std::string origin() const;

  [[nodiscard]] std::string_view name() const override { return "directory"; }
  [[nodiscard]] std::uint32_t version() const override { return 1; }
  [[nodiscard]] Result<void> open(Store& store) override;
  [[nodiscard]] Result<void> load(std::uint64_t size) override;
  void apply_to_memory(const CommittedFrame& frame) override;
  [[nodiscard]] Result<void> apply(const CommittedFrame& frame, StoreBatch& batch) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
