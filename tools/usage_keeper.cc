#include "tools/usage_keeper.h"

#include <spdlog/spdlog.h>

#include <set>
#include <vector>

namespace keyledger {
namespace {

constexpr std::int64_t kHourMs = UsePeriod::kHourMs;
constexpr std::int64_t kAgainMs = 60'000;
constexpr std::size_t kDigestsAtOnce = 256;  // that wait for one fsync

// Rows of periods that began before then are not kept.
Timestamp kept_since(const Workspace& workspace, Timestamp now) {
  const std::int64_t days{workspace.policy.usage_retention_days};
  return std::max(now + -days * kDayMs, Timestamp{});
}

}  // namespace

// One look at all workspaces. Digests are recorded many at a time; that of a period whose
// predecessor failed does not count as done, so it may be recorded twice: one too many is better
// than none.
class UsageKeeper::Round {
 public:
  Round(UsageKeeper& keeper, const std::stop_token& stop) : keeper_(keeper), stop_(stop) {}

  void digest(const Stream& stream, Timestamp from) {
    while (!stop_.stop_requested() && !failed_.contains(stream)) {
      const auto found =
          keeper_.projections_.usage().digest_after(stream.first, stream.second, from);
      if (!found) return note(stream, found.error());
      if (!*found) return;
      due_.push_back({stream, **found});
      from = (*found)->period.to();
      if (due_.size() == kDigestsAtOnce) record();
    }
  }
  void record() {
    if (due_.empty()) return;
    std::vector<Submission> submissions;
    for (const Due& due : due_) submissions.push_back(submission_of(due));
    const auto answers = keeper_.ledger_.execute_all(std::move(submissions));
    for (std::size_t i = 0; i < due_.size(); ++i) {
      const Stream& stream = due_[i].stream;
      if (!answers[i]) {
        note(stream, answers[i].error());
      } else if (answers[i]->count == 0) {
        note(stream, {ErrorCode::kBehind, "the ledger's clock is not yet at this period's end"});
      } else if (!failed_.contains(stream)) {
        keeper_.digested_[stream] = due_[i].digest.period.to();
      }
    }
    due_.clear();
  }
  [[nodiscard]] Result<void> outcome() const {
    if (!first_) return {};
    return fail(*first_);
  }

 private:
  struct Due {
    Stream stream;
    PeriodDigest digest;
  };

  static Submission submission_of(const Due& due) {
    const UsePeriod& period = due.digest.period;
    Submission submission;
    submission.call.workspace = due.stream.first;
    submission.command = RecordUsageDigest{
        {period.from(), period.to(), due.digest.rows, HashAlgorithm::kSha256, due.digest.digest}};
    return submission;
  }
  void note(const Stream& stream, const Error& error) {
    failed_.insert(stream);
    if (!first_) first_ = error;
  }

  UsageKeeper& keeper_;
  const std::stop_token& stop_;
  std::vector<Due> due_;
  std::set<Stream> failed_;
  std::optional<Error> first_;
};

UsageKeeper::UsageKeeper(Ledger& ledger, Projections& projections)
    : ledger_(ledger), projections_(projections) {
  for (const auto& workspace : projections_.directory().workspaces()) find_digested(*workspace);
  for (const auto& [stream, until] : digested_) projections_.usage().close_until(until);
}

// The newest of each length that has rows, looked for among the digests that are younger than the
// first row. What cannot be read is as if it were not there: a digest too many is better than none.
void UsageKeeper::find_digested(const Workspace& workspace) {
  std::set<bool> wanted;
  AuditPageRequest request;
  for (const bool hourly : {false, true}) {
    const auto first = projections_.usage().next_period(workspace.id, hourly, Timestamp());
    if (!first || !*first) continue;
    wanted.insert(hourly);
    const Timestamp began = (*first)->from();
    request.filter.from = std::min(request.filter.from.value_or(began), began);
  }
  request.filter.workspace = workspace.id;
  request.filter.actions = {tag_of(UsageDigested{})};
  while (!wanted.empty()) {
    const auto page = projections_.audit().list(request);
    if (!page) return;
    for (const AuditEntry& entry : page->entries) {
      const auto& digest = std::get<UsageDigested>(entry.event.event);
      const bool hourly = digest.to.ms - digest.from.ms == kHourMs;
      if (wanted.erase(hourly) != 0) digested_[{workspace.id, hourly}] = digest.to;
    }
    if (!page->next) return;
    request.after = page->next;
  }
}

void UsageKeeper::step(Timestamp now, const std::stop_token& stop) {
  const Timestamp until{now.ms - now.ms % kHourMs};
  const bool forgets = now.ms - forgotten_at_.ms >= kDayMs;
  const bool is_due = until > done_until_ || forgets;
  if (!is_due || now < not_before_ || !ledger_.accepts_writes()) return;
  not_before_ = now + kAgainMs;
  if (!projections_.usage().status().kept) return;
  auto done = projections_.usage().finish_until(until, now);
  if (done) done = digest_all(now, stop);
  if (stop.stop_requested()) return;
  if (done) done_until_ = until;
  if (!done) spdlog::warn("usage could not be digested: {}", done.error().detail);
  if (!forgets) return;
  if (auto tidied = forget(now); !tidied) {
    spdlog::warn("old usage could not be ended: {}", tidied.error().detail);
  }
}

Result<void> UsageKeeper::digest_all(Timestamp now, const std::stop_token& stop) {
  Round round(*this, stop);
  for (const auto& workspace : projections_.directory().workspaces()) {
    if (workspace->policy.use_digest == UseDigest::kOff) continue;
    for (const bool hourly : {false, true}) {
      // The period in which that lies has its rows yet: they are deleted after this.
      const Timestamp kept = UsePeriod::of(kept_since(*workspace, now), hourly).from();
      Timestamp& until = digested_[{workspace->id, hourly}];
      until = std::max(until, kept);
      round.digest({workspace->id, hourly}, until);
    }
  }
  round.record();
  return round.outcome();
}

Result<void> UsageKeeper::forget(Timestamp now) {
  std::map<WorkspaceId, Timestamp> before;
  for (const auto& workspace : projections_.directory().workspaces()) {
    before.emplace(workspace->id, kept_since(*workspace, now));
  }
  auto done = projections_.usage().forget(before);
  if (done) forgotten_at_ = now;
  return done;
}

}  // namespace keyledger
