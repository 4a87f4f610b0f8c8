#include "projections/audit_join.h"

#include <utility>
#include <variant>

#include "events/proof/merkle.h"
#include "projections/directory.h"
#include "projections/key_table.h"

namespace keyledger {
namespace {

// The key's name just after the event, where the event says it: then nothing else is read.
const std::string* key_name_in(const Event& event) {
  if (const KeyCreated* created = creation_in(event)) return &created->name;
  const auto* renamed = std::get_if<KeyRenamed>(&event);
  return renamed != nullptr ? &renamed->to : nullptr;
}

// The event that held the text which this one replaced.
OptionalPosition previous_details(const Event& event) {
  if (const auto* change = std::get_if<KeyDescriptionChanged>(&event)) return change->previous;
  if (const auto* change = std::get_if<KeyMetadataChanged>(&event)) return change->previous;
  if (const auto* change = std::get_if<KeyExternalIdChanged>(&event)) return change->previous;
  if (const auto* change = std::get_if<MemberProfileChanged>(&event)) return change->previous;
  return std::nullopt;
}

}  // namespace

AuditJoin::AuditJoin(const EventLog& log, const Directory& directory, const KeyTable& keys,
                     KeyName key_name)
    : earlier_(log), directory_(directory), keys_(keys), key_name_(std::move(key_name)) {}

Result<AuditEntry> AuditJoin::entry(const EventAt& at) {
  AuditEntry entry;
  entry.event = at.event;
  entry.leaf_hash = merkle::leaf_hash(at.leaf);
  if (auto done = name_actor(entry); !done) return fail(done.error());
  if (auto done = name_target(entry); !done) return fail(done.error());
  if (auto done = open_blobs(entry, at.side); !done) return fail(done.error());
  return entry;
}

Result<void> AuditJoin::name_actor(AuditEntry& entry) {
  const Actor& actor = entry.event.actor;
  if (actor.kind == ActorKind::kSystem) {
    entry.actor_name = "system";
  } else if (actor.kind == ActorKind::kMember) {
    const auto member = directory_.member(MemberId{actor.id});
    if (member && member->profile) entry.actor_name = member->profile->name;
  } else {
    auto name = key_name_(KeyId{actor.id}, entry.event.position);
    if (!name) return fail(name.error());
    entry.actor_name = *name;
  }
  if (!actor.acting_key) return {};

  auto known = issuers_.find(*actor.acting_key);
  if (known == issuers_.end()) {
    auto key = keys_.key(*actor.acting_key);
    if (!key) return fail(key.error());
    if (!*key) return {};
    known = issuers_.emplace(*actor.acting_key, (*key)->created_by).first;
  }
  const Actor& issuer = known->second;
  if (issuer.kind == ActorKind::kMember && issuer.id != actor.id) {
    entry.key_issued_by = MemberId{issuer.id};
  }
  return {};
}

Result<void> AuditJoin::name_target(AuditEntry& entry) {
  const StreamId& stream = entry.event.stream;
  switch (stream.kind) {
    case StreamKind::kKey: {
      if (const std::string* said = key_name_in(entry.event.event)) {
        entry.target_name = *said;
        return {};
      }
      auto name = key_name_(KeyId{stream.id}, entry.event.position);
      if (!name) return fail(name.error());
      entry.target_name = *name;
      return {};
    }
    case StreamKind::kMember: {
      const auto member = directory_.member(MemberId{stream.id});
      if (member && member->profile) entry.target_name = member->profile->name;
      return {};
    }
    case StreamKind::kWorkspace:
    case StreamKind::kPolicy: {
      const auto workspace = directory_.workspace(WorkspaceId{stream.id});
      if (workspace) entry.target_name = workspace->name;
      return {};
    }
    case StreamKind::kLedger: entry.target_name = directory_.origin(); return {};
  }
  return {};
}

Result<std::string> AuditJoin::earlier_subject(std::uint64_t position) {
  auto at = earlier_.at(position);
  if (!at) return fail(at.error());
  return at->side.subject ? at->side.subject->bytes : std::string();
}

Result<void> AuditJoin::open_blobs(AuditEntry& entry, const EventSide& side) {
  if (side.actor) {
    auto details = decode_actor_details(side.actor->bytes);
    if (!details) return fail(details.error());
    entry.actor_details = std::move(*details);
  }
  std::string before;
  if (const auto previous = previous_details(entry.event.event)) {
    auto earlier = earlier_subject(*previous);
    if (!earlier) return fail(earlier.error());
    before = std::move(*earlier);
  }
  const std::string after = side.subject ? side.subject->bytes : std::string();
  if (std::holds_alternative<KeyLeakReported>(entry.event.event)) {
    if (after.empty()) return {};
    auto leak = decode_leak_details(after);
    if (!leak) return fail(leak.error());
    entry.leak = std::move(*leak);
    return {};
  }
  const bool about_member = entry.event.stream.kind == StreamKind::kMember;
  for (const auto& [bytes, is_new] :
       {std::pair(std::string_view(before), false), std::pair(std::string_view(after), true)}) {
    if (bytes.empty()) continue;
    if (about_member) {
      auto profile = decode_member_profile(bytes);
      if (!profile) return fail(profile.error());
      (is_new ? entry.profile_to : entry.profile_from) = std::move(*profile);
    } else {
      auto details = decode_key_details(bytes);
      if (!details) return fail(details.error());
      (is_new ? entry.details_to : entry.details_from) = std::move(*details);
    }
  }
  return {};
}

}  // namespace keyledger
