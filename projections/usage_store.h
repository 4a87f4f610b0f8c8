// The rows of usage on disk (usage.h), found, written and digested: what the service and `keyledger
// verify` have in common.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/crypto.h"
#include "projections/store.h"
#include "projections/usage_rows.h"
#include "projections/use_counts.h"

namespace keyledger {

struct PeriodDigest {
  UsePeriod period;
  std::uint64_t rows = 0;
  Digest digest{};
};

// Thread safety: as Store. Errors: kStorage, kCorrupt.
class UsageStore {
 public:
  // Makes it if it is not there.
  [[nodiscard]] static Result<std::unique_ptr<UsageStore>> open(const std::string& path,
                                                                StoreOptions options);

  // When it was made, since when no use is forgotten, since when keys could be used without a long
  // break, and when the last one who wrote here ended in peace.
  struct About {
    Timestamp made;
    Timestamp known_since;
    Timestamp usable_since;
    OptionalTime closed;
  };
  [[nodiscard]] Result<std::optional<About>> about() const;
  [[nodiscard]] Result<void> write_about(const About& about);

  [[nodiscard]] Result<void> for_each_total(
      const std::function<void(const KeyId&, const KeyUse&)>& visit) const;
  // All zero if there is no row.
  [[nodiscard]] Result<PeriodUse> period_of(const WorkspaceId& workspace, const UsePeriod& period,
                                            const KeyId& key) const;
  // All rows of periods, as they are now.
  [[nodiscard]] std::unique_ptr<StoreCursor> snapshot() const { return rows_->cursor(*periods_); }
  // Of one key, in its periods of that length that begin from `first` to `last`, both included, in
  // hours since 1970. Reads once for each period in which any key has a row.
  [[nodiscard]] static Result<std::vector<PeriodUse>> periods_of(StoreCursor& snapshot,
                                                                 const PeriodRowKey& first,
                                                                 std::uint32_t last);
  // The first period of that length with rows that begins at `from` or later.
  [[nodiscard]] Result<std::optional<UsePeriod>> next_period(const WorkspaceId& workspace,
                                                             bool hourly, Timestamp from) const;
  // Of all rows of the period (events/FORMAT.md "Usage digests"); builds their bytes in memory,
  // some 40 a key.
  [[nodiscard]] Result<PeriodDigest> digest_of(const WorkspaceId& workspace,
                                               const UsePeriod& period) const;

  void put_total(StoreBatch& batch, const KeyId& key, const KeyUse& total) const;
  void put_period(StoreBatch& batch, const WorkspaceId& workspace, const KeyId& key,
                  const PeriodUse& use) const;
  [[nodiscard]] Result<void> write(StoreBatch batch) { return rows_->write(std::move(batch)); }
  // Rows of periods that began before then.
  [[nodiscard]] Result<void> erase_periods_before(const WorkspaceId& workspace, Timestamp time);
  [[nodiscard]] Result<void> sync() { return rows_->flush(); }

 private:
  explicit UsageStore(std::unique_ptr<Store> rows) : rows_(std::move(rows)) {}

  std::unique_ptr<Store> rows_;
  const Table* totals_ = nullptr;
  const Table* periods_ = nullptr;
  const Table* about_ = nullptr;
};

}  // namespace keyledger
