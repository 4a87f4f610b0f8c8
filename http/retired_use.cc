#include "http/retired_use.h"

#include <utility>

#include "http/api.h"

namespace keyledger::http {

bool RetiredUse::is_news(const SecretId& secret, Timestamp now) {
  const std::lock_guard lock(mutex_);
  if (recorded_.size() >= kMaxSecrets) recorded_.clear();
  const auto [row, is_new] = recorded_.try_emplace(secret, now);
  if (is_new) return true;
  if (now.ms - row->second.ms < kOnceInMs) return false;
  row->second = now;
  return true;
}

bool RetiredUse::is_recorded(const SecretId& secret, Timestamp now) const {
  const std::lock_guard lock(mutex_);
  const auto row = recorded_.find(secret);
  return row != recorded_.end() && now.ms - row->second.ms < kOnceInMs;
}

void record_retired_use(Api& api, const RetiredSecret& used, const std::string& request_id,
                        Timestamp now) {
  if (!api.retired_use->is_news(used.secret, now)) return;
  Submission submission;
  submission.call.workspace = used.workspace;
  submission.call.request_id = request_id;
  submission.command = RecordRetiredSecretUse{used.key, used.secret};
  static_cast<void>(api.ledger.execute(std::move(submission)));
}

}  // namespace keyledger::http
