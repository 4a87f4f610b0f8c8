// Secrets that were shown a moment ago and may be shown once more to a repeat of the same call
// (design api.md "Idempotency"): kept 10 minutes, sealed under a key of this process, never on
// disk.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "events/ids.h"
#include "events/time.h"
#include "http/secret.h"

namespace keyledger::http {

// Thread safety: all functions from any thread. Bounded: when full the oldest goes.
class SealedSecrets {
 public:
  static constexpr std::int64_t kKeepMs = 10 * 60 * 1000;

  explicit SealedSecrets(std::size_t max_entries);
  ~SealedSecrets();

  void keep(const SecretId& id, const Secret& secret, Timestamp now);
  [[nodiscard]] std::optional<Secret> find(const SecretId& id, Timestamp now) const;
  void forget(const SecretId& id);

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger::http
