#include <limits>

#include "core/decide_rules.h"

namespace keyledger {

namespace {

constexpr std::int64_t kEndOfTime = std::numeric_limits<std::int64_t>::max();

// `seconds` after `from`, or the end of time where that is beyond it.
Timestamp later(Timestamp from, std::uint64_t seconds) {
  const auto room = static_cast<std::uint64_t>(kEndOfTime - from.ms) / 1000;
  if (seconds > room) return {kEndOfTime};
  return from + static_cast<std::int64_t>(seconds) * 1000;
}

// The expiry of a new key, absolute, and the field that it comes from.
Life life_of(const Situation& in, const CreateKey& command) {
  Life life{in.now, command.not_before, command.expires_at};
  if (command.ttl_seconds) {
    life.expires_at = later(in.now, *command.ttl_seconds);
    life.field = "ttl_seconds";
  } else if (!command.expires_at && in.policy().default_ttl_seconds) {
    life.expires_at = later(in.now, *in.policy().default_ttl_seconds);
  }
  return life;
}

Result<void> check_predecessor(const Situation& in, const KeyId& id, Faults& faults) {
  const auto found = in.state.key(id);
  if (!found) return fail(found.error());
  const bool visible =
      *found && (*found)->workspace == in.workspace->id && (*found)->type != KeyType::kManagement;
  if (!visible) {
    faults.add("replaces", FieldFault::kInvalid, "There is no such key in this workspace.");
  } else if ((*found)->replaced_by) {
    faults.add("replaces", FieldFault::kConflict, "The key was replaced before.");
  }
  return {};
}

// The accountable member: the one that is named, else the one that asks.
std::optional<MemberId> owner_of(const Situation& in, const CreateKey& command) {
  if (command.owner || in.by_system()) return command.owner;
  return MemberId{in.call.actor.id};
}

Result<void> check_beginning(const Situation& in, const CreateKey& command, const KeyCreated& made,
                             const Life& life, Faults& faults) {
  check_type(in.policy(), made.type, faults);
  check_name(in.policy(), made.name, faults);
  check_scopes(in.policy(), made.type, command.scopes.value_or(made.scopes),
               command.scopes.has_value(), faults);
  check_origins(in.policy(), made.type, made.environment, command.allowed_origins, faults);
  check_missing_origin(made.type, made.allow_missing_origin, faults);
  if (command.expires_at && command.ttl_seconds) {
    faults.add("ttl_seconds", FieldFault::kConflict,
               "Give the end of the key as expires_at or as ttl_seconds, not both.");
  } else {
    check_life(in.policy(), in.now, life, true, faults);
  }
  if (made.owner.is_nil()) {
    faults.add("owner_id", FieldFault::kRequired, "A key needs a member who owns it.");
  } else {
    const auto looked = check_owner(in, made.owner, faults);
    if (!looked) return looked;
  }
  if (!command.replaces) return {};
  return check_predecessor(in, *command.replaces, faults);
}

}  // namespace

Result<KeyCreated> begin_key(const Situation& in, const CreateKey& command, Faults& faults) {
  const Life life = life_of(in, command);
  KeyCreated made;
  made.type = command.type;
  made.environment = command.environment;
  made.name = command.name;
  made.secret = command.secret;
  made.scopes = command.scopes.value_or(in.policy().default_scopes);
  made.allowed_origins = command.allowed_origins;
  made.allow_missing_origin = command.allow_missing_origin;
  made.allowed_ips = command.allowed_ips;
  made.not_before = command.not_before;
  made.expires_at = life.expires_at;
  made.owner = owner_of(in, command).value_or(MemberId{});
  made.rate_limit = command.rate_limit;
  made.replaces = command.replaces;
  make_set(made.scopes);
  make_set(made.allowed_origins);
  make_set(made.allowed_ips);
  const auto looked = check_beginning(in, command, made, life, faults);
  if (!looked) return fail(looked.error());
  return made;
}

Result<Decision> decide_on(const Situation& in, const CreateKey& command) {
  Faults faults;
  check_reason(in, faults);
  auto made = begin_key(in, command, faults);
  if (!made) return fail(made.error());
  const auto fields = faults.verdict();
  if (!fields) return fail(fields.error());
  const auto free = check_name_free(in, made->environment, made->name, command.replaces);
  if (!free) return fail(free.error());

  Decision decision;
  decision.push_back({stream_of(command.id), std::move(*made), command.details, {}});
  if (command.replaces) {
    decision.push_back({stream_of(*command.replaces), KeyReplaced{command.id}, std::nullopt, {}});
  }
  return decision;
}

// All of a member's management keys end in one frame when the member leaves, so there may not be
// more than fit.
Result<void> check_room_for_management_key(const Situation& in, const MemberId& member) {
  const auto keys = in.state.management_keys(member);
  if (!keys) return fail(keys.error());
  std::size_t live = 0;
  for (const KeyId& id : *keys) {
    const auto key = in.state.key(id);
    if (!key) return fail(key.error());
    if (*key && !is_final(status_of(**key, in.now))) ++live;
  }
  if (live < kMaxManagementKeys) return {};
  return fail(ErrorCode::kWrongState, "The member has " + std::to_string(live) +
                                          " management keys that have not ended; end one first.");
}

// The names of management keys are labels: no rule holds for them and two may be the same. Nor does
// the policy's longest life, which is about the keys of clients.
Result<Decision> decide_on(const Situation& in, const IssueManagementKey& command) {
  const auto member = find_member(in, command.member);
  if (!member) return fail(member.error());
  if (!in.by_system() && in.role != Role::kOwner) {
    if (!in.by_member(command.member)) return refuse_role(RoleSet(Role::kOwner));
    if (in.role != Role::kAdmin) return refuse_role(RoleSet(Role::kOwner, Role::kAdmin));
  }
  if (member->removed) return fail(ErrorCode::kWrongState, "The member was removed.");

  Faults faults;
  check_reason(in, faults);
  check_life(in.policy(), in.now, {in.now, std::nullopt, command.expires_at}, false, faults);
  const auto fields = faults.verdict();
  if (!fields) return fail(fields.error());
  const auto room = check_room_for_management_key(in, command.member);
  if (!room) return fail(room.error());

  KeyCreated made;
  made.type = KeyType::kManagement;
  made.environment = Environment::kLive;
  made.name = command.name;
  made.secret = command.secret;
  made.allowed_ips = command.allowed_ips;
  made.expires_at = command.expires_at;
  make_set(made.allowed_ips);
  made.owner = command.member;
  made.member = command.member;
  Decision decision;
  decision.push_back({stream_of(command.id), std::move(made), std::nullopt, {}});
  return decision;
}

}  // namespace keyledger
