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

  KeyCreated key;
  key.type = KeyType::kManagement;
  key.environment = Environment::kLive;
  key.name = command.key_name;
  key.secret = command.secret;
  key.owner = command.owner;
  key.member = command.owner;

  const WorkspaceId workspace = command.workspace;
  Decision decision;
  decision.push_back({stream_of(command.log_id), LedgerCreated{command.log_id, command.origin},
                      std::nullopt, workspace});
  decision.push_back({stream_of(workspace),
                      WorkspaceCreated{command.workspace_name, command.profile, true}, std::nullopt,
                      workspace});
  decision.push_back(
      {policy_stream_of(workspace), PolicySet{command.policy}, std::nullopt, workspace});
  decision.push_back(
      {stream_of(command.owner), MemberAdded{Role::kOwner}, command.owner_profile, workspace});
  decision.push_back({stream_of(command.key), std::move(key), std::nullopt, workspace});
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
