#include "events/crypto.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "events/ecdsa.h"

namespace keyledger {
namespace {

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "keyledger: cryptography failed: %s\n", what);
  std::abort();
}

const unsigned char* raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

struct Deleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  void operator()(BIO* bytes) const { BIO_free(bytes); }
};

// Fetched once and kept: OpenSSL 3 looks the algorithm up again on every SHA256() call, which costs
// four times the hash itself.
const EVP_MD* fetched_sha256() {
  static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (md == nullptr) die("no SHA-256");
  return md;
}

EVP_MD_CTX* thread_context() {
  thread_local const std::unique_ptr<EVP_MD_CTX, Deleter> context(EVP_MD_CTX_new());
  if (!context) die("no memory for a hash");
  return context.get();
}

constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;

}  // namespace

Digest sha256(std::span<const std::string_view> parts) {
  EVP_MD_CTX* const context = thread_context();
  Digest out;
  bool ok = EVP_DigestInit_ex2(context, fetched_sha256(), nullptr) == 1;
  for (const std::string_view part : parts) {
    ok = ok && EVP_DigestUpdate(context, part.data(), part.size()) == 1;
  }
  if (!ok || EVP_DigestFinal_ex(context, out.data(), nullptr) != 1) die("SHA-256");
  return out;
}

Digest sha256(std::string_view bytes) { return sha256(std::span(&bytes, 1)); }

void fill_random(std::span<std::uint8_t> out) {
  if (RAND_bytes(out.data(), static_cast<int>(out.size())) != 1) die("no randomness");
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(void* data, std::size_t size) { OPENSSL_cleanse(data, size); }

Digest hmac_sha256(std::string_view key, std::string_view bytes) {
  Digest out;
  unsigned int size = 0;
  if (HMAC(fetched_sha256(), key.data(), static_cast<int>(key.size()), raw(bytes), bytes.size(),
           out.data(), &size) == nullptr) {
    die("HMAC");
  }
  return out;
}

std::string seal(const std::array<std::uint8_t, 32>& key, std::string_view plain) {
  std::string out(kNonceSize + plain.size() + kTagSize, '\0');
  auto* const bytes = reinterpret_cast<unsigned char*>(out.data());
  fill_random(std::span(bytes, kNonceSize));
  const std::unique_ptr<EVP_CIPHER_CTX, Deleter> context(EVP_CIPHER_CTX_new());
  int written = 0;
  int tail = 0;
  const bool ok =
      context &&
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), bytes) == 1 &&
      EVP_EncryptUpdate(context.get(), bytes + kNonceSize, &written, raw(plain),
                        static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(context.get(), bytes + kNonceSize + written, &tail) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagSize,
                          bytes + kNonceSize + plain.size()) == 1;
  if (!ok) die("AES-GCM");
  return out;
}

std::optional<std::string> unseal(const std::array<std::uint8_t, 32>& key,
                                  std::string_view sealed) {
  if (sealed.size() < kNonceSize + kTagSize) return std::nullopt;
  const std::size_t size = sealed.size() - kNonceSize - kTagSize;
  std::string tag(sealed.substr(kNonceSize + size));
  std::string out(size, '\0');
  auto* const bytes = reinterpret_cast<unsigned char*>(out.data());
  const std::unique_ptr<EVP_CIPHER_CTX, Deleter> context(EVP_CIPHER_CTX_new());
  int written = 0;
  int tail = 0;
  const bool ok =
      context &&
      EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), raw(sealed)) == 1 &&
      EVP_DecryptUpdate(context.get(), bytes, &written, raw(sealed) + kNonceSize,
                        static_cast<int>(size)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), bytes + written, &tail) == 1;
  if (!ok) return std::nullopt;
  return out;
}

std::optional<EcdsaPublicKey> EcdsaPublicKey::from_pem(std::string_view pem) {
  const std::unique_ptr<BIO, Deleter> bytes(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bytes) die("no memory for a key");
  std::shared_ptr<EVP_PKEY> key(PEM_read_bio_PUBKEY(bytes.get(), nullptr, nullptr, nullptr),
                                EVP_PKEY_free);
  std::array<char, 32> curve{};
  const bool fits = key && EVP_PKEY_is_a(key.get(), "EC") == 1 &&
                    EVP_PKEY_get_group_name(key.get(), curve.data(), curve.size(), nullptr) == 1 &&
                    std::string_view(curve.data()) == "prime256v1";
  ERR_clear_error();
  if (!fits) return std::nullopt;
  return EcdsaPublicKey(std::move(key));
}

bool EcdsaPublicKey::has_signed(std::string_view bytes, std::string_view signature) const {
  const std::unique_ptr<EVP_MD_CTX, Deleter> context(EVP_MD_CTX_new());
  if (!context) die("no memory for a signature");
  const bool good = EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA256", nullptr, nullptr,
                                            key_.get(), nullptr) == 1 &&
                    EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(bytes),
                                     bytes.size()) == 1;
  ERR_clear_error();  // a wrong signature leaves its trace there
  return good;
}

}  // namespace keyledger
