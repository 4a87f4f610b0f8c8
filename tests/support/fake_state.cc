#include "tests/support/fake_state.h"

namespace keyledger {

void FakeState::apply(const RecordedEvent& event) {
  const std::lock_guard lock(mutex_);
  fold(event);
}

std::vector<RecordedEvent> FakeState::record(const Decision& decision, const CallContext& call,
                                             Timestamp now) {
  const std::lock_guard lock(mutex_);
  std::vector<RecordedEvent> recorded;
  for (const NewEvent& made : decision) {
    RecordedEvent event;
    event.position = history_.size();
    event.time = now;
    for (std::size_t i = 0; i < 8; ++i) {
      event.id.bytes[15 - i] = static_cast<std::uint8_t>(event.position >> (8 * i));
    }
    event.workspace = made.workspace.is_nil() ? call.workspace : made.workspace;
    event.workspace_seq = events_in_[event.workspace];
    event.stream = made.stream;
    event.version = version_of(made.stream) + (is_notice(made.event) ? 0 : 1);
    event.actor = call.actor;
    if (call.actor_details) event.actor_commitment = call.actor_details->commitment;
    if (made.subject) event.subject_commitment = made.subject->commitment;
    event.request_id = call.request_id;
    event.reason = call.reason;
    event.event = made.event;
    fold(event);
    recorded.push_back(std::move(event));
  }
  return recorded;
}

void FakeState::fold(const RecordedEvent& event) {
  history_.push_back(event);
  ++events_in_[event.workspace];
  switch (event.stream.kind) {
    case StreamKind::kLedger:
      if (!is_notice(event.event)) ledger_version_ = event.version;
      break;
    case StreamKind::kWorkspace:
    case StreamKind::kPolicy: evolve(workspaces_[WorkspaceId{event.stream.id}], event); break;
    case StreamKind::kMember: evolve(members_[MemberId{event.stream.id}], event); break;
    case StreamKind::kKey: {
      const KeyId id{event.stream.id};
      evolve(keys_[id], event);
      if (creation_in(event.event) != nullptr || std::holds_alternative<KeyRenamed>(event.event)) {
        named_at_[id] = event.position;
      }
      if (std::holds_alternative<KeyExpired>(event.event)) named_at_.erase(id);
      break;
    }
  }
}

std::uint32_t FakeState::version_of(const StreamId& stream) const {
  const auto version_in = [&stream](const auto& things, auto id, auto version) {
    id.bytes = stream.id;
    const auto found = things.find(id);
    return found == things.end() ? 0 : found->second.*version;
  };
  switch (stream.kind) {
    case StreamKind::kLedger: return ledger_version_;
    case StreamKind::kWorkspace: return version_in(workspaces_, WorkspaceId{}, &Workspace::version);
    case StreamKind::kPolicy:
      return version_in(workspaces_, WorkspaceId{}, &Workspace::policy_version);
    case StreamKind::kMember: return version_in(members_, MemberId{}, &Member::version);
    case StreamKind::kKey: return version_in(keys_, KeyId{}, &Key::version);
  }
  return 0;
}

void FakeState::remember(const Digest& scope, const RememberedCall& call) {
  const std::lock_guard lock(mutex_);
  remembered_[scope] = call;
}

void FakeState::fail_with(std::optional<Error> error, std::size_t after) {
  const std::lock_guard lock(mutex_);
  error_ = std::move(error);
  look_ups_left_ = after;
}

bool FakeState::fails() const {
  if (!error_) return false;
  if (look_ups_left_ == 0) return true;
  --look_ups_left_;
  return false;
}

std::vector<RecordedEvent> FakeState::history() const {
  const std::lock_guard lock(mutex_);
  return history_;
}

std::vector<Key> FakeState::keys() const {
  const std::lock_guard lock(mutex_);
  std::vector<Key> all;
  for (const auto& [id, key] : keys_) all.push_back(key);
  return all;
}

std::vector<Member> FakeState::members() const {
  const std::lock_guard lock(mutex_);
  std::vector<Member> all;
  for (const auto& [id, member] : members_) all.push_back(member);
  return all;
}

Result<std::optional<Key>> FakeState::key(const KeyId& id) const {
  const std::lock_guard lock(mutex_);
  if (fails()) return fail(*error_);
  const auto found = keys_.find(id);
  if (found == keys_.end()) return std::optional<Key>();
  return std::optional<Key>(found->second);
}

Result<std::optional<WorkspaceId>> FakeState::workspace_with_secret(const SecretHash& hash) const {
  const std::lock_guard lock(mutex_);
  if (fails()) return fail(*error_);
  for (const auto& [id, key] : keys_) {
    for (const KeySecret& secret : key.secrets) {
      if (secret.facts.hash == hash) return std::optional(key.workspace);
    }
  }
  return std::optional<WorkspaceId>();
}

Result<std::optional<NameHolder>> FakeState::name_holder(const WorkspaceId& workspace,
                                                         Environment environment,
                                                         std::string_view name,
                                                         std::uint64_t before) const {
  const std::lock_guard lock(mutex_);
  if (fails()) return fail(*error_);
  std::optional<NameHolder> newest;
  for (const auto& [id, named_at] : named_at_) {
    const Key& key = keys_.at(id);
    const bool holds = key.workspace == workspace && key.environment == environment &&
                       key.name == name && !key.end && key.type != KeyType::kManagement;
    if (!holds || named_at >= before) continue;
    if (!newest || named_at > newest->named_at) newest = NameHolder{named_at, id};
  }
  return newest;
}

Result<std::optional<Member>> FakeState::member(const MemberId& id) const {
  const std::lock_guard lock(mutex_);
  if (fails()) return fail(*error_);
  const auto found = members_.find(id);
  if (found == members_.end()) return std::optional<Member>();
  return std::optional<Member>(found->second);
}

Result<std::vector<MemberId>> FakeState::owners(const WorkspaceId& workspace) const {
  const std::lock_guard lock(mutex_);
  if (fails()) return fail(*error_);
  std::vector<MemberId> owners;
  for (const auto& [id, member] : members_) {
    if (member.workspace == workspace && member.role == Role::kOwner && !member.removed) {
      owners.push_back(id);
    }
  }
  return owners;
}

Result<std::vector<KeyId>> FakeState::management_keys(const MemberId& member) const {
  const std::lock_guard lock(mutex_);
  if (fails()) return fail(*error_);
  std::vector<KeyId> keys;
  for (const auto& [id, key] : keys_) {
    if (key.type == KeyType::kManagement && key.member == member && !key.end) keys.push_back(id);
  }
  return keys;
}

Result<std::shared_ptr<const Workspace>> FakeState::workspace(const WorkspaceId& id) const {
  const std::lock_guard lock(mutex_);
  if (fails()) return fail(*error_);
  const auto found = workspaces_.find(id);
  if (found == workspaces_.end()) return std::shared_ptr<const Workspace>();
  return std::make_shared<const Workspace>(found->second);
}

Result<std::uint64_t> FakeState::events_in(const WorkspaceId& workspace) const {
  const std::lock_guard lock(mutex_);
  if (fails()) return fail(*error_);
  const auto found = events_in_.find(workspace);
  return found == events_in_.end() ? 0 : found->second;
}

Result<std::uint32_t> FakeState::ledger_version() const {
  const std::lock_guard lock(mutex_);
  if (fails()) return fail(*error_);
  return ledger_version_;
}

Result<std::optional<RememberedCall>> FakeState::remembered(const Digest& scope) const {
  const std::lock_guard lock(mutex_);
  if (fails()) return fail(*error_);
  const auto found = remembered_.find(scope);
  if (found == remembered_.end()) return std::optional<RememberedCall>();
  return std::optional<RememberedCall>(found->second);
}

}  // namespace keyledger
