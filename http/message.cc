#include "http/message.h"

#include <algorithm>

#include "events/hex.h"
#include "events/text.h"

namespace keyledger::http {
namespace {

enum class Plus { kPlus, kSpace };

std::optional<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::kSpace) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return out;
}

// The text before the first `separator`, which both are taken off `rest`.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t at = rest.find(separator);
  const std::string_view front = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return front;
}

}  // namespace

bool HeaderLess::operator()(std::string_view a, std::string_view b) const {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return ascii_lower(x) < ascii_lower(y);
  });
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  const auto found = headers.find(name);
  if (found == headers.end()) return std::nullopt;
  return found->second;
}

bool same_header(std::string_view a, std::string_view b) { return equal_ignoring_case(a, b); }

std::optional<std::string_view> RequestView::header(std::string_view name) const {
  for (const HeaderView& one : headers) {
    if (same_header(one.name, name)) return one.value;
  }
  return std::nullopt;
}

std::optional<std::string_view> Response::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_header(key, name)) return value;
  }
  return std::nullopt;
}

std::optional<Target> parse_target(std::string_view target) {
  if (target.empty() || target.front() != '/') return std::nullopt;
  std::string_view query = target;
  auto path = percent_decode(take_until(query, '?'), Plus::kPlus);
  if (!path) return std::nullopt;
  Target out{std::move(*path), {}};
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    if (value.empty()) continue;
    auto name = percent_decode(take_until(value, '='), Plus::kSpace);
    auto text = percent_decode(value, Plus::kSpace);
    if (!name || !text) return std::nullopt;
    out.query.emplace_back(std::move(*name), std::move(*text));
  }
  return out;
}

std::string decoded_where_possible(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto escape =
        text[i] == '%' ? percent_decode(text.substr(i, 3), Plus::kPlus) : std::nullopt;
    out += escape ? *escape : std::string(1, text[i]);
    if (escape) i += 2;
  }
  return out;
}

}  // namespace keyledger::http
