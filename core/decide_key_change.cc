#include <algorithm>

#include "core/decide_rules.h"

namespace keyledger {

namespace {

// One event per intent that really changes something. A value that is already so makes none; of a
// text in a blob only the caller can know that, so a given one is taken as changed.
class Changes {
 public:
  Changes(const Key& before, const ChangeKey& command) : stream_(stream_of(before.id)) {
    value<KeyRenamed>("name", before.name, command.name);
    text<KeyDescriptionChanged>("description", before.description_at, command.description);
    value<KeyScopesChanged>("scopes", before.scopes, command.scopes);
    value<KeyOriginsChanged>("allowed_origins", before.allowed_origins, command.allowed_origins);
    value<KeyMissingOriginChanged>("allow_missing_origin", before.allow_missing_origin,
                                   command.allow_missing_origin);
    value<KeyAddressesChanged>("allowed_ips", before.allowed_ips, command.allowed_ips);
    value<KeyStartChanged>("not_before", before.not_before, command.not_before);
    value<KeyExpiryChanged>("expires_at", before.expires_at, command.expires_at);
    text<KeyMetadataChanged>("metadata", before.metadata_at, command.metadata);
    text<KeyExternalIdChanged>("external_id", before.external_id_at, command.external_id);
    value<KeyOwnerChanged>("owner_id", before.owner, command.owner);
    value<KeyRateLimitChanged>("rate_limit", before.rate_limit, command.rate_limit);
  }

  [[nodiscard]] bool none() const { return decision_.empty(); }
  [[nodiscard]] bool of(std::string_view field) const {
    return std::find(fields_.begin(), fields_.end(), field) != fields_.end();
  }
  [[nodiscard]] const std::vector<std::string_view>& fields() const { return fields_; }
  [[nodiscard]] Decision take() { return std::move(decision_); }

 private:
  template <typename Fact, typename T>
  void value(std::string_view field, const T& before, const std::optional<T>& wanted) {
    if (!wanted || *wanted == before) return;
    fields_.push_back(field);
    decision_.push_back({stream_, Fact{{before, *wanted}}, std::nullopt, {}});
  }
  template <typename Fact>
  void text(std::string_view field, OptionalPosition previous,
            const std::optional<CommittedBlob>& wanted) {
    if (!wanted) return;
    fields_.push_back(field);
    decision_.push_back({stream_, Fact{{previous}}, wanted, {}});
  }

  StreamId stream_;
  Decision decision_;
  std::vector<std::string_view> fields_;
};

void check_management_fields(const Changes& changes, Faults& faults) {
  for (const std::string_view field : changes.fields()) {
    if (field == "name" || field == "expires_at" || field == "allowed_ips") continue;
    faults.add(std::string(field), FieldFault::kNotAllowed,
               "Of a management key only name, expires_at and allowed_ips can be changed.");
  }
}

// The life that results. An expiry that stays as it is was allowed when it was set.
void check_changed_life(const Situation& in, const Key& key, const ChangeKey& command,
                        const Changes& changes, Faults& faults) {
  const Life after{key.created_at, command.not_before.value_or(key.not_before),
                   command.expires_at.value_or(key.expires_at)};
  if (changes.of("expires_at")) {
    check_life(in.policy(), in.now, after, key.type != KeyType::kManagement, faults);
  } else if (changes.of("not_before") && after.not_before && after.expires_at &&
             *after.expires_at <= *after.not_before) {
    faults.add("not_before", FieldFault::kInvalid, "The key would expire before it becomes valid.");
  }
}

Result<void> check_change(const Situation& in, const Key& key, const ChangeKey& command,
                          const Changes& changes) {
  Faults faults;
  check_reason(in, faults);
  check_changed_life(in, key, command, changes, faults);
  if (key.type == KeyType::kManagement) {
    check_management_fields(changes, faults);
    return faults.verdict();
  }
  if (changes.of("name")) check_name(in.policy(), *command.name, faults);
  if (changes.of("scopes")) check_scopes(in.policy(), key.type, *command.scopes, true, faults);
  if (changes.of("allowed_origins")) {
    check_origins(in.policy(), key.type, key.environment, *command.allowed_origins, faults);
  }
  if (changes.of("allow_missing_origin")) {
    check_missing_origin(key.type, *command.allow_missing_origin, faults);
  }
  if (changes.of("owner_id")) {
    const auto looked = check_owner(in, *command.owner, faults);
    if (!looked) return looked;
  }
  const auto fields = faults.verdict();
  if (!fields || !changes.of("name")) return fields;
  return check_name_free(in, key.environment, *command.name, key.replaces);
}

// As the events will carry it.
ChangeKey with_sets(ChangeKey command) {
  if (command.scopes) make_set(*command.scopes);
  if (command.allowed_origins) make_set(*command.allowed_origins);
  if (command.allowed_ips) make_set(*command.allowed_ips);
  return command;
}

}  // namespace

Result<Decision> decide_on(const Situation& in, const ChangeKey& command) {
  const auto key = find_key(in, command.id, KeyAccess::kChange);
  if (!key) return fail(key.error());
  Changes changes(*key, with_sets(command));
  if (changes.none() && !in.call.if_match) return Decision{};
  const auto version = check_version(in, key->version);
  if (!version) return fail(version.error());
  if (changes.none()) return Decision{};
  const auto open = check_not_final(in, *key);
  if (!open) return fail(open.error());
  const auto allowed = check_change(in, *key, command, changes);
  if (!allowed) return fail(allowed.error());
  return changes.take();
}

}  // namespace keyledger
