#include "http/judge_call.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "events/crypto.h"
#include "http/retired_use.h"
#include "http/secret.h"

namespace keyledger::http {
namespace {

// What is said of a secret that nobody has, and of one that nobody can have, needs no look-up.
VerifyAnswer answer_for_nobody(std::string_view presented, const VerifyRequest& request,
                               const Policy& policy, Timestamp now) {
  VerifyAnswer answer;
  answer.judgement = judge(nullptr, policy, request, now);
  if (answer.judgement.verdict == Verdict::kNotFound && is_malformed(presented)) {
    answer.judgement.verdict = Verdict::kMalformed;
  }
  return answer;
}

VerifyAnswer answer_for(Call& call, std::string_view presented, const VerifyRequest& request,
                        const Policy& policy) {
  VerifyAnswer answer = answer_for_nobody(presented, request, policy, call.now);
  if (answer.judgement.verdict != Verdict::kNotFound) return answer;
  VerifyIndex& index = call.api.projections.verify_index();
  return index.verify(sha256(presented), policy, request, call.now);
}

}  // namespace

std::optional<VerifyAnswer> judge_presented(Call& call, std::string_view presented,
                                            const VerifyRequest& request, const Policy& policy) {
  VerifyAnswer answer = answer_for(call, presented, request, policy);
  const bool retired = answer.judgement.verdict == Verdict::kSecretRetired;
  // One that is recorded already is refused at the cost of any other key.
  const bool is_news = retired && !call.api.retired_use->is_recorded(answer.secret, call.now);
  if (is_news && !call.may_wait) return std::nullopt;
  if (call.api.options.on_verdict) call.api.options.on_verdict(answer.judgement.verdict);
  if (retired) {
    const Credential& credential = *answer.credential;
    call.api.projections.verify_index().count(
        {credential.key, answer.secret, Verdict::kSecretRetired, request.from, policy.use_digest},
        std::nullopt, call.now);
    if (is_news) {
      record_retired_use(call.api, {credential.workspace, credential.key, answer.secret},
                         call.request_id, call.now);
    }
  }
  // The index knows a frame a moment before its rows are there: a verdict may reflect more than
  // was visible when the call began.
  if (answer.judgement.decided_by.exists()) {
    const std::uint64_t decided = answer.judgement.decided_by.position;
    call.position = std::max(call.position.value_or(0), decided);
  }
  return answer;
}

Result<VerifyAnswer> judge_past(const Call& call, std::string_view presented,
                                const VerifyRequest& request, const Policy& policy,
                                const Past& then, Timestamp clock) {
  const Projections& projections = call.api.projections;
  VerifyAnswer answer = answer_for_nobody(presented, request, policy, clock);
  if (answer.judgement.verdict != Verdict::kNotFound) return answer;
  const auto holder = projections.verify_index().caller(sha256(presented), {}, clock);
  if (!holder || holder->workspace != request.workspace) return answer;
  const auto key = then.key(holder->key);
  if (!key) return fail(key.error());
  if (!*key) return answer;
  const auto& secrets = (*key)->secrets;
  const auto secret = std::find_if(secrets.begin(), secrets.end(), [&](const KeySecret& each) {
    return each.facts.id == holder->secret;
  });
  if (secret == secrets.end()) return answer;  // it was made later
  auto details = projections.keys().details_of(**key);
  if (!details) return fail(details.error());
  answer.secret = secret->facts.id;
  answer.credential =
      credential_of(**key, *secret, std::make_shared<const Grants>(grants_of(**key)));
  answer.label = PackedLabel(
      KeyLabel{(*key)->name, std::move(details->metadata), std::move(details->external_id)});
  answer.judgement = judge(&*answer.credential, policy, request, clock);
  return answer;
}

std::string verdict_detail(Verdict verdict, const VerifyRequest& request, const Policy& policy) {
  if (verdict != Verdict::kHeaderRequired) return std::string(verdict_sentence(verdict));
  const RequiredHeader* const missing = missing_header(policy, request.headers);
  std::string text = "The header " + missing->name + " is required; accepted values: ";
  for (const std::string& value : missing->values) {
    if (&value != &missing->values.front()) text += ", ";
    text += value;
  }
  return text + '.';
}

}  // namespace keyledger::http
