// The live feed of the audit trail (design api.md "Audit and time"). What it sends, and when it
// ends, is in http/audit_feed.cc.
#include <charconv>
#include <memory>

#include "http/audit_feed.h"
#include "http/audit_query.h"
#include "http/handlers.h"
#include "http/query.h"

namespace keyledger::http {
namespace {

constexpr std::string_view kLastEventId = "Last-Event-ID";

// The position that the header names, if it is one that there is.
std::optional<std::uint64_t> last_event_id(const Call& call, std::uint64_t size,
                                           QueryReader& query) {
  const auto given = call.request.header(kLastEventId);
  if (!given) return std::nullopt;
  std::uint64_t position = 0;
  const char* const end = given->data() + given->size();
  const auto parsed = std::from_chars(given->data(), end, position);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    query.fault(kLastEventId, FieldFault::kInvalid,
                "must be the id of a message, a whole number from 0");
    return std::nullopt;
  }
  if (position >= size) {
    query.fault(kLastEventId, FieldFault::kInvalid,
                "is beyond the ledger's head: it is no id of this feed");
    return std::nullopt;
  }
  return position;
}

}  // namespace

Result<Response> stream_audit(Call& call) {
  // What the answer's Ledger-Position says is the border between what was and what is to come.
  const std::uint64_t size = call.position ? *call.position + 1 : 0;
  QueryReader query(call);
  AuditFilter filter = read_audit_filter(call, query);
  const auto last = last_event_id(call, size, query);
  if (auto refused = query.finish()) return fail(std::move(*refused));

  FeedStart start{size, true};
  if (last) {
    start = {*last + 1, false};
  } else if (filter.from || filter.first) {
    start = {0, false};
  }
  auto place = call.api.feeds.take(call.caller->workspace, call.caller->member);
  if (!place) return fail(place.error());
  const auto feed = std::make_shared<AuditFeed>(call.api, reader_of(call), std::move(filter), start,
                                                std::move(*place));
  Response response;
  response.content_type = "text/event-stream";
  response.headers.emplace_back("X-Accel-Buffering", "no");  // nginx would keep it back
  response.producer = [feed](AnswerStream& out) { return feed->send(out); };
  return response;
}

}  // namespace keyledger::http
