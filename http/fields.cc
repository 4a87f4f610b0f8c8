#include "http/fields.h"

#include <algorithm>

#include "core/rate_limit.h"
#include "events/network.h"
#include "events/text.h"
#include "http/origin_pattern.h"
#include "http/secret.h"

namespace keyledger::http {
namespace {

bool is_empty_text(const Json& value) {
  return value.is_string() && value.get_ref<const std::string&>().empty();
}

std::string element(std::string_view field, std::size_t index) {
  return std::string(field) + '[' + std::to_string(index) + ']';
}

}  // namespace

BodyReader::BodyReader(const Json& body) : body_(body) {}

const Json* BodyReader::find(std::string_view field) {
  known_.emplace_back(field);
  const auto found = body_.find(field);
  return found == body_.end() ? nullptr : &*found;
}

bool BodyReader::has(std::string_view field) {
  const Json* value = find(field);
  return value != nullptr && !value->is_null();
}

std::optional<std::string> BodyReader::checked(std::string_view field, const Json& value,
                                               std::size_t max) {
  if (!value.is_string()) {
    fault(field, FieldFault::kInvalid, "must be a text");
    return std::nullopt;
  }
  const auto& text = value.get_ref<const std::string&>();
  if (!check_text(faults_, field, text, max)) return std::nullopt;
  return text;
}

std::optional<std::string> BodyReader::text(std::string_view field, std::size_t max_characters) {
  if (!has(field)) return std::nullopt;
  return checked(field, *find(field), max_characters);
}

std::optional<std::string> BodyReader::required_text(std::string_view field,
                                                     std::size_t max_characters) {
  if (!has(field)) fault(field, FieldFault::kRequired, "is required");
  return text(field, max_characters);
}

std::optional<std::string> BodyReader::free_text(std::string_view field,
                                                 std::size_t max_characters) {
  const Json* value = find(field);
  if (value != nullptr && is_empty_text(*value)) return std::nullopt;
  return text(field, max_characters);
}

Patch<std::string> BodyReader::patch_free_text(std::string_view field, std::size_t max_characters) {
  const Json* value = find(field);
  if (value == nullptr) return {};
  return {true, free_text(field, max_characters)};
}

std::optional<bool> BodyReader::boolean(std::string_view field) {
  if (!has(field)) return std::nullopt;
  const Json& value = *find(field);
  if (value.is_boolean()) return value.get<bool>();
  fault(field, FieldFault::kInvalid, "must be true or false");
  return std::nullopt;
}

Patch<bool> BodyReader::patch_boolean(std::string_view field) {
  const Json* value = find(field);
  if (value == nullptr) return {};
  return {true, boolean(field)};
}

std::optional<std::uint64_t> BodyReader::whole(std::string_view field, std::uint64_t min,
                                               std::uint64_t max) {
  if (!has(field)) return std::nullopt;
  const Json& value = *find(field);
  if (value.is_number_unsigned()) {
    const auto given = value.get<std::uint64_t>();
    if (given >= min && given <= max) return given;
  }
  fault(field, FieldFault::kInvalid,
        "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  return std::nullopt;
}

Patch<RateLimit> BodyReader::rate_limit(std::string_view field) {
  const Json* const value = find(field);
  if (value == nullptr) return {};
  if (value->is_null()) return {true, std::nullopt};
  RateLimit rate;
  object(field, [&rate](BodyReader& fields) {
    for (const char* part : {"limit", "window_seconds"}) {
      if (!fields.has(part)) fields.fault(part, FieldFault::kRequired, "is required");
    }
    rate.limit = static_cast<std::uint32_t>(fields.whole("limit", 1, kMaxRateLimit).value_or(1));
    rate.window_seconds = static_cast<std::uint32_t>(
        fields.whole("window_seconds", 1, kMaxRateWindowSeconds).value_or(1));
  });
  return {true, rate};
}

Patch<RateLimit> BodyReader::own_rate_limit(std::string_view field) {
  const Json* const value = find(field);
  if (value == nullptr || !value->is_object() || !value->contains("unlimited")) {
    return rate_limit(field);
  }
  object(field, [](BodyReader& fields) {
    if (!fields.has("unlimited") || fields.boolean("unlimited") == false) {
      fields.fault("unlimited", FieldFault::kInvalid, "can only be true");
    }
    for (const char* part : {"limit", "window_seconds"}) {
      if (fields.has(part)) {
        fields.fault(part, FieldFault::kConflict, "cannot stand with unlimited");
      }
    }
  });
  return {true, kNoRateLimit};
}

std::optional<Timestamp> BodyReader::time(std::string_view field) {
  const auto given = text(field, kMaxName);
  if (!given) return std::nullopt;
  const auto parsed = parse_time(*given);
  if (!parsed) {
    fault(field, FieldFault::kInvalid, "must be an RFC 3339 time, as 2026-03-30T12:00:00Z");
  }
  return parsed;
}

Patch<Timestamp> BodyReader::patch_time(std::string_view field) {
  const Json* value = find(field);
  if (value == nullptr) return {};
  return {true, time(field)};
}

const Json* BodyReader::find_list(std::string_view field, std::string_view what, std::size_t max) {
  if (!has(field)) return nullptr;
  const Json* const value = find(field);
  if (!value->is_array()) {
    fault(field, FieldFault::kInvalid, "must be a list of " + std::string(what));
    return nullptr;
  }
  if (value->size() > max) {
    fault(field, FieldFault::kTooMany, "must have at most " + std::to_string(max) + " entries");
    return nullptr;
  }
  return value;
}

std::optional<std::vector<std::string>> BodyReader::texts(std::string_view field,
                                                          std::string_view what,
                                                          const TextRule& rule) {
  const Json* const list = find_list(field, what);
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> out;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string name = element(field, i);
    const auto text = checked(name, (*list)[i], rule.max_characters);
    if (text && rule.fits != nullptr && !rule.fits(*text)) {
      fault(name, FieldFault::kInvalid, rule.fault);
    }
    // A faulty one keeps its place, so that those behind it keep theirs.
    out.push_back(text.value_or(""));
  }
  return out;
}

std::optional<std::vector<std::string>> BodyReader::scopes(std::string_view field) {
  return texts(field, "scope names", {kMaxScope, is_scope, kScopeRule});
}

template <typename Rule>
Patch<std::vector<Rule>> BodyReader::rules(std::string_view field, std::string_view what,
                                           Result<Rule> (*parse)(std::string_view text)) {
  const Json* const given = find(field);
  if (given == nullptr) return {};
  if (given->is_null()) return {true, std::nullopt};
  const Json* const list = find_list(field, what);
  if (list == nullptr) return {};
  std::vector<Rule> out;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string name = element(field, i);
    const auto text = checked(name, (*list)[i], kMaxText);
    if (!text) continue;
    auto rule = parse(*text);
    if (rule) {
      out.push_back(std::move(*rule));
    } else {
      fault(name, FieldFault::kInvalid, rule.error().detail);
    }
  }
  return {true, std::move(out)};
}

