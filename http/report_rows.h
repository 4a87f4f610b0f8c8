// What a report says about a key: rows as JSON, and the same flat for a table. Needs the JSON
// library; include it in .cc files only.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "http/api.h"
#include "http/json.h"
#include "projections/duplicates.h"
#include "projections/key_reports.h"
#include "projections/retired_secret_uses.h"

namespace keyledger::http {

// Makes the rows of one report. Each begins with what all have in common: the key, its owner, who
// made it, its use. One thread.
class ReportRows {
 public:
  ReportRows(const Api& api, Timestamp now) : api_(api), now_(now) {}

  [[nodiscard]] Json common(const Key& key) const;
  [[nodiscard]] Json about(KeyReport report, const Key& key);
  [[nodiscard]] Json about(const RetiredSecretUse& use, const Key& key) const;
  // Without its keys.
  [[nodiscard]] static Json about(const DuplicateGroup& group, const Key& first);

 private:
  // {id, name, removed_at, removed_by}; null if the member was not removed.
  [[nodiscard]] Json departure(const MemberId& member);
  [[nodiscard]] Json look_up_departure(const MemberId& member) const;
  void add_unused(Json& row, const Key& key) const;

  const Api& api_;
  const Timestamp now_;
  std::map<MemberId, Json> departures_;  // of the members seen so far
};

// Columns of a table are paths into a row, "created_by.name", of which the header makes
// "created_by_name". The columns that all reports begin with, and those of one.
[[nodiscard]] std::vector<std::string_view> common_columns();
[[nodiscard]] std::vector<std::string_view> columns_of(KeyReport report);
[[nodiscard]] std::string csv_header(const std::vector<std::string_view>& columns);
// A null is an empty cell, a list stands in one cell with spaces between.
[[nodiscard]] std::string csv_line(const Json& row, const std::vector<std::string_view>& columns);

}  // namespace keyledger::http
