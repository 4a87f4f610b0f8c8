// Secrets in plain text: the only room that ever holds one. Form, checksum and handle after design
// product.md section 3: {pk|sk|mk}_{live|test}_{27 base62}{6 base62 of CRC-32}.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "events/crypto.h"
#include "events/key_events.h"

namespace keyledger::http {

// A plaintext secret. Wiped on destruction, cannot be copied, streamed, formatted or serialised;
// reveal() is the one way to the text and is called only where an answer is written.
class Secret {
 public:
  explicit Secret(std::string text) : text_(std::move(text)) {}
  ~Secret();
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  [[nodiscard]] std::string_view reveal() const { return text_; }
  [[nodiscard]] SecretHash hash() const;
  // Prefix, environment, "…", last four characters.
  [[nodiscard]] std::string handle() const;

 private:
  std::string text_;
};

inline constexpr std::size_t kMaxSecretPrefix = 16;  // bytes of a policy's secret_prefix

// 160 fresh random bits. `prefix` is the policy's secret_prefix, usually empty.
[[nodiscard]] Secret make_secret(KeyType type, Environment environment, std::string_view prefix);

// Whether a presented secret is not worth a look-up: empty, over 512 bytes, white space or
// non-printable characters, or exactly our form with a wrong checksum.
[[nodiscard]] bool is_malformed(std::string_view presented);

// Where a string of our form with a right checksum begins in `text`; npos if nowhere. For texts
// that must not hold a secret: URLs, headers, fields. Linear in the text.
[[nodiscard]] std::size_t find_secret(std::string_view text);
// Whether a URL holds one, as it stands or behind escapes.
[[nodiscard]] bool url_holds_secret(std::string_view url);

}  // namespace keyledger::http
