// GitHub's own example of a signed report (its page on the secret scanning partner program): the
// test key, its identifier, the body and the signature.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace keyledger::http {

inline constexpr std::string_view kGithubIdentifier =
    "f9525bf080f75b3506ca1ead061add62b8633a346606dc5fe544e29231c6ee0d";
inline constexpr std::string_view kGithubSignature =
    "MEUCIFLZzeK++IhS+y276SRk2Pe5LfDrfvTXu6iwKKcFGCrvAiEAhHN2kDOhy2I6eGkOFmxNkOJ+"
    "L2y8oQ9A2T9GGJo6WJY"
    "=";
inline constexpr std::string_view kGithubBody =
    R"([{"token":"some_token","type":"some_type","url":"some_url","source":"some_source"}])";

// As https://api.github.com/meta/public_keys/secret_scanning answers it.
inline std::string github_keys() {
  const nlohmann::json key = {{"key_identifier", kGithubIdentifier},
                              {"key",
                               "-----BEGIN PUBLIC KEY-----\n"
                               "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsz9ugWDj5jK5ELBK42ynytbo38gP\n"
                               "HzZFI03Exwz8Lh/tCfL3YxwMdLjB+bMznsanlhK0RwcGP3IDb34kQDIo3Q==\n"
                               "-----END PUBLIC KEY-----\n"},
                              {"is_current", true}};
  return nlohmann::json{{"public_keys", {key}}}.dump();
}

}  // namespace keyledger::http
