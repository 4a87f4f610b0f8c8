#include "http/several_keys.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "events/bytes.h"
#include "events/crypto.h"
#include "http/change.h"
#include "http/cursor.h"
#include "http/key_answer.h"
#include "http/query.h"
#include "http/sealed_secrets.h"

namespace keyledger::http {
namespace {

// Each round takes every key one step further: a new owner, a new secret; the others are for keys
// that somebody else changes meanwhile.
constexpr int kMaxRounds = 12;

bool ended_after(const Key& key, const Since& since) {
  return key.end && key.end_cause.position > since.position;
}

// Whether nobody who left by then can know the current secret. The event that made it is the one
// that retired the secret before it, but where an overlap was ended early: then the time tells, and
// within the same millisecond it counts as known.
bool secret_is_newer(const Key& key, const Since& since) {
  if (key.secrets.size() < 2) return key.created_cause.position > since.position;
  const Cause& cause = key.secrets[key.secrets.size() - 2].retired_cause;
  if (cause.type == tag_of(KeyRotated{})) return cause.position > since.position;
  return key.current_secret().created_at > since.time;
}

// The secret of an overlap that is going on, if who left by then may know it. Within the same
// millisecond it counts as known.
const KeySecret* known_overlap(const Key& key, const Since& since, Timestamp now) {
  const KeySecret* const retiring = retiring_secret(key, now);
  const bool early = retiring != nullptr && retiring->retired_cause.type != tag_of(KeyRotated{});
  return retiring == nullptr || early || retiring->created_at > since.time ? nullptr : retiring;
}

// Whether such an overlap goes on for longer than a rotation now would let it, and was given for
// longer: one that this task gave, now or in a call before, is never too long.
bool overlaps_too_long(const Key& key, const KeyTask& task, Timestamp now) {
  const KeySecret* const known = known_overlap(key, task.since, now);
  const auto most = static_cast<std::int64_t>(task.overlap_seconds) * 1000;
  return known != nullptr && *known->retires_at > now + most &&
         *known->retires_at > key.current_secret().created_at + most;
}

// Why the caller cannot do that to this key; nothing if it can.
std::string_view obstacle(const Caller& caller, const Key& key, KeyAction action) {
  if (key.id == caller.key)
    return "This call was made with this key: rotate it in a call of its own.";
  if (key.type != KeyType::kManagement || key.member == caller.member) return {};
  if (action == KeyAction::kRotate) {
    return "Its secret may be known to who left, and only its own member may rotate a management "
           "key: have it rotated by its member, or revoke it and issue another one.";
  }
  if (action == KeyAction::kRevoke && caller.role != Role::kOwner) {
    return "Only its own member and owners may revoke a management key.";
  }
  return {};
}

// What is still to be done to a key, and what it is asked with.
struct Step {
  KeyId key;
  Part part;
  std::optional<SecretId> secret_id;
  std::optional<Secret> secret;
};

class Work {
 public:
  Work(Call& call, const KeyTask& task, std::vector<KeyId> ids)
      : call_(call), task_(task), ids_(std::move(ids)) {}

  Result<void> run() {
    if (task_.dry_run) return {};
    for (int round = 0; round < kMaxRounds; ++round) {
      auto steps = next_steps();
      if (!steps) return fail(steps.error());
      if (steps->empty()) return show_kept_secrets();
      if (auto done = take(*steps); !done) return done;
    }
    return fail(ErrorCode::kUnavailable, "Others keep changing these keys; repeat the call.");
  }

  Result<Json> rows() {
    Json out = Json::array();
    for (const KeyId& id : ids_) {
      auto row = row_of(id);
      if (!row) return row;
      if (!row->is_null()) out.push_back(std::move(*row));
    }
    return out;
  }

  // Once all rows are made: what those who do not read each of them should know.
  [[nodiscard]] Json warnings() const {
    Json out = Json::array();
    if (undone_ == 0) return out;
    out.push_back({{"field", "keys"},
                   {"code", "not_all_done"},
                   {"message", "Of " + std::to_string(undone_) +
                                   " of these keys a secret that may be known is still valid; "
                                   "`detail` says what to do."}});
    return out;
  }

 private:
  Result<std::vector<Step>> next_steps() {
    std::vector<Step> steps;
    for (const KeyId& id : ids_) {
      if (ended_.contains(id)) continue;
      const auto key = call_.api.projections.keys().key(id);
      if (!key) return fail(key.error());
      if (!*key || is_final(status_of(**key, call_.now))) continue;
      if (auto step = next_step(**key)) steps.push_back(std::move(*step));
    }
    return steps;
  }

