// Errors as values: one closed list of codes for the whole program, and Result<T>, which the
// compiler does not let a caller drop. The HTTP edge maps codes to statuses in one table
// (http/problem.cc).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace keyledger {

// Why a call was refused or failed. The names (error_name) are the contract's `code` values, see
// shared design api.md "Errors". Add at the end of a group; never reuse a name for another cause.
enum class ErrorCode : std::uint8_t {
  // The caller's input.
  kInvalidRequest,   // a field breaks its rule; `fields` says which
  kSecretInRequest,  // a secret stands where it does not belong
  kNotSupported,     // a field whose rule is not enforced yet: refused, never stored unchecked
  kUnauthenticated,
  kForbidden,
  kNotFound,
  kMethodNotAllowed,
  kTooLarge,
  kUnsupportedMediaType,
  kMisdirected,  // the Host header names nobody that this server is
  // The state of the thing that is asked for.
  kNameTaken,
  kKeyFinal,
  kWrongState,
  kLastOwner,
  kVersionMismatch,
  kIdempotencyMismatch,
  kPreconditionRequired,
  kRateLimited,
  // The server.
  kUnavailable,     // certainly not done; later may work
  kOutcomeUnknown,  // may or may not be on disk: repeat with the same Idempotency-Key
  kBehind,          // the asked position is not visible here yet
  kOverloaded,      // queue full
  kCorrupt,         // stored bytes do not decode or do not hash to what they should
  kStorage,         // a read or write of our own files failed
  kInternal,        // a broken promise inside the program
};

// "invalid_request", "name_taken", …: stable, part of the HTTP contract.
[[nodiscard]] std::string_view error_name(ErrorCode code);

// What is wrong with one field: the contract's errors[].code.
enum class FieldFault : std::uint8_t {
  kRequired,
  kInvalid,
  kUnknownField,
  kTooLong,
  kTooMany,
  kNotAllowed,
  kConflict,
};
[[nodiscard]] std::string_view fault_name(FieldFault fault);

struct FieldError {
  std::string field;  // "name", "allowed_origins[1]", "metadata.team"
  FieldFault fault = FieldFault::kInvalid;
  std::string message;

  bool operator==(const FieldError&) const = default;
};

// One refusal. `detail` is a sentence for people; it never holds a secret or a path of this
// machine.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string detail;
  std::vector<FieldError> fields = {};
  std::optional<std::uint32_t> current_version = std::nullopt;  // with kVersionMismatch
  std::optional<std::uint64_t> position = std::nullopt;  // with kCorrupt: the first bad event

  bool operator==(const Error&) const = default;
};

// A value or an Error. [[nodiscard]] on the class, which tl::expected alone is not.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string detail) {
  return tl::unexpected<Error>(Error{code, std::move(detail), {}, std::nullopt});
}

[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

// kCorrupt, naming the first event that cannot be trusted.
[[nodiscard]] inline tl::unexpected<Error> fail_corrupt(std::uint64_t position,
                                                        std::string detail) {
  return tl::unexpected<Error>(
      Error{ErrorCode::kCorrupt, std::move(detail), {}, std::nullopt, position});
}

// kInvalidRequest about exactly one field.
[[nodiscard]] inline tl::unexpected<Error> fail_field(std::string field, FieldFault fault,
                                                      std::string message) {
  Error error{ErrorCode::kInvalidRequest, message, {}, std::nullopt};
  error.fields.push_back({std::move(field), fault, std::move(message)});
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace keyledger
