#include "http/audit_export.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "http/feeds.h"
#include "http/stream_reader.h"

namespace keyledger::http {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10U;  // bytes that are sent at once

struct Export {
  Api& api;
  StreamReader reader;
  AuditPageRequest request;
  AuditLines lines;
  std::shared_ptr<const Feeds::Place> place;
};

// False: it could not be made or sent to the end, or the reader may not have the rest of it.
bool send(const Export& whole, AnswerStream& out) {
  const AuditTrail& audit = whole.api.projections.audit();
  const AuditLines& lines = whole.lines;
  AuditPageRequest request = whole.request;
  std::string text = lines.header();
  do {
    const auto next = audit.each(request, [&](const AuditEntry& entry) {
      text += lines.line(entry);
      return text.size() < kPiece;
    });
    if (!next) return false;
    request.after = *next;
    // Where little matches a client that has gone would be noticed late.
    if (text.empty() && request.after && !out.wanted()) return false;
    if (!may_read(whole.api, whole.reader) || !out.write(text)) return false;
    text.clear();
  } while (request.after);
  return true;
}

}  // namespace

std::optional<AuditFormat> read_audit_format(QueryReader& query) {
  using Format = std::optional<AuditFormat>;
  const auto format = query.choice<Format>("format", {{"json", std::nullopt},
                                                      {"ndjson", AuditFormat::kNdjson},
                                                      {"csv", AuditFormat::kCsv},
                                                      {"cloudevents", AuditFormat::kCloudEvents},
                                                      {"ocsf", AuditFormat::kOcsf}});
  if (!format || !*format) return std::nullopt;
  for (const char* paging : {"limit", "cursor"}) {
    if (query.text(paging, SIZE_MAX)) {
      query.fault(paging, FieldFault::kConflict,
                  "is for json alone: other formats are the whole, from=position:N goes on");
    }
  }
  return *format;
}

Result<Response> audit_export(const Call& call, AuditFormat format, AuditPageRequest request) {
  const std::uint64_t size = call.position ? *call.position + 1 : 0;
  request.filter.end = std::min(request.filter.end.value_or(size), size);
  const AuditLines lines(format, call.api.projections.directory().log_id());
  Response response;
  response.content_type = lines.content_type();
  response.headers.emplace_back("Content-Disposition",
                                "attachment; filename=\"" + std::string(lines.file_name()) + '"');
  auto place = call.api.feeds.take(call.caller->workspace, call.caller->member);
  if (!place) return fail(place.error());
  const auto whole = std::make_shared<const Export>(
      Export{call.api, reader_of(call), std::move(request), lines, std::move(*place)});
  response.producer = [whole](AnswerStream& out) { return send(*whole, out); };
  return response;
}

}  // namespace keyledger::http
