// Audit entries as the lines of an export. The same entry gives the same line, whenever it is asked
// for and whatever else is in the export, as long as nobody in it is renamed or erased.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "projections/audit_trail.h"

namespace keyledger::http {

enum class AuditFormat : std::uint8_t {
  kNdjson,       // the entry as GET /v1/audit/{position} answers it
  kCsv,          // RFC 4180, safe in spreadsheets (http/csv.h)
  kCloudEvents,  // http/cloud_event.h
  kOcsf,         // http/ocsf.h
};

// Thread safety: any thread.
class AuditLines {
 public:
  AuditLines(AuditFormat format, const LogId& log) : format_(format), log_(log) {}

  // What stands before the first line, with its end; empty but for csv.
  [[nodiscard]] std::string header() const;
  // With its end.
  [[nodiscard]] std::string line(const AuditEntry& entry) const;

  // Static texts.
  [[nodiscard]] std::string_view content_type() const;
  [[nodiscard]] std::string_view file_name() const;

 private:
  AuditFormat format_;
  LogId log_;
};

}  // namespace keyledger::http
