// Whose secret is this, and what does its leak mean? (design api.md "Keys", lookup).
#include <algorithm>
#include <set>
#include <vector>

#include "events/hex.h"
#include "events/names.h"
#include "http/change.h"
#include "http/guess_guard.h"
#include "http/handlers.h"
#include "http/key_answer.h"
#include "http/known_keys.h"
#include "http/presented_secrets.h"
#include "http/problem.h"

namespace keyledger::http {
namespace {

constexpr std::size_t kMaxDescendants = 1000;
// Management keys whose own keys are looked for: each look may read some ten thousand events.
constexpr std::size_t kMaxLooks = 16;

// What is asked about.
struct Question {
  Digest hash{};
  std::optional<Secret> secret;  // if it was given itself
};

// `secret` or `sha256`, one of them.
Question read_question(BodyReader& body) {
  if (!body.has("sha256")) {
    Secret secret(body.presented_secret("secret").value_or(""));
    const Digest hash = secret.hash().bytes;
    return {hash, std::move(secret)};
  }
  if (body.has("secret")) {
    body.fault("sha256", FieldFault::kConflict, "must not stand beside secret");
    return {};
  }
  const auto given = body.text("sha256", kMaxText);
  const auto hash = given ? parse_digest(*given) : std::nullopt;
  if (given && !hash) {
    body.fault("sha256", FieldFault::kInvalid, "must be a SHA-256 in 64 hexadecimal digits");
  }
  return {hash.value_or(Digest{}), std::nullopt};
}

Json found_secret_json(const KeySecret& secret, Timestamp now) {
  Json json = secret_json(secret.facts);
  const bool retires = secret.retires_at.has_value();
  json["status"] = !retires ? "current" : *secret.retires_at > now ? "retiring" : "retired";
  json["created_at"] = to_text(secret.created_at);
  json["retires_at"] = time_json(secret.retires_at);
  return json;
}

// From when to when somebody who had the secret could have used it; until now if he still could.
Json exposure_json(const Key& key, const KeySecret& secret, Timestamp now) {
  Timestamp to = now;
  if (secret.retires_at) to = std::min(to, *secret.retires_at);
  if (key.expires_at) to = std::min(to, *key.expires_at);
  if (key.end) to = std::min(to, key.end->at);
  return {{"from", to_text(secret.created_at)}, {"to", to_text(std::max(to, secret.created_at))}};
}

// What is known of the key's uses, and since when.
Json uses_json(const Call& call, const Key& key) {
  const Projections& projections = call.api.projections;
  const KeyUse use = projections.verify_index().all_uses_of(key.id, call.now);
  return {{"since", to_text(std::max(projections.usage().known_since(), key.created_at))},
          {"count", use.counts[Verdict::kValid]},
          {"refused_count", use.counts.refused()},
          {"last_used_at", time_json(use.last_used_at)},
          {"last_ip", ip_json(use.last_ip)},
          {"last_origin", origin_json(use.last_origin)}};
}

Json owner_json(const Call& call, const Key& key) {
  const auto owner = call.api.projections.directory().member(key.member.value_or(key.owner));
  return owner ? member_json(owner->member, owner->profile) : Json(nullptr);
}

// What somebody who had the secret may have had of it besides: the keys that replace this one, and,
// if it manages keys, those that were made with it; of each of them the same again.
class Descendants {
 public:
  Descendants(const Call& call, Timestamp now) : call_(call), now_(now) {}

  Result<Json> of(const Key& key) {
    seen_.insert(key.id);
    std::vector<Key> open = {key};
    while (!open.empty()) {
      const Key next = std::move(open.back());
      open.pop_back();
      if (next.replaced_by) {
        if (auto added = add(*next.replaced_by, "replaces", open); !added)
          return fail(added.error());
      }
      if (next.type != KeyType::kManagement) continue;
      if (auto added = add_made_with(next, open); !added) return fail(added.error());
    }
    return Json{{"data", std::move(data_)}, {"complete", complete_}};
  }

 private:
  Result<void> add(const KeyId& id, const char* relation, std::vector<Key>& open) {
    if (data_.size() == kMaxDescendants) {
      complete_ = false;
      return {};
    }
    if (!seen_.insert(id).second) return {};
    auto key = call_.api.projections.keys().key(id);
    if (!key) return fail(key.error());
    if (!*key || !may_see(*call_.caller, **key)) return {};
    Json json;
    json["id"] = to_text(id);
    json["relation"] = relation;
    json["type"] = key_type_name((*key)->type);
    json["name"] = (*key)->name;
    json["status"] = status_name(status_of(**key, now_));
    json["created_at"] = to_text((*key)->created_at);
    data_.push_back(std::move(json));
    open.push_back(std::move(**key));
    return {};
  }

