#include "http/query.h"

#include <algorithm>
#include <charconv>

#include "events/bytes.h"
#include "events/crypto.h"
#include "http/cursor.h"

namespace keyledger::http {
namespace {

constexpr std::size_t kMaxCursor = 2000;

// Everything that must stay the same from page to page: the list, whose it is, the filters.
std::string scope_of(const Call& call) {
  Query filters;
  for (const auto& [name, value] : call.query) {
    const bool pages = name == "cursor" || name == "limit" || name == "min_position";
    if (!pages) filters.emplace_back(name, value);
  }
  std::sort(filters.begin(), filters.end());
  std::string scope;
  ByteWriter writer(scope);
  writer.sized(call.route.pattern);
  writer.varint(call.params.size());
  for (const auto& [name, value] : call.params) writer.sized(value);
  writer.array(call.caller ? call.caller->workspace.bytes : IdBytes{});
  for (const auto& [name, value] : filters) {
    writer.sized(name);
    writer.sized(value);
  }
  return scope;
}

}  // namespace

std::optional<std::string> QueryReader::text(std::string_view name, std::size_t max_characters) {
  auto given = texts(name, max_characters);
  if (given.empty()) return std::nullopt;
  return std::move(given.front());
}

std::vector<std::string> QueryReader::texts(std::string_view name, std::size_t max_characters) {
  std::vector<std::string> out;
  for (const auto& [key, value] : call_.query) {
    if (key == name && check_text(faults_, name, value, max_characters)) out.push_back(value);
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> QueryReader::pairs(std::string_view name,
                                                                    std::size_t max_characters) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [key, value] : call_.query) {
    if (!std::string_view(key).starts_with(name) || key.size() < name.size() + 3) continue;
    if (key[name.size()] != '[' || key.back() != ']') continue;
    if (!check_text(faults_, name, key, kMaxName)) continue;
    if (!value.empty() && !check_text(faults_, key, value, max_characters)) continue;
    out.emplace_back(key.substr(name.size() + 1, key.size() - name.size() - 2), value);
  }
  return out;
}

std::optional<std::uint64_t> QueryReader::whole(std::string_view name, std::uint64_t min,
                                                std::uint64_t max) {
  const auto given = text(name, kMaxName);
  if (!given) return std::nullopt;
  std::uint64_t value = 0;
  const char* end = given->data() + given->size();
  const auto parsed = std::from_chars(given->data(), end, value);
  if (parsed.ec == std::errc() && parsed.ptr == end && value >= min && value <= max) return value;
  fault(name, FieldFault::kInvalid,
        "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  return std::nullopt;
}

std::optional<Timestamp> QueryReader::time(std::string_view name) {
  const auto given = text(name, kMaxName);
  if (!given) return std::nullopt;
  const auto parsed = parse_time(*given);
  if (!parsed) {
    fault(name, FieldFault::kInvalid, "must be an RFC 3339 time, as 2026-03-30T12:00:00Z");
  }
  return parsed;
}

std::size_t QueryReader::limit() { return whole("limit", 1, kMaxPage).value_or(kDefaultPage); }

std::string QueryReader::cursor() {
  const auto given = text("cursor", kMaxCursor);
  if (!given) return {};
  auto payload = open_cursor(call_.api.projections.directory().log_id(), scope_of(call_), *given);
  if (payload) return std::move(*payload);
  fault("cursor", FieldFault::kInvalid, "is not a cursor of this list with these filters");
  return {};
}

std::string make_cursor(const Call& call, std::string_view payload) {
  return seal_cursor(call.api.projections.directory().log_id(), scope_of(call), payload);
}

Response page_response(Json data, const std::optional<std::string>& next_cursor) {
  Json body;
  body["data"] = std::move(data);
  body["next_cursor"] = next_cursor ? Json(*next_cursor) : Json(nullptr);
  Response response;
  response.body = dump(body);
  return response;
}

}  // namespace keyledger::http
