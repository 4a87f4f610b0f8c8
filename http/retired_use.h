// Which retired secrets were recorded as presented lately: a notice for each, but no more than one
// a secret and hour, so that a forgotten client cannot flood the ledger.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "events/ids.h"
#include "events/time.h"

namespace keyledger::http {

class Api;

// Thread safety: any thread. Bounded: forgets all when full, which costs at most a notice more.
class RetiredUse {
 public:
  static constexpr std::int64_t kOnceInMs = 60 * 60 * 1000;
  static constexpr std::size_t kMaxSecrets = 100'000;

  // Whether this use should be recorded; then it counts as recorded.
  [[nodiscard]] bool is_news(const SecretId& secret, Timestamp now);
  // Whether a use was recorded within the hour, so that nothing is to be done and waited for.
  [[nodiscard]] bool is_recorded(const SecretId& secret, Timestamp now) const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<SecretId, Timestamp, IdHash> recorded_;
};

struct RetiredSecret {
  WorkspaceId workspace;
  KeyId key;
  SecretId secret;
};

// Records, if it is news, that somebody still uses a secret that has ended: its owner should know.
// Waits for the ledger; whether it could be recorded changes nobody's answer.
void record_retired_use(Api& api, const RetiredSecret& used, const std::string& request_id,
                        Timestamp now);

}  // namespace keyledger::http
