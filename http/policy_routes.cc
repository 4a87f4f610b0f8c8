// The policy of the caller's workspace: read, set as a whole, and tried out (design api.md
// "Workspaces and members").
#include "core/policy_effects.h"
#include "events/names.h"
#include "http/change.h"
#include "http/handlers.h"
#include "http/policy_fields.h"
#include "http/query.h"

namespace keyledger::http {
namespace {

// So many are named in one answer; the count is always of all.
constexpr std::size_t kMaxNamed = 1000;

struct Affected {
  std::uint64_t count = 0;
  Json keys = Json::array();
};

Json effect_list(const std::vector<PolicyEffect>& effects) {
  Json out = Json::array();
  for (const PolicyEffect& effect : effects) {
    out.push_back(
        {{"rule", effect.rule}, {"effect", effect_name(effect.kind)}, {"detail", effect.detail}});
  }
  return out;
}

Json affected_key(const Key& key, Timestamp now, const std::vector<PolicyEffect>& effects) {
  return {{"id", to_text(key.id)},
          {"name", key.name},
          {"type", key_type_name(key.type)},
          {"environment", environment_name(key.environment)},
          {"status", status_name(status_of(key, now))},
          {"effects", effect_list(effects)}};
}

// Looks at every live key of the workspace; with a million that takes seconds, and nobody waits for
// it but the owner who asks.
Result<Affected> affected_by(const Call& call, const Policy& before, const Policy& after) {
  const Projections& projections = call.api.projections;
  PolicyChange change(before, after, call.now);
  const auto each_live = [&](auto visit) {
    return projections.keys().for_each_in(call.caller->workspace, [&](const Key& key) {
      if (key.type != KeyType::kManagement && !is_final(status_of(key, call.now))) visit(key);
    });
  };
  if (change.counts_names()) {
    const auto counted = each_live([&](const Key& key) { change.count_name(key); });
    if (!counted) return fail(counted.error());
  }
  Affected affected;
  const auto looked = each_live([&](const Key& key) {
    const OptionalTime used = projections.verify_index().use_of(key.id).last_used_at;
    const auto effects = change.effects_on(key, used);
    if (effects.empty()) return;
    if (affected.count++ < kMaxNamed) {
      affected.keys.push_back(affected_key(key, call.now, effects));
    }
  });
  if (!looked) return fail(looked.error());
  return affected;
}

Response policy_answer(Json policy, std::uint32_t version, Affected affected, bool dry_run) {
  policy["dry_run"] = dry_run;
  policy["affected_count"] = affected.count;
  policy["affected_keys"] = std::move(affected.keys);
  return resource_response(policy, version);
}

Result<std::shared_ptr<const Workspace>> workspace_of(const Call& call) {
  auto workspace = call.api.projections.directory().workspace(call.caller->workspace);
  if (!workspace) return fail(ErrorCode::kInternal, "a member without a workspace");
  return workspace;
}

// The document as it would be; its version is the one that it would replace.
Result<Response> try_out(Call& call, const Workspace& before, SetPolicy command,
                         std::string reason) {
  const auto decision = rehearse(call, command, std::move(reason));
  if (!decision) return fail(decision.error());
  Workspace after = before;
  after.policy = std::move(command.policy);
  make_set(after.policy.default_scopes);
  auto affected = affected_by(call, before.policy, after.policy);
  if (!affected) return fail(affected.error());
  return policy_answer(policy_json(after), before.policy_version, std::move(*affected), true);
}

}  // namespace

Result<Response> get_policy(Call& call) {
  const auto workspace = workspace_of(call);
  if (!workspace) return fail(workspace.error());
  return resource_response(policy_json(**workspace), (*workspace)->policy_version);
}

Result<Response> set_policy(Call& call) {
  QueryReader query(call);
  const bool dry_run =
      query.choice<bool>("dry_run", {{"true", true}, {"false", false}}).value_or(false);
  if (auto refused = query.finish()) return fail(std::move(*refused));
  const auto fields = read_fields(call);
  if (!fields) return fail(fields.error());
  BodyReader body(*fields);
  SetPolicy command{call.caller->workspace, read_policy(body)};
  std::string reason = read_reason(call, body);
  if (auto refused = body.finish()) return fail(std::move(*refused));

  const auto before = workspace_of(call);
  if (!before) return fail(before.error());
  if (dry_run) return try_out(call, **before, std::move(command), std::move(reason));
  const auto receipt = submit(call, std::move(command), std::move(reason));
  if (!receipt) return fail(receipt.error());
  if (!receipt->workspace) return fail(ErrorCode::kInternal, "a policy was set and is not there");
  const Workspace& after = *receipt->workspace;
  auto affected = affected_by(call, (*before)->policy, after.policy);
  if (!affected) return fail(affected.error());
  return policy_answer(policy_json(after), after.policy_version, std::move(*affected), false);
}

}  // namespace keyledger::http
