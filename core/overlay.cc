#include "core/overlay.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace keyledger {
namespace {

// One text per workspace, environment and name: the key of the name table.
std::string name_slot(const WorkspaceId& workspace, Environment environment,
                      std::string_view name) {
  std::string slot;
  slot.reserve(workspace.bytes.size() + 1 + name.size());
  slot.append(workspace.bytes.begin(), workspace.bytes.end());
  slot.push_back(static_cast<char>(environment));
  slot.append(name);
  return slot;
}

// Where the key stands in the name table; empty if nowhere.
std::string slot_of(const Key& key) {
  if (key.version == 0 || key.end || key.type == KeyType::kManagement) return {};
  return name_slot(key.workspace, key.environment, key.name);
}

// `listed` as the base has it, put right for every thing that the overlay knows better.
template <typename Id, typename Map, typename Belongs>
std::vector<Id> put_right(std::vector<Id> listed, const Map& known, Belongs belongs) {
  listed.erase(std::remove_if(listed.begin(), listed.end(),
                              [&](const Id& id) { return known.contains(id); }),
               listed.end());
  for (const auto& [id, entry] : known) {
    if (entry.value && belongs(*entry.value)) listed.push_back(id);
  }
  std::sort(listed.begin(), listed.end());
  return listed;
}

template <typename Map>
void forget(Map& map, std::uint64_t applied) {
  std::erase_if(map, [applied](const auto& item) { return item.second.end <= applied; });
}

}  // namespace

template <typename Map, typename Read>
Result<const typename Map::mapped_type*> Overlay::find_or_read(Map& map,
                                                               const typename Map::key_type& id,
                                                               Read read) {
  if (const auto found = map.find(id); found != map.end()) return &found->second;
  auto value = read();
  if (!value) return fail(std::move(value.error()));
  return &map.emplace(id, typename Map::mapped_type{std::move(*value), 0}).first->second;
}

Result<const Overlay::Entry<std::optional<Key>>*> Overlay::key_entry(const KeyId& id) const {
  return find_or_read(keys_, id, [&] { return base_.key(id); });
}

Result<const Overlay::Entry<std::optional<Member>>*> Overlay::member_entry(
    const MemberId& id) const {
  return find_or_read(members_, id, [&] { return base_.member(id); });
}

Result<std::optional<Key>> Overlay::key(const KeyId& id) const {
  const auto entry = key_entry(id);
  if (!entry) return fail(entry.error());
  return (*entry)->value;
}

Result<std::optional<WorkspaceId>> Overlay::workspace_with_secret(const SecretHash& hash) const {
  const auto found = secrets_.find(hash.bytes);
  if (found != secrets_.end()) return std::optional(found->second.value);
  return base_.workspace_with_secret(hash);
}

Result<std::optional<NameHolder>> Overlay::name_holder(const WorkspaceId& workspace,
                                                       Environment environment,
                                                       std::string_view name,
                                                       std::uint64_t before) const {
  const auto known = names_.find(name_slot(workspace, environment, name));
  if (known == names_.end()) return base_.name_holder(workspace, environment, name, before);
  const NameHolders& flight = known->second;
  for (auto taken = flight.took.rbegin(); taken != flight.took.rend(); ++taken) {
    if (taken->named_at < before) return std::optional(*taken);
  }
  // Whom no event in flight touches, the base has where it always had it.
  while (true) {
    auto holder = base_.name_holder(workspace, environment, name, before);
    if (!holder || !*holder || !flight.knows((*holder)->id)) return holder;
    before = (*holder)->named_at;
  }
}

Result<std::optional<Member>> Overlay::member(const MemberId& id) const {
  const auto entry = member_entry(id);
  if (!entry) return fail(entry.error());
  return (*entry)->value;
}

Result<std::vector<MemberId>> Overlay::owners(const WorkspaceId& workspace) const {
  auto listed = base_.owners(workspace);
  if (!listed) return listed;
  return put_right(std::move(*listed), members_, [&](const Member& member) {
    return member.workspace == workspace && member.role == Role::kOwner && !member.removed;
  });
}

Result<std::vector<KeyId>> Overlay::management_keys(const MemberId& member) const {
  auto listed = base_.management_keys(member);
  if (!listed) return listed;
  return put_right(std::move(*listed), keys_, [&](const Key& key) {
    return key.type == KeyType::kManagement && key.member == member && !key.end;
  });
}

Result<std::shared_ptr<const Workspace>> Overlay::workspace(const WorkspaceId& id) const {
  const auto entry = find_or_read(workspaces_, id, [&] { return base_.workspace(id); });
  if (!entry) return fail(entry.error());
  return (*entry)->value;
}

Result<std::uint64_t> Overlay::events_in(const WorkspaceId& workspace) const {
  const auto entry =
      find_or_read(events_in_, workspace, [&] { return base_.events_in(workspace); });
  if (!entry) return fail(entry.error());
  return (*entry)->value;
}

Result<std::uint32_t> Overlay::ledger_version() const {
  if (!ledger_version_) {
    const auto version = base_.ledger_version();
    if (!version) return version;
    ledger_version_.emplace(Entry<std::uint32_t>{*version, 0});
  }
  return ledger_version_->value;
}

