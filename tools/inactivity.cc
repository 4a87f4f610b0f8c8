#include "tools/inactivity.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <vector>

namespace keyledger {

void Inactivity::look(Timestamp now) {
  if (looked_at_ && now.ms - looked_at_->ms < kEveryMs) return;
  looked_at_ = now;
  for (const auto& workspace : projections_.directory().workspaces()) {
    if (!ledger_.accepts_writes()) return;
    const auto& days = workspace->policy.inactivity_days;
    constexpr std::int64_t kDayMs = 86'400'000;
    if (!days || workspace->suspended || now.ms - started_.ms < *days * kDayMs) continue;
    look_at(*workspace, now);
  }
}

void Inactivity::look_at(const Workspace& workspace, Timestamp now) {
  const std::uint32_t days = *workspace.policy.inactivity_days;
  const auto unused = [&](const Key& key) {
    const OptionalTime used = projections_.verify_index().use_of(key.id).last_used_at;
    return is_inactive(key, std::max(used.value_or(started_), started_), days, now);
  };
  std::vector<Key> found;
  const auto looked = projections_.keys().for_each_in(workspace.id, [&](const Key& key) {
    if (found.size() < kMaxAtOnce && unused(key)) found.push_back(key);
  });
  if (!looked) {
    spdlog::error("keys that nobody uses could not be looked for: {}", looked.error().detail);
    return;
  }
  for (const Key& key : found) {
    if (!unused(key)) continue;  // somebody has used it since
    Submission submission;
    submission.call.workspace = workspace.id;
    submission.call.reason = "inactive";
    submission.command = SuspendKey{key.id};
    if (const auto done = ledger_.execute(std::move(submission)); !done) {
      spdlog::warn("the unused key {} could not be suspended: {}", to_text(key.id),
                   done.error().detail);
    }
  }
}

}  // namespace keyledger
