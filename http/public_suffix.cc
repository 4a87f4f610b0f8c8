#include "http/public_suffix.h"

#include <libpsl.h>

#include <cstdlib>
#include <string>

namespace keyledger::http {
namespace {

constexpr const char* kList = "/usr/share/publicsuffix/public_suffix_list.dafsa";

// Lives as long as the program: a newer file is read at the next start.
const psl_ctx_t& suffixes() {
  static const psl_ctx_t* const list = [] {
    const psl_ctx_t* loaded = psl_load_file(kList);
    if (loaded == nullptr) loaded = psl_builtin();
    if (loaded == nullptr) std::abort();
    return loaded;
  }();
  return *list;
}

}  // namespace

DomainKind domain_kind(std::string_view host) {
  const std::string name(host);
  if (psl_is_public_suffix(&suffixes(), name.c_str()) == 1) return DomainKind::kPublicSuffix;
  const char* const registrable = psl_registrable_domain(&suffixes(), name.c_str());
  return registrable != nullptr && name == registrable ? DomainKind::kRegistrable
                                                       : DomainKind::kDeeper;
}

void load_public_suffixes() { static_cast<void>(suffixes()); }

}  // namespace keyledger::http
