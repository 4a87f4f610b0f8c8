#include "events/names.h"

namespace keyledger {

std::string_view key_type_name(KeyType type) {
  switch (type) {
    case KeyType::kPublic: return "public";
    case KeyType::kPrivate: return "private";
    case KeyType::kManagement: return "management";
  }
  return "unknown";
}

std::string_view environment_name(Environment environment) {
  return environment == Environment::kTest ? "test" : "live";
}

std::string_view revocation_code_name(RevocationCode code) {
  switch (code) {
    case RevocationCode::kUnspecified: return "unspecified";
    case RevocationCode::kKeyCompromise: return "key_compromise";
    case RevocationCode::kAffiliationChanged: return "affiliation_changed";
    case RevocationCode::kSuperseded: return "superseded";
    case RevocationCode::kCessationOfOperation: return "cessation_of_operation";
    case RevocationCode::kPrivilegeWithdrawn: return "privilege_withdrawn";
  }
  return "unspecified";
}

std::string_view name_rule_name(NameRule rule) {
  return rule == NameRule::kNoWhitespace ? "no_whitespace" : "free";
}

std::string_view on_leak_name(OnLeak action) {
  switch (action) {
    case OnLeak::kReport: return "report";
    case OnLeak::kSuspend: return "suspend";
    case OnLeak::kRevoke: return "revoke";
  }
  return "report";
}

std::string_view use_digest_name(UseDigest period) {
  switch (period) {
    case UseDigest::kOff: return "off";
    case UseDigest::kDaily: return "daily";
    case UseDigest::kHourly: return "hourly";
  }
  return "off";
}

}  // namespace keyledger
