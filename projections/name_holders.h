// Who holds a name. One row for each holder, so that what a change costs does not depend on how
// many there are, and one small row for each name that is held, so that a name which nobody holds,
// as most that are asked for, costs one look-up and no cursor. Internal to key_table*.cc.
// Thread safety: as the store's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/state_reader.h"
#include "projections/store.h"

namespace keyledger {

// What one frame does to the holders of one name: by named_at.
struct HolderChange {
  std::set<std::uint64_t> gone;  // those that are no holders are passed over
  std::map<std::uint64_t, KeyId> came;
};
using HolderChanges = std::map<std::string, HolderChange>;  // by held_name()

// Names one table's rows:
//   name                      -> the newest holder, how many there are
//   name, named_at            -> key id
class NameHolders {
 public:
  [[nodiscard]] Result<void> open(Store& store, std::string_view table);

  // The newest of those that took the name before that position. A holder that no frame touches
  // meanwhile is never missed, though the two kinds of rows are not read at one moment.
  [[nodiscard]] Result<std::optional<NameHolder>> before(std::string_view name,
                                                         std::uint64_t position) const;

  [[nodiscard]] Result<void> change(StoreBatch& batch, const HolderChanges& changes) const;

 private:
  struct Held {
    NameHolder newest;
    std::uint64_t count = 0;
  };
  [[nodiscard]] Result<std::optional<Held>> held(std::string_view name) const;
  [[nodiscard]] Result<void> change_one(StoreBatch& batch, const std::string& name,
                                        const HolderChange& change) const;
  // Whether it is one.
  [[nodiscard]] Result<bool> has(std::string_view name, std::uint64_t named_at) const;
  // Asks the rows of the holders alone.
  [[nodiscard]] Result<std::optional<NameHolder>> walk_back(
      std::string_view name, std::uint64_t position, const std::set<std::uint64_t>& passed) const;

  Store* store_ = nullptr;
  const Table* table_ = nullptr;
};

// One text per workspace, environment and name; none is the beginning of another one.
[[nodiscard]] std::string held_name(const WorkspaceId& workspace, Environment environment,
                                    std::string_view name);

}  // namespace keyledger
