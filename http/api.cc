#include "http/api.h"

#include "http/public_suffix.h"
#include "http/retired_use.h"
#include "http/sealed_secrets.h"

namespace keyledger::http {
namespace {

// About 10 MB at most. Ten minutes of creates and rotates at 100 a second; beyond that the oldest
// answers can no longer be repeated with their secret.
constexpr std::size_t kMaxSealed = 60'000;

}  // namespace

Api::Api(Ledger& the_ledger, Projections& the_projections, const EventLog& the_log,
         ApiOptions the_options)
    : ledger(the_ledger),
      projections(the_projections),
      log(the_log),
      options(std::move(the_options)),
      sealed_secrets(std::make_unique<SealedSecrets>(kMaxSealed)),
      retired_use(std::make_unique<RetiredUse>()) {
  load_public_suffixes();
}

Api::~Api() = default;

}  // namespace keyledger::http