  Result<void> add_made_with(const Key& key, std::vector<Key>& open) {
    if (looks_ == kMaxLooks) {
      complete_ = false;
      return {};
    }
    ++looks_;
    const auto made = keys_made_with(call_, key, Look::kQuick);
    if (!made) return fail(made.error());
    if (!made->complete) complete_ = false;
    for (const KeyId& id : made->keys) {
      if (auto added = add(id, "made_with", open); !added) return added;
    }
    return {};
  }

  const Call& call_;
  const Timestamp now_;
  std::set<KeyId> seen_;
  Json data_ = Json::array();
  bool complete_ = true;
  std::size_t looks_ = 0;
};

// The caller's own workspace's alone: another one's secret is as unknown as nobody's.
std::optional<CallerKey> find(const Call& call, const Digest& hash) {
  auto found = call.api.projections.verify_index().caller(hash, {}, call.now);
  if (found && found->workspace != call.caller->workspace) found.reset();
  return found;
}

Result<Json> answer_about(Call& call, const Key& key, const SecretId& id, Timestamp now) {
  const KeySecret* const secret = secret_of(key, id);
  if (secret == nullptr) return fail(ErrorCode::kInternal, "a look-up without its secret");
  // Who may not see a management key learns that there is one, and to whom to go.
  Json shown = nullptr;
  if (may_see(*call.caller, key)) {
    auto json = key_answer(call, key, now);
    if (!json) return json;
    shown = std::move(*json);
  }
  auto descendants = Descendants(call, now).of(key);
  if (!descendants) return descendants;
  Json out;
  out["key"] = std::move(shown);
  out["secret"] = found_secret_json(*secret, now);
  out["owner"] = owner_json(call, key);
  out["exposure_window"] = exposure_json(key, *secret, now);
  out["uses"] = uses_json(call, key);
  out["descendants"] = std::move(*descendants);
  return out;
}

Json answer_about_nobodys() {
  Json out;
  for (const char* field : {"key", "secret", "owner", "exposure_window", "uses", "descendants"}) {
    out[field] = nullptr;
  }
  return out;
}

// The secret may have any form: what is kept of this call must not show it.
void check_kept_texts(Call& call, const Secret& secret, std::string_view reason, BodyReader& body) {
  PresentedSecrets presented;
  presented.add(secret.reveal());
  const auto headers = presented.headers_that_show(call);
  for (const std::string_view name : headers) body.secret_fault(name);
  const bool by_header = std::find(headers.begin(), headers.end(), "X-Reason") != headers.end();
  if (!by_header && presented.shown_in(reason)) body.secret_fault("reason");
}

}  // namespace

Result<Response> lookup_key(Call& call) {
  const auto json = parse_body(call.request.body);
  if (!json) return fail(json.error());
  BodyReader body(*json);
  const Question asked = read_question(body);
  std::string reason = read_reason(call, body);
  if (asked.secret) check_kept_texts(call, *asked.secret, reason, body);
  if (auto error = body.finish()) return fail(std::move(*error));
  // Each look-up is an entry for ever, and of these any number can be made up.
  if (asked.secret && is_malformed(asked.secret->reveal())) {
    if (const auto wait = call.api.malformed_lookups->refuse(call.caller->member, call.now)) {
      return problem(
          {ErrorCode::kRateLimited, "Too many of what was looked up is no secret.", {}, {}},
          call.request_id, wait);
    }
  }

  const auto found = find(call, asked.hash);
  RecordLookup notice;
  if (found) notice = {found->key, found->secret};
  const auto receipt = record(call, notice, std::move(reason));
  if (!receipt) return fail(receipt.error());
  call.position = receipt->position;
  if (!found) return json_response(200, answer_about_nobodys());
  if (!receipt->key) return fail(ErrorCode::kInternal, "a look-up without its key");
  const auto answer = answer_about(call, *receipt->key, found->secret, receipt->time);
  if (!answer) return fail(answer.error());
  return json_response(200, *answer);
}

}  // namespace keyledger::http