Result<std::optional<RememberedCall>> Overlay::remembered(const Digest& scope) const {
  if (const auto found = calls_.find(scope); found != calls_.end()) return found->second.value;
  return base_.remembered(scope);
}

Result<std::uint32_t> Overlay::version_of(const StreamId& stream) const {
  switch (stream.kind) {
    case StreamKind::kLedger: return ledger_version();
    case StreamKind::kWorkspace:
    case StreamKind::kPolicy: {
      const auto found = workspace(WorkspaceId{stream.id});
      if (!found) return fail(found.error());
      if (!*found) return 0;
      return stream.kind == StreamKind::kPolicy ? (*found)->policy_version : (*found)->version;
    }
    case StreamKind::kMember: {
      const auto entry = member_entry(MemberId{stream.id});
      if (!entry) return fail(entry.error());
      return (*entry)->value ? (*entry)->value->version : 0;
    }
    case StreamKind::kKey: {
      const auto entry = key_entry(KeyId{stream.id});
      if (!entry) return fail(entry.error());
      return (*entry)->value ? (*entry)->value->version : 0;
    }
  }
  return fail(ErrorCode::kInternal, "A stream of no known kind.");
}

void Overlay::apply(const RecordedEvent& event) {
  switch (event.stream.kind) {
    case StreamKind::kLedger:
      ledger_version_ = Entry<std::uint32_t>{event.version, event.position + 1};
      break;
    case StreamKind::kWorkspace:
    case StreamKind::kPolicy: apply_to_workspace(event); break;
    case StreamKind::kMember: apply_to_member(event); break;
    case StreamKind::kKey: apply_to_key(event); break;
  }
  events_in_[event.workspace] = {event.workspace_seq + 1, event.position + 1};
}

void Overlay::apply_to_workspace(const RecordedEvent& event) {
  const auto found = workspaces_.find(WorkspaceId{event.stream.id});
  assert(found != workspaces_.end());
  auto& [value, end] = found->second;
  // Readers may hold the old one: change a copy.
  auto changed = value ? std::make_shared<Workspace>(*value) : std::make_shared<Workspace>();
  evolve(*changed, event);
  if (changed->version != 0) value = std::move(changed);
  end = event.position + 1;
}

void Overlay::apply_to_member(const RecordedEvent& event) {
  const auto found = members_.find(MemberId{event.stream.id});
  assert(found != members_.end());
  auto& [value, end] = found->second;
  if (!value) value.emplace();
  evolve(*value, event);
  if (value->version == 0) value.reset();
  end = event.position + 1;
}

void Overlay::apply_to_key(const RecordedEvent& event) {
  const auto found = keys_.find(KeyId{event.stream.id});
  assert(found != keys_.end());
  auto& [value, end] = found->second;
  end = event.position + 1;
  if (!value) value.emplace();
  const std::string before = slot_of(*value);
  evolve(*value, event);
  if (!value->secrets.empty()) {
    secrets_[value->current_secret().facts.hash.bytes] = {value->workspace, end};
  }
  const std::string after = slot_of(*value);
  if (before != after) {
    if (!before.empty()) leave_name(before, found->first, event.position);
    if (!after.empty()) take_name(after, found->first, event.position);
  } else if (!before.empty() && std::holds_alternative<KeyExpired>(event.event)) {
    leave_name(before, found->first, event.position);
  }
  if (value->version == 0) value.reset();
}

bool Overlay::NameHolders::knows(const KeyId& key) const {
  const auto is_it = [&key](const NameHolder& holder) { return holder.id == key; };
  return std::find(left.begin(), left.end(), key) != left.end() ||
         std::any_of(took.begin(), took.end(), is_it);
}

void Overlay::leave_name(const std::string& slot, const KeyId& key, std::uint64_t position) {
  NameHolders& holders = names_[slot];
  std::erase_if(holders.took, [&key](const NameHolder& holder) { return holder.id == key; });
  holders.left.push_back(key);
  holders.end = position + 1;
}

void Overlay::take_name(const std::string& slot, const KeyId& key, std::uint64_t position) {
  NameHolders& holders = names_[slot];
  std::erase(holders.left, key);
  holders.took.push_back({position, key});
  holders.end = position + 1;
}

void Overlay::remember(const Digest& scope, const RememberedCall& call) {
  calls_[scope] = {call, call.first_position + call.count};
}

void Overlay::forget_through(std::uint64_t applied) {
  forget(keys_, applied);
  forget(members_, applied);
  forget(workspaces_, applied);
  forget(events_in_, applied);
  forget(names_, applied);
  forget(calls_, applied);
  forget(secrets_, applied);
  if (ledger_version_ && ledger_version_->end <= applied) ledger_version_.reset();
}

void Overlay::clear() {
  keys_.clear();
  members_.clear();
  workspaces_.clear();
  events_in_.clear();
  names_.clear();
  calls_.clear();
  secrets_.clear();
  ledger_version_.reset();
}

}  // namespace keyledger
