#include "http/problem.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace keyledger::http {
namespace {

Error error_of(ErrorCode code) { return {code, "Because.", {}, std::nullopt}; }

// By hand from the contract (design api.md "Errors").
TEST(Problem, HasTheStatusAndCodeOfTheContract) {
  struct Row {
    ErrorCode code;
    int status;
    const char* name;
  };
  const Row rows[] = {
      {ErrorCode::kInvalidRequest, 400, "invalid_request"},
      {ErrorCode::kSecretInRequest, 400, "secret_in_request"},
      {ErrorCode::kNotSupported, 400, "not_supported"},
      {ErrorCode::kUnauthenticated, 401, "unauthenticated"},
      {ErrorCode::kForbidden, 403, "forbidden"},
      {ErrorCode::kNotFound, 404, "not_found"},
      {ErrorCode::kMethodNotAllowed, 405, "method_not_allowed"},
      {ErrorCode::kNameTaken, 409, "name_taken"},
      {ErrorCode::kKeyFinal, 409, "key_final"},
      {ErrorCode::kWrongState, 409, "wrong_state"},
      {ErrorCode::kLastOwner, 409, "last_owner"},
      {ErrorCode::kVersionMismatch, 412, "version_mismatch"},
      {ErrorCode::kTooLarge, 413, "too_large"},
      {ErrorCode::kUnsupportedMediaType, 415, "unsupported_media_type"},
      {ErrorCode::kMisdirected, 421, "misdirected_request"},
      {ErrorCode::kIdempotencyMismatch, 422, "idempotency_mismatch"},
      {ErrorCode::kPreconditionRequired, 428, "precondition_required"},
      {ErrorCode::kRateLimited, 429, "rate_limited"},
      {ErrorCode::kUnavailable, 503, "unavailable"},
      {ErrorCode::kOutcomeUnknown, 503, "outcome_unknown"},
      {ErrorCode::kBehind, 503, "behind"},
      {ErrorCode::kOverloaded, 503, "overloaded"},
      {ErrorCode::kCorrupt, 503, "unavailable"},
      {ErrorCode::kStorage, 503, "unavailable"},
      {ErrorCode::kInternal, 500, "internal"},
  };
  for (const Row& row : rows) {
    const Response response = problem(error_of(row.code), "req-1");
    const auto body = nlohmann::json::parse(response.body);
    EXPECT_EQ(response.status, row.status) << row.name;
    EXPECT_EQ(status_of(row.code), row.status) << row.name;
    EXPECT_EQ(body["status"], row.status) << row.name;
    EXPECT_EQ(body["code"], row.name);
    EXPECT_EQ(body["type"], std::string("urn:keyledger:problem:") + row.name);
    EXPECT_EQ(body["instance"], "urn:request:req-1");
    EXPECT_FALSE(body["title"].get<std::string>().empty());
    EXPECT_EQ(response.content_type, "application/problem+json");
    EXPECT_EQ(response.header("Retry-After").has_value(), row.status == 503 || row.status == 429)
        << row.name;
    EXPECT_EQ(response.header("WWW-Authenticate").has_value(), row.status == 401) << row.name;
  }
}

TEST(Problem, HidesWhatIsAboutOurInsides) {
  for (const auto code : {ErrorCode::kCorrupt, ErrorCode::kStorage, ErrorCode::kInternal}) {
    EXPECT_EQ(problem(error_of(code), "r").body.find("Because."), std::string::npos);
  }
  EXPECT_NE(problem(error_of(ErrorCode::kForbidden), "r").body.find("Because."), std::string::npos);
}

TEST(Problem, NamesFieldsAndTheCurrentVersion) {
  Error error = error_of(ErrorCode::kVersionMismatch);
  error.current_version = 7;
  error.fields.push_back({"allowed_origins[1]", FieldFault::kTooLong, "is too long"});
  const Response response = problem(error, "r");
  const auto body = nlohmann::json::parse(response.body);
  EXPECT_EQ(body["current_version"], 7);
  EXPECT_EQ(response.header("ETag"), "\"7\"");
  EXPECT_EQ(body["errors"], nlohmann::json::parse(R"([{"field":"allowed_origins[1]",
            "code":"too_long","message":"is too long"}])"));
}

}  // namespace
}  // namespace keyledger::http
