#include "http/audit_page.h"

#include "events/bytes.h"
#include "http/json.h"
#include "http/query.h"

namespace keyledger::http {

std::optional<std::uint64_t> position_of_cursor(std::string_view payload) {
  if (payload.empty()) return std::nullopt;
  return ByteReader(payload).u64();
}

std::string position_cursor(const Call& call, std::uint64_t after) {
  std::string payload;
  ByteWriter(payload).u64(after);
  return make_cursor(call, payload);
}

Response audit_page_response(const Call& call, const AuditPage& page) {
  Json data = Json::array();
  for (const AuditEntry& entry : page.entries) data.push_back(audit_entry_json(entry));
  std::optional<std::string> next;
  if (page.next) next = position_cursor(call, *page.next);
  return page_response(std::move(data), next);
}

}  // namespace keyledger::http
