// The reports by name, and their rows page by page. Needs the JSON library; include it in .cc files
// only.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/api.h"
#include "http/json.h"
#include "projections/key_reports.h"

namespace keyledger::http {

struct ReportKind {
  enum class Source : std::uint8_t { kKeys, kRetiredSecrets, kDuplicates };
  std::string_view name;
  Source source = Source::kKeys;
  KeyReport report = KeyReport::kUnused;  // of kKeys
  bool takes_days = false;
  std::uint32_t days = 0;  // if the call names none; 0: the policy's rotation_age_days
};
[[nodiscard]] std::span<const ReportKind> report_kinds();

// What is asked. Outlives its call: a table is made while it is sent.
struct Report {
  Api& api;
  ReportKind kind;
  WorkspaceId workspace;
  bool management_keys = false;  // whether the asker may see them
  std::uint32_t days = 0;
  Timestamp now;
  std::chrono::milliseconds patience = kTurnPatience;  // to wait for a turn to walk
};

// Thread safety: one thread.
class ReportPages {
 public:
  // Takes a row; false: no more are wanted.
  using Sink = std::function<bool(Json row)>;

  explicit ReportPages(const Report& report);

  // Gives the sink at most `limit` rows, fewer if keys changed meanwhile; answers where they go on.
  // Only a few may walk through all keys at the same time: kOverloaded if none of them is over in
  // time. No walk is under way while the sink is called.
  [[nodiscard]] Result<std::optional<std::string>> page(std::string_view after, std::size_t limit,
                                                        const Sink& sink) const;

  // Of the rows, for a table; see report_rows.h. Those of duplicates are of the keys of its groups.
  [[nodiscard]] std::vector<std::string_view> columns() const;

 private:
  [[nodiscard]] Result<std::optional<std::string>> keys(std::string_view after, std::size_t limit,
                                                        const Sink& sink) const;
  [[nodiscard]] Result<std::optional<std::string>> retired(std::string_view after,
                                                           std::size_t limit,
                                                           const Sink& sink) const;
  [[nodiscard]] Result<std::optional<std::string>> duplicates(std::string_view after,
                                                              std::size_t limit,
                                                              const Sink& sink) const;
  [[nodiscard]] Result<std::optional<Key>> key(const KeyId& id) const;

  const Report report_;
  const ReportedKeys keys_;
};

}  // namespace keyledger::http
