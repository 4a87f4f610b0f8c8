#include "events/result.h"

namespace keyledger {

std::string_view error_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidRequest: return "invalid_request";
    case ErrorCode::kSecretInRequest: return "secret_in_request";
    case ErrorCode::kNotSupported: return "not_supported";
    case ErrorCode::kUnauthenticated: return "unauthenticated";
    case ErrorCode::kForbidden: return "forbidden";
    case ErrorCode::kNotFound: return "not_found";
    case ErrorCode::kMethodNotAllowed: return "method_not_allowed";
    case ErrorCode::kTooLarge: return "too_large";
    case ErrorCode::kUnsupportedMediaType: return "unsupported_media_type";
    case ErrorCode::kMisdirected: return "misdirected_request";
    case ErrorCode::kNameTaken: return "name_taken";
    case ErrorCode::kKeyFinal: return "key_final";
    case ErrorCode::kWrongState: return "wrong_state";
    case ErrorCode::kLastOwner: return "last_owner";
    case ErrorCode::kVersionMismatch: return "version_mismatch";
    case ErrorCode::kIdempotencyMismatch: return "idempotency_mismatch";
    case ErrorCode::kPreconditionRequired: return "precondition_required";
    case ErrorCode::kRateLimited: return "rate_limited";
    case ErrorCode::kUnavailable: return "unavailable";
    case ErrorCode::kOutcomeUnknown: return "outcome_unknown";
    case ErrorCode::kBehind: return "behind";
    case ErrorCode::kOverloaded: return "overloaded";
    case ErrorCode::kCorrupt: return "corrupt";
    case ErrorCode::kStorage: return "storage";
    case ErrorCode::kInternal: return "internal";
  }
  return "internal";
}

std::string_view fault_name(FieldFault fault) {
  switch (fault) {
    case FieldFault::kRequired: return "required";
    case FieldFault::kInvalid: return "invalid";
    case FieldFault::kUnknownField: return "unknown_field";
    case FieldFault::kTooLong: return "too_long";
    case FieldFault::kTooMany: return "too_many";
    case FieldFault::kNotAllowed: return "not_allowed";
    case FieldFault::kConflict: return "conflict";
  }
  return "invalid";
}

}  // namespace keyledger
