// Which web origins some public key allows, for answering a browser's preflight, which comes
// without a key. Part of the verify index, which tells it of every key; in memory.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "core/key.h"
#include "events/origin.h"

namespace keyledger {

// A look-up costs a few searches for each label of the host, however many keys there are: about
// 300 bytes for each different rule of a workspace and environment, next to nothing for a further
// key that has the same. Thread safety: any thread at any time.
class OriginIndex {
 public:
  // The key as it was and as it is; a default Key where there was none.
  void change(const Key& before, const Key& after);

  // Whether a public key of the workspace (and environment, if one is given) that is active at
  // `now` allows it.
  [[nodiscard]] bool allows(const WorkspaceId& workspace, std::optional<Environment> environment,
                            const Origin& origin, Timestamp now);

 private:
  // The keys that have a rule, by when they are active. A clock that is put back may find a key
  // started a little too early, which only lets a browser ask.
  struct Users {
    std::map<std::int64_t, std::uint32_t> started;        // how many, by when they expire
    std::multimap<std::int64_t, std::int64_t> not_begun;  // when they begin, when they expire

    [[nodiscard]] bool any(Timestamp now);
    [[nodiscard]] bool empty() const { return started.empty() && not_begun.empty(); }
  };
  struct Place {
    WorkspaceId workspace;
    Environment environment = Environment::kLive;
    bool operator==(const Place&) const = default;
  };
  struct PlaceHash {
    std::size_t operator()(const Place& place) const;
  };
  using Rules = std::map<OriginRule, Users>;

  void add(const Key& key);
  void remove(const Key& key);
  [[nodiscard]] static bool is_allowed(Rules& rules, const Origin& origin, Timestamp now);

  std::mutex mutex_;
  std::unordered_map<Place, Rules, PlaceHash> places_;
};

}  // namespace keyledger
