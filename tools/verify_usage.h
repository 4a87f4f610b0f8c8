// Usage against the digests of it in the ledger (`keyledger verify`).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "events/event.h"
#include "events/result.h"
#include "projections/usage_store.h"

namespace keyledger {

// Sees every event of the ledger, in order; then compares. One thread.
class UsageCheck {
 public:
  void see(const RecordedEvent& event);

  struct Outcome {
    bool found = false;  // the rows are there at all
    std::uint64_t same = 0;
    std::uint64_t past = 0;  // not kept any more
    std::uint64_t lost = 0;  // from before the rows' database was made, or it is not there
    std::optional<std::string> damage;      // the first that differs
    std::optional<std::uint64_t> position;  // of its digest
  };
  // `path`: of the rows; `now`: by the wall clock. kStorage, kUnavailable, kCorrupt.
  [[nodiscard]] Result<Outcome> compare(const std::string& path, Timestamp now) const;

 private:
  struct Seen {
    std::uint64_t position = 0;
    WorkspaceId workspace;
    UsageDigested digest;
  };
  // Whether the policy that was in force some time since then let its rows end.
  [[nodiscard]] bool may_have_ended(const Seen& seen, Timestamp now) const;

  std::vector<Seen> digests_;
  std::map<WorkspaceId, std::vector<std::pair<Timestamp, std::uint32_t>>>
      retention_;  // days, since
};

}  // namespace keyledger
