#include "http/retired_use.h"

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

}  // namespace keyledger::http
