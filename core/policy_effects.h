// What a change of policy means for the keys that are already there. A policy binds the making and
// changing of keys, and it also decides at verify: scopes of public keys, endpoints, headers,
// rates. So nobody should set one without having seen which live keys it affects. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/key.h"
#include "events/policy.h"

namespace keyledger {

enum class PolicyEffectKind : std::uint8_t {
  kBreaks,  // the key goes on as it is, but could not be made or changed to be so any more
  kLoses,   // it may do less than before
  kGains,   // it may do more than before
};
[[nodiscard]] std::string_view effect_name(PolicyEffectKind kind);  // "breaks"

struct PolicyEffect {
  std::string_view rule;  // the policy's field
  PolicyEffectKind kind = PolicyEffectKind::kBreaks;
  std::string detail;  // a sentence
  bool operator==(const PolicyEffect&) const = default;
};

// One change, looked at for one key after another. Keys are of the workspace, live and not
// management keys. A rule that stays as it was has no effect, whoever breaks it.
// What scopes and endpoints mean is worked out once for all keys that have the same.
// Thread safety: none.
class PolicyChange {
 public:
  // Both must outlive it.
  PolicyChange(const Policy& before, const Policy& after, Timestamp now)
      : before_(before), after_(after), now_(now) {}

  // Whether every live key must be shown to count_name() first: names become unique.
  [[nodiscard]] bool counts_names() const { return after_.unique_names && !before_.unique_names; }
  void count_name(const Key& key);

  [[nodiscard]] std::vector<PolicyEffect> effects_on(const Key& key,
                                                     const OptionalTime& last_used_at);

 private:
  [[nodiscard]] const std::vector<PolicyEffect>& reach_effects(KeyType type,
                                                               const ScopeSet& scopes);

  const Policy& before_;
  const Policy& after_;
  const Timestamp now_;
  std::unordered_map<std::string, std::uint32_t> names_;  // environment and name
  std::map<std::pair<KeyType, ScopeSet>, std::vector<PolicyEffect>> reach_;
};

}  // namespace keyledger
