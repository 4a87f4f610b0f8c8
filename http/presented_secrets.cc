#include "http/presented_secrets.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "http/secret.h"

namespace keyledger::http {
namespace {

constexpr int kMaxLayers = 4;  // of encodings around a secret
// Characters of base64 that hold the shortest secret.
constexpr std::size_t kShortestRun = (PresentedSecrets::kShortest * 8 + 5) / 6;

// What a call leaves behind, and X-Reason, which stands for the body's reason.
constexpr std::array<std::string_view, 4> kKeptHeaders = {"X-Request-Id", "User-Agent",
                                                          "X-On-Behalf-Of", "X-Reason"};

std::uint64_t tail_of(std::string_view text) {
  std::uint64_t tail = 0;
  static_assert(sizeof(tail) == PresentedSecrets::kShortest);
  std::memcpy(&tail, text.data() + text.size() - sizeof(tail), sizeof(tail));
  return tail;
}

// The value of a character in either alphabet of base64 (RFC 4648 sections 4 and 5); -1: none.
int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  return c == '/' || c == '_' ? 63 : -1;
}

// The whole bytes of a run of such characters.
std::string bytes_of(std::string_view run) {
  std::string out;
  out.reserve(run.size() * 3 / 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : run) {
    bits = bits << 6U | static_cast<std::uint32_t>(sextet(c));
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out.push_back(static_cast<char>(bits >> static_cast<unsigned>(held) & 0xFFU));
  }
  return out;
}

}  // namespace

void PresentedSecrets::add(std::string_view secret) {
  if (secret.size() >= kShortest) by_tail_[tail_of(secret)].push_back(secret);
}

bool PresentedSecrets::shown_in(std::string_view text) const { return shown_in(text, kMaxLayers); }

bool PresentedSecrets::stands_in(std::string_view text) const {
  if (by_tail_.empty()) return false;
  for (std::size_t end = kShortest; end <= text.size(); ++end) {
    const std::string_view before = text.substr(0, end);
    const auto found = by_tail_.find(tail_of(before));
    if (found == by_tail_.end()) continue;
    const auto ends_here = [&](std::string_view secret) { return before.ends_with(secret); };
    if (std::any_of(found->second.begin(), found->second.end(), ends_here)) return true;
  }
  return false;
}

bool PresentedSecrets::shown_in(std::string_view text, int layers) const {
  if (find_secret(text) != std::string_view::npos || stands_in(text)) return true;
  const std::string decoded = decoded_where_possible(text);
  if (decoded != text && (layers == 0 || shown_in(decoded, layers - 1))) return true;
  return layers > 0 && shown_in_base64(text, layers - 1);
}

// Where in a run the encoding began is not known: a path's '/' is a character of it, too.
bool PresentedSecrets::shown_in_base64(std::string_view text, int layers) const {
  const auto is_one = [](char c) { return sextet(c) >= 0; };
  for (auto begin = text.begin(); begin != text.end();) {
    const auto end = std::find_if_not(begin, text.end(), is_one);
    const std::string_view run(begin, end);
    for (std::size_t skipped = 0; skipped < 4 && run.size() >= kShortestRun + skipped; ++skipped) {
      if (shown_in(bytes_of(run.substr(skipped)), layers)) return true;
    }
    begin = std::find_if(end, text.end(), is_one);
  }
  return false;
}

std::vector<std::string_view> PresentedSecrets::headers_that_show(Call& call) const {
  std::vector<std::string_view> names;
  for (const std::string_view name : kKeptHeaders) {
    const auto value = call.request.header(name);
    if (value && shown_in(*value)) names.push_back(name);
  }
  if (std::find(names.begin(), names.end(), kKeptHeaders.front()) != names.end()) {
    call.request_id.clear();
  }
  return names;
}

}  // namespace keyledger::http
