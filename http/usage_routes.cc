// How one key is used (design api.md "Keys").
#include <algorithm>
#include <string>
#include <utility>

#include "http/change.h"
#include "http/handlers.h"
#include "http/key_answer.h"
#include "http/query.h"

namespace keyledger::http {
namespace {

constexpr std::int64_t kDefaultDays = 30;
constexpr std::int64_t kMaxDays = 400;

struct Days {
  Timestamp from;
  Timestamp to;
};

Timestamp day_of(Timestamp time) { return {time.ms - time.ms % kDayMs}; }
std::string day_text(Timestamp day) { return to_text(day).substr(0, 10); }

// "2026-11-22", a day of UTC.
std::optional<Timestamp> read_day(QueryReader& query, std::string_view name) {
  const auto text = query.text(name, kMaxName);
  if (!text) return std::nullopt;
  const auto day = text->size() == 10 ? parse_time(*text + "T00:00:00Z") : std::nullopt;
  if (!day) query.fault(name, FieldFault::kInvalid, "is no day such as 2026-11-22");
  return day;
}

Days read_days(QueryReader& query, Timestamp now) {
  const auto from = read_day(query, "from");
  const auto to = read_day(query, "to");
  Days days;
  days.to =
      to.value_or(from ? std::min(day_of(now), *from + (kMaxDays - 1) * kDayMs) : day_of(now));
  days.from =
      from.value_or(Timestamp{std::max<std::int64_t>(0, days.to.ms - (kDefaultDays - 1) * kDayMs)});
  if (days.from > days.to) {
    query.fault("from", FieldFault::kConflict, "is after to");
  } else if (days.to.ms - days.from.ms >= kMaxDays * kDayMs) {
    query.fault("from", FieldFault::kTooMany, "is more than 400 days before to");
  }
  return days;
}

Json verdicts_json(const VerdictCounts& counts) {
  Json json = Json::object();
  for (auto code = static_cast<int>(Verdict::kValid);
       code >= static_cast<int>(VerdictCounts::kFirst); --code) {
    const auto verdict = static_cast<Verdict>(code);
    if (counts[verdict] != 0) json[std::string(verdict_name(verdict))] = counts[verdict];
  }
  return json;
}

}  // namespace

Result<Response> key_usage(Call& call) {
  QueryReader query(call);
  const Days asked = read_days(query, call.now);
  if (auto error = query.finish()) return fail(std::move(*error));
  const auto key = find_key(call);
  if (!key) return fail(key.error());
  const Projections& projections = call.api.projections;
  const auto days = projections.usage().days(key->workspace, key->id, asked.from, asked.to);
  if (!days) return fail(days.error());
  const KeyUse use = projections.verify_index().all_uses_of(key->id, call.now);
  Json json;
  json["key_id"] = to_text(key->id);
  json["last_used_at"] = time_json(use.last_used_at);
  json["use_count"] = use.counts[Verdict::kValid];
  json["last_ip"] = ip_json(use.last_ip);
  json["last_origin"] = origin_json(use.last_origin);
  json["last_refused_at"] = time_json(use.last_refused_at);
  json["refused_count"] = use.counts.refused();
  json["verdicts"] = verdicts_json(use.counts);
  json["known_since"] = to_text(projections.usage().known_since());
  json["from"] = day_text(asked.from);
  json["to"] = day_text(asked.to);
  json["days"] = Json::array();
  for (const DayUse& day : *days) {
    json["days"].push_back({{"day", day_text(day.day)}, {"verdicts", verdicts_json(day.counts)}});
  }
  return json_response(200, json);
}

}  // namespace keyledger::http
