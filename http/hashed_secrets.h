// Secrets of which nothing is known but their hashes, so that no form tells them: those of keys
// that are being imported. The same rule holds for them as for our own (http/secret.h): no text
// holds one.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/key_commands.h"
#include "http/fields.h"
#include "http/message.h"

namespace keyledger::http {

class HashedSecrets {
 public:
  // Of the keys of one import.
  explicit HashedSecrets(const std::vector<CreateKey>& keys);

  // Whether `text` is one of them, or has one in it as people write them down: a word, or what
  // stands between quotes, brackets, an equals sign and the like. A secret of less than 8
  // characters is not told from a word: "test" may be both. Linear in the text: some five hashes a
  // word.
  [[nodiscard]] bool stand_in(std::string_view text) const;

  // A secret's fault for each text and name in `json`, the body of the call, and for each header
  // but Authorization, that has one of them; no more than are shown.
  void check(BodyReader& body, const Json& json, const Headers& headers) const;

 private:
  [[nodiscard]] bool has(std::string_view text) const;
  [[nodiscard]] bool stand_in_word(std::string_view word) const;
  // Takes from `left` what it finds, and ends when there is none.
  void check_value(BodyReader& body, const Json& json, const std::string& place,
                   std::size_t& left) const;

  std::vector<Digest> hashes_;  // sorted
};

}  // namespace keyledger::http
