// Secrets that a call presents to be looked at: they may have any form, so none of the rules for
// our own form finds them in the texts that come with them and are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/routes.h"

namespace keyledger::http {

// Thread safety: one thread. Views what it was given, which must outlive it.
class PresentedSecrets {
 public:
  // Bytes. What is shorter anybody could try out, and would be found in every other text.
  static constexpr std::size_t kShortest = 8;

  void add(std::string_view secret);

  // Whether the text shows one of them, or any secret of our own form: as it stands, behind escapes
  // of URLs, in base64, or in one within the other. Escapes behind more escapes than anybody writes
  // count as showing one. The time is linear in the text.
  [[nodiscard]] bool shown_in(std::string_view text) const;

  // The headers of the call that are kept and show one; the call is to be refused for each. A
  // request id among them is dropped, so that the answer and the access log get another one.
  [[nodiscard]] std::vector<std::string_view> headers_that_show(Call& call) const;

 private:
  [[nodiscard]] bool stands_in(std::string_view text) const;
  [[nodiscard]] bool shown_in(std::string_view text, int layers) const;
  [[nodiscard]] bool shown_in_base64(std::string_view text, int layers) const;

  // By their last bytes: their first ones are often all the same.
  std::unordered_map<std::uint64_t, std::vector<std::string_view>> by_tail_;
};

}  // namespace keyledger::http
