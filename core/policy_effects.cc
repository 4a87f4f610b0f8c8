#include "core/policy_effects.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/decide_rules.h"
#include "core/judge.h"
#include "events/text.h"

namespace keyledger {

namespace {

using enum PolicyEffectKind;
using Effects = std::vector<PolicyEffect>;

std::string name_slot(const Key& key) {
  return std::string(1, key.environment == Environment::kLive ? 'l' : 't') + key.name;
}

// "A, B"; the first few.
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 10;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

// What the rules for new keys would say of this one.
template <typename Check>
void add_broken(Effects& effects, std::string_view rule, Check check) {
  Faults faults;
  check(faults);
  for (const FieldError& fault : faults.found()) effects.push_back({rule, kBreaks, fault.message});
}

void add_broken_rules(Effects& effects, const Policy& before, const Policy& after, const Key& key,
                      Timestamp now) {
  if (before.name_rule != after.name_rule) {
    add_broken(effects, "name_rule", [&](Faults& faults) { check_name(after, key.name, faults); });
  }
  if (before.allow_public != after.allow_public || before.allow_private != after.allow_private) {
    add_broken(effects, "key_types", [&](Faults& faults) { check_type(after, key.type, faults); });
  }
  if (before.scopes != after.scopes) {
    add_broken(effects, "scopes",
               [&](Faults& faults) { check_scopes(after, key.type, key.scopes, false, faults); });
  }
  if (before.max_ttl_seconds != after.max_ttl_seconds) {
    const Life life{key.created_at, key.not_before, key.expires_at};
    add_broken(effects, "max_ttl_seconds",
               [&](Faults& faults) { check_life(after, now, life, true, faults); });
  }
  if (before.forbid_wildcard_origin_live != after.forbid_wildcard_origin_live) {
    add_broken(effects, "forbid_wildcard_origin_live", [&](Faults& faults) {
      check_origins(after, key.type, key.environment, key.allowed_origins, faults);
    });
  }
}

void add_scope_effects(Effects& effects, const Policy& before, const Policy& after, KeyType type,
                       const ScopeSet& scopes) {
  if (before.scopes == after.scopes) return;
  std::set<std::string> all(scopes.begin(), scopes.end());
  for (const PolicyScope& scope : before.scopes) all.insert(scope.name);
  for (const PolicyScope& scope : after.scopes) all.insert(scope.name);
  std::vector<std::string> lost;
  std::vector<std::string> gained;
  for (const std::string& name : all) {
    const bool had = grants_scope(scopes, type, before, name);
    const bool has = grants_scope(scopes, type, after, name);
    if (had && !has) lost.push_back(name);
    if (has && !had) gained.push_back(name);
  }
  if (!lost.empty()) {
    effects.push_back({"scopes", kLoses, "It no longer has " + listed(lost) + "."});
  }
  if (!gained.empty()) {
    effects.push_back({"scopes", kGains, "It has " + listed(gained) + " too from now on."});
  }
}

// Every line of both lists is tried with its own pattern, which is a path that fits it (":id" and
// "*" are segments, too; a "*" may be several), and then one that is on neither list.
void add_endpoint_effects(Effects& effects, const Policy& before, const Policy& after, KeyType type,
                          const ScopeSet& scopes) {
  if (before.endpoints == after.endpoints && before.scopes == after.scopes) return;
  std::set<std::pair<std::string, std::string>> lines;  // method, pattern
  for (const Policy* policy : {&before, &after}) {
    for (const PolicyEndpoint& line : policy->endpoints) lines.emplace(line.method, line.path);
  }
  std::vector<std::string> lost;
  std::vector<std::string> gained;
  const auto compare = [&](const std::string& method, const std::string& path,
                           const std::string& shown) {
    const RequestEndpoint endpoint{method, path};
    const bool had = reach_of(scopes, type, before, endpoint) == Reach::kReached;
    const bool has = reach_of(scopes, type, after, endpoint) == Reach::kReached;
    const auto add = [&](std::vector<std::string>& list) {
      if (list.empty() || list.back() != shown) list.push_back(shown);
    };
    if (had && !has) add(lost);
    if (has && !had) add(gained);
  };
  for (const auto& [method, path] : lines) {
    const std::string shown = fmt::format("{} {}", method, path);
    compare(method, path, shown);
    if (path.ends_with("/*")) compare(method, path + "/x", shown);
  }
  compare("GET", "/no/endpoint/of/either/list", "endpoints that are not listed");
  if (!lost.empty()) {
    effects.push_back({"endpoints", kLoses, "It no longer reaches " + listed(lost) + "."});
  }
  if (!gained.empty()) {
    effects.push_back({"endpoints", kGains, "It reaches " + listed(gained) + " from now on."});
  }
}

std::string rate_text(const std::optional<RateLimit>& rate) {
  if (!rate) return "no limit";
  return std::to_string(rate->limit) + " uses in " + std::to_string(rate->window_seconds) +
         " seconds";
}

// Below zero: fewer than before. What a limit lets through at once, and what in the long run, are
// two things: a shorter window may make less of the one and more of the other.
struct RateSteps {
  int at_once = 0;
  int long_run = 0;
};

RateSteps steps_between(const std::optional<RateLimit>& a, const std::optional<RateLimit>& b) {
  const auto step = [](std::uint64_t from, std::uint64_t to) {
    return static_cast<int>(to > from) - static_cast<int>(to < from);
  };
  if (!a || !b) return {step(b.has_value(), a.has_value()), step(b.has_value(), a.has_value())};
  return {step(a->limit, b->limit), step(std::uint64_t{a->limit} * b->window_seconds,
                                         std::uint64_t{b->limit} * a->window_seconds)};
}

void add_rate_effects(Effects& effects, const Policy& before, const Policy& after, const Key& key) {
  if (key.rate_limit || before.rate_limit == after.rate_limit) return;
  const std::string text = "Its uses are limited by the policy: " + rate_text(before.rate_limit) +
                           " before, " + rate_text(after.rate_limit) + " from now on.";
  const RateSteps steps = steps_between(before.rate_limit, after.rate_limit);
  const bool at_once = steps.at_once < 0;
  if (steps.at_once * steps.long_run < 0) {
    effects.push_back({"rate_limit", kLoses,
                       text + (at_once ? " Fewer pass at once." : " Fewer pass in the long run.")});
    effects.push_back({"rate_limit", kGains,
                       text + (at_once ? " More pass in the long run." : " More pass at once.")});
    return;
  }
  const bool loses = at_once || steps.long_run < 0;
  effects.push_back({"rate_limit", loses ? kLoses : kGains, text});
}

// Whether requests that met the one list meet the other, too.
bool is_met_by(const std::vector<RequiredHeader>& wanted,
               const std::vector<RequiredHeader>& given) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const RequiredHeader& want) {
    return std::any_of(given.begin(), given.end(), [&](const RequiredHeader& give) {
      return equal_ignoring_case(give.name, want.name) &&
             std::all_of(give.values.begin(), give.values.end(), [&](const std::string& value) {
               return std::find(want.values.begin(), want.values.end(), value) != want.values.end();
             });
    });
  });
}

