#include "http/idna.h"

#include <idn2.h>

#include <algorithm>
#include <cstdint>

namespace keyledger::http {
namespace {

constexpr std::string_view kAcePrefix = "xn--";

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0; });
}

bool begins_with_ace_prefix(std::string_view label) {
  if (label.size() < kAcePrefix.size()) return false;
  return std::equal(kAcePrefix.begin(), kAcePrefix.end(), label.begin(), [](char wanted, char c) {
    return wanted == (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  });
}

bool has_ace_label(std::string_view host) {
  for (std::size_t from = 0; from < host.size();) {
    const std::size_t to = std::min(host.find('.', from), host.size());
    if (begins_with_ace_prefix(host.substr(from, to - from))) return true;
    from = to + 1;
  }
  return false;
}

}  // namespace

std::optional<std::string> to_a_labels(std::string_view host) {
  // Browsers accept ASCII labels that IDNA2008 does not ("r3---sn.example", "my_app.example").
  if (is_ascii(host) && !has_ace_label(host)) return std::string(host);
  if (host.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string name(host);
  std::uint8_t* found = nullptr;
  const int failed = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(name.c_str()), &found,
                                    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (failed != IDN2_OK) return std::nullopt;
  std::string out(reinterpret_cast<const char*>(found));
  idn2_free(found);
  return out;
}

}  // namespace keyledger::http
