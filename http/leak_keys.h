// Who may report leaks: the public keys of finders, in GitHub's format of them
// (https://api.github.com/meta/public_keys/secret_scanning):
//   {"public_keys": [{"key_identifier": "…", "key": "-----BEGIN PUBLIC KEY-----…",
//   "is_current": true}]}
// The operator gives them as a file; the server asks nobody for them.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "events/ecdsa.h"
#include "events/result.h"

namespace keyledger::http {

// Thread safety: any thread; never changes.
class LeakKeys {
 public:
  // kInvalidRequest in words that name the entry: not of this form, no key at all, an identifier
  // that stands twice or is not 1 to 255 printable ASCII characters, a key that is not of P-256.
  // Other fields mean nothing. A key that is not current counts: what it signed may be on its way.
  [[nodiscard]] static Result<LeakKeys> parse(std::string_view document);

  // Whether `signature` (base64 of DER) is of the key with that identifier, over these very bytes.
  [[nodiscard]] bool have_signed(std::string_view bytes, std::string_view identifier,
                                 std::string_view signature) const;
  [[nodiscard]] std::size_t size() const { return keys_.size(); }

 private:
  std::map<std::string, EcdsaPublicKey, std::less<>> keys_;
};

}  // namespace keyledger::http
