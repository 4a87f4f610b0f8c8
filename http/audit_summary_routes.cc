// GET /v1/audit/summary: how much of what happened, by whom, when.
#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>

#include "http/audit_page.h"
#include "http/audit_query.h"
#include "http/change.h"
#include "http/handlers.h"

namespace keyledger::http {
namespace {

// A call counts until it has looked at so many parts of the history, of some ten thousand events
// each (AuditTrail::each_event), or has met so many actors. The next page goes on.
constexpr int kMaxRounds = 4;
constexpr std::size_t kMaxActors = 1000;

struct ActorOrder {
  bool operator()(const Actor& a, const Actor& b) const {
    return std::tie(a.kind, a.id) < std::tie(b.kind, b.id);
  }
};

class Counts {
 public:
  // False: as many actors as a page has room for.
  bool add(const RecordedEvent& event) {
    ++total_;
    ++by_action_[tag_of(event.event)];
    ++by_day_[event.time.ms / kDayMs];
    Actor actor = event.actor;
    actor.acting_key.reset();
    ++by_actor_[actor];
    return by_actor_.size() < kMaxActors;
  }
  [[nodiscard]] bool is_full() const { return by_actor_.size() >= kMaxActors; }

  [[nodiscard]] Result<Json> json(const Projections& projections) const {
    auto actors = actors_json(projections);
    if (!actors) return fail(actors.error());
    Json json;
    json["total"] = total_;
    json["by_actor"] = std::move(*actors);
    json["by_action"] = Json::array();
    for (const auto& [tag, count] : by_action_) {
      json["by_action"].push_back({{"action", action_name(tag)}, {"count", count}});
    }
    most_first(json["by_action"]);
    json["by_day"] = Json::array();
    for (const auto& [day, count] : by_day_) {
      const std::string date = to_text(Timestamp{day * kDayMs}).substr(0, 10);
      json["by_day"].push_back({{"day", date}, {"count", count}});
    }
    return json;
  }

 private:
  [[nodiscard]] Result<Json> actors_json(const Projections& projections) const {
    Json json = Json::array();
    for (const auto& [actor, count] : by_actor_) {
      const auto name = name_now(actor, projections);
      if (!name) return fail(name.error());
      Json row = actor_json(actor, *name);
      row["count"] = count;
      json.push_back(std::move(row));
    }
    most_first(json);
    return json;
  }

  static Result<std::optional<std::string>> name_now(const Actor& actor,
                                                     const Projections& projections) {
    std::optional<std::string> name;
    if (actor.kind == ActorKind::kSystem) {
      name = "system";
    } else if (actor.kind == ActorKind::kMember) {
      const auto member = projections.directory().member(MemberId{actor.id});
      if (member && member->profile) name = member->profile->name;
    } else {
      const auto key = projections.keys().key(KeyId{actor.id});
      if (!key) return fail(key.error());
      if (*key) name = (*key)->name;
    }
    return name;
  }

  static void most_first(Json& rows) {
    std::stable_sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) {
      return a["count"].get<std::uint64_t>() > b["count"].get<std::uint64_t>();
    });
  }

  std::uint64_t total_ = 0;
  std::map<EventType, std::uint64_t> by_action_;
  std::map<std::int64_t, std::uint64_t> by_day_;  // since 1970
  std::map<Actor, std::uint64_t, ActorOrder> by_actor_;
};

// `after` of what is left.
Result<OptionalPosition> count(const AuditTrail& audit, AuditPageRequest request, Counts& counts) {
  for (int round = 0; round < kMaxRounds; ++round) {
    auto next = audit.each_event(request, [&](const RecordedEvent& e) { return counts.add(e); });
    if (!next || !*next || counts.is_full()) return next;
    request.after = *next;
  }
  return request.after;
}

}  // namespace

Result<Response> summarize_audit(Call& call) {
  QueryReader query(call);
  AuditPageRequest request;
  request.filter = read_audit_filter(call, query);
  request.after = position_of_cursor(query.cursor());
  if (auto refused = query.finish()) return fail(std::move(*refused));
  Counts counts;
  const auto next = call.api.walks.take(
      kTurnPatience, [&] { return count(call.api.projections.audit(), request, counts); });
  if (!next) return fail(next.error());
  auto body = counts.json(call.api.projections);
  if (!body) return fail(body.error());
  (*body)["next_cursor"] = *next ? Json(position_cursor(call, **next)) : Json(nullptr);
  return json_response(200, *body);
}

}  // namespace keyledger::http
