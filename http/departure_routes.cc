// Somebody leaves (design api.md "Workspaces and members", product.md row Q9).
#include "http/change.h"
#include "http/handlers.h"
#include "http/known_keys.h"
#include "http/several_keys.h"

namespace keyledger::http {
namespace {

struct Departure {
  KeyTask task;
  std::optional<MemberId> new_owner;
  KeyPageOf page;
};

void check_new_owner(const Call& call, const MemberId& leaving,
                     const std::optional<MemberId>& new_owner, BodyReader& body) {
  if (!new_owner) return;
  const auto view = call.api.projections.directory().member(*new_owner);
  if (!view || view->member.workspace != call.caller->workspace) {
    body.fault("new_owner_id", FieldFault::kInvalid, "is no member of this workspace");
  } else if (view->member.removed || *new_owner == leaving) {
    body.fault("new_owner_id", FieldFault::kInvalid, "is a member that leaves or has left");
  } else if (view->member.role == Role::kVerifier) {
    body.fault("new_owner_id", FieldFault::kNotAllowed,
               "is a verifier, which cannot even see the keys that it would be accountable for");
  }
}

// Everything is checked before the removal, which cannot be taken back.
Result<Departure> read_departure(const Call& call, const MemberId& leaving) {
  const auto fields = read_fields(call);
  if (!fields) return fail(fields.error());
  BodyReader body(*fields);
  Departure wanted;
  KeyTask& task = wanted.task;
  task.action = body.choice<KeyAction>("keys", {{"list", KeyAction::kList},
                                                {"rotate", KeyAction::kRotate},
                                                {"revoke", KeyAction::kRevoke}})
                    .value_or(KeyAction::kList);
  task.code = RevocationCode::kAffiliationChanged;
  if (const auto overlap = body.whole("overlap_seconds", kMaxOverlapSeconds)) {
    task.overlap_seconds = *overlap;
    if (task.action != KeyAction::kRotate) {
      body.fault("overlap_seconds", FieldFault::kNotAllowed, "is about keys that are rotated");
    }
  }
  wanted.new_owner = body.id<MemberId>("new_owner_id");
  check_new_owner(call, leaving, wanted.new_owner, body);
  if (leaving == call.caller->member) {
    constexpr const char* kWhy = "cannot be asked by the member that leaves: its keys end first";
    if (task.action != KeyAction::kList) body.fault("keys", FieldFault::kNotAllowed, kWhy);
    if (wanted.new_owner) body.fault("new_owner_id", FieldFault::kNotAllowed, kWhy);
  }
  task.dry_run = body.boolean("dry_run").value_or(false);
  wanted.page = read_key_page(call, body, "departure " + to_text(leaving));
  task.reason = read_reason(call, body);
  if (auto refused = body.finish()) return fail(std::move(*refused));
  return wanted;
}

// Who leaves, and the keys that it may know.
struct Leaver {
  Member member;
  std::set<KeyId> keys;
};

// The keys are looked up after the removal, so that nothing it made in its last moment is missing.
Result<Leaver> leave(Call& call, const Member& member, KeyTask& task) {
  const auto receipt = submit(call, RemoveMember{member.id}, task.reason);
  if (!receipt) return fail(receipt.error());
  Leaver leaver{receipt->member.value_or(member), {}};
  // Nothing happens to a member afterwards, so its newest event is the removal.
  task.since = {leaver.member.position, leaver.member.updated_at};
  auto keys = keys_known_to(call, leaver.member);
  if (!keys) return fail(keys.error());
  leaver.keys = std::move(*keys);
  return leaver;
}

// The same without a word in the ledger: as if it happened now, unless it has already.
Result<Leaver> try_to_leave(const Call& call, const Member& member, KeyTask& task) {
  const auto decided = rehearse(call, RemoveMember{member.id}, task.reason);
  if (!decided) return fail(decided.error());
  task.since = {member.position, member.updated_at};
  if (!member.removed) task.since = {call.position.value_or(0), call.now};
  auto keys = keys_known_to(call, member);
  if (!keys) return fail(keys.error());
  const auto own = call.api.projections.keys().management_keys(member.id);
  if (!own) return fail(own.error());
  for (const KeyId& id : *own) keys->erase(id);  // they end with the membership
  return Leaver{member, std::move(*keys)};
}

}  // namespace

Result<Response> remove_member(Call& call) {
  const auto id = call.id<MemberId>();
  if (!id) return fail(id.error());
  const auto view = call.api.projections.directory().member(*id);
  if (!view || view->member.workspace != call.caller->workspace) {
    return fail(ErrorCode::kNotFound, "There is no such member in this workspace.");
  }
  auto wanted = read_departure(call, *id);
  if (!wanted) return fail(wanted.error());
  KeyTask& task = wanted->task;
  if (wanted->new_owner) task.from_to_owner = {*id, *wanted->new_owner};
  // Before anything is done, so that nobody has left whose keys nobody has seen to.
  const auto leaver = call.api.walks.take(kTurnPatience, [&] {
    return task.dry_run ? try_to_leave(call, view->member, task) : leave(call, view->member, task);
  });
  if (!leaver) return fail(leaver.error());
  Json json;
  json["member"] = member_json(leaver->member, view->profile);
  if (task.dry_run) json["dry_run"] = true;
  const auto done = carry_out(call, leaver->keys, wanted->page, task, json);
  if (!done) return fail(done.error());
  return resource_response(json, leaver->member.version);
}

}  // namespace keyledger::http
