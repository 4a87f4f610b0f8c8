#include "projections/all.h"

#include <utility>

#include "events/log/event_reader.h"

namespace keyledger {

// The projections look at each other and at the store, so the store is made first and dies last.
struct Projections::Rep {
  Rep(const EventLog& log, std::unique_ptr<Store> store_in)
      : store(std::move(store_in)),
        directory(log),
        verify_index(log),
        keys(log, verify_index),
        streams(log),
        audit(log, directory, keys, streams),
        projector(*store, log,
                  {&verify_index, &directory, &keys, &streams, &audit, &calls, &schedule,
                   &retired_secret_uses, &tree}) {
    verify_index.read_from(keys);
  }

  std::unique_ptr<Store> store;
  Directory directory;
  VerifyIndex verify_index;
  KeyTable keys;
  Streams streams;
  AuditTrail audit;
  Calls calls;
  Schedule schedule;
  RetiredSecretUses retired_secret_uses;
  Tree tree;
  Usage usage{verify_index};
  Projector projector;  // applies in the order given to it: who may verify is settled first
};

Projections::Projections(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Projections::~Projections() = default;

Result<std::unique_ptr<Projections>> Projections::open(const EventLog& log, const std::string& path,
                                                       const StoreOptions& options,
                                                       const Projector::Progress& progress) {
  auto store = Store::open(path, options);
  if (!store) return fail(store.error());
  auto rep = std::make_unique<Rep>(log, std::move(*store));
  if (auto caught_up = rep->projector.catch_up(progress); !caught_up) {
    return fail(caught_up.error());
  }
  return std::unique_ptr<Projections>(new Projections(std::move(rep)));
}

Projector& Projections::projector() { return rep_->projector; }
const Projector& Projections::projector() const { return rep_->projector; }
Store& Projections::store() { return *rep_->store; }
const Directory& Projections::directory() const { return rep_->directory; }
const KeyTable& Projections::keys() const { return rep_->keys; }
VerifyIndex& Projections::verify_index() { return rep_->verify_index; }
const VerifyIndex& Projections::verify_index() const { return rep_->verify_index; }
const AuditTrail& Projections::audit() const { return rep_->audit; }
const Streams& Projections::streams() const { return rep_->streams; }
const Calls& Projections::calls() const { return rep_->calls; }
const Schedule& Projections::schedule() const { return rep_->schedule; }
const RetiredSecretUses& Projections::retired_secret_uses() const {
  return rep_->retired_secret_uses;
}
const Tree& Projections::tree() const { return rep_->tree; }
Usage& Projections::usage() { return rep_->usage; }
const Usage& Projections::usage() const { return rep_->usage; }
Timestamp Projections::last_time() const { return rep_->directory.last_time(); }

Result<std::optional<Key>> Projections::key(const KeyId& id) const { return rep_->keys.key(id); }

Result<std::optional<WorkspaceId>> Projections::workspace_with_secret(
    const SecretHash& hash) const {
  const auto found = rep_->verify_index.caller(hash.bytes, {}, {});
  if (!found) return std::optional<WorkspaceId>();
  return std::optional(found->workspace);
}

Result<std::optional<NameHolder>> Projections::name_holder(const WorkspaceId& workspace,
                                                           Environment environment,
                                                           std::string_view name,
                                                           std::uint64_t before) const {
  return rep_->keys.name_holder(workspace, environment, name, before);
}

Result<std::optional<Member>> Projections::member(const MemberId& id) const {
  const auto found = rep_->directory.member(id);
  if (!found) return std::optional<Member>();
  return std::optional(found->member);
}

Result<std::vector<MemberId>> Projections::owners(const WorkspaceId& workspace) const {
  std::vector<MemberId> owners;
  for (const auto& entry : rep_->directory.members(workspace)) {
    const Member& member = entry->member;
    if (member.role == Role::kOwner && !member.removed) owners.push_back(member.id);
  }
  return owners;
}

Result<std::vector<KeyId>> Projections::management_keys(const MemberId& member) const {
  return rep_->keys.management_keys(member);
}

Result<std::shared_ptr<const Workspace>> Projections::workspace(const WorkspaceId& id) const {
  return rep_->directory.workspace(id);
}

Result<std::uint64_t> Projections::events_in(const WorkspaceId& workspace) const {
  return rep_->directory.events_in(workspace);
}

Result<std::uint32_t> Projections::ledger_version() const {
  return rep_->directory.ledger_version();
}

Result<std::optional<RememberedCall>> Projections::remembered(const Digest& scope) const {
  return rep_->calls.remembered(scope);
}

}  // namespace keyledger
