#include "tools/inactivity.h"

#include <spdlog/spdlog.h>

namespace keyledger {

bool Inactivity::step(Timestamp now, std::chrono::milliseconds uptime) {
  mind_the_clock(now, uptime);
  if (!round_) {
    if (began_ && now.ms - began_->ms < kEveryMs) return false;
    began_ = now;
    round_ = begin();
  }
  if (round_->workspaces.empty() || !ledger_.accepts_writes()) {
    round_.reset();
    return false;
  }
  look_at(*round_, now);
  return true;
}

// A clock that was put right by more than a minute makes the times of all uses before worthless.
void Inactivity::mind_the_clock(Timestamp now, std::chrono::milliseconds uptime) {
  constexpr std::int64_t kJumpMs = 60'000;
  const Timestamp expected = now_ + (uptime - uptime_).count();
  now_ = now;
  uptime_ = uptime;
  if (std::abs(now.ms - expected.ms) <= kJumpMs) return;
  projections_.usage().clock_jumped(now);
  began_.reset();
  round_.reset();
}

Inactivity::Round Inactivity::begin() const {
  Round round;
  for (const auto& workspace : projections_.directory().workspaces()) {
    if (workspace->policy.inactivity_days && !workspace->suspended) {
      round.workspaces.push_back(workspace->id);
    }
  }
  return round;
}

void Inactivity::look_at(Round& round, Timestamp now) {
  const auto workspace = projections_.directory().workspace(round.workspaces.back());
  const auto& days = workspace->policy.inactivity_days;
  std::vector<SuspendUnused> found;
  const auto walked = projections_.keys().walk(
      workspace->id, round.place, days ? kKeysAtOnce : 0, [&](const Key& key) {
        const Timestamp used = projections_.usage().used_or_usable_since(key.id);
        if (is_inactive(key, used, *days, now)) found.push_back({key.id, used});
        return found.size() < kSuspensionsAtOnce;
      });
  if (!walked) {
    spdlog::error("keys that nobody uses could not be looked for: {}", walked.error().detail);
  }
  if (!days || !walked || !*walked) {
    round.workspaces.pop_back();
    round.place.clear();
  }
  for (SuspendUnused& unused : found) {
    unused.last_used_at = projections_.usage().used_or_usable_since(unused.id);  // perhaps since
    Submission submission;
    submission.call.workspace = workspace->id;
    submission.call.reason = "inactive";
    submission.command = unused;
    if (const auto done = ledger_.execute(std::move(submission)); !done) {
      spdlog::warn("the unused key {} could not be suspended: {}", to_text(unused.id),
                   done.error().detail);
    }
  }
}

}  // namespace keyledger
