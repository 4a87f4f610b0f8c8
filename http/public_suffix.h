// Where names can be registered: the Public Suffix List (publicsuffix.org), as Debian's package
// publicsuffix has it. The only file that sees libpsl is public_suffix.cc. Asked when an origin is
// set and never again: events carry what was decided. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace keyledger::http {

enum class DomainKind : std::uint8_t {
  kPublicSuffix,  // anybody may register below it: com, co.uk, github.io, every single label
  kRegistrable,   // one label more: example.com, example.co.uk
  kDeeper,
};

// Of a canonical name (events/origin.h) that is no address.
[[nodiscard]] DomainKind domain_kind(std::string_view host);

// Reads the list, which the first question would do otherwise. The one that is built into libpsl
// stands in for a missing file; without either the program ends, since no rule could be decided.
void load_public_suffixes();

}  // namespace keyledger::http
