#include "http/sealed_secrets.h"

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <unordered_map>

#include "events/crypto.h"

namespace keyledger::http {

struct SealedSecrets::Rep {
  struct Entry {
    std::string sealed;
    Timestamp kept_at;
  };

  explicit Rep(std::size_t max) : max_entries(max) {}

  [[nodiscard]] static bool is_over(const Entry& entry, Timestamp now) {
    return now.ms - entry.kept_at.ms >= kKeepMs;
  }

  const std::size_t max_entries;
  const std::array<std::uint8_t, 32> key = random_bytes<32>();
  mutable std::mutex mutex;
  std::unordered_map<SecretId, Entry, IdHash> entries;
  std::deque<SecretId> order;  // oldest first; may name entries that are gone
};

SealedSecrets::SealedSecrets(std::size_t max_entries) : rep_(std::make_unique<Rep>(max_entries)) {}
SealedSecrets::~SealedSecrets() = default;

void SealedSecrets::keep(const SecretId& id, const Secret& secret, Timestamp now) {
  std::string sealed = seal(rep_->key, secret.reveal());
  const std::lock_guard lock(rep_->mutex);
  while (!rep_->order.empty()) {
    const auto oldest = rep_->entries.find(rep_->order.front());
    const bool goes = oldest == rep_->entries.end() || Rep::is_over(oldest->second, now) ||
                      rep_->entries.size() >= rep_->max_entries;
    if (!goes) break;
    if (oldest != rep_->entries.end()) rep_->entries.erase(oldest);
    rep_->order.pop_front();
  }
  if (rep_->entries.insert_or_assign(id, Rep::Entry{std::move(sealed), now}).second) {
    rep_->order.push_back(id);
  }
}

std::optional<Secret> SealedSecrets::find(const SecretId& id, Timestamp now) const {
  const std::lock_guard lock(rep_->mutex);
  const auto found = rep_->entries.find(id);
  if (found == rep_->entries.end() || Rep::is_over(found->second, now)) return std::nullopt;
  auto plain = unseal(rep_->key, found->second.sealed);
  if (!plain) return std::nullopt;
  return Secret(std::move(*plain));
}

void SealedSecrets::forget(const SecretId& id) {
  const std::lock_guard lock(rep_->mutex);
  rep_->entries.erase(id);
}

}  // namespace keyledger::http
