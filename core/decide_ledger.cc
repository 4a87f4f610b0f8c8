// The ledger itself: its beginning, and a beginning again after its end was lost. By the program
// alone; no role may ask for these.
#include "core/decide_rules.h"

namespace keyledger {

namespace {

Result<void> check_system(const Situation& in) {
  if (in.by_system()) return {};
  return fail(ErrorCode::kForbidden, "Only the program itself may do this.");
}

}  // namespace

Result<Decision> decide_on(const Situation& in, const FoundLedger& command) {
  const auto allowed = check_system(in);
  if (!allowed) return fail(allowed.error());
  const auto version = in.state.ledger_version();
  if (!version) return fail(version.error());
  if (*version != 0) return fail(ErrorCode::kWrongState, "The ledger has been founded already.");

  Decision decision;
  decision.push_back({stream_of(command.log_id), LedgerCreated{command.log_id, command.origin},
                      std::nullopt, command.workspace});
  add_workspace(decision, command, true);
  return decision;
}

Result<Decision> decide_on(const Situation& in, const AcceptRollback& command) {
  const auto allowed = check_system(in);
  if (!allowed) return fail(allowed.error());
  const auto version = in.state.ledger_version();
  if (!version) return fail(version.error());
  if (*version == 0) return fail(ErrorCode::kWrongState, "The ledger is not founded yet.");
  Decision decision;
  decision.push_back(
      {stream_of(command.log_id),
       LedgerRollbackAccepted{command.origin, command.watermark_size, command.found_size},
       std::nullopt,
       {}});
  return decision;
}

}  // namespace keyledger
