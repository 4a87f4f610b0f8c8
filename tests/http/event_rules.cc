#include "tests/http/event_rules.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <string_view>

#include "events/network.h"
#include "events/time.h"

namespace keyledger {
namespace {

using nlohmann::json;
using Faults = std::vector<std::string>;

bool is_text(const json& value) { return value.is_string() && value != ""; }

bool is_time(const json& value) {
  return value.is_string() && parse_time(value.get<std::string>());
}

// RFC 3986, with a scheme.
bool is_absolute_uri(const json& value) {
  if (!is_text(value)) return false;
  const auto text = value.get<std::string>();
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-._~:/?#[]@!$&'()*+,;=%").find(c) != std::string::npos;
  });
}

}  // namespace

Faults cloud_event_faults(const json& event) {
  Faults faults;
  const auto rule = [&](bool kept, const std::string& what) {
    if (!kept) faults.push_back(what);
  };
  for (const char* name : {"id", "source", "specversion", "type"}) {
    rule(event.contains(name) && is_text(event[name]), std::string(name) + " is required");
  }
  rule(event.value("specversion", "") == "1.0", "specversion is 1.0");
  rule(is_absolute_uri(event.value("source", json())), "source is a URI");
  for (const auto& [name, value] : event.items()) {
    const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
      return std::islower(c) != 0 || std::isdigit(c) != 0;
    });
    rule(plain && !name.empty() && name.size() <= 20, name + " is no name of an attribute");
    if (name == "data") continue;
    const bool scalar = value.is_string() || value.is_boolean() || value.is_number_integer();
    rule(scalar, name + " has no type of an attribute");
    rule(value != "", name + " is empty");
  }
  if (event.contains("time")) rule(is_time(event["time"]), "time is RFC 3339");
  if (event.contains("data")) {
    rule(event.value("datacontenttype", "application/json") == "application/json", "data is JSON");
    rule(!event.contains("data_base64"), "data stands once");
  }
  return faults;
}

