#include "http/hashed_secrets.h"

#include <algorithm>

#include "events/crypto.h"
#include "http/presented_secrets.h"

namespace keyledger::http {
namespace {

constexpr std::size_t kMinWithin = PresentedSecrets::kShortest;
constexpr std::string_view kAround = "\"'`()[]{}<>,;:=&?/|\\.!#@*";
constexpr int kMaxParts = 4;  // of a secret that has some of those in it

bool is_in_word(char c) { return c > ' ' && c <= '~'; }

}  // namespace

HashedSecrets::HashedSecrets(const std::vector<CreateKey>& keys) {
  for (const CreateKey& key : keys) hashes_.push_back(key.secret.hash.bytes);
  std::sort(hashes_.begin(), hashes_.end());
}

bool HashedSecrets::has(std::string_view text) const {
  return std::binary_search(hashes_.begin(), hashes_.end(), sha256(text));
}

// No secret that a client can send has white space in it (is_malformed).
bool HashedSecrets::stand_in(std::string_view text) const {
  if (text.size() < kMinWithin) return false;
  if (has(text)) return true;
  const auto* at = text.begin();
  while (at != text.end()) {
    const auto* const begin = std::find_if(at, text.end(), is_in_word);
    at = std::find_if_not(begin, text.end(), is_in_word);
    const auto size = static_cast<std::size_t>(at - begin);
    if (size < kMinWithin) continue;
    if (stand_in_word(text.substr(static_cast<std::size_t>(begin - text.begin()), size))) {
      return true;
    }
  }
  return false;
}

bool HashedSecrets::stand_in_word(std::string_view word) const {
  if (has(word)) return true;
  std::size_t begin = 0;
  while (true) {
    std::size_t end = begin;
    for (int parts = 0; parts < kMaxParts && end <= word.size(); ++parts, ++end) {
      end = std::min(word.find_first_of(kAround, end), word.size());
      const std::size_t size = end - begin;
      const bool is_part = size >= kMinWithin && size < word.size();
      if (is_part && has(word.substr(begin, size))) return true;
    }
    begin = word.find_first_of(kAround, begin);
    if (begin == std::string_view::npos) return false;
    ++begin;
  }
}

void HashedSecrets::check(BodyReader& body, const Json& json, const Headers& headers) const {
  std::size_t left = kMaxShownFaults;
  check_value(body, json, "", left);
  for (const auto& [name, value] : headers) {
    if (!same_header(name, "Authorization") && stand_in(value)) body.secret_fault(shown_name(name));
  }
}

void HashedSecrets::check_value(BodyReader& body, const Json& json, const std::string& place,
                                std::size_t& left) const {
  const auto found = [&](const std::string& where) {
    body.secret_fault(where);
    --left;
  };
  if (json.is_string()) {
    if (stand_in(json.get_ref<const std::string&>())) found(place);
  } else if (json.is_array()) {
    for (std::size_t i = 0; i < json.size() && left > 0; ++i) {
      check_value(body, json[i], place + '[' + std::to_string(i) + ']', left);
    }
  } else if (json.is_object()) {
    for (const auto& [name, value] : json.items()) {
      if (left == 0) return;
      if (stand_in(name)) {
        found(place.empty() ? "body" : place);  // the name would show it
      } else {
        check_value(body, value, place + (place.empty() ? "" : ".") + shown_name(name), left);
      }
    }
  }
}

}  // namespace keyledger::http
