// The policy of the caller's workspace: read, set as a whole, and tried out (design api.md
// "Workspaces and members").
#include <algorithm>
#include <chrono>
#include <mutex>

#include "core/policy_effects.h"
#include "events/names.h"
#include "http/as_of.h"
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

// Looks at every live key of the workspace; with a million that takes seconds.
Result<Affected> affected_by(const Call& call, const Policy& before, const Policy& after) {
  constexpr std::size_t kAtOnce = 10'000;  // no snapshot of the rows is held for long
  const Projections& projections = call.api.projections;
  PolicyChange change(before, after, call.now);
  const auto each_live = [&](auto visit) -> Result<void> {
    std::string place;
    for (bool more = true; more;) {
      const auto walked =
          projections.keys().walk(call.caller->workspace, place, kAtOnce, [&](const Key& key) {
            const bool live =
                key.type != KeyType::kManagement && !is_final(status_of(key, call.now));
            if (live) visit(key);
            return true;
          });
      if (!walked) return fail(walked.error());
      more = *walked;
    }
    return {};
  };
  if (change.counts_names()) {
    const auto counted = each_live([&](const Key& key) { change.count_name(key); });
    if (!counted) return fail(counted.error());
  }
  Affected affected;
  const auto looked = each_live([&](const Key& key) {
    // As the system counts when it suspends (tools/inactivity.h).
    const auto effects = change.effects_on(key, projections.usage().used_or_usable_since(key.id));
    if (effects.empty()) return;
    if (affected.count++ < kMaxNamed) {
      affected.keys.push_back(affected_key(key, call.now, effects));
    }
  });
  if (!looked) return fail(looked.error());
  return affected;
}

// What is allowed but deserves a thought.
Json warnings_about(const Policy& before, const Policy& after) {
  Json warnings = Json::array();
  const auto warn = [&](const char* field, const char* code, std::string message) {
    warnings.push_back({{"field", field}, {"code", code}, {"message", std::move(message)}});
  };
  const auto cleared = [&](const char* field, std::size_t had, std::size_t has) {
    if (had == 0 || has != 0) return;
    warn(field, "cleared",
         "The policy before lists " + std::to_string(had) +
             "; this one lists none. A document replaces the one before as a whole.");
  };
  cleared("scopes", before.scopes.size(), after.scopes.size());
  cleared("endpoints", before.endpoints.size(), after.endpoints.size());
  cleared("required_headers", before.required_headers.size(), after.required_headers.size());
  return warnings;
}

Response policy_answer(Json policy, std::uint32_t version, Json warnings, Affected affected,
                       bool dry_run) {
  policy["dry_run"] = dry_run;
  policy["warnings"] = std::move(warnings);
  policy["affected_count"] = affected.count;
  policy["affected_keys"] = std::move(affected.keys);
  return resource_response(policy, version);
}

// What it would be, and whom that affects, by the rules and before anything is recorded: so a
// failure to look leaves the policy as it was.
struct Trial {
  Workspace after;
  Affected affected;
};
Result<Trial> try_out(const Call& call, const Workspace& before, const SetPolicy& command,
                      const std::string& reason) {
  const auto decision = rehearse(call, command, reason);
  if (!decision) return fail(decision.error());
  Trial trial{before, {}};
  trial.after.policy = command.policy;
  make_set(trial.after.policy.default_scopes);
  auto affected = affected_by(call, before.policy, trial.after.policy);
  if (!affected) return fail(affected.error());
  trial.affected = std::move(*affected);
  return trial;
}

}  // namespace

Result<Response> get_policy(Call& call) {
  QueryReader query(call);
  const auto asked = read_as_of(query);
  if (auto refused = query.finish()) return fail(std::move(*refused));
  const auto moment = settle_moment(call, asked);
  if (!moment) return fail(moment.error());
  const Past then(call.api.projections, call.api.log, moment->position);
  const auto workspace =
      moment->is_past ? then.workspace(call.caller->workspace) : call.own_workspace();
  if (!workspace) return fail(workspace.error());
  if (!*workspace || (*workspace)->policy_version == 0) {
    return fail(ErrorCode::kNotFound, "This workspace had no policy then.");
  }
  return resource_response(policy_json(**workspace), (*workspace)->policy_version);
}

Result<Response> set_policy(Call& call) {
  QueryReader query(call);
  const bool dry_run = query.flag("dry_run");
  if (auto refused = query.finish()) return fail(std::move(*refused));
  const auto fields = read_fields(call);
  if (!fields) return fail(fields.error());
  BodyReader body(*fields);
  SetPolicy command{call.caller->workspace, read_policy(body)};
  std::string reason = read_reason(call, body);
  if (auto refused = body.finish()) return fail(std::move(*refused));

  const std::unique_lock turn(call.api.policy_changes, std::chrono::seconds(2));
  if (!turn) {
    return fail(ErrorCode::kOverloaded, "Other policies are being tried out; try again soon.");
  }
  const auto before = call.own_workspace();
  if (!before) return fail(before.error());
  auto trial = try_out(call, **before, command, reason);
  if (!trial) return fail(trial.error());
  Json warnings = warnings_about((*before)->policy, trial->after.policy);
  if (dry_run) {
    // The version is the one that If-Match may name to set it.
    return policy_answer(policy_json(trial->after), (*before)->policy_version, std::move(warnings),
                         std::move(trial->affected), true);
  }
  const auto receipt = submit(call, std::move(command), std::move(reason));
  if (!receipt) return fail(receipt.error());
  if (!receipt->workspace) return fail(ErrorCode::kInternal, "a policy was set and is not there");
  const Workspace& after = *receipt->workspace;
  return policy_answer(policy_json(after), after.policy_version, std::move(warnings),
                       std::move(trial->affected), false);
}

}  // namespace keyledger::http