  std::optional<Step> next_step(const Key& key) {
    const auto step = [&key](Command command) {
      return Step{key.id, {std::move(command), key.version}, std::nullopt, std::nullopt};
    };
    if (task_.action != KeyAction::kList && obstacle(*call_.caller, key, task_.action).empty()) {
      if (task_.action == KeyAction::kRevoke) return step(RevokeKey{key.id, task_.code});
      if (!secret_is_newer(key, task_.since)) return rotation_of(key);
    }
    const bool rotates = task_.action == KeyAction::kRotate && key.id != call_.caller->key;
    if (rotates && overlaps_too_long(key, task_, call_.now)) return step(EndOverlap{key.id});
    const auto& owners = task_.from_to_owner;
    if (owners && key.owner == owners->first && key.type != KeyType::kManagement) {
      ChangeKey command;
      command.id = key.id;
      command.owner = owners->second;
      return step(std::move(command));
    }
    return std::nullopt;
  }

  Step rotation_of(const Key& key) {
    const auto workspace = call_.api.projections.directory().workspace(key.workspace);
    Secret secret = make_secret(key.type, key.environment, workspace->policy.secret_prefix);
    const SecretId id{make_ulid(call_.now, random_bytes<10>())};
    RotateKey command{key.id, {id, secret.hash(), secret.handle()}, task_.overlap_seconds};
    return Step{key.id, {std::move(command), key.version}, id, std::move(secret)};
  }

  // Refusals that only say that somebody else was there first are looked at in the next round.
  Result<void> take(std::vector<Step>& steps) {
    std::vector<Part> parts;
    for (Step& step : steps) {
      if (step.secret) call_.api.sealed_secrets->keep(*step.secret_id, *step.secret, call_.now);
      parts.push_back(std::move(step.part));
    }
    const auto answers = submit_all(call_, std::move(parts), task_.reason);
    if (!answers) return fail(answers.error());
    std::optional<Error> refused;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      Step& step = steps[i];
      const Result<Receipt>& answer = (*answers)[i];
      if (answer && step.secret) secrets_.insert_or_assign(step.key, std::move(*step.secret));
      if (answer) continue;
      if (step.secret_id) call_.api.sealed_secrets->forget(*step.secret_id);
      const ErrorCode code = answer.error().code;
      if (code == ErrorCode::kKeyFinal) {
        ended_.insert(step.key);
      } else if (code != ErrorCode::kVersionMismatch && !refused) {
        refused = answer.error();
      }
    }
    if (refused) return fail(std::move(*refused));
    return {};
  }

  // Of keys that an earlier call of the same member rotated. Showing one again is recorded.
  Result<void> show_kept_secrets() {
    if (task_.action != KeyAction::kRotate) return {};
    std::vector<std::pair<KeyId, Secret>> kept;
    std::vector<Part> parts;
    for (const KeyId& id : ids_) {
      if (secrets_.contains(id)) continue;
      const auto key = call_.api.projections.keys().key(id);
      if (!key) return fail(key.error());
      if (!*key || !secret_is_newer(**key, task_.since)) continue;
      const SecretId& secret_id = (*key)->current_secret().facts.id;
      auto secret = call_.api.sealed_secrets->find(secret_id, call_.now);
      if (!secret) continue;
      const auto own = was_shown_to_caller(**key);
      if (!own) return fail(own.error());
      if (!*own) continue;
      kept.emplace_back(id, std::move(*secret));
      parts.push_back({RecordSecretReplay{id, secret_id}, std::nullopt});
    }
    const auto answers = submit_all(call_, std::move(parts), {});
    if (!answers) return fail(answers.error());
    for (std::size_t i = 0; i < kept.size(); ++i) {
      const Result<Receipt>& answer = (*answers)[i];
      if (!answer) return fail(answer.error());
      if (answer->count != 0) secrets_.insert_or_assign(kept[i].first, std::move(kept[i].second));
    }
    return {};
  }

  // Whether the caller is the member who made the current secret, by a rotation.
  [[nodiscard]] Result<bool> was_shown_to_caller(const Key& key) const {
    if (key.secrets.size() < 2) return false;
    const Cause& cause = key.secrets[key.secrets.size() - 2].retired_cause;
    if (cause.type != tag_of(KeyRotated{})) return false;
    const auto rotated = EventReader(call_.api.log).at(cause.position);
    if (!rotated) return fail(rotated.error());
    const Actor& actor = rotated->event.actor;
    return actor.kind == ActorKind::kMember && actor.id == call_.caller->member.bytes;
  }

