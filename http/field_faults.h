// What is wrong with the fields of a request, gathered, and what one text may look like: the part
// of reading requests that bodies, queries, headers and the command line share.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/ids.h"
#include "events/result.h"

namespace keyledger::http {

inline constexpr std::size_t kMaxToken = 255;  // request id, idempotency key: printable ASCII

inline constexpr std::size_t kMaxScope = 64;
// Whether a scope may be called so: 1 to kMaxScope letters, digits, '_', '.', ':' and '-'.
[[nodiscard]] bool is_scope(std::string_view text);
inline constexpr const char* kScopeRule = "must consist of letters, digits, '_', '.', ':' and '-'";

// What is said of a text that should be an id of that kind.
[[nodiscard]] inline std::string id_rule(const KeyId&) {
  return "must be a key's id, as key_01KN3Z8Q0G4X7YV2T5B9CDEFGH";
}
[[nodiscard]] inline std::string id_rule(const MemberId&) {
  return "must be a member's id, as mem_01KN3Z8Q0G4X7YV2T5B9CDEFGH";
}

// The name of a field that a client made up, as an answer may show it.
[[nodiscard]] std::string shown_name(std::string_view name);

// The faults found so far in one body or query, and the refusal they make.
class FieldFaults {
 public:
  void add(std::string_view field, FieldFault fault, std::string message);
  // The field holds one of our own secrets.
  void add_secret(std::string_view field);
  // The field's rule is not enforced yet.
  void add_unsupported(std::string_view field, std::string message);

  // The faults of an object within this one.
  void take(std::string_view within, FieldFaults inner);

  // The value of the name that was given; a fault that lists all names if there is none.
  template <typename T>
  [[nodiscard]] std::optional<T> choose(std::string_view field, std::string_view given,
                                        std::initializer_list<std::pair<std::string_view, T>> of) {
    std::string names;
    for (const auto& [name, value] : of) {
      if (name == given) return value;
      names += (names.empty() ? "" : ", ") + std::string(name);
    }
    add(field, FieldFault::kInvalid, "must be one of " + names);
    return std::nullopt;
  }

  [[nodiscard]] std::size_t size() const {
    return faults_.size() + secrets_.size() + unsupported_.size();
  }

  // kSecretInRequest goes before kInvalidRequest, that before kNotSupported.
  [[nodiscard]] std::optional<Error> verdict() const;

 private:
  std::vector<FieldError> faults_;
  std::vector<FieldError> secrets_;
  std::vector<FieldError> unsupported_;
};

// A text of 1 to `max_characters` characters, valid UTF-8 without control characters and secrets;
// otherwise false and a fault. For header values too.
bool check_text(FieldFaults& faults, std::string_view field, std::string_view text,
                std::size_t max_characters);
// Printable ASCII, 1 to kMaxToken of it (request ids, idempotency keys).
[[nodiscard]] bool is_token(std::string_view text);

}  // namespace keyledger::http
