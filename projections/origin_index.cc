#include "projections/origin_index.h"

#include <mutex>
#include <shared_mutex>
#include <utility>

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

// Takes the last label off a host; nothing is left after the first.
std::string_view take_last_label(std::string_view& host) {
  const std::size_t dot = host.rfind('.');
  if (dot == std::string_view::npos) return std::exchange(host, {});
  const std::string_view label = host.substr(dot + 1);
  host = host.substr(0, dot);
  return label;
}

}  // namespace

void OriginIndex::Users::begin(Timestamp now) {
  while (wait_to_begin(now)) {
    ++started[not_begun.begin()->second];
    not_begun.erase(not_begun.begin());
  }
}

void OriginIndex::Users::drop_ended(Timestamp until) {
  begin(until);
  started.erase(started.begin(), started.upper_bound(until.ms));
}

bool OriginIndex::Users::wait_to_begin(Timestamp now) const {
  return !not_begun.empty() && not_begun.begin()->first <= now.ms;
}

bool OriginIndex::Users::any(Timestamp now) const {
  return !started.empty() && started.rbegin()->first > now.ms;
}

std::size_t OriginIndex::PlaceHash::operator()(const Place& place) const {
  return IdHash()(place.workspace) * 2 + static_cast<std::size_t>(place.environment);
}

void OriginIndex::change(const Key& before, const Key& after, Timestamp at) {
  if (counts_alike(before, after)) return;
  const std::unique_lock lock(mutex_);
  if (counts(before)) remove(before, at);
  if (counts(after)) add(after, at);
}

void OriginIndex::add(const Key& key, Timestamp at) {
  if (key.allowed_origins.empty()) return;
  Node& root = places_[{key.workspace, key.environment}];
  for (const OriginRule& rule : key.allowed_origins) {
    Node* node = &root;
    for (std::string_view rest = rule.host; !rest.empty();) {
      auto& next = node->below[std::string(take_last_label(rest))];
      if (!next) next = std::make_unique<Node>();
      node = next.get();
    }
    Users& users = node->rules[rule];
    users.drop_ended(at);
    if (key.not_before) {
      users.not_begun.emplace(key.not_before->ms, end_of(key));
    } else {
      ++users.started[end_of(key)];
    }
  }
}

void OriginIndex::remove(const Key& key, Timestamp at) {
  const auto place = places_.find({key.workspace, key.environment});
  if (place == places_.end()) return;
  for (const OriginRule& rule : key.allowed_origins) {
    remove_below(place->second, rule.host, rule, key, at);
  }
  if (place->second.empty()) places_.erase(place);
}

// Recursion: a host has 127 labels at most.
void OriginIndex::remove_below(Node& node, std::string_view rest, const OriginRule& rule,
                               const Key& key, Timestamp at) {
  if (rest.empty()) {
    const auto found = node.rules.find(rule);
    if (found == node.rules.end()) return;
    remove_user(found->second, key);
    found->second.drop_ended(at);
    if (found->second.empty()) node.rules.erase(found);
    return;
  }
  const auto next = node.below.find(take_last_label(rest));
  if (next == node.below.end()) return;
  remove_below(*next->second, rest, rule, key, at);
  if (next->second->empty()) node.below.erase(next);
}

// One that is not there has ended, and was dropped.
void OriginIndex::remove_user(Users& users, const Key& key) {
  if (key.not_before) {
    const auto [first, last] = users.not_begun.equal_range(key.not_before->ms);
    for (auto one = first; one != last; ++one) {
      if (one->second != end_of(key)) continue;
      users.not_begun.erase(one);
      return;
    }
  }
  const auto started = users.started.find(end_of(key));
  if (started != users.started.end() && --started->second == 0) users.started.erase(started);
}

bool OriginIndex::allows(const WorkspaceId& workspace, std::optional<Environment> environment,
                         const Origin& origin, Timestamp now) {
  bool some_wait = false;
  {
    const std::shared_lock lock(mutex_);
    const bool allowed = any_users(workspace, environment, origin, [&](const Users& users) {
      some_wait = some_wait || users.wait_to_begin(now);
      return users.any(now);
    });
    if (allowed || !some_wait) return allowed;
  }
  // Each key begins once, so this costs no more than its own change did.
  const std::unique_lock lock(mutex_);
  return any_users(workspace, environment, origin, [&](Users& users) {
    users.begin(now);
    return users.any(now);
  });
}

template <typename Says>
bool OriginIndex::any_users(const WorkspaceId& workspace, std::optional<Environment> environment,
                            const Origin& origin, Says says) {
  const OriginRule anywhere = any_origin_rule();
  for (const Environment one : {Environment::kLive, Environment::kTest}) {
    if (environment && *environment != one) continue;
    const auto place = places_.find({workspace, one});
    if (place == places_.end()) continue;
    Node* node = &place->second;
    if (const auto any = node->below.find(anywhere.host); any != node->below.end()) {
      const auto users = any->second->rules.find(anywhere);
      if (users != any->second->rules.end() && says(users->second)) return true;
    }
    for (std::string_view rest = origin.host; !rest.empty();) {
      const auto next = node->below.find(take_last_label(rest));
      if (next == node->below.end()) break;
      node = next->second.get();
      const std::size_t in_front = rest.empty() ? 0 : rest.size() + 1;
      const std::string_view host = std::string_view(origin.host).substr(in_front);
      if (!node->rules.empty() && any_users_at(*node, host, origin, says)) return true;
    }
  }
  return false;
}

// The rules of a host that may allow the origin, in all the ways in which one can be written.
template <typename Says>
bool OriginIndex::any_users_at(Node& node, std::string_view host, const Origin& origin, Says says) {
  const bool own = host.size() == origin.host.size();
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
          const auto users = node.rules.find(rule);
          if (users == node.rules.end() || !matches(rule, origin)) continue;
          if (says(users->second)) return true;
        }
      }
    }
  }
  return false;
}

}  // namespace keyledger
