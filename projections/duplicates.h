// Live keys that look like the same thing: what a clean-up begins with. Groups are looked for in a
// walk over all keys of the workspace, by 64-bit hashes of what makes two keys alike, and named in
// a second walk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/key.h"
#include "events/result.h"

namespace keyledger {

class Projections;

// Within one environment:
enum class Likeness : std::uint8_t {
  kSameName,        // but for spaces and the case of ASCII letters
  kSameExternalId,  // exactly
  kReplaced,        // the first was replaced by the others, and all live: those that replace it
                    // directly, or through keys that have ended, kMaxLinks at most
};
inline constexpr std::size_t kMaxLinks = 100;

// Management keys are alike only among those of one member, whose names they were given.
struct DuplicateGroup {
  Likeness likeness = Likeness::kSameName;
  std::uint64_t count = 0;
  std::vector<KeyId> keys;  // the first kMaxShown, oldest first
  static constexpr std::size_t kMaxShown = 100;
};

struct DuplicatesRequest {
  WorkspaceId workspace;
  bool management_keys = false;  // whether the asker may see them
  Timestamp now;
  std::string after;  // DuplicatesPage::next of the page before; empty: from the beginning
  std::size_t limit = 100;
  // Held in memory at a time, 16 bytes each; at least 2.
  std::size_t most_hashes = std::size_t{1} << 20U;
};

// In an order without a meaning that never changes. May have fewer groups than asked for, even
// none, with more on the next page.
struct DuplicatesPage {
  std::vector<DuplicateGroup> groups;
  std::optional<std::string> next;  // raw bytes
};

// kInvalidRequest (field "cursor") if `after` is none of this list's. With a million keys it takes
// seconds.
[[nodiscard]] Result<DuplicatesPage> find_duplicates(const Projections& projections,
                                                     const DuplicatesRequest& request);

}  // namespace keyledger
