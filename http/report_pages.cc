#include "http/report_pages.h"

#include <array>
#include <limits>

#include "events/bytes.h"
#include "http/report_rows.h"

namespace keyledger::http {
namespace {

using Next = std::optional<std::string>;
using Source = ReportKind::Source;

constexpr std::array<ReportKind, 8> kKinds = {{
    {"unused", Source::kKeys, KeyReport::kUnused, true, 90},
    {"expiring", Source::kKeys, KeyReport::kExpiring, true, 30},
    {"overdue_rotation", Source::kKeys, KeyReport::kOverdueRotation, true, 0},
    {"wildcard_origins", Source::kKeys, KeyReport::kWildcardOrigins, false, 0},
    {"full_scope", Source::kKeys, KeyReport::kFullScope, false, 0},
    {"departed_creator", Source::kKeys, KeyReport::kDepartedCreator, false, 0},
    {"retired_secret_use", Source::kRetiredSecrets, KeyReport::kUnused, false, 0},
    {"duplicates", Source::kDuplicates, KeyReport::kUnused, false, 0},
}};

}  // namespace

std::span<const ReportKind> report_kinds() { return kKinds; }

ReportPages::ReportPages(const Report& report)
    : report_(report),
      keys_(report.api.projections, {report.kind.report, report.workspace, report.management_keys,
                                     report.days, report.now}) {}

Result<Next> ReportPages::page(std::string_view after, std::size_t limit, const Sink& sink) const {
  switch (report_.kind.source) {
    case Source::kKeys: return keys(after, limit, sink);
    case Source::kRetiredSecrets: return retired(after, limit, sink);
    case Source::kDuplicates: break;
  }
  return duplicates(after, limit, sink);
}

Result<std::optional<Key>> ReportPages::key(const KeyId& id) const {
  return report_.api.projections.keys().key(id);
}

Result<Next> ReportPages::keys(std::string_view after, std::size_t limit, const Sink& sink) const {
  const auto look = [&] { return keys_.page(after, limit); };
  auto page = keys_.walks_all_keys() ? report_.api.walks.take(report_.patience, look) : look();
  if (!page) return fail(page.error());
  ReportRows make(report_.api, report_.now);
  for (const KeyId& id : page->keys) {
    const auto found = key(id);
    if (!found) return fail(found.error());
    if (!*found || !keys_.has(**found)) continue;  // it has changed since
    if (!sink(make.about(report_.kind.report, **found))) return Next();
  }
  return std::move(page->next);
}

Result<Next> ReportPages::retired(std::string_view after, std::size_t limit,
                                  const Sink& sink) const {
  std::uint64_t before = std::numeric_limits<std::uint64_t>::max();
  if (!after.empty()) before = ByteReader(after).u64();
  const ReportRows make(report_.api, report_.now);
  for (std::size_t rows = 0;;) {
    // One more than there is room for says that there is a next page.
    const auto uses =
        report_.api.projections.retired_secret_uses().list(report_.workspace, before, limit + 1);
    if (!uses) return fail(uses.error());
    for (const RetiredSecretUse& use : *uses) {
      const auto found = key(use.key);
      if (!found) return fail(found.error());
      const bool shown =
          *found && ((*found)->type != KeyType::kManagement || report_.management_keys);
      if (shown && rows++ == limit) {
        Next next;
        ByteWriter(next.emplace()).u64(before);
        return next;
      }
      before = use.position;
      if (shown && !sink(make.about(use, **found))) return Next();
    }
    if (uses->size() <= limit) return Next();
  }
}

Result<Next> ReportPages::duplicates(std::string_view after, std::size_t limit,
                                     const Sink& sink) const {
  DuplicatesRequest request;
  request.workspace = report_.workspace;
  request.management_keys = report_.management_keys;
  request.now = report_.now;
  request.after = after;
  request.limit = limit;
  auto page = report_.api.walks.take(
      report_.patience, [&] { return find_duplicates(report_.api.projections, request); });
  if (!page) return fail(page.error());
  const ReportRows make(report_.api, report_.now);
  for (const DuplicateGroup& group : page->groups) {
    Json row;
    Json keys = Json::array();
    for (const KeyId& id : group.keys) {
      const auto found = key(id);
      if (!found) return fail(found.error());
      if (!*found) continue;
      if (row.is_null()) row = ReportRows::about(group, **found);
      keys.push_back(make.common(**found));
    }
    row["keys"] = std::move(keys);
    if (!sink(std::move(row))) return Next();
  }
  return std::move(page->next);
}

std::vector<std::string_view> ReportPages::columns() const {
  if (report_.kind.source == Source::kKeys) return columns_of(report_.kind.report);
  std::vector<std::string_view> columns;
  if (report_.kind.source == Source::kDuplicates) columns = {"group", "reason", "count"};
  for (const std::string_view column : common_columns()) columns.push_back(column);
  if (report_.kind.source == Source::kRetiredSecrets) {
    for (const char* more :
         {"secret_id", "secret_handle", "retired_at", "count", "first_at", "last_at"}) {
      columns.emplace_back(more);
    }
  }
  return columns;
}

}  // namespace keyledger::http
