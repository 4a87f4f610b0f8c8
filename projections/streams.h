// Which events belong to which stream: the history of one key or member, and the state of a member
// or workspace at an earlier position. Of keys the key table knows it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/workspace.h"
#include "events/log/event_log.h"
#include "projections/position_rows.h"
#include "projections/projection.h"

namespace keyledger {

// Thread safety: queries from any thread.
class Streams : public Projection {
 public:
  explicit Streams(const EventLog& log);
  ~Streams() override;

  // Positions of the stream's events, oldest first, from `from` on, at most `limit`.
  [[nodiscard]] Result<std::vector<std::uint64_t>> positions(const StreamId& stream,
                                                             std::uint64_t from,
                                                             std::size_t limit) const;
  // The same as a walk from `start` on, in either direction.
  [[nodiscard]] PositionWalk walk(const StreamId& stream, bool descending,
                                  std::uint64_t start) const;
  // The member just after event `position` (which may be of any stream). Nothing if it did not
  // exist yet.
  [[nodiscard]] Result<std::optional<Member>> member_at(const MemberId& id,
                                                        std::uint64_t position) const;
  // Without its policy, which has a stream of its own.
  [[nodiscard]] Result<std::optional<Workspace>> workspace_at(const WorkspaceId& id,
                                                              std::uint64_t position) const;

  [[nodiscard]] std::string_view name() const override { return "streams"; }
  [[nodiscard]] std::uint32_t version() const override { return 2; }
  [[nodiscard]] Result<void> open(Store& store) override;
  [[nodiscard]] Result<void> load(std::uint64_t size) override;
  [[nodiscard]] Result<void> apply(const CommittedFrame& frame, StoreBatch& batch) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
