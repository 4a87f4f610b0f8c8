#include "projections/origin_index.h"

#include <string_view>

namespace keyledger {
namespace {

constexpr std::int64_t kNever = INT64_MAX;

// Whether the clock alone decides if the key is active.
bool counts(const Key& key) {
  return key.version != 0 && key.type == KeyType::kPublic && !key.suspended && !key.end;
}

std::int64_t end_of(const Key& key) { return key.expires_at ? key.expires_at->ms : kNever; }

bool counts_alike(const Key& a, const Key& b) {
  return counts(a) == counts(b) && a.workspace == b.workspace && a.environment == b.environment &&
         a.not_before == b.not_before && a.expires_at == b.expires_at &&
         a.allowed_origins == b.allowed_origins;
}

// Calls `found` with each rule that may allow the origin, in all the ways in which one can be
// written, until it says true.
template <typename Found>
bool any_candidate(const Origin& origin, Found found) {
  if (found(any_origin_rule())) return true;
  std::string_view host = origin.host;
  for (bool own = true; !host.empty(); own = false) {
    OriginRule rule;
    rule.host = host;
    for (const bool self : {false, true}) {
      for (const bool subdomains : {false, true}) {
        if (own ? !self : !subdomains) continue;
        rule.self = self;
        rule.subdomains = subdomains;
        for (const bool scheme : {false, true}) {
          rule.scheme = scheme ? std::optional(origin.scheme) : std::nullopt;
          for (const bool port : {false, true}) {
            rule.port = port ? origin.port : std::nullopt;
            if (found(rule)) return true;
          }
        }
      }
    }
    const std::size_t dot = host.find('.');
    host = dot == std::string_view::npos ? std::string_view() : host.substr(dot + 1);
  }
  return false;
}

}  // namespace

bool OriginIndex::Users::any(Timestamp now) {
  while (!not_begun.empty() && not_begun.begin()->first <= now.ms) {
    ++started[not_begun.begin()->second];
    not_begun.erase(not_begun.begin());
  }
  return !started.empty() && started.rbegin()->first > now.ms;
}

std::size_t OriginIndex::PlaceHash::operator()(const Place& place) const {
  return IdHash()(place.workspace) * 2 + static_cast<std::size_t>(place.environment);
}

void OriginIndex::change(const Key& before, const Key& after) {
  if (counts_alike(before, after)) return;
  const std::lock_guard lock(mutex_);
  if (counts(before)) remove(before);
  if (counts(after)) add(after);
}

void OriginIndex::add(const Key& key) {
  if (key.allowed_origins.empty()) return;
  Rules& rules = places_[{key.workspace, key.environment}];
  for (const OriginRule& rule : key.allowed_origins) {
    Users& users = rules[rule];
    if (key.not_before) {
      users.not_begun.emplace(key.not_before->ms, end_of(key));
    } else {
      ++users.started[end_of(key)];
    }
  }
}

void OriginIndex::remove(const Key& key) {
  const auto place = places_.find({key.workspace, key.environment});
  if (place == places_.end()) return;
  Rules& rules = place->second;
  for (const OriginRule& rule : key.allowed_origins) {
    const auto found = rules.find(rule);
    if (found == rules.end()) continue;
    Users& users = found->second;
    bool removed = false;
    if (key.not_before) {
      const auto [first, last] = users.not_begun.equal_range(key.not_before->ms);
      for (auto one = first; one != last && !removed; ++one) {
        if (one->second != end_of(key)) continue;
        users.not_begun.erase(one);
        removed = true;
        break;
      }
    }
    const auto started = users.started.find(end_of(key));
    if (!removed && started != users.started.end() && --started->second == 0) {
      users.started.erase(started);
    }
    if (users.empty()) rules.erase(found);
  }
  if (rules.empty()) places_.erase(place);
}

bool OriginIndex::allows(const WorkspaceId& workspace, std::optional<Environment> environment,
                         const Origin& origin, Timestamp now) {
  const std::lock_guard lock(mutex_);
  for (const Environment one : {Environment::kLive, Environment::kTest}) {
    if (environment && *environment != one) continue;
    const auto place = places_.find({workspace, one});
    if (place != places_.end() && is_allowed(place->second, origin, now)) return true;
  }
  return false;
}

bool OriginIndex::is_allowed(Rules& rules, const Origin& origin, Timestamp now) {
  return any_candidate(origin, [&](const OriginRule& rule) {
    const auto found = rules.find(rule);
    return found != rules.end() && matches(rule, origin) && found->second.any(now);
  });
}

}  // namespace keyledger
