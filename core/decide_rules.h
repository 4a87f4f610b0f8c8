// What the decide_*.cc files and policy_effects.cc share; nobody else includes it. Every command
// has one decide_on(); the checks that several need stand here once, in the order that
// core/decide.h promises.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/decide.h"

namespace keyledger {

// One call that passed the caller's check. `workspace` is null only for the ledger's own commands.
struct Situation {
  const StateReader& state;
  const CallContext& call;
  Timestamp now;
  std::shared_ptr<const Workspace> workspace;
  std::optional<Role> role;  // of the member who asks; nothing for the system and key holders

  [[nodiscard]] const Policy& policy() const { return workspace->policy; }
  [[nodiscard]] bool by_system() const { return call.actor.kind == ActorKind::kSystem; }
  [[nodiscard]] bool by_member(const std::optional<MemberId>& member) const {
    return call.actor.kind == ActorKind::kMember && member && member->bytes == call.actor.id;
  }
};

// Gathers what is wrong with the fields of one command, so that a caller learns all of it at once.
class Faults {
 public:
  void add(std::string field, FieldFault fault, std::string message);
  // The faults of one thing within the command, named "within.field".
  void take(std::string_view within, const std::vector<FieldError>& inner);
  // kInvalidRequest with every fault so far; nothing if there is none.
  [[nodiscard]] Result<void> verdict() const;
  [[nodiscard]] const std::vector<FieldError>& found() const { return found_; }

 private:
  std::vector<FieldError> found_;
};

// --- The caller and the target (decide_caller.cc) ---

[[nodiscard]] Result<Situation> admit(const StateReader& state, const CallContext& call,
                                      Timestamp now);

enum class KeyAccess {
  kChange,  // management keys: their own member and owners
  kRotate,  // management keys: their own member alone
  kNotice,  // whoever the route permits
};
// The key, if it is of the call's workspace and the caller may do that with it. kNotFound for what
// the caller may not see, else kForbidden.
[[nodiscard]] Result<Key> find_key(const Situation& in, const KeyId& id, KeyAccess access);
// Removed members too.
[[nodiscard]] Result<Member> find_member(const Situation& in, const MemberId& id);

// kVersionMismatch, kPreconditionRequired. The system has no version in hand and needs none.
[[nodiscard]] Result<void> check_version(const Situation& in, std::uint32_t version);
[[nodiscard]] Result<void> check_not_final(const Situation& in, const Key& key);
void check_reason(const Situation& in, Faults& faults);

// "owner or admin".
[[nodiscard]] std::string roles_text(RoleSet roles);
[[nodiscard]] tl::unexpected<Error> refuse_role(RoleSet may);

// --- The fields of a key (decide_fields.cc) ---

// "scopes[2]".
[[nodiscard]] std::string indexed(std::string_view list, std::size_t index);

void check_type(const Policy& policy, KeyType type, Faults& faults);
void check_name(const Policy& policy, std::string_view name, Faults& faults);
// `given`: whether the caller chose them, and so knows the order; else they are the policy's
// default.
void check_scopes(const Policy& policy, KeyType type, const std::vector<std::string>& scopes,
                  bool given, Faults& faults, std::string_view field = "scopes");
void check_origins(const Policy& policy, KeyType type, Environment environment,
                   const std::vector<OriginRule>& origins, Faults& faults);
void check_missing_origin(KeyType type, bool allowed, Faults& faults);

// From when to when a key may be used, and which field the caller would mend.
struct Life {
  Timestamp created_at;
  OptionalTime not_before;
  OptionalTime expires_at;
  std::string_view field = "expires_at";
};
// `limited`: whether the policy's longest life holds for it.
void check_life(const Policy& policy, Timestamp now, const Life& life, bool limited,
                Faults& faults);

// The owner_id of a key must be a member that is there. Errors: those of the state.
[[nodiscard]] Result<void> check_owner(const Situation& in, const MemberId& owner, Faults& faults);

// kNameTaken if any live key holds the name but `predecessor`, which may share it.
[[nodiscard]] Result<void> check_name_free(const Situation& in, Environment environment,
                                           std::string_view name,
                                           const std::optional<KeyId>& predecessor);

// --- A key's beginning (decide_key_create.cc) ---

// The fact that a command for a new key comes to, and what is wrong with it by every rule but two:
// that the call has a reason and that the name is free. Errors: those of the state.
[[nodiscard]] Result<KeyCreated> begin_key(const Situation& in, const CreateKey& command,
                                           Faults& faults);

// --- A workspace's beginning (decide_workspace.cc) ---

// Its events: the workspace, its policy, its owner, the owner's management key.
void add_workspace(Decision& decision, const NewWorkspace& made, bool is_operator);

// --- One per command ---

[[nodiscard]] Result<Decision> decide_on(const Situation& in, const FoundLedger& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const AcceptRollback& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const CreateWorkspace& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const SuspendWorkspace& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const ResumeWorkspace& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const SetPolicy& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const CreateKey& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const ImportKeys& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const IssueManagementKey& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const ChangeKey& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const RotateKey& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const EndOverlap& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const SuspendKey& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const SuspendUnused& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const ResumeKey& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const RevokeKey& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const AddMember& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const ChangeMember& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const RemoveMember& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const RecordExpiry& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const RecordExpiring& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const RecordRetirement& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in,
                                         const RecordRetiredSecretUse& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const RecordSecretReplay& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const RecordLookup& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const SelfRevoke& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const ReportLeak& command);
[[nodiscard]] Result<Decision> decide_on(const Situation& in, const RecordUsageDigest& command);

}  // namespace keyledger
