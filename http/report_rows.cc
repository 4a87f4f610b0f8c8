#include "http/report_rows.h"

#include <algorithm>

#include "events/log/event_reader.h"
#include "events/names.h"
#include "http/csv.h"

namespace keyledger::http {
namespace {

std::int64_t whole_days(Timestamp from, Timestamp to) { return (to.ms - from.ms) / kDayMs; }

std::string_view likeness_name(Likeness likeness) {
  switch (likeness) {
    case Likeness::kSameName: return "same_name";
    case Likeness::kSameExternalId: return "same_external_id";
    case Likeness::kReplaced: break;
  }
  return "replaced_and_live";
}

std::string cell_of(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::string cell;
  for (const Json& one : value) cell += (cell.empty() ? "" : " ") + cell_of(one);
  return cell;
}

const Json& at_path(const Json& row, std::string_view path) {
  static const Json kNothing;
  const Json* value = &row;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    const auto found = value->is_object() ? value->find(path.substr(0, dot)) : value->end();
    if (found == value->end()) return kNothing;
    value = &*found;
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return *value;
}

}  // namespace

Json ReportRows::common(const Key& key) const {
  const Directory& directory = api_.projections.directory();
  const ShownUse shown{api_.projections.verify_index().all_uses_of(key.id, now_),
                       api_.projections.usage().known_since()};
  Json whole = key_json(key, {}, shown, people_of(key, directory), now_);
  Json row;
  for (const char* field : {"id", "name", "type", "environment", "handle", "status", "owner_id"}) {
    row[field] = std::move(whole[field]);
  }
  const auto owner = directory.member(key.owner);
  row["owner_name"] = owner && owner->profile ? Json(owner->profile->name) : Json(nullptr);
  for (const char* field : {"created_by", "created_at", "last_used_at", "use_count"}) {
    row[field] = std::move(whole[field]);
  }
  return row;
}

Json ReportRows::about(KeyReport report, const Key& key) {
  Json row = common(key);
  switch (report) {
    case KeyReport::kUnused: add_unused(row, key); break;
    case KeyReport::kExpiring:
      row["expires_at"] = time_json(key.expires_at);
      row["days_left"] = key.expires_at ? Json(whole_days(now_, *key.expires_at)) : Json(nullptr);
      break;
    case KeyReport::kOverdueRotation: {
      const KeySecret& secret = key.current_secret();
      row["secret_id"] = to_text(secret.facts.id);
      row["secret_created_at"] = to_text(secret.created_at);
      row["secret_age_days"] = whole_days(secret.created_at, now_);
      break;
    }
    case KeyReport::kWildcardOrigins:
      row["finding"] = reach_of(key) == OriginReach::kAnyOrigin ? "any_origin" : "whole_domain";
      row["allowed_origins"] = origins_json(key.allowed_origins);
      break;
    case KeyReport::kFullScope:
      row["reach"] = key.type == KeyType::kPublic ? "all_public_scopes" : "everything";
      break;
    case KeyReport::kDepartedCreator: {
      const bool by_member = key.created_by.kind == ActorKind::kMember;
      row["departed_creator"] = by_member ? departure(MemberId{key.created_by.id}) : Json(nullptr);
      row["departed_owner"] = departure(key.owner);
      break;
    }
  }
  return row;
}

void ReportRows::add_unused(Json& row, const Key& key) const {
  const OptionalTime used = api_.projections.verify_index().use_of(key.id).last_used_at;
  const Timestamp since = unused_since(key, used, api_.projections.usage().known_since());
  row["unused_since"] = to_text(since);
  row["unused_days"] = whole_days(since, now_);
}

Json ReportRows::about(const RetiredSecretUse& use, const Key& key) const {
  Json row = common(key);
  row["secret_id"] = to_text(use.secret);
  Json handle;
  Json retired_at;
  for (const KeySecret& secret : key.secrets) {
    if (secret.facts.id != use.secret) continue;
    handle = secret.facts.handle;
    retired_at = time_json(secret.retires_at);
  }
  row["secret_handle"] = std::move(handle);
  row["retired_at"] = std::move(retired_at);
  row["count"] = use.count;
  row["first_at"] = to_text(use.first);
  row["last_at"] = to_text(use.last);
  return row;
}

Json ReportRows::about(const DuplicateGroup& group, const Key& first) {
  Json row;
  row["reason"] = likeness_name(group.likeness);
  row["environment"] = environment_name(first.environment);
  row["count"] = group.count;
  return row;
}

Json ReportRows::departure(const MemberId& member) {
  const auto [known, is_new] = departures_.try_emplace(member);
  if (is_new) known->second = look_up_departure(member);
  return known->second;
}

Json ReportRows::look_up_departure(const MemberId& member) const {
  const Directory& directory = api_.projections.directory();
  const auto found = directory.member(member);
  if (!found || !found->member.removed) return nullptr;
  Json json;
  json["id"] = to_text(member);
  json["name"] = found->profile ? Json(found->profile->name) : Json(nullptr);
  json["removed_at"] = to_text(found->member.updated_at);
  json["removed_by"] = nullptr;
  const auto at = EventReader(api_.log).at(found->member.position);
  if (at && std::holds_alternative<MemberRemoved>(at->event.event)) {
    const Actor& actor = at->event.actor;
    const auto by = directory.member(MemberId{actor.id});
    std::optional<std::string> name;
    if (by && by->profile) name = by->profile->name;
    json["removed_at"] = to_text(at->event.time);
    json["removed_by"] = actor_json(actor, name);
  }
  return json;
}

std::vector<std::string_view> common_columns() {
  return {"id",
          "name",
          "type",
          "environment",
          "handle",
          "status",
          "owner_id",
          "owner_name",
          "created_by.type",
          "created_by.id",
          "created_by.name",
          "created_at",
          "last_used_at",
          "use_count"};
}

std::vector<std::string_view> columns_of(KeyReport report) {
  std::vector<std::string_view> columns = common_columns();
  const auto add = [&](std::initializer_list<std::string_view> more) {
    columns.insert(columns.end(), more);
  };
  switch (report) {
    case KeyReport::kUnused: add({"unused_since", "unused_days"}); break;
    case KeyReport::kExpiring: add({"expires_at", "days_left"}); break;
    case KeyReport::kOverdueRotation:
      add({"secret_id", "secret_created_at", "secret_age_days"});
      break;
    case KeyReport::kWildcardOrigins: add({"finding", "allowed_origins"}); break;
    case KeyReport::kFullScope: add({"reach"}); break;
    case KeyReport::kDepartedCreator:
      add({"departed_creator.id", "departed_creator.name", "departed_creator.removed_at",
           "departed_creator.removed_by.name"});
      add({"departed_owner.id", "departed_owner.name", "departed_owner.removed_at",
           "departed_owner.removed_by.name"});
      break;
  }
  return columns;
}

std::string csv_header(const std::vector<std::string_view>& columns) {
  std::vector<std::string> names(columns.begin(), columns.end());
  for (std::string& name : names) std::replace(name.begin(), name.end(), '.', '_');
  return csv_record(names);
}

std::string csv_line(const Json& row, const std::vector<std::string_view>& columns) {
  std::vector<std::string> cells;
  cells.reserve(columns.size());
  for (const std::string_view column : columns) cells.push_back(cell_of(at_path(row, column)));
  return csv_record(cells);
}

}  // namespace keyledger::http
