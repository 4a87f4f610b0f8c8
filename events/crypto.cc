#include "events/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace keyledger {
namespace {

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "keyledger: cryptography failed: %s\n", what);
  std::abort();
}

const unsigned char* raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

struct ContextDeleter {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

// Fetched once and kept: OpenSSL 3 looks the algorithm up again on every SHA256() call, which costs
// four times the hash itself.
const EVP_MD* fetched_sha256() {
  static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  if (md == nullptr) die("no SHA-256");
  return md;
}

EVP_MD_CTX* thread_context() {
  thread_local const std::unique_ptr<EVP_MD_CTX, ContextDeleter> context(EVP_MD_CTX_new());
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
  const std::unique_ptr<EVP_CIPHER_CTX, ContextDeleter> context(EVP_CIPHER_CTX_new());
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
  const std::unique_ptr<EVP_CIPHER_CTX, ContextDeleter> context(EVP_CIPHER_CTX_new());
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

}  // namespace keyledger
