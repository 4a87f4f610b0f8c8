#include "http/field_faults.h"

#include <algorithm>

#include "events/text.h"
#include "http/secret.h"

namespace keyledger::http {

bool is_scope(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == ':' || c == '-';
  };
  return !text.empty() && text.size() <= kMaxScope &&
         std::all_of(text.begin(), text.end(), allowed);
}

std::string shown_name(std::string_view name) {
  constexpr std::size_t kMaxShownName = 64;
  return is_clean_text(name) && name.size() <= kMaxShownName ? std::string(name)
                                                             : std::string("(unprintable)");
}

void FieldFaults::add(std::string_view field, FieldFault fault, std::string message) {
  faults_.push_back({std::string(field), fault, std::move(message)});
}

void FieldFaults::add_secret(std::string_view field) {
  secrets_.push_back({std::string(field), FieldFault::kNotAllowed, "must not contain a secret"});
}

void FieldFaults::add_unsupported(std::string_view field, std::string message) {
  unsupported_.push_back({std::string(field), FieldFault::kNotAllowed, std::move(message)});
}

void FieldFaults::take(std::string_view within, FieldFaults inner) {
  const auto move_all = [within](std::vector<FieldError>& from, std::vector<FieldError>& to) {
    for (FieldError& error : from) {
      error.field = std::string(within) + '.' + error.field;
      to.push_back(std::move(error));
    }
  };
  move_all(inner.faults_, faults_);
  move_all(inner.secrets_, secrets_);
  move_all(inner.unsupported_, unsupported_);
}

std::optional<Error> FieldFaults::verdict() const {
  const auto refusal = [](ErrorCode code, const std::vector<FieldError>& fields) {
    std::string detail = fields.front().field + ": " + fields.front().message;
    if (fields.size() > 1) detail += " (and " + std::to_string(fields.size() - 1) + " more)";
    return Error{code, detail + '.', fields, std::nullopt};
  };
  if (!secrets_.empty()) return refusal(ErrorCode::kSecretInRequest, secrets_);
  if (!faults_.empty()) return refusal(ErrorCode::kInvalidRequest, faults_);
  if (!unsupported_.empty()) return refusal(ErrorCode::kNotSupported, unsupported_);
  return std::nullopt;
}

bool check_text(FieldFaults& faults, std::string_view field, std::string_view text,
                std::size_t max_characters) {
  if (find_secret(text) != std::string_view::npos) {
    faults.add_secret(field);
  } else if (text.empty()) {
    faults.add(field, FieldFault::kInvalid, "must not be empty");
  } else if (!is_valid_utf8(text)) {
    faults.add(field, FieldFault::kInvalid, "must be valid UTF-8");
  } else if (has_control_characters(text)) {
    faults.add(field, FieldFault::kInvalid, "must not contain control characters");
  } else if (count_characters(text) > max_characters) {
    faults.add(field, FieldFault::kTooLong,
               "must have at most " + std::to_string(max_characters) + " characters");
  } else {
    return true;
  }
  return false;
}

bool is_token(std::string_view text) {
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  return !text.empty() && text.size() <= kMaxToken &&
         std::all_of(text.begin(), text.end(), printable);
}

}  // namespace keyledger::http
