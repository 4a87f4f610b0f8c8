// Reports about the keys of the caller's workspace (design api.md "Audit and time").
#include <algorithm>
#include <memory>

#include "http/csv.h"
#include "http/handlers.h"
#include "http/query.h"
#include "http/report_pages.h"
#include "http/report_rows.h"

namespace keyledger::http {
namespace {

constexpr std::uint64_t kMaxDays = 36'500;

// Rows that a table takes from one walk through all keys: their places are held in memory.
constexpr std::size_t kTableBatch = 50'000;
// Duplicates come with their keys, up to a hundred a group.
constexpr std::size_t kTableGroups = 1'000;
constexpr std::size_t kTablePiece = std::size_t{64} << 10U;  // bytes that are sent at once

Result<ReportKind> kind_in_path(const Call& call) {
  const std::string& wanted = call.params.find("name")->second;
  std::string known;
  for (const ReportKind& kind : report_kinds()) {
    if (kind.name == wanted) return kind;
    known += (known.empty() ? "" : ", ") + std::string(kind.name);
  }
  return fail(ErrorCode::kNotFound, "There is no such report. There are: " + known + ".");
}

// Those of the report; faults are gathered in `query`.
std::uint32_t read_days(const Call& call, const ReportKind& kind, QueryReader& query) {
  const auto given = query.whole("days", 0, kMaxDays);
  const bool named = query.text("days", kMaxName).has_value();
  if (!kind.takes_days) {
    if (named) {
      query.fault("days", FieldFault::kUnknownField, "is not a parameter of this report");
    }
    return 0;
  }
  if (given) return static_cast<std::uint32_t>(*given);
  if (kind.days != 0 || named) return kind.days;
  const auto workspace = call.api.projections.directory().workspace(call.caller->workspace);
  if (workspace && workspace->policy.rotation_age_days) {
    return *workspace->policy.rotation_age_days;
  }
  query.fault("days", FieldFault::kRequired,
              "is required, as the policy has no rotation_age_days: without an age no secret is "
              "overdue, and an empty report would say that none is");
  return 0;
}

// The whole report as a table, sent piece by piece.
class Table {
 public:
  Table(const ReportPages& pages, bool groups, AnswerStream& out)
      : pages_(pages), columns_(pages.columns()), groups_(groups), out_(out) {}

  // False: it could not be made or sent to the end.
  bool send() {
    text_ = csv_header(columns_);
    std::string after;
    for (bool more = true; more;) {
      const auto next = pages_.page(after, groups_ ? kTableGroups : kTableBatch,
                                    [this](Json row) { return take(std::move(row)); });
      if (!next || failed_) return false;
      more = next->has_value();
      if (more) after = **next;
    }
    return out_.write(text_);
  }

 private:
  bool take(Json row) {
    if (!groups_) return add(row);
    ++group_;
    for (const Json& key : row["keys"]) {
      Json line = key;
      line["group"] = group_;
      line["reason"] = row["reason"];
      line["count"] = row["count"];
      if (!add(line)) return false;
    }
    return true;
  }
  bool add(const Json& line) {
    text_ += csv_line(line, columns_);
    if (text_.size() < kTablePiece) return true;
    failed_ = !out_.write(text_);
    text_.clear();
    return !failed_;
  }

  const ReportPages& pages_;
  const std::vector<std::string_view> columns_;
  const bool groups_;
  AnswerStream& out_;
  std::string text_;
  std::uint64_t group_ = 0;
  bool failed_ = false;
};

Response table(Report report) {
  report.patience = std::chrono::minutes(1);  // nobody waits for the thread of a stream
  Response response;
  response.content_type = kCsvType;
  response.headers.emplace_back(
      "Content-Disposition", "attachment; filename=\"" + std::string(report.kind.name) + ".csv\"");
  response.producer = [report](AnswerStream& out) {
    const ReportPages pages(report);
    return Table(pages, report.kind.source == ReportKind::Source::kDuplicates, out).send();
  };
  return response;
}

Result<Response> one_page(const Call& call, const Report& report, const std::string& after,
                          std::size_t limit) {
  Json data = Json::array();
  const auto next = ReportPages(report).page(after, limit, [&](Json row) {
    data.push_back(std::move(row));
    return true;
  });
  if (!next) return fail(next.error());
  Json body;
  body["report"] = report.kind.name;
  body["generated_at"] = to_text(report.now);
  body["parameters"] = Json::object();
  if (report.kind.takes_days) body["parameters"]["days"] = report.days;
  // Else an empty answer could mean that nobody watched.
  if (report.kind.source == ReportKind::Source::kKeys && report.kind.report == KeyReport::kUnused) {
    body["known_since"] = to_text(call.api.projections.usage().known_since());
  }
  body["data"] = std::move(data);
  body["next_cursor"] = *next ? Json(make_cursor(call, **next)) : Json(nullptr);
  Response response;
  response.body = dump(body);
  return response;
}

}  // namespace

Result<Response> get_report(Call& call) {
  const auto kind = kind_in_path(call);
  if (!kind) return fail(kind.error());
  QueryReader query(call);
  const bool csv = query.choice<bool>("format", {{"json", false}, {"csv", true}}).value_or(false);
  const std::size_t limit = query.limit();
  const std::string after = query.cursor();
  for (const char* paging : {"limit", "cursor"}) {
    if (csv && query.text(paging, SIZE_MAX)) {
      query.fault(paging, FieldFault::kConflict, "does not go with csv, which is the whole report");
    }
  }
  const Role role = call.caller->role;
  // What is done with a management key is in the audit trail and not counted as use.
  const bool management_keys =
      (role == Role::kOwner || role == Role::kAuditor) && kind->name != "unused";
  const Report report{
      call.api, *kind, call.caller->workspace, management_keys, read_days(call, *kind, query),
      call.now};
  if (auto refused = query.finish()) return fail(std::move(*refused));
  return csv ? table(report) : one_page(call, report, after, limit);
}

}  // namespace keyledger::http
