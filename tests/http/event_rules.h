// The rules of the formats that audit entries are exported in, as far as ours can break them, typed
// from the specifications and not from our code.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace keyledger {

// What breaks a rule of CloudEvents 1.0 (cloudevents/formats/cloudevents.json and the text).
[[nodiscard]] std::vector<std::string> cloud_event_faults(const nlohmann::json& event);

// What breaks a rule of OCSF 1.8.0, class Entity Management: attributes that must be there, their
// types and enumerations, what depends on one another, and that there are no others.
[[nodiscard]] std::vector<std::string> ocsf_faults(const nlohmann::json& event);

}  // namespace keyledger
