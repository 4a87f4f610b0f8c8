#include "tools/usage_keeper.h"

#include <spdlog/spdlog.h>

#include "events/log/event_reader.h"

namespace keyledger {
namespace {

constexpr std::int64_t kHourMs = UsePeriod::kHourMs;
constexpr std::int64_t kAgainMs = 60'000;

// Rows of periods that began before then are not kept.
Timestamp kept_since(const Workspace& workspace, Timestamp now) {
  return {now.ms - std::int64_t{workspace.policy.usage_retention_days} * kDayMs};
}

}  // namespace

UsageKeeper::UsageKeeper(Ledger& ledger, Projections& projections, const EventLog& log)
    : ledger_(ledger), projections_(projections) {
  for (const auto& workspace : projections_.directory().workspaces()) {
    find_digested(*workspace, log);
  }
  for (const auto& [stream, until] : digested_) projections_.usage().close_until(until);
}

// Back to the newest of both lengths, or to where no rows are left. What cannot be read is as if it
// were not there: a digest too many is better than none.
void UsageKeeper::find_digested(const Workspace& workspace, const EventLog& log) {
  if (log.size() == 0) return;
  EventReader events(log);
  const Timestamp oldest = kept_since(workspace, projections_.last_time());
  PositionWalk walk = projections_.streams().walk(stream_of(workspace.id), true, log.size() - 1);
  for (int found = 0; found < 2; walk.pass()) {
    const auto position = walk.position();
    if (!position || !*position) return;
    const auto at = events.at(**position);
    if (!at || at->event.time < oldest) return;
    const auto* const digest = std::get_if<UsageDigested>(&at->event.event);
    if (digest == nullptr) continue;
    const bool hourly = digest->to.ms - digest->from.ms == kHourMs;
    if (digested_.emplace(Stream{workspace.id, hourly}, digest->to).second) ++found;
  }
}

void UsageKeeper::step(Timestamp now) {
  const Timestamp until{now.ms - now.ms % kHourMs};
  const bool is_due = until > done_until_ || now.ms - forgotten_at_.ms >= kDayMs;
  if (!is_due || now < not_before_ || !ledger_.accepts_writes()) return;
  not_before_ = now + kAgainMs;
  if (!projections_.usage().status().kept) return;
  auto done = projections_.usage().finish_until(until, now);
  if (done) done = digest_all(now);
  if (done) done_until_ = until;
  if (done && now.ms - forgotten_at_.ms >= kDayMs) done = forget(now);
  if (!done) spdlog::warn("usage could not be digested or tidied: {}", done.error().detail);
}

Result<void> UsageKeeper::digest_all(Timestamp now) {
  for (const auto& workspace : projections_.directory().workspaces()) {
    if (workspace->policy.use_digest == UseDigest::kOff) continue;
    for (const bool hourly : {false, true}) {
      Timestamp& until = digested_[{workspace->id, hourly}];
      // The period in which that lies has its rows yet: they are deleted after this.
      const Timestamp kept = std::max(kept_since(*workspace, now), Timestamp{});
      until = std::max(until, UsePeriod::of(kept, hourly).from());
      if (auto done = digest(*workspace, hourly); !done) return done;
    }
  }
  return {};
}

Result<void> UsageKeeper::digest(const Workspace& workspace, bool hourly) {
  Timestamp& until = digested_[{workspace.id, hourly}];
  while (true) {
    const auto found = projections_.usage().digest_after(workspace.id, hourly, until);
    if (!found) return fail(found.error());
    if (!*found) return {};
    const PeriodDigest& made = **found;
    Submission submission;
    submission.call.workspace = workspace.id;
    submission.command = RecordUsageDigest{
        {made.period.from(), made.period.to(), made.rows, HashAlgorithm::kSha256, made.digest}};
    if (auto recorded = ledger_.execute(std::move(submission)); !recorded) {
      return fail(recorded.error());
    }
    until = made.period.to();
  }
}

Result<void> UsageKeeper::forget(Timestamp now) {
  std::map<WorkspaceId, Timestamp> before;
  for (const auto& workspace : projections_.directory().workspaces()) {
    before.emplace(workspace->id, std::max(kept_since(*workspace, now), Timestamp{}));
  }
  auto done = projections_.usage().forget(before);
  if (done) forgotten_at_ = now;
  return done;
}

}  // namespace keyledger
