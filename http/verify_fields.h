// What a verify asks, read from its body: strictly and with every fault named, or quickly.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/judge.h"
#include "http/as_of.h"
#include "http/fields.h"
#include "http/secret.h"

namespace keyledger::http {

struct VerifyFields {
  struct Endpoint {
    std::string method;
    std::string target;
  };
  struct Header {
    std::string name;
    Secret value;  // of the checked request, which may have sent its secret there
  };

  Secret presented{std::string()};
  std::optional<Environment> environment;
  std::optional<ScopeSet> scopes;
  RequestSource from;
  std::optional<Endpoint> endpoint;
  std::optional<std::vector<Header>> headers;  // names differ, in any case
  std::optional<std::uint64_t> min_position;
  std::optional<AsOf> as_of;
};

// The rules of every field. Faults are left in `body`.
[[nodiscard]] VerifyFields read_verify(BodyReader& body, const Json& json);

// The same answer for the bodies that gateways send: known fields once each, plain texts, nothing
// to refuse. Nothing for any other body, right or wrong: then read_verify() decides. Leaves no copy
// of the secret behind but the one in the answer.
[[nodiscard]] std::optional<VerifyFields> read_plain_verify(std::string_view body);

}  // namespace keyledger::http
