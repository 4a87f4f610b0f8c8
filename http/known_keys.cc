#include "http/known_keys.h"

#include <limits>
#include <string>
#include <utility>
#include <variant>

#include "http/query.h"

namespace keyledger::http {
namespace {

// Every entry that the filter holds, recorded after event `after`, oldest first. A quick look ends
// with its first page, which has an end of its own (AuditTrail::list). Whether those were all.
template <typename Visit>
Result<bool> for_each_entry(const Call& call, AuditFilter filter,
                            std::optional<std::uint64_t> after, Look look, Visit visit) {
  AuditPageRequest request;
  request.filter = std::move(filter);
  request.filter.workspace = call.caller->workspace;
  request.descending = false;
  request.limit = kMaxPage;
  request.after = after;
  do {
    const auto page = call.api.projections.audit().list(request);
    if (!page) return fail(page.error());
    for (const AuditEntry& entry : page->entries) visit(entry.event);
    request.after = page->next;
  } while (request.after && look == Look::kWhole);
  return !request.after;
}

Result<void> add_keys_seen(const Call& call, const MemberId& member, std::set<KeyId>& keys) {
  AuditFilter filter;
  filter.actor = member.bytes;
  filter.actions = {tag_of(KeyCreated{}), tag_of(KeyImported{}), tag_of(KeyRotated{}),
                    tag_of(KeySecretReplayed{})};
  const auto looked =
      for_each_entry(call, std::move(filter), std::nullopt, Look::kWhole,
                     [&](const RecordedEvent& event) { keys.insert(KeyId{event.stream.id}); });
  if (!looked) return fail(looked.error());
  return {};
}

// No index says who owns what, so this looks at every key of the workspace.
Result<void> add_keys_owned(const Call& call, const MemberId& member, std::set<KeyId>& keys) {
  std::string place;
  const auto walked = call.api.projections.keys().walk(
      call.caller->workspace, place, std::numeric_limits<std::size_t>::max(), [&](const Key& key) {
        if (key.owner == member) keys.insert(key.id);
        return true;
      });
  if (!walked) return fail(walked.error());
  return {};
}

// Keys that were taken from the member since: a repeat of its removal has to find them again.
Result<void> add_keys_taken(const Call& call, const Member& removed, std::set<KeyId>& keys) {
  AuditFilter filter;
  filter.actions = {tag_of(KeyOwnerChanged{})};
  const auto looked = for_each_entry(
      call, std::move(filter), removed.position, Look::kWhole, [&](const RecordedEvent& event) {
        const auto* changed = std::get_if<KeyOwnerChanged>(&event.event);
        if (changed != nullptr && changed->from == removed.id) keys.insert(KeyId{event.stream.id});
      });
  if (!looked) return fail(looked.error());
  return {};
}

// Of the keys that the member saw, those that manage keys in another's name: what was made with
// them it may have seen, too.
Result<void> add_keys_of_issued(const Call& call, const MemberId& member, std::set<KeyId>& keys) {
  const std::set<KeyId> seen = keys;
  for (const KeyId& id : seen) {
    const auto key = call.api.projections.keys().key(id);
    if (!key) return fail(key.error());
    if (!*key || (*key)->type != KeyType::kManagement || (*key)->member == member) continue;
    auto made = keys_made_with(call, **key, Look::kWhole);
    if (!made) return fail(made.error());
    keys.merge(made->keys);
  }
  return {};
}

}  // namespace

Result<std::set<KeyId>> keys_known_to(const Call& call, const Member& member) {
  std::set<KeyId> keys;
  if (auto seen = add_keys_seen(call, member.id, keys); !seen) return fail(seen.error());
  if (auto lent = add_keys_of_issued(call, member.id, keys); !lent) return fail(lent.error());
  if (auto owned = add_keys_owned(call, member.id, keys); !owned) return fail(owned.error());
  if (member.removed) {
    if (auto taken = add_keys_taken(call, member, keys); !taken) return fail(taken.error());
  }
  return keys;
}

Result<KeysMade> keys_made_with(const Call& call, const Key& management_key, Look look) {
  AuditFilter filter;  // what its member made, with whichever of its keys
  filter.actor = management_key.owner.bytes;
  filter.actions = {tag_of(KeyCreated{}), tag_of(KeyImported{})};
  KeysMade made;
  const auto complete =
      for_each_entry(call, std::move(filter), management_key.created_cause.position, look,
                     [&](const RecordedEvent& event) {
                       if (event.actor.acting_key == management_key.id)
                         made.keys.insert(KeyId{event.stream.id});
                     });
  if (!complete) return fail(complete.error());
  made.complete = *complete;
  return made;
}

}  // namespace keyledger::http
