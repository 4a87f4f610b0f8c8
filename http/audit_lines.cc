#include "http/audit_lines.h"

#include <vector>

#include "http/cloud_event.h"
#include "http/csv.h"
#include "http/json.h"
#include "http/ocsf.h"
#include "http/report_rows.h"

namespace keyledger::http {
namespace {

// Paths into the entry. `changes` is one cell of JSON.
const std::vector<std::string_view>& columns() {
  static const std::vector<std::string_view> kColumns = {"position",
                                                         "workspace_seq",
                                                         "id",
                                                         "time",
                                                         "action",
                                                         "outcome",
                                                         "actor.type",
                                                         "actor.id",
                                                         "actor.name",
                                                         "actor.key_id",
                                                         "actor.key_issued_by",
                                                         "actor.ip",
                                                         "actor.user_agent",
                                                         "on_behalf_of",
                                                         "target.type",
                                                         "target.id",
                                                         "target.name",
                                                         "changes",
                                                         "reason",
                                                         "request_id",
                                                         "workspace_id",
                                                         "leaf_hash"};
  return kColumns;
}

}  // namespace

std::string AuditLines::header() const {
  return format_ == AuditFormat::kCsv ? csv_header(columns()) : std::string();
}

std::string AuditLines::line(const AuditEntry& entry) const {
  switch (format_) {
    case AuditFormat::kNdjson: break;
    case AuditFormat::kCsv: return csv_line(audit_entry_json(entry), columns());
    case AuditFormat::kCloudEvents: return dump(cloud_event_json(entry, log_)) + '\n';
    case AuditFormat::kOcsf: return dump(ocsf_json(entry)) + '\n';
  }
  return dump(audit_entry_json(entry)) + '\n';
}

std::string_view AuditLines::content_type() const {
  return format_ == AuditFormat::kCsv ? kCsvType : "application/x-ndjson";
}

std::string_view AuditLines::file_name() const {
  switch (format_) {
    case AuditFormat::kNdjson: break;
    case AuditFormat::kCsv: return "audit.csv";
    case AuditFormat::kCloudEvents: return "audit.cloudevents.ndjson";
    case AuditFormat::kOcsf: return "audit.ocsf.ndjson";
  }
  return "audit.ndjson";
}

}  // namespace keyledger::http
