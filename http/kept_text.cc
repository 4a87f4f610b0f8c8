#include "http/kept_text.h"

#include <algorithm>

#include "events/text.h"

namespace keyledger::http {

std::string kept_text(std::string_view given, std::size_t max) {
  std::string text(given);
  if (!is_clean_text(text)) {
    const auto odd = [](char c) { return c < ' ' || c > '~'; };
    std::replace_if(text.begin(), text.end(), odd, '?');
  }
  if (text.size() > max) text.resize(max);
  while (!is_valid_utf8(text)) text.pop_back();  // the cut went through a character
  return text;
}

}  // namespace keyledger::http
