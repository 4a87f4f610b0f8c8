// Beside the flushes of usage: digests of finished periods into the ledger (policy `use_digest`),
// and an end to what is older than a policy lets it get (`usage_retention_days`).
#pragma once

#include <map>
#include <stop_token>
#include <utility>

#include "core/ledger.h"
#include "projections/all.h"

namespace keyledger {

// Thread safety: none; one thread calls it.
class UsageKeeper {
 public:
  // Both must outlive it. Finds in the ledger which periods have been digested, and closes those:
  // before anything is counted.
  UsageKeeper(Ledger& ledger, Projections& projections);

  // Once an hour has ended: all that was counted before is brought to disk, then each period that
  // is over is digested, oldest first, none twice; a day with rows that was missed, too. Many share
  // a frame of the ledger. Once a day: retention. What fails is logged, keeps no other workspace
  // waiting, and is done again a minute later. Ends early if a stop is requested.
  void step(Timestamp now, const std::stop_token& stop);

 private:
  using Stream = std::pair<WorkspaceId, bool>;  // and whether its periods are hours
  class Round;

  void find_digested(const Workspace& workspace);
  [[nodiscard]] Result<void> digest_all(Timestamp now, const std::stop_token& stop);
  [[nodiscard]] Result<void> forget(Timestamp now);

  Ledger& ledger_;
  Projections& projections_;
  std::map<Stream, Timestamp> digested_;  // up to then
  Timestamp done_until_;
  Timestamp forgotten_at_;
  Timestamp not_before_;
};

}  // namespace keyledger