namespace {

enum class Kind { kInteger, kText, kObject, kJson, kTime, kChoice };

// Of an enumeration: id and the text beside it; empty: any text.
using Choices = std::map<int, std::string_view>;

struct Rule {
  Kind kind;
  bool required = false;
  Choices choices = {};  // of kChoice
};

const Choices kActivities = {{0, "Unknown"},  {1, "Create"},  {2, "Read"},      {3, "Update"},
                             {4, "Delete"},   {5, "Move"},    {6, "Enroll"},    {7, "Unenroll"},
                             {8, "Enable"},   {9, "Disable"}, {10, "Activate"}, {11, "Deactivate"},
                             {12, "Suspend"}, {13, "Resume"}, {99, ""}};
const Choices kSeverities = {{0, "Unknown"}, {1, "Informational"}, {2, "Low"},   {3, "Medium"},
                             {4, "High"},    {5, "Critical"},      {6, "Fatal"}, {99, ""}};
const Choices kStatuses = {{0, "Unknown"}, {1, "Success"}, {2, "Failure"}, {99, ""}};
const Choices kUsers = {{0, "Unknown"}, {1, "User"},    {2, "Admin"},
                        {3, "System"},  {4, "Service"}, {99, ""}};
const Choices kEntities = {{0, "Unknown"}, {1, "Device"},       {2, "User"},
                           {3, "Group"},   {4, "Organization"}, {5, "Policy"},
                           {6, "Email"},   {7, "Network Zone"}, {99, ""}};

// By path. What is below a kJson is not looked at.
const std::map<std::string, Rule>& rules() {
  static const std::map<std::string, Rule> kRules = [] {
    std::map<std::string, Rule> all = {
        {"activity_id", {Kind::kChoice, true, kActivities}},
        {"activity_name", {Kind::kText}},
        {"category_uid", {Kind::kChoice, true, {{3, "Identity & Access Management"}}}},
        {"category_name", {Kind::kText}},
        {"class_uid", {Kind::kChoice, true, {{3004, "Entity Management"}}}},
        {"class_name", {Kind::kText}},
        {"type_uid", {Kind::kInteger, true}},
        {"type_name", {Kind::kText}},
        {"severity_id", {Kind::kChoice, true, kSeverities}},
        {"severity", {Kind::kText}},
        {"status_id", {Kind::kChoice, false, kStatuses}},
        {"status", {Kind::kText}},
        {"time", {Kind::kInteger, true}},
        {"message", {Kind::kText}},
        {"comment", {Kind::kText}},
        {"metadata", {Kind::kObject, true}},
        {"metadata.version", {Kind::kText, true}},
        {"metadata.product", {Kind::kObject, true}},
        {"metadata.product.name", {Kind::kText, true}},
        {"metadata.product.vendor_name", {Kind::kText}},
        {"metadata.uid", {Kind::kText}},
        {"metadata.sequence", {Kind::kInteger}},
        {"metadata.event_code", {Kind::kText}},
        {"metadata.log_name", {Kind::kText}},
        {"metadata.tenant_uid", {Kind::kText}},
        {"metadata.original_time", {Kind::kTime}},
        {"metadata.correlation_uid", {Kind::kText}},
        {"actor", {Kind::kObject}},
        {"actor.user", {Kind::kObject}},
        {"src_endpoint", {Kind::kObject}},
        {"src_endpoint.ip", {Kind::kText}},
        {"http_request", {Kind::kObject}},
        {"http_request.user_agent", {Kind::kText}},
        {"entity", {Kind::kObject, true}},
        {"entity_result", {Kind::kObject}},
        {"unmapped", {Kind::kJson}}};
    for (const std::string entity : {"entity", "entity_result"}) {
      all[entity + ".uid"] = all[entity + ".name"] = all[entity + ".version"] = {Kind::kText};
      all[entity + ".type"] = {Kind::kText};
      all[entity + ".type_id"] = {Kind::kChoice, false, kEntities};
      all[entity + ".data"] = {Kind::kJson};
      for (const char* part : {".user", ".policy"}) {
        all[entity + part] = {Kind::kObject};
        all[entity + part + ".uid"] = all[entity + part + ".name"] = {Kind::kText};
      }
    }
    for (const char* part : {"uid", "name", "credential_uid", "type"}) {
      all[std::string("actor.user.") + part] = {Kind::kText};
    }
    all["actor.user.type_id"] = {Kind::kChoice, false, kUsers};
    return all;
  }();
  return kRules;
}

bool fits(const Rule& rule, const json& value) {
  switch (rule.kind) {
    case Kind::kInteger: return value.is_number_integer();
    case Kind::kText: return is_text(value);
    case Kind::kObject: return value.is_object() && !value.empty();
    case Kind::kJson: return value.is_object();
    case Kind::kTime: return is_time(value);
    case Kind::kChoice: return value.is_number_integer() && rule.choices.contains(value.get<int>());
  }
  return false;
}

// The text beside an enumeration: "status" of "status_id", "class_name" of "class_uid".
std::string text_beside(const json& object, const std::string& name) {
  const std::string stem = name.substr(0, name.rfind('_'));
  for (const std::string& beside : {stem + "_name", stem}) {
    if (object.contains(beside)) return object[beside];
  }
  return {};
}

void walk(const json& object, const std::string& path, Faults& faults) {
  for (const auto& [name, value] : object.items()) {
    const std::string here = path + name;
    const auto rule = rules().find(here);
    if (rule == rules().end()) {
      faults.push_back(here + " is no attribute");
      continue;
    }
    if (!fits(rule->second, value)) {
      faults.push_back(here + " is not of its kind");
      continue;
    }
    if (rule->second.kind == Kind::kChoice) {
      const std::string_view wanted = rule->second.choices.at(value.get<int>());
      const std::string said = text_beside(object, name);
      if (wanted.empty() ? said.empty() : !said.empty() && said != wanted) {
        faults.push_back(here + " has the wrong text beside it");
      }
    }
    if (rule->second.kind == Kind::kObject) walk(value, here + '.', faults);
  }
}

}  // namespace

Faults ocsf_faults(const json& event) {
  Faults faults;
  walk(event, "", faults);
  for (const auto& [path, rule] : rules()) {
    if (!rule.required) continue;
    std::string pointer = '/' + path;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    if (!event.contains(json::json_pointer(pointer))) faults.push_back(path + " is required");
  }
  if (!faults.empty()) return faults;
  const auto one_of = [&](const char* pointer, std::initializer_list<const char*> names) {
    const json::json_pointer place(pointer);
    if (!event.contains(place)) return;
    const json& object = event[place];
    const bool any = std::any_of(names.begin(), names.end(),
                                 [&](const char* name) { return object.contains(name); });
    if (!any) faults.push_back(std::string(pointer) + " says too little");
  };
  for (const char* entity : {"/entity", "/entity_result"}) {
    one_of(entity, {"name", "uid", "device", "group", "org", "policy", "user"});
  }
  one_of("/actor", {"process", "user", "session", "app_name", "app_uid"});
  one_of("/actor/user", {"account", "name", "uid"});
  one_of("/src_endpoint", {"ip", "uid", "name", "hostname", "svc_name"});
  const json::json_pointer ip("/src_endpoint/ip");
  if (event.contains(ip) && !parse_address(event[ip].get<std::string>())) {
    faults.push_back("src_endpoint.ip is no address");
  }
  const auto number = [&](const char* name) { return event[name].get<std::int64_t>(); };
  if (number("type_uid") != number("class_uid") * 100 + number("activity_id")) {
    faults.push_back("type_uid is not made of class and activity");
  }
  if (event["metadata"]["version"] != "1.8.0") faults.push_back("metadata.version is not 1.8.0");
  return faults;
}

}  // namespace keyledger
