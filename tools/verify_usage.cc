#include "tools/verify_usage.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

namespace keyledger {

void UsageCheck::see(const RecordedEvent& event) {
  if (const auto* policy = std::get_if<PolicySet>(&event.event)) {
    retention_[event.workspace].emplace_back(event.time, policy->policy.usage_retention_days);
  } else if (const auto* digest = std::get_if<UsageDigested>(&event.event)) {
    digests_.push_back({event.position, event.workspace, *digest});
  }
}

bool UsageCheck::may_have_ended(const Seen& seen, Timestamp now) const {
  const auto found = retention_.find(seen.workspace);
  if (found == retention_.end()) return false;
  const auto& all = found->second;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Timestamp until = i + 1 < all.size() ? all[i + 1].first : now;
    const Timestamp end = seen.digest.from + std::int64_t{all[i].second} * kDayMs;
    if (end < until) return true;
  }
  return false;
}

Result<UsageCheck::Outcome> UsageCheck::compare(const std::string& path, Timestamp now) const {
  Outcome outcome;
  std::error_code error;
  outcome.found = std::filesystem::exists(path + "/CURRENT", error);
  if (!outcome.found) outcome.lost = digests_.size();
  if (!outcome.found || digests_.empty()) return outcome;
  const auto rows = UsageStore::open(path, {});
  if (!rows) return fail(rows.error());
  const auto about = (*rows)->about();
  if (!about) return fail(about.error());
  const Timestamp made = *about ? (*about)->made : now;
  for (const Seen& seen : digests_) {
    const bool hourly = seen.digest.to.ms - seen.digest.from.ms == UsePeriod::kHourMs;
    const auto found = (*rows)->digest_of(seen.workspace, UsePeriod::of(seen.digest.from, hourly));
    if (!found) return fail(found.error());
    if (found->rows == seen.digest.rows && found->digest == seen.digest.digest) {
      ++outcome.same;
    } else if (found->rows == 0 && may_have_ended(seen, now)) {
      ++outcome.past;
    } else if (found->rows == 0 && seen.digest.to <= made) {
      ++outcome.lost;
    } else {
      outcome.damage = fmt::format(
          "the usage of {} from {} to {} is not what event {} digested: {} rows instead of {}, or "
          "others",
          to_text(seen.workspace), to_text(seen.digest.from), to_text(seen.digest.to),
          seen.position, found->rows, seen.digest.rows);
      outcome.position = seen.position;
      return outcome;
    }
  }
  return outcome;
}

}  // namespace keyledger
