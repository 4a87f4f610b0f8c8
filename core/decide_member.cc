#include "core/decide_rules.h"

namespace keyledger {

namespace {

// Removing or demoting this member must leave an owner.
Result<void> check_owner_remains(const Situation& in, const Member& member) {
  if (member.role != Role::kOwner) return {};
  const auto owners = in.state.owners(in.workspace->id);
  if (!owners) return fail(owners.error());
  for (const MemberId& owner : *owners) {
    if (owner != member.id) return {};
  }
  return fail(ErrorCode::kLastOwner,
              "The last owner of a workspace can be neither removed nor demoted.");
}

Result<void> check_reason_alone(const Situation& in) {
  Faults faults;
  check_reason(in, faults);
  return faults.verdict();
}

}  // namespace

Result<Decision> decide_on(const Situation& in, const AddMember& command) {
  const auto reason = check_reason_alone(in);
  if (!reason) return fail(reason.error());
  Decision decision;
  decision.push_back({stream_of(command.id), MemberAdded{command.role}, command.profile, {}});
  return decision;
}

Result<Decision> decide_on(const Situation& in, const ChangeMember& command) {
  const auto member = find_member(in, command.id);
  if (!member) return fail(member.error());
  const StreamId stream = stream_of(command.id);
  Decision decision;
  const bool new_role = command.role && *command.role != member->role;
  if (new_role) {
    decision.push_back(
        {stream, MemberRoleChanged{{member->role, *command.role}}, std::nullopt, {}});
  }
  if (command.profile) {
    decision.push_back({stream, MemberProfileChanged{{member->profile_at}}, command.profile, {}});
  }
  if (decision.empty() && !in.call.if_match) return decision;
  const auto version = check_version(in, member->version);
  if (!version) return fail(version.error());
  if (decision.empty()) return decision;
  if (member->removed) return fail(ErrorCode::kWrongState, "The member was removed.");
  if (command.profile && command.made_from && command.made_from != member->profile_at) {
    return fail(Error{ErrorCode::kVersionMismatch,
                      "The member's profile was changed in between.",
                      {},
                      member->version});
  }
  if (new_role) {
    const auto remains = check_owner_remains(in, *member);
    if (!remains) return fail(remains.error());
  }
  const auto reason = check_reason_alone(in);
  if (!reason) return fail(reason.error());
  return decision;
}

// The keys end first, so that no prefix of the history has a management key without a member.
Result<Decision> decide_on(const Situation& in, const RemoveMember& command) {
  const auto member = find_member(in, command.id);
  if (!member) return fail(member.error());
  if (member->removed) return Decision{};
  const auto version = check_version(in, member->version);
  if (!version) return fail(version.error());
  const auto remains = check_owner_remains(in, *member);
  if (!remains) return fail(remains.error());
  const auto reason = check_reason_alone(in);
  if (!reason) return fail(reason.error());

  const auto keys = in.state.management_keys(command.id);
  if (!keys) return fail(keys.error());
  Decision decision;
  for (const KeyId& id : *keys) {
    const auto key = in.state.key(id);
    if (!key) return fail(key.error());
    if (!*key || is_final(status_of(**key, in.now))) continue;
    decision.push_back(
        {stream_of(id), KeyRevoked{RevocationCode::kAffiliationChanged}, std::nullopt, {}});
  }
  decision.push_back({stream_of(command.id), MemberRemoved{}, std::nullopt, {}});
  return decision;
}

}  // namespace keyledger
