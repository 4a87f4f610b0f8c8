#include "tools/due_notices.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace keyledger {
namespace {

Command command_for(const DueNotice& notice) {
  if (notice.secret) return RecordRetirement{notice.key, *notice.secret};
  if (notice.days) return RecordExpiring{notice.key, notice.expires, *notice.days};
  return RecordExpiry{notice.key};
}

}  // namespace

void record_due_notices(Ledger& ledger, const Schedule& schedule, Timestamp now,
                        const std::function<void()>& before_each) {
  const auto due = schedule.due(now, kDueAtOnce);
  if (!due) {
    spdlog::error("what falls due could not be read: {}", due.error().detail);
    return;
  }
  for (const DueNotice& notice : *due) {
    before_each();
    Submission submission;
    submission.call.workspace = notice.workspace;
    submission.command = command_for(notice);
    if (const auto done = ledger.execute(std::move(submission)); !done) {
      spdlog::warn("a notice about {} could not be recorded: {}", to_text(notice.key),
                   done.error().detail);
    }
  }
}

}  // namespace keyledger
