// How every key is used, kept on disk: data/usage, a database of its own, since no event can
// compute it again. Counting is done by the verify index in memory and shown at once; a flush
// brings what changed to disk now and then, so that a crash loses what came after the last one. A
// disk that fails hurts neither verify nor the ledger: counting goes on in memory.
//
//   totals   key id -> all that is counted of the key
//   periods  workspace, length, time, key id -> its counts in that day or hour
//   about    since when uses are known
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "projections/store.h"
#include "projections/usage_store.h"
#include "projections/use_counts.h"
#include "projections/verify_index.h"

namespace keyledger {

struct UsageStatus {
  bool kept = false;           // on disk; false: in memory alone, and `problem` says why
  bool is_new = false;         // the database was not there and was made: no use before is known
  OptionalTime flushed;        // when everything was last brought to disk
  std::uint64_t failures = 0;  // of flushes, since the start
  std::string problem;         // of the last flush; empty if it succeeded
};

struct DayUse {
  Timestamp day;  // its beginning, UTC
  VerdictCounts counts;
};

// Thread safety: any thread, once it is open.
class Usage {
 public:
  explicit Usage(VerifyIndex& index);  // which must outlive it
  ~Usage();
  Usage(const Usage&) = delete;
  Usage& operator=(const Usage&) = delete;

  // Opens or makes the database, and loads the totals of all keys into the index, which must be
  // caught up. Before anything is counted. If it fails, all is as without: kCorrupt, kStorage,
  // kUnavailable.
  [[nodiscard]] Result<void> open(const std::string& path, const StoreOptions& options,
                                  Timestamp now);
  // Brings to disk what changed. An error loses nothing: the next flush does it again.
  [[nodiscard]] Result<void> flush(Timestamp now);
  // The last flush; after it, the next start knows that no use was lost.
  void close(Timestamp now);

  // A use after this is not forgotten: since the database was made, or since the last end without
  // close(). Uses may be known that were before.
  [[nodiscard]] Timestamp known_since() const;
  // Since when somebody who wanted to use a key could, but for breaks of an hour at most, and would
  // be known: before then, not to have been used says nothing about a key.
  [[nodiscard]] Timestamp usable_since() const;
  // The clock was put right by more than a little: the times of all uses before are worth nothing.
  void clock_jumped(Timestamp now);
  // When the key was last used, or usable_since() if that is later: what a rule about keys that
  // nobody uses goes by.
  [[nodiscard]] Timestamp used_or_usable_since(const KeyId& key) const;
  [[nodiscard]] UsageStatus status() const;

  // The days from `from` to `to`, both included, in which the key was tried, oldest first.
  // kStorage, kCorrupt.
  [[nodiscard]] Result<std::vector<DayUse>> days(const WorkspaceId& workspace, const KeyId& key,
                                                 Timestamp from, Timestamp to) const;

  // No attempt counts in a period that began before `time` any more: it was digested. Never back.
  void close_until(Timestamp time);
  // The same, and brings to disk what was counted before. kBehind if some of it has to wait for the
  // next time: until then nothing may be digested.
  [[nodiscard]] Result<void> finish_until(Timestamp time, Timestamp now);
  // The workspace's first period of that length that begins at `from` or later and has rows.
  [[nodiscard]] Result<std::optional<UsePeriod>> next_period(const WorkspaceId& workspace,
                                                             bool hourly, Timestamp from) const;
  // The same of closed periods alone, digested.
  [[nodiscard]] Result<std::optional<PeriodDigest>> digest_after(const WorkspaceId& workspace,
                                                                 bool hourly, Timestamp from) const;
  // For each workspace: its periods that began before that day, and addresses and origins that were
  // last seen before it.
  [[nodiscard]] Result<void> forget(const std::map<WorkspaceId, Timestamp>& before);

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
