// Which web origins some public key allows, for answering a browser's preflight, which comes
// without a key. Part of the verify index, which tells it of every key; in memory.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/key.h"
#include "events/origin.h"
#include "projections/writer_first_mutex.h"

namespace keyledger {

// A stranger chooses the origin that is looked up, so a look-up costs one search for each label of
// the host until no rule goes further, and a few at the labels that have rules, however many keys
// there are. Memory: about 500 bytes for each different rule of a workspace and environment; for a
// further key that has the same, nothing, or about 60 bytes if it begins or ends at a time of its
// own. Thread safety: any thread at any time; a change does not wait for look-ups that come after
// it.
class OriginIndex {
 public:
  // The key as it was and as it is; a default Key where there was none. `at`: when that was
  // recorded, and nobody asks any more about what ended before.
  void change(const Key& before, const Key& after, Timestamp at);

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

    void begin(Timestamp now);         // those whose time has come
    void drop_ended(Timestamp until);  // what is over for good
    [[nodiscard]] bool wait_to_begin(Timestamp now) const;
    [[nodiscard]] bool any(Timestamp now) const;  // of those that have started
    [[nodiscard]] bool empty() const { return started.empty() && not_begun.empty(); }
  };
  // A host as a path of its labels, the last one first: "com", "example", "www".
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> below;
    std::map<OriginRule, Users> rules;  // of this very host

    [[nodiscard]] bool empty() const { return below.empty() && rules.empty(); }
  };
  struct Place {
    WorkspaceId workspace;
    Environment environment = Environment::kLive;
    bool operator==(const Place&) const = default;
  };
  struct PlaceHash {
    std::size_t operator()(const Place& place) const;
  };

  void add(const Key& key, Timestamp at);
  void remove(const Key& key, Timestamp at);
  static void remove_below(Node& node, std::string_view rest, const OriginRule& rule,
                           const Key& key, Timestamp at);
  static void remove_user(Users& users, const Key& key);
  // Whether `says` is true of the users of one of the rules that allow the origin; it is asked
  // until it is.
  template <typename Says>
  [[nodiscard]] bool any_users(const WorkspaceId& workspace, std::optional<Environment> environment,
                               const Origin& origin, Says says);
  template <typename Says>
  [[nodiscard]] static bool any_users_at(Node& node, std::string_view host, const Origin& origin,
                                         Says says);

  WriterFirstMutex mutex_;
  std::unordered_map<Place, Node, PlaceHash> places_;
};

}  // namespace keyledger
