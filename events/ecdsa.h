// Signatures of others that we check: ECDSA over P-256 with SHA-256 (FIPS 186-5), as GitHub signs
// its reports of leaks. Implemented in crypto.cc, the one file that sees OpenSSL.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

struct evp_pkey_st;  // OpenSSL's EVP_PKEY

namespace keyledger {

// Thread safety: any thread, also at once. Copies share the key, which never changes.
class EcdsaPublicKey {
 public:
  // A "PUBLIC KEY" of RFC 7468 (SubjectPublicKeyInfo). Nothing if it is none, or of another curve.
  [[nodiscard]] static std::optional<EcdsaPublicKey> from_pem(std::string_view pem);

  // `signature`: DER, as in RFC 3279 section 2.2.3. Whatever else it is: false.
  [[nodiscard]] bool has_signed(std::string_view bytes, std::string_view signature) const;

 private:
  explicit EcdsaPublicKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace keyledger