  // Null for a key that expired meanwhile.
  [[nodiscard]] Result<Json> row_of(const KeyId& id) {
    const auto key = call_.api.projections.keys().key(id);
    if (!key) return fail(key.error());
    const bool revoked = *key && ended_after(**key, task_.since);
    if (!*key || (!revoked && is_final(status_of(**key, call_.now)))) return Json();
    auto shown = key_answer(call_, **key, call_.now);
    if (!shown) return shown;
    Json row;
    row["key"] = std::move(*shown);
    const std::string_view action = revoked ? "revoked" : action_on(**key);
    row["action"] = action;
    if (action == "rotated" && task_.action == KeyAction::kRotate && !task_.dry_run) {
      const auto secret = secrets_.find(id);
      const bool known = secret != secrets_.end();
      row["secret"] = known ? Json(secret->second.reveal()) : Json(nullptr);
      if (!known) row["secret_available"] = false;
    }
    if (revoked) return row;
    const std::string detail = what_is_left_of(**key);
    if (!detail.empty()) row["detail"] = detail;
    if (!detail.empty() && task_.action != KeyAction::kList) ++undone_;
    return row;
  }

  // What has become of a key that has not ended; in a dry run, what would.
  [[nodiscard]] std::string_view action_on(const Key& key) const {
    const bool would = task_.dry_run && obstacle(*call_.caller, key, task_.action).empty();
    if (would && task_.action == KeyAction::kRevoke) return "revoked";
    if (would && task_.action == KeyAction::kRotate) return "rotated";
    return secret_is_newer(key, task_.since) ? "rotated" : "listed";
  }

  // Which secret that may be known still opens the key although that was not asked for, or why.
  [[nodiscard]] std::string what_is_left_of(const Key& key) const {
    const bool newer = secret_is_newer(key, task_.since);
    if (task_.action == KeyAction::kList) {
      const KeySecret* const known = known_overlap(key, task_.since, call_.now);
      if (!newer || known == nullptr) return {};
      return "A secret that may be known to who left is valid until " +
             to_text(*known->retires_at) + "; `rotate` ends it, and so does retire.";
    }
    const bool done =
        task_.action == KeyAction::kRotate && newer && !overlaps_too_long(key, task_, call_.now);
    return done ? std::string() : std::string(obstacle(*call_.caller, key, task_.action));
  }

  Call& call_;
  const KeyTask& task_;
  const std::vector<KeyId> ids_;
  std::map<KeyId, Secret> secrets_;
  std::size_t undone_ = 0;  // rows of keys that were not seen to as it was asked
  std::set<KeyId> ended_;   // by the ledger's clock, which may be ahead of the call's
};

}  // namespace

bool lived_at(const Key& key, const Since& since) {
  if (key.end && !ended_after(key, since)) return false;
  return !key.expires_at || *key.expires_at > since.time;
}

KeyPageOf read_key_page(const Call& call, BodyReader& body, std::string scope) {
  KeyPageOf page;
  page.scope = std::move(scope);
  page.limit = body.whole("limit", 1, kMaxPage).value_or(kMaxPage);
  const auto cursor = body.text("cursor", kMaxText);
  if (!cursor) return page;
  const auto payload = open_cursor(call.api.projections.directory().log_id(), page.scope, *cursor);
  if (!payload) {
    body.fault("cursor", FieldFault::kInvalid, "is not a cursor of this list");
    return page;
  }
  page.after = KeyId{ByteReader(*payload).array<16>()};
  return page;
}

Result<void> carry_out(Call& call, const std::set<KeyId>& keys, const KeyPageOf& page,
                       const KeyTask& task, Json& answer) {
  std::vector<KeyId> ids;
  std::optional<std::string> next;
  for (auto id = page.after ? keys.upper_bound(*page.after) : keys.begin(); id != keys.end();
       ++id) {
    const auto key = call.api.projections.keys().key(*id);
    if (!key) return fail(key.error());
    if (!*key || !lived_at(**key, task.since)) continue;
    if (ids.size() == page.limit) {
      std::string payload;
      ByteWriter(payload).array(ids.back().bytes);
      next = seal_cursor(call.api.projections.directory().log_id(), page.scope, payload);
      break;
    }
    ids.push_back(*id);
  }
  Work work(call, task, std::move(ids));
  if (auto done = work.run(); !done) return done;
  auto rows = work.rows();
  if (!rows) return fail(rows.error());
  answer["keys"] = std::move(*rows);
  answer["warnings"] = work.warnings();
  answer["next_cursor"] = next ? Json(*next) : Json(nullptr);
  return {};
}

}  // namespace keyledger::http
