// The audit trail: what happened in a workspace, found by position, key, actor, member, action and
// time. Rows are positions only; entries are read from the log and joined with their blobs, so a
// row never holds personal data.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/blobs.h"
#include "events/event.h"
#include "events/log/event_log.h"
#include "projections/projection.h"

namespace keyledger {

class Directory;
class KeyTable;
class Streams;

// All that are set must hold.
struct AuditFilter {
  WorkspaceId workspace;
  std::optional<KeyId> key;
  std::optional<IdBytes> actor;    // member or key id
  std::vector<EventType> actions;  // any of them; empty: all
  std::optional<MemberId> member;  // as actor or as target
  std::optional<std::string> ip;
  std::optional<std::string> request_id;
  OptionalTime from;             // recorded at or after
  OptionalTime to;               // recorded before
  OptionalPosition first;        // at or after
  OptionalPosition end;          // before
  std::optional<std::string> q;  // part of the target's name or of the reason, ASCII case ignored
};

struct AuditPageRequest {
  AuditFilter filter;
  bool descending = true;
  std::optional<std::uint64_t> after;  // position of the last entry of the page before
  std::size_t limit = 100;
};

// One entry: the event, joined with what the ledger knows of the names in it. Old and new texts of
// a details change are in `details_from` and `details_to`.
struct AuditEntry {
  RecordedEvent event;
  Digest leaf_hash{};
  std::optional<ActorDetails> actor_details;  // absent: none given, or erased
  std::optional<std::string> actor_name;      // as it is now
  std::optional<MemberId> key_issued_by;   // who issued the actor's management key, if another did
  std::optional<std::string> target_name;  // key: as of the event; member: as it is now
  std::optional<KeyDetails> details_from;
  std::optional<KeyDetails> details_to;
  std::optional<LeakDetails> leak;  // of a report
  std::optional<MemberProfile> profile_from;
  std::optional<MemberProfile> profile_to;
};

struct AuditPage {
  std::vector<AuditEntry> entries;
  std::optional<std::uint64_t> next;  // `after` of the next page
};

// Thread safety: queries from any thread.
class AuditTrail : public Projection {
 public:
  // Asks the others for what they have: the streams for the events of one key or member.
  AuditTrail(const EventLog& log, const Directory& directory, const KeyTable& keys,
             const Streams& streams);
  ~AuditTrail() override;

  [[nodiscard]] Result<AuditPage> list(const AuditPageRequest& request) const;

  // The same entry by entry, for who need not have a page in memory: until `take` answers false or
  // some ten thousand events were looked at. Answers `after` of those that are left; nothing at the
  // end. `limit` means nothing here. The rows stay pinned meanwhile, so `take` must not wait.
  using Take = std::function<bool(AuditEntry entry)>;
  [[nodiscard]] Result<OptionalPosition> each(const AuditPageRequest& request,
                                              const Take& take) const;
  // And without what is joined to an event, unless the filter asks for it: for counting.
  using TakeEvent = std::function<bool(const RecordedEvent& event)>;
  [[nodiscard]] Result<OptionalPosition> each_event(const AuditPageRequest& request,
                                                    const TakeEvent& take) const;

  // Position of the first event recorded after that time; nothing if there is none yet.
  [[nodiscard]] Result<OptionalPosition> first_after(Timestamp time) const;
  // kNotFound if the event is not of this workspace or not there.
  [[nodiscard]] Result<AuditEntry> entry(const WorkspaceId& workspace,
                                         std::uint64_t position) const;
  // The same for any workspace: for the operator's own tools (keyledger dump).
  [[nodiscard]] Result<AuditEntry> entry(std::uint64_t position) const;

  [[nodiscard]] std::string_view name() const override { return "audit_trail"; }
  [[nodiscard]] std::uint32_t version() const override { return 2; }
  [[nodiscard]] Result<void> open(Store& store) override;
  [[nodiscard]] Result<void> load(std::uint64_t size) override;
  [[nodiscard]] Result<void> apply(const CommittedFrame& frame, StoreBatch& batch) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
