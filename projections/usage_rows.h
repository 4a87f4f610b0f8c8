// The rows of usage as bytes, and the canonical form that a digest of usage is over (events/
// FORMAT.md "Usage digests"). Total and exact: what one writes the other reads, or says that it is
// damaged.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "projections/use_counts.h"

namespace keyledger {

// Everything that is counted of a key, under its id.
[[nodiscard]] std::string total_value(const KeyUse& total);
[[nodiscard]] std::optional<KeyUse> read_total(std::string_view value);

// A key's counts in a period: sorted by workspace, length, time and key, so that a period of a
// workspace is a run of rows in the order of key ids.
[[nodiscard]] std::string periods_prefix(const WorkspaceId& workspace, bool hourly);
[[nodiscard]] std::string period_prefix(const WorkspaceId& workspace, const UsePeriod& period);
[[nodiscard]] std::string period_key(const WorkspaceId& workspace, const UsePeriod& period,
                                     const KeyId& key);
struct PeriodRowKey {
  WorkspaceId workspace;
  UsePeriod period;
  KeyId key;
};
[[nodiscard]] std::optional<PeriodRowKey> read_period_key(std::string_view key);
// The canonical form but for the key id, which the row's own key has.
[[nodiscard]] std::string period_value(const PeriodUse& use);
[[nodiscard]] std::optional<PeriodUse> read_period(const UsePeriod& period, std::string_view value);

}  // namespace keyledger
