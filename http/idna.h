// Internationalised host names as the DNS has them. The only file that sees libidn2 is idna.cc. Any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace keyledger::http {

// The A-labels of a host in UTF-8 ("bücher.example" → "xn--bcher-kva.example"), mapped as browsers
// do (UTS #46, non-transitional) and checked as IDNA2008 wants it (RFC 5891). Nothing if it has
// none. Plain ASCII labels stay as they are, but that an "xn--" label must be a real one.
[[nodiscard]] std::optional<std::string> to_a_labels(std::string_view host);

}  // namespace keyledger::http
