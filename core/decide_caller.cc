// Who may ask, and about what. The answers follow the table of roles in design product.md
// section 2.
#include "core/decide_rules.h"

namespace keyledger {

namespace {

constexpr RoleSet kKeyManagers{Role::kOwner, Role::kAdmin};

tl::unexpected<Error> no_such_key() {
  return fail(ErrorCode::kNotFound, "There is no such key in this workspace.");
}

Result<void> check_acting_key(const StateReader& state, const CallContext& call, Timestamp now) {
  if (!call.actor.acting_key) return {};
  const auto key = state.key(*call.actor.acting_key);
  if (!key) return fail(key.error());
  const bool own = *key && (*key)->type == KeyType::kManagement &&
                   (*key)->workspace == call.workspace && (*key)->member &&
                   (*key)->member->bytes == call.actor.id;
  if (!own) {
    return fail(ErrorCode::kForbidden, "The management key does not belong to this member.");
  }
  const KeyStatus status = status_of(**key, now);
  if (status == KeyStatus::kActive) return {};
  return fail(ErrorCode::kUnauthenticated,
              "The management key is " + std::string(status_name(status)) + ".");
}

Result<Role> role_of_member(const StateReader& state, const CallContext& call) {
  const auto member = state.member(MemberId{call.actor.id});
  if (!member) return fail(member.error());
  if (!*member || (*member)->workspace != call.workspace || (*member)->removed) {
    return fail(ErrorCode::kForbidden, "The caller is not a member of this workspace.");
  }
  if (!call.permitted.has((*member)->role)) return refuse_role(call.permitted);
  return (*member)->role;
}

// Whether the caller may do that with a management key.
Result<void> check_management_access(const Situation& in, const Key& key, KeyAccess access) {
  if (in.by_member(key.member)) return {};
  if (in.role == Role::kAdmin) return no_such_key();
  if (access == KeyAccess::kRotate) {
    return fail(ErrorCode::kForbidden, "Only its own member may rotate a management key.");
  }
  if (in.role == Role::kOwner) return {};
  return fail(ErrorCode::kForbidden,
              "This needs the role owner, or a management key of one's own.");
}

}  // namespace

std::string roles_text(RoleSet roles) {
  std::string text;
  for (const Role role : {Role::kOwner, Role::kAdmin, Role::kAuditor, Role::kVerifier}) {
    if (!roles.has(role)) continue;
    if (!text.empty()) text += " or ";
    text += role_name(role);
  }
  return text.empty() ? "of nobody" : text;
}

tl::unexpected<Error> refuse_role(RoleSet may) {
  return fail(ErrorCode::kForbidden, "This needs the role " + roles_text(may) + ".");
}

Result<Situation> admit(const StateReader& state, const CallContext& call, Timestamp now) {
  Situation in{state, call, now, nullptr, std::nullopt};
  if (!call.workspace.is_nil()) {
    auto workspace = state.workspace(call.workspace);
    if (!workspace) return fail(workspace.error());
    in.workspace = std::move(*workspace);
  }
  if (call.actor.kind != ActorKind::kMember) return in;

  const auto authentic = check_acting_key(state, call, now);
  if (!authentic) return fail(authentic.error());
  const auto role = role_of_member(state, call);
  if (!role) return fail(role.error());
  in.role = *role;
  if (in.workspace && in.workspace->suspended) {
    return fail(ErrorCode::kForbidden,
                "The workspace is suspended: nothing in it can be changed until its operator "
                "resumes it.");
  }
  return in;
}

Result<Key> find_key(const Situation& in, const KeyId& id, KeyAccess access) {
  const auto found = in.state.key(id);
  if (!found) return fail(found.error());
  if (!*found || (*found)->workspace != in.workspace->id) return no_such_key();
  const Key& key = **found;
  if (access == KeyAccess::kNotice || in.by_system()) return key;

  if (key.type == KeyType::kManagement) {
    const auto allowed = check_management_access(in, key, access);
    if (!allowed) return fail(allowed.error());
  } else if (!in.role || !kKeyManagers.has(*in.role)) {
    return refuse_role(kKeyManagers);
  }
  return key;
}

Result<Member> find_member(const Situation& in, const MemberId& id) {
  const auto found = in.state.member(id);
  if (!found) return fail(found.error());
  if (!*found || (*found)->workspace != in.workspace->id) {
    return fail(ErrorCode::kNotFound, "There is no such member in this workspace.");
  }
  return **found;
}

Result<void> check_version(const Situation& in, std::uint32_t version) {
  if (in.by_system()) return {};
  if (!in.call.if_match) {
    if (!in.policy().require_if_match) return {};
    return fail(ErrorCode::kPreconditionRequired,
                "The policy of this workspace requires If-Match with the version to change.");
  }
  if (*in.call.if_match == version) return {};
  Error error{ErrorCode::kVersionMismatch,
              "If-Match names version " + std::to_string(*in.call.if_match) + "; it is version " +
                  std::to_string(version) + " now.",
              {},
              version};
  return fail(std::move(error));
}

Result<void> check_not_final(const Situation& in, const Key& key) {
  const KeyStatus status = status_of(key, in.now);
  if (!is_final(status)) return {};
  return fail(ErrorCode::kKeyFinal,
              "The key is " + std::string(status_name(status)) + ", which is final.");
}

void check_reason(const Situation& in, Faults& faults) {
  if (in.by_system() || !in.policy().require_reason || !in.call.reason.empty()) return;
  faults.add("reason", FieldFault::kRequired,
             "The policy of this workspace requires a reason for every change.");
}

}  // namespace keyledger
