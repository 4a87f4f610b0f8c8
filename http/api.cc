#include "http/api.h"

#include <algorithm>
#include <chrono>

#include "http/guess_guard.h"
#include "http/public_suffix.h"
#include "http/retired_use.h"
#include "http/sealed_secrets.h"

namespace keyledger::http {
namespace {

// About 10 MB at most. Ten minutes of creates and rotates at 100 a second; beyond that the oldest
// answers can no longer be repeated with their secret.
constexpr std::size_t kMaxSealed = 60'000;

// A quarter of the threads that may wait for a disk.
constexpr int kMaxWaiting = 32;

}  // namespace

Api::Api(Ledger& the_ledger, Projections& the_projections, const EventLog& the_log,
         ApiOptions the_options)
    : ledger(the_ledger),
      projections(the_projections),
      log(the_log),
      options(std::move(the_options)),
      sealed_secrets(std::make_unique<SealedSecrets>(kMaxSealed)),
      retired_use(std::make_unique<RetiredUse>()),
      guess_guard(std::make_unique<GuessGuard>(options.refusals_per_minute)),
      self_revokes(std::make_unique<GuessGuard>(options.refusals_per_minute)),
      malformed_lookups(std::make_unique<GuessGuard>(options.refusals_per_minute)),
      import_guard(std::make_unique<GuessGuard>(options.refusals_per_minute)),
      even_answers(options.sleep_until),
      feeds(options.feeds) {
  load_public_suffixes();
}

Api::~Api() = default;

Timestamp Api::now() const {
  return std::max(options.clock(), projections.directory().last_time());
}

bool Api::wait_for(std::uint64_t position) {
  constexpr std::chrono::seconds kLongestWait{2};
  const Projector& projector = projections.projector();
  if (projector.size() > position) return true;
  const bool room = waiting_.fetch_add(1) < kMaxWaiting;
  const bool visible = room && projector.wait_beyond(position, kLongestWait);
  waiting_.fetch_sub(1);
  return visible;
}

}  // namespace keyledger::http
