#include "http/secret.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "events/checksum.h"
#include "http/message.h"

namespace keyledger::http {
namespace {

constexpr std::string_view kBase62 =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kRandomDigits = 27;  // 62^27 > 2^160
constexpr std::size_t kCheckDigits = 6;    // 62^6 > 2^32
constexpr std::size_t kDigits = kRandomDigits + kCheckDigits;
constexpr std::size_t kHeadSize = 8;  // "sk_live_"
constexpr std::size_t kMaxPresented = 512;

constexpr std::array<std::string_view, 6> kHeads = {"pk_live_", "pk_test_", "sk_live_",
                                                    "sk_test_", "mk_live_", "mk_test_"};

bool is_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

std::array<char, kCheckDigits> check_digits(std::string_view before) {
  std::array<char, kCheckDigits> out{};
  std::uint32_t rest = crc32(before);
  for (std::size_t i = out.size(); i > 0; --i) {
    out[i - 1] = kBase62[rest % kBase62.size()];
    rest /= static_cast<std::uint32_t>(kBase62.size());
  }
  return out;
}

bool checks(std::string_view secret) {
  const auto digits = check_digits(secret.substr(0, secret.size() - kCheckDigits));
  return secret.ends_with(std::string_view(digits.data(), digits.size()));
}

// The number as 27 digits, by long division of 20 bytes.
void append_base62(std::string& out, std::array<std::uint8_t, 20> number) {
  std::array<char, kRandomDigits> digits{};
  for (std::size_t i = digits.size(); i > 0; --i) {
    std::uint32_t remainder = 0;
    for (std::uint8_t& byte : number) {
      const std::uint32_t value = remainder << 8U | byte;
      byte = static_cast<std::uint8_t>(value / kBase62.size());
      remainder = value % static_cast<std::uint32_t>(kBase62.size());
    }
    digits[i - 1] = kBase62[remainder];
  }
  out.append(digits.data(), digits.size());
  wipe(digits.data(), digits.size());
  wipe(number.data(), number.size());
}

// Whether head and digits stand at `at`; says nothing of the checksum.
bool form_at(std::string_view text, std::size_t at) {
  if (text.size() - at < kHeadSize + kDigits) return false;
  const std::string_view head = text.substr(at, kHeadSize);
  const std::string_view digits = text.substr(at + kHeadSize, kDigits);
  return std::find(kHeads.begin(), kHeads.end(), head) != kHeads.end() &&
         std::all_of(digits.begin(), digits.end(), is_alnum);
}

// Where a secret whose head stands at `head` begins, with one of the prefixes that may precede it;
// npos if no checksum fits.
std::size_t secret_around(std::string_view text, std::size_t head) {
  const std::size_t end = head + kHeadSize + kDigits;
  if (checks(text.substr(head, end - head))) return head;
  if (head == 0 || text[head - 1] != '_') return std::string_view::npos;
  for (std::size_t size = 1; size <= kMaxSecretPrefix && size < head; ++size) {
    const std::size_t begin = head - 1 - size;
    if (!is_alnum(text[begin])) break;
    if (checks(text.substr(begin, end - begin))) return begin;
  }
  return std::string_view::npos;
}

// Exactly our form: an optional prefix, the head, the digits.
bool is_our_form(std::string_view text) {
  if (text.size() < kHeadSize + kDigits) return false;
  const std::size_t head = text.size() - kHeadSize - kDigits;
  if (!form_at(text, head)) return false;
  if (head == 0) return true;
  const std::string_view prefix = text.substr(0, head - 1);
  return text[head - 1] == '_' && !prefix.empty() && prefix.size() <= kMaxSecretPrefix &&
         std::all_of(prefix.begin(), prefix.end(), is_alnum);
}

}  // namespace

Secret::~Secret() { wipe(text_.data(), text_.capacity()); }

// A short string is copied by a move, so what was moved from is wiped too.
Secret::Secret(Secret&& other) noexcept : text_(std::move(other.text_)) {
  wipe(other.text_.data(), other.text_.capacity());
  other.text_.clear();
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe(text_.data(), text_.capacity());
  text_ = std::move(other.text_);
  wipe(other.text_.data(), other.text_.capacity());
  other.text_.clear();
  return *this;
}

SecretHash Secret::hash() const { return {HashAlgorithm::kSha256, sha256(text_)}; }

std::string Secret::handle() const {
  const std::size_t shown = text_.size() > kDigits ? text_.size() - kDigits : 0;
  const std::size_t last = text_.size() > kDigits ? 4 : 0;
  return text_.substr(0, shown) + "…" + text_.substr(text_.size() - last);
}

Secret make_secret(KeyType type, Environment environment, std::string_view prefix) {
  // Room for all of it, so that no copy is left behind by growing.
  std::string text;
  text.reserve(prefix.size() + 1 + kHeadSize + kDigits);
  if (!prefix.empty()) text.append(prefix).push_back('_');
  text += type == KeyType::kPublic ? "pk_" : type == KeyType::kPrivate ? "sk_" : "mk_";
  text += environment == Environment::kLive ? "live_" : "test_";
  append_base62(text, random_bytes<20>());
  const auto check = check_digits(text);
  text.append(check.data(), check.size());
  return Secret(std::move(text));
}

bool is_malformed(std::string_view presented) {
  if (presented.empty() || presented.size() > kMaxPresented) return true;
  const auto printable = [](char c) { return c > ' ' && c < '\x7F'; };
  if (!std::all_of(presented.begin(), presented.end(), printable)) return true;
  return is_our_form(presented) && !checks(presented);
}

std::size_t find_secret(std::string_view text) {
  // Every head has its first '_' as third character.
  for (std::size_t at = text.find('_'); at != std::string_view::npos; at = text.find('_', at + 1)) {
    if (at < 2 || !form_at(text, at - 2)) continue;
    const std::size_t begin = secret_around(text, at - 2);
    if (begin != std::string_view::npos) return begin;
  }
  return std::string_view::npos;
}

bool url_holds_secret(std::string_view url) {
  if (find_secret(url) != std::string_view::npos) return true;
  if (url.find('%') == std::string_view::npos) return false;
  return find_secret(decoded_where_possible(url)) != std::string_view::npos;
}

}  // namespace keyledger::http
