#include "http/cloud_event.h"

#include <limits>

namespace keyledger::http {
namespace {

// Texts of equal length have the order of their numbers.
std::string padded(std::uint64_t position) {
  const std::string digits = std::to_string(position);
  constexpr std::size_t kDigits = std::numeric_limits<std::uint64_t>::digits10 + 1;
  return std::string(kDigits - digits.size(), '0') + digits;
}

}  // namespace

Json cloud_event_json(const AuditEntry& entry, const LogId& log) {
  const RecordedEvent& event = entry.event;
  Json data = audit_entry_json(entry);
  Json json;
  json["specversion"] = "1.0";
  json["id"] = to_text(event.id);
  json["source"] = "urn:keyledger:" + to_text(log) + ':' + to_text(event.workspace);
  json["type"] = "keyledger." + std::string(action_name(event.event)) + ".v1";
  json["subject"] = data["target"]["id"];
  json["time"] = to_text(event.time);
  json["datacontenttype"] = "application/json";
  json["sequence"] = padded(event.position);
  json["data"] = std::move(data);
  return json;
}

}  // namespace keyledger::http
