#include "http/problem.h"

#include <nlohmann/json.hpp>

#include "http/json.h"

namespace keyledger::http {
namespace {

struct Row {
  int status = 500;
  std::string_view title;
  std::uint32_t retry_after = 0;  // seconds; 0: repeating does not help
};

// What each code means to a client. The names of the codes are in events/result.cc.
Row row_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidRequest: return {400, "The request is not valid"};
    case ErrorCode::kSecretInRequest: return {400, "A secret stands where it does not belong"};
    case ErrorCode::kNotSupported: return {400, "Not supported yet"};
    case ErrorCode::kUnauthenticated: return {401, "No valid credential"};
    case ErrorCode::kForbidden: return {403, "Not permitted"};
    case ErrorCode::kNotFound: return {404, "Not found"};
    case ErrorCode::kMethodNotAllowed: return {405, "Method not allowed"};
    case ErrorCode::kTooLarge: return {413, "Too large"};
    case ErrorCode::kUnsupportedMediaType: return {415, "Unsupported media type"};
    case ErrorCode::kMisdirected: return {421, "Misdirected request"};
    case ErrorCode::kNameTaken: return {409, "The name is taken"};
    case ErrorCode::kKeyFinal: return {409, "The key is in a final state"};
    case ErrorCode::kWrongState: return {409, "Not possible in this state"};
    case ErrorCode::kLastOwner: return {409, "A workspace keeps at least one owner"};
    case ErrorCode::kVersionMismatch: return {412, "The version has changed"};
    case ErrorCode::kIdempotencyMismatch: return {422, "The Idempotency-Key was used before"};
    case ErrorCode::kPreconditionRequired: return {428, "If-Match is required"};
    case ErrorCode::kRateLimited: return {429, "Too many requests", 1};
    case ErrorCode::kOutcomeUnknown: return {503, "The outcome is not known", 1};
    case ErrorCode::kBehind: return {503, "The asked position is not visible here yet", 1};
    case ErrorCode::kOverloaded: return {503, "Too busy", 1};
    case ErrorCode::kUnavailable:
    case ErrorCode::kCorrupt:
    case ErrorCode::kStorage: return {503, "Not available now", 5};
    case ErrorCode::kInternal: return {500, "Internal error"};
  }
  return {500, "Internal error"};
}

// Whether the detail may be about our insides.
bool hides_detail(ErrorCode code) {
  return code == ErrorCode::kCorrupt || code == ErrorCode::kStorage || code == ErrorCode::kInternal;
}

ErrorCode shown_code(ErrorCode code) {
  const bool ours = code == ErrorCode::kCorrupt || code == ErrorCode::kStorage;
  return ours ? ErrorCode::kUnavailable : code;
}

Json problem_json(const Refusal& refusal, std::string_view request_id) {
  Json body;
  body["type"] = "urn:keyledger:problem:" + std::string(refusal.code);
  body["title"] = refusal.title;
  body["status"] = refusal.status;
  body["detail"] = refusal.detail;
  body["code"] = refusal.code;
  body["instance"] = "urn:request:" + std::string(request_id);
  body["errors"] = Json::array();
  return body;
}

Response problem_response(int status, const Json& body) {
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = dump(body);
  if (status == 401) {
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"keyledger\"");
  }
  return response;
}

}  // namespace

int status_of(ErrorCode code) { return row_of(code).status; }

Response problem(const Error& error, std::string_view request_id,
                 std::optional<std::uint32_t> retry_after) {
  const Row row = row_of(error.code);
  const std::string_view detail = hides_detail(error.code)
                                      ? "Something went wrong inside; the server's log says more."
                                      : std::string_view(error.detail);
  Json body =
      problem_json({row.status, row.title, error_name(shown_code(error.code)), detail}, request_id);
  for (const FieldError& field : error.fields) {
    body["errors"].push_back(
        {{"field", field.field}, {"code", fault_name(field.fault)}, {"message", field.message}});
  }
  if (error.current_version) body["current_version"] = *error.current_version;

  Response response = problem_response(row.status, body);
  if (row.retry_after > 0) {
    const auto seconds = retry_after.value_or(row.retry_after);
    response.headers.emplace_back("Retry-After", std::to_string(seconds));
  }
  if (error.current_version) {
    response.headers.emplace_back("ETag", '"' + std::to_string(*error.current_version) + '"');
  }
  return response;
}

Response problem(const Refusal& refusal, std::string_view request_id) {
  return problem_response(refusal.status, problem_json(refusal, request_id));
}

}  // namespace keyledger::http
