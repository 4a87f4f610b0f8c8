// Reading keys and making them (design api.md "Keys").
#include "events/crypto.h"
#include "http/as_of.h"
#include "http/audit_page.h"
#include "http/change.h"
#include "http/handlers.h"
#include "http/key_answer.h"
#include "http/key_fields.h"
#include "http/query.h"

namespace keyledger::http {
namespace {

constexpr std::uint64_t kMaxSeconds = 100ULL * 366 * 86'400;  // a hundred years

KeyFilter read_filter(Call& call, QueryReader& query) {
  KeyFilter filter;
  filter.workspace = call.caller->workspace;
  filter.management_keys = call.caller->role == Role::kOwner || call.caller->role == Role::kAuditor;
  filter.type = query.choice<KeyType>("type", {{"public", KeyType::kPublic},
                                               {"private", KeyType::kPrivate},
                                               {"management", KeyType::kManagement}});
  filter.environment = query.choice<Environment>(
      "environment", {{"live", Environment::kLive}, {"test", Environment::kTest}});
  filter.status = query.choice<KeyStatus>("status", {{"pending", KeyStatus::kPending},
                                                     {"active", KeyStatus::kActive},
                                                     {"suspended", KeyStatus::kSuspended},
                                                     {"revoked", KeyStatus::kRevoked},
                                                     {"expired", KeyStatus::kExpired},
                                                     {"compromised", KeyStatus::kCompromised}});
  filter.name = query.text("name", kMaxName);
  filter.q = query.text("q", kMaxName);
  if (const auto text = query.text("created_by", kMaxName)) {
    const auto member = parse_id<MemberId>(*text);
    const auto key = parse_id<KeyId>(*text);
    if (member) filter.created_by = member->bytes;
    if (key) filter.created_by = key->bytes;
    if (!filter.created_by) {
      query.fault("created_by", FieldFault::kInvalid, "is neither a member's nor a key's id");
    }
  }
  filter.owner = query.id<MemberId>("owner_id");
  filter.external_id = query.text("external_id", kMaxText);
  filter.metadata = query.pairs("metadata", kMaxMetadataValue);
  filter.scope = query.text("scope", kMaxName);
  if (const auto days = query.whole("unused_days", 0, 36'500)) {
    filter.unused_days = static_cast<std::uint32_t>(*days);
    filter.uses_known_since = call.api.projections.usage().known_since();
  }
  filter.expires_before = query.time("expires_before");
  return filter;
}

// What is counted is not recorded: nobody knows when a key had last been used then.
void refuse_uses(QueryReader& query, const KeyPageRequest& request) {
  constexpr const char* kWhy =
      "cannot be combined with as_of: uses are counted and not recorded, so those of the past are "
      "not known";
  if (request.filter.unused_days) query.fault("unused_days", FieldFault::kConflict, kWhy);
  if (request.sort == KeySort::kLastUsedAt) query.fault("sort", FieldFault::kConflict, kWhy);
}

// The fields of POST /v1/keys.
CreateKey read_new_key(BodyReader& body) {
  CreateKey command = read_key_fields(body);
  command.ttl_seconds = body.whole("ttl_seconds", kMaxSeconds);
  command.replaces = body.id<KeyId>("replaces");
  return command;
}

// When somebody last presented a secret of the key that had been retired, as the notices up to then
// say.
Result<OptionalTime> retired_secret_presented(const Call& call, const Key& key,
                                              const Moment& moment) {
  const Projections& projections = call.api.projections;
  if (!moment.is_past) return projections.retired_secret_uses().last_of(key.workspace, key.id);
  if (key.secrets.size() < 2) return OptionalTime();
  AuditPageRequest request;
  request.filter.workspace = key.workspace;
  request.filter.key = key.id;
  request.filter.actions = {tag_of(KeyRetiredSecretPresented{})};
  request.limit = 1;
  request.after = moment.position + 1;
  const auto page = projections.audit().list(request);
  if (!page) return fail(page.error());
  if (page->entries.empty()) return OptionalTime();
  return OptionalTime(page->entries.front().event.time);
}

}  // namespace

Result<Response> list_keys(Call& call) {
  QueryReader query(call);
  KeyPageRequest request;
  request.filter = read_filter(call, query);
  request.sort = query
                     .choice<KeySort>("sort", {{"created_at", KeySort::kCreatedAt},
                                               {"name", KeySort::kName},
                                               {"last_used_at", KeySort::kLastUsedAt}})
                     .value_or(KeySort::kCreatedAt);
  request.descending =
      query.choice<bool>("order", {{"asc", false}, {"desc", true}}).value_or(false);
  request.limit = query.limit();
  request.after = query.cursor();
  const auto asked = read_as_of(query);
  if (asked) refuse_uses(query, request);
  if (auto error = query.finish()) return fail(std::move(*error));

  const auto moment = settle_moment(call, asked);
  if (!moment) return fail(moment.error());
  request.position = moment->position;
  request.now = moment->clock;
  const auto page = call.api.projections.keys().list(request);
  if (!page) return fail(page.error());
  Past then(call.api.projections, call.api.log, moment->position);
  Json data = Json::array();
  for (const KeyView& view : page->keys) {
    auto json = key_answer(call, view, then, *moment);
    if (!json) return fail(json.error());
    data.push_back(std::move(*json));
  }
  std::optional<std::string> next;
  if (page->next) next = make_cursor(call, *page->next);
  return page_response(std::move(data), next);
}

Result<Response> get_key(Call& call) {
  QueryReader query(call);
  const auto asked = read_as_of(query);
  if (auto error = query.finish()) return fail(std::move(*error));
  const auto moment = settle_moment(call, asked);
  if (!moment) return fail(moment.error());
  Past then(call.api.projections, call.api.log, moment->position);
  const auto key = moment->is_past ? find_key(call, then) : find_key(call);
  if (!key) return fail(key.error());
  auto json = key_answer(call, *key, then, *moment);
  if (!json) return fail(json.error());
  const auto presented = retired_secret_presented(call, *key, *moment);
  if (!presented) return fail(presented.error());
  // Beside the key's own fields, and only where there is something to say.
  if (*presented) (*json)["retired_secret_last_presented_at"] = time_json(*presented);
  return resource_response(*json, key->version);
}

Result<Response> key_history(Call& call) {
  QueryReader query(call);
  AuditPageRequest request;
  request.limit = query.limit();
  const std::string after = query.cursor();
  if (auto error = query.finish()) return fail(std::move(*error));
  const auto key = find_key(call);
  if (!key) return fail(key.error());
  request.filter.workspace = call.caller->workspace;
  request.filter.key = key->id;
  request.descending = false;
  request.after = position_of_cursor(after);
  const auto page = call.api.projections.audit().list(request);
  if (!page) return fail(page.error());
  return audit_page_response(call, *page);
}

Result<Response> create_key(Call& call) {
  const auto fields = read_fields(call);
  if (!fields) return fail(fields.error());
  BodyReader body(*fields);
  CreateKey command = read_new_key(body);
  std::string reason = read_reason(call, body);
  if (auto error = body.finish()) return fail(std::move(*error));

  const auto workspace = call.api.projections.directory().workspace(call.caller->workspace);
  const Secret secret =
      make_secret(command.type, command.environment, workspace->policy.secret_prefix);
  command.id = KeyId{make_ulid(call.now, random_bytes<10>())};
  command.secret = {SecretId{make_ulid(call.now, random_bytes<10>())}, secret.hash(),
                    secret.handle()};
  const SecretId id = command.secret.id;
  const auto receipt = submit_with_secret(call, std::move(command), std::move(reason), id, secret);
  if (!receipt) return fail(receipt.error());
  return answer_with_secret(call, *receipt, 201, secret);
}

}  // namespace keyledger::http
