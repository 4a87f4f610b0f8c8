#include "http/as_of.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "events/log/event_reader.h"

namespace keyledger::http {
namespace {

constexpr std::string_view kPosition = "position:";
constexpr const char* kForms =
    "must be a time in the past, as 2026-03-30T12:00:00Z, or a position, as position:42";

std::optional<AsOf> parse_as_of(std::string_view text) {
  if (!text.starts_with(kPosition)) {
    const auto time = parse_time(text);
    if (!time) return std::nullopt;
    return AsOf{std::nullopt, *time};
  }
  text.remove_prefix(kPosition.size());
  std::uint64_t position = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), position);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return AsOf{position, {}};
}

// QueryReader and BodyReader read texts alike.
std::optional<AsOf> read_from(auto& fields) {
  const auto given = fields.text("as_of", kMaxName);
  if (!given) return std::nullopt;
  auto asked = parse_as_of(*given);
  if (!asked) fields.fault("as_of", FieldFault::kInvalid, kForms);
  return asked;
}

Result<Moment> at_position(const Call& call, std::uint64_t position, std::uint64_t size,
                           std::string_view field) {
  if (position >= size) {
    return fail_field(std::string(field), FieldFault::kInvalid,
                      "is beyond the newest event, which has position " + std::to_string(size - 1));
  }
  const auto event = EventReader(call.api.log).at(position);
  if (!event) return fail(event.error());
  return Moment{position, event->event.time, true};
}

Result<Moment> at_time(const Call& call, Timestamp time, std::uint64_t size,
                       std::string_view field) {
  if (time >= call.now) {
    return fail_field(std::string(field), FieldFault::kInvalid,
                      "must be before now, which is " + to_text(call.now));
  }
  const auto later = call.api.projections.audit().first_after(time);
  if (!later) return fail(later.error());
  // The first event makes the ledger and nothing in it, so before it all was as it is after it.
  const std::uint64_t happened = std::clamp<std::uint64_t>(later->value_or(size), 1, size);
  return Moment{happened - 1, time, true};
}

}  // namespace

std::optional<AsOf> read_as_of(QueryReader& query) { return read_from(query); }
std::optional<AsOf> read_as_of(BodyReader& body) { return read_from(body); }

Result<Moment> find_moment(const Call& call, const std::optional<AsOf>& asked,
                           std::string_view field) {
  if (!asked) return Moment{call.position.value_or(0), call.now, false};
  const std::uint64_t size = call.api.projections.projector().size();
  if (asked->position) return at_position(call, *asked->position, size, field);
  return at_time(call, asked->time, size, field);
}

Result<Moment> settle_moment(Call& call, const std::optional<AsOf>& asked) {
  auto moment = find_moment(call, asked);
  if (moment) call.position = moment->position;
  return moment;
}

}  // namespace keyledger::http
