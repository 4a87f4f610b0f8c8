// Which keys deserve a look, each list in its own order and page by page. None has rows of its own:
// `kExpiring` reads the schedule, the others walk all keys of the workspace, so that a report costs
// nothing while nobody asks for it. A walk keeps as many places as the page has keys.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/key.h"
#include "events/result.h"

namespace keyledger {

class Projections;

// All are about live keys: those that have neither ended nor expired.
enum class KeyReport : std::uint8_t {
  kUnused,           // for `days`, see unused_since(); never used ones first, oldest first, then
                     // by their last use
  kExpiring,         // within `days`, soonest first
  kOverdueRotation,  // whose current secret is at least `days` old, oldest secret first
  kWildcardOrigins,  // public ones that allow any origin or whole domains, see OriginReach
  kFullScope,        // with all scopes, oldest first; none of management, whose reach is a role's
  kDepartedCreator,  // whose creator or owner was removed from the workspace, oldest first
};

// How far the origins of a public key reach. In the order of the report: live keys before test
// keys, any origin before whole domains, the oldest first.
enum class OriginReach : std::uint8_t { kNamedHosts, kAnyOrigin, kWholeDomain };
[[nodiscard]] OriginReach reach_of(const Key& key);

struct KeyReportRequest {
  KeyReport report = KeyReport::kUnused;
  WorkspaceId workspace;
  bool management_keys = false;  // whether the asker may see them
  std::uint32_t days = 0;        // of the first three
  Timestamp now;
};

struct KeyReportPage {
  std::vector<KeyId> keys;
  std::optional<std::string> next;  // raw bytes; where the next page goes on
};

// One report, as of now. Thread safety: any thread. `projections` must outlive it.
class ReportedKeys {
 public:
  ReportedKeys(const Projections& projections, const KeyReportRequest& request);
  ~ReportedKeys();

  // Whether a page walks all keys, which with a million takes seconds.
  [[nodiscard]] bool walks_all_keys() const;

  // `after`: KeyReportPage::next of the page before; empty: from the beginning. Pages neither skip
  // nor repeat a key whose place stays the same meanwhile. kInvalidRequest (field "cursor") if
  // `after` is none of this list's.
  [[nodiscard]] Result<KeyReportPage> page(std::string_view after, std::size_t limit) const;

  // Whether this key belongs into it: it may have changed since its page was made.
  [[nodiscard]] bool has(const Key& key) const;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