Patch<std::vector<OriginRule>> BodyReader::origins(std::string_view field) {
  return rules<OriginRule>(field, "origins", parse_origin_pattern);
}

Patch<std::vector<NetworkRule>> BodyReader::networks(std::string_view field) {
  return rules<NetworkRule>(field, "addresses and networks", parse_network);
}

Patch<Metadata> BodyReader::metadata(std::string_view field) {
  const Json* value = find(field);
  if (value == nullptr) return {};
  if (value->is_null()) return {true, std::nullopt};
  if (!value->is_object()) {
    fault(field, FieldFault::kInvalid, "must be an object of texts");
    return {};
  }
  if (value->size() > kMaxMetadata) {
    fault(field, FieldFault::kTooMany,
          "must have at most " + std::to_string(kMaxMetadata) + " entries");
    return {};
  }
  Metadata out;
  for (const auto& [key, text] : value->items()) {
    // Named after the whole, since a faulty name should not be shown.
    if (!check_text(faults_, field, key, kMaxMetadataKey)) continue;
    const std::string name = std::string(field) + '.' + key;
    if (is_empty_text(text)) {
      out.emplace(key, "");
    } else if (auto checked_text = checked(name, text, kMaxMetadataValue)) {
      out.emplace(key, std::move(*checked_text));
    }
  }
  if (out.empty()) return {true, std::nullopt};  // as good as none
  return {true, std::move(out)};
}

std::optional<std::string> BodyReader::presented_secret(std::string_view field) {
  if (!has(field)) {
    fault(field, FieldFault::kRequired, "is required");
    return std::nullopt;
  }
  const Json& value = *find(field);
  if (value.is_string()) return value.get<std::string>();
  fault(field, FieldFault::kInvalid, "must be a text");
  return std::nullopt;
}

void BodyReader::not_cleared(std::string_view field) {
  const Json* value = find(field);
  if (value != nullptr && value->is_null()) {
    fault(field, FieldFault::kInvalid, "cannot be cleared");
  }
}

void BodyReader::not_supported(std::string_view field) {
  if (has(field)) faults_.add_unsupported(field, "is not supported yet");
}

void BodyReader::fault(std::string_view field, FieldFault fault, std::string message) {
  faults_.add(field, fault, std::move(message));
}

void check_email(BodyReader& body, const std::optional<std::string>& email) {
  if (!email) return;
  const std::size_t at = email->find('@');
  const bool plausible = at != std::string::npos && at > 0 && at + 1 < email->size() &&
                         email->find('@', at + 1) == std::string::npos &&
                         email->find(' ') == std::string::npos;
  if (!plausible) body.fault("email", FieldFault::kInvalid, "must look like name@example.com");
}

const Json* BodyReader::required_object(std::string_view field) {
  if (!has(field)) {
    fault(field, FieldFault::kRequired, "is required");
    return nullptr;
  }
  const Json* value = find(field);
  if (value->is_object()) return value;
  fault(field, FieldFault::kInvalid, "must be an object");
  return nullptr;
}

void BodyReader::check_unknown() {
  for (const auto& [name, value] : body_.items()) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    if (find_secret(name) != std::string_view::npos) {
      faults_.add_secret("body");
    } else if (find_secret(dump(value)) != std::string_view::npos) {
      faults_.add_secret(shown_name(name));
    } else {
      fault(shown_name(name), FieldFault::kUnknownField, "is not a field of this call");
    }
  }
}

std::optional<Error> BodyReader::finish() {
  check_unknown();
  return faults_.verdict();
}

}  // namespace keyledger::http