void add_header_effect(Effects& effects, const Policy& before, const Policy& after) {
  const auto& was = before.required_headers;
  const auto& is = after.required_headers;
  if (was == is) return;
  if (!is_met_by(is, was)) {
    effects.push_back({"required_headers", kLoses,
                       "Requests at the gateway need headers that they did not need before."});
  } else if (!is_met_by(was, is)) {
    effects.push_back({"required_headers", kGains,
                       "Requests at the gateway may leave out headers that they needed before."});
  }
}

void add_inactivity_effect(Effects& effects, const Policy& before, const Policy& after,
                           const Key& key, const OptionalTime& last_used_at, Timestamp now) {
  if (before.inactivity_days == after.inactivity_days || !after.inactivity_days) return;
  if (!is_inactive(key, last_used_at, *after.inactivity_days, now)) return;
  effects.push_back(
      {"inactivity_days", kLoses, "It will be suspended: nobody has used it for so long."});
}

}  // namespace

std::string_view effect_name(PolicyEffectKind kind) {
  switch (kind) {
    case kBreaks: return "breaks";
    case kLoses: return "loses";
    case kGains: return "gains";
  }
  return "unknown";
}

void PolicyChange::count_name(const Key& key) { ++names_[name_slot(key)]; }

const Effects& PolicyChange::reach_effects(KeyType type, const ScopeSet& scopes) {
  const auto [found, is_new] = reach_.try_emplace({type, scopes});
  if (is_new) {
    add_scope_effects(found->second, before_, after_, type, scopes);
    add_endpoint_effects(found->second, before_, after_, type, scopes);
  }
  return found->second;
}

std::vector<PolicyEffect> PolicyChange::effects_on(const Key& key,
                                                   const OptionalTime& last_used_at) {
  Effects effects;
  add_broken_rules(effects, before_, after_, key, now_);
  if (const auto named = names_.find(name_slot(key)); named != names_.end() && named->second > 1) {
    effects.push_back({"unique_names", kBreaks, "Another live key has the same name."});
  }
  const Effects& reach = reach_effects(key.type, key.scopes);
  effects.insert(effects.end(), reach.begin(), reach.end());
  add_rate_effects(effects, before_, after_, key);
  add_header_effect(effects, before_, after_);
  add_inactivity_effect(effects, before_, after_, key, last_used_at, now_);
  return effects;
}

}  // namespace keyledger
