#include "tests/projections/random_history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "events/event_codec.h"

namespace keyledger {
namespace {

template <typename Fact, typename T>
Fact change(T from, T to) {
  Fact fact;
  fact.from = std::move(from);
  fact.to = std::move(to);
  return fact;
}

}  // namespace

std::string RandomHistory::name() { return one_of(names_); }

std::string RandomHistory::scope() {
  static const std::vector<std::string> kScopes = {"ALL", "read", "write", "mail:send"};
  return one_of(kScopes);
}

std::string RandomHistory::external_id() { return "customer-" + std::to_string(random_.below(4)); }

ScopeSet RandomHistory::scopes() {
  std::set<std::string> set;
  for (std::uint64_t left = random_.below(4); left > 0; --left) set.insert(scope());
  return {set.begin(), set.end()};
}

OptionalTime RandomHistory::time_near_now() {
  if (random_.chance(50)) return std::nullopt;
  return now_ + (static_cast<std::int64_t>(random_.below(20'000)) - 2'000);
}

std::optional<Blob> RandomHistory::blob_of(std::string bytes) {
  Blob blob{{}, std::move(bytes)};
  fill(blob.salt);
  return blob;
}

SecretFacts RandomHistory::secret() {
  SecretFacts facts;
  facts.id = SecretId{fresh_id()};
  fill(facts.hash.bytes);
  facts.handle = "sk_live_…" + std::to_string(random_.below(10'000));
  return facts;
}

// Ids are made before they are recorded, so they are not in the order of the positions.
IdBytes RandomHistory::fresh_id() {
  std::array<std::uint8_t, 10> bits{};
  fill(bits);
  return make_ulid(now_ + (-static_cast<std::int64_t>(random_.below(3'000))), bits);
}

KeyDetails RandomHistory::key_details() {
  KeyDetails details;
  if (random_.chance(40)) details.description = random_.text();
  if (random_.chance(50)) {
    details.metadata.emplace()["team"] = std::to_string(random_.below(3));
    if (random_.chance(50)) (*details.metadata)["tier"] = random_.chance(50) ? "gold" : "free";
  }
  if (random_.chance(50)) details.external_id = external_id();
  return details;
}

std::vector<RandomHistory::Draft> RandomHistory::found() {
  log_id_ = LogId{fresh_id()};
  LedgerCreated created;
  created.log_id = log_id_;
  created.origin = "ledger.test";
  std::vector<Draft> drafts;
  drafts.push_back({stream_of(log_id_), {}, created, std::nullopt});
  for (int i = 0; i < 2; ++i) {
    const WorkspaceId workspace{fresh_id()};
    workspaces_.push_back(workspace);
    drafts.push_back({stream_of(workspace), workspace,
                      WorkspaceCreated{random_.text(), "default", i == 0}, std::nullopt});
    for (const Role role : {Role::kOwner, Role::kAdmin}) {
      const MemberId member{fresh_id()};
      members_.push_back(member);
      drafts.push_back({stream_of(member), workspace, MemberAdded{role},
                        blob_of(encode_blob(random_.member_profile()))});
    }
  }
  return drafts;
}

RandomHistory::Draft RandomHistory::draft() {
  const std::uint64_t pick = random_.below(100);
  if (keys_.empty() || pick < 14) return new_key();
  if (pick < 20) return about_member();
  if (pick < 24) return about_workspace();
  return about_key();
}

RandomHistory::Draft RandomHistory::new_key() {
  KeyCreated fact;
  fact.type = random_.chance(20)   ? KeyType::kManagement
              : random_.chance(40) ? KeyType::kPublic
                                   : KeyType::kPrivate;
  fact.environment = random_.chance(70) ? Environment::kLive : Environment::kTest;
  fact.name = name();
  fact.secret = secret();
  fact.scopes = scopes();
  if (fact.type == KeyType::kPublic) fact.allowed_origins = origins();
  if (random_.chance(20)) fact.allowed_ips = networks();
  fact.not_before = time_near_now();
  fact.expires_at = time_near_now();
  fact.owner = one_of(members_);
  if (fact.type == KeyType::kManagement) fact.member = one_of(members_);
  if (random_.chance(20)) fact.rate_limit = RateLimit{10, 60};
  if (!keys_.empty() && random_.chance(40)) fact.replaces = one_of(keys_);
  const KeyId id{fresh_id()};
  keys_.push_back(id);
  const KeyDetails details = key_details();
  Event made = fact;
  if (fact.type != KeyType::kManagement && random_.chance(20)) made = KeyImported{fact};
  return {stream_of(id), one_of(workspaces_), std::move(made),
          details.empty() ? std::nullopt : blob_of(encode_blob(details))};
}

RandomHistory::Draft RandomHistory::about_key() {
  const Key key = **state_.key(one_of(keys_));
  Draft draft{stream_of(key.id), key.workspace, {}, std::nullopt};
  if (key.end) {  // nothing else happens to an ended key
    if (key.end->status == KeyStatus::kCompromised || random_.chance(80)) return notice_about(key);
    draft.event = KeyCompromised{};
    return draft;
  }
  const KeyDetails details = key_details();
  KeyDetails alone;
  switch (random_.below(16)) {
    case 0:
      draft.event = KeyDescriptionChanged{{key.description_at}};
      alone.description = details.description;
      break;
    case 1:
    case 2:
      draft.event = KeyMetadataChanged{{key.metadata_at}};
      alone.metadata = details.metadata;
      break;
    case 3:
    case 4:
      draft.event = KeyExternalIdChanged{{key.external_id_at}};
      alone.external_id = details.external_id;
      break;
    case 5: return notice_about(key);
    default: draft.event = fact_about(key);
  }
  if (!alone.empty()) draft.subject = blob_of(encode_blob(alone));
  return draft;
}

Event RandomHistory::fact_about(const Key& key) {
  switch (random_.below(15)) {
    case 0:
    case 1: return change<KeyRenamed>(key.name, name());
    case 2: return change<KeyScopesChanged>(key.scopes, scopes());
    case 3: return change<KeyStartChanged>(key.not_before, time_near_now());
    case 4:
    case 5: return change<KeyExpiryChanged>(key.expires_at, time_near_now());
    case 6: return change<KeyOwnerChanged>(key.owner, one_of(members_));
    case 7: return rule_about(key);
    case 8: return KeySuspended{};
    case 9: return KeyResumed{};
    case 10: return KeyReplaced{one_of(keys_)};
    case 11:
      if (const auto* retiring = retiring_secret(key, now_)) {
        return KeyOverlapEnded{retiring->facts.id};
      }
      return KeySuspended{};
    case 12:
      if (random_.chance(60)) return KeyResumed{};
      if (random_.chance(30)) return KeyCompromised{};
      return KeyRevoked{RevocationCode::kSuperseded};
    default: {
      const auto overlap = random_.chance(40) ? 0 : static_cast<std::int64_t>(random_.below(9'000));
      return KeyRotated{secret(), key.current_secret().facts.id, now_ + overlap};
    }
  }
}

Event RandomHistory::rule_about(const Key& key) {
  if (key.type != KeyType::kPublic || random_.chance(30)) {
    return change<KeyAddressesChanged>(key.allowed_ips, networks());
  }
  if (random_.chance(50)) return change<KeyOriginsChanged>(key.allowed_origins, origins());
  return change<KeyMissingOriginChanged>(key.allow_missing_origin, random_.chance(50));
}

// Few, so that keys share them and requests meet them.
std::vector<OriginRule> RandomHistory::origins() {
  switch (random_.below(4)) {
    case 0: return {};
    case 1: return {any_origin_rule()};
    case 2: return {{"https", "a.example", std::nullopt, true, false}};
    default: return {{std::nullopt, "b.example", std::nullopt, true, true}};
  }
}

std::vector<NetworkRule> RandomHistory::networks() {
  if (random_.chance(40)) return {};
  return {{{10}, static_cast<std::uint8_t>(8 + random_.below(2))}};
}

RequestSource RandomHistory::source() {
  RequestSource from;
  if (random_.chance(80)) from.ip = IpAddress{{static_cast<std::uint8_t>(10 + random_.below(2))}};
  const char* const given[] = {"https://a.example", "http://b.example", "https://x.b.example",
                               "null"};
  if (random_.chance(80)) from.origin = parse_origin(given[random_.below(4)]);
  return from;
}

RandomHistory::Draft RandomHistory::notice_about(const Key& key) {
  if (random_.chance(10)) {
    return {stream_of(key.id), key.workspace,
            KeyLeakReported{key.current_secret().facts.id, "github", "1"},
            blob_of(encode_blob(random_.leak_details()))};
  }
  Draft draft{stream_of(key.id), key.workspace, KeySecretReplayed{key.current_secret().facts.id},
              std::nullopt};
  for (const KeySecret& secret : key.secrets) {
    if (!secret.retires_at || *secret.retires_at > now_) continue;
    draft.event = KeySecretRetired{secret.facts.id, *secret.retires_at};
    if (random_.chance(50)) draft.event = KeyRetiredSecretPresented{secret.facts.id};
  }
  if (random_.chance(20)) draft.event = KeyLookedUp{key.current_secret().facts.id};
  if (key.expires_at && *key.expires_at <= now_ && random_.chance(50)) {
    draft.event = KeyExpired{*key.expires_at};
  }
  return draft;
}

RandomHistory::Draft RandomHistory::about_member() {
  if (random_.chance(40)) {
    const MemberId id{fresh_id()};
    members_.push_back(id);
    return {stream_of(id), one_of(workspaces_), MemberAdded{Role::kVerifier},
            blob_of(encode_blob(random_.member_profile()))};
  }
  const Member member = **state_.member(one_of(members_));
  Draft draft{stream_of(member.id), member.workspace, MemberRemoved{}, std::nullopt};
  if (random_.chance(50)) {
    draft.event =
        change<MemberRoleChanged>(member.role, random_.chance(50) ? Role::kOwner : Role::kAuditor);
  } else if (random_.chance(70)) {
    draft.event = MemberProfileChanged{{member.profile_at}};
    draft.subject = blob_of(encode_blob(random_.member_profile()));
  }
  return draft;
}

RandomHistory::Draft RandomHistory::about_workspace() {
  const WorkspaceId workspace = one_of(workspaces_);
  switch (random_.below(4)) {
    case 0: return {stream_of(workspace), workspace, WorkspaceSuspended{}, std::nullopt};
    case 1: return {stream_of(workspace), workspace, WorkspaceResumed{}, std::nullopt};
    case 2:
      return {stream_of(log_id_), {}, LedgerRollbackAccepted{random_.text(), 9, 7}, std::nullopt};
    default: {
      PolicySet set;
      set.policy.unique_names = random_.chance(50);
      set.policy.default_scopes = scopes();
      return {policy_stream_of(workspace), workspace, std::move(set), std::nullopt};
    }
  }
}

RecordedEvent RandomHistory::stamp(Draft draft, std::uint64_t position, EventSide& side) {
  RecordedEvent event;
  event.position = position;
  event.time = now_;
  event.id = EventId{fresh_id()};
  event.workspace = draft.workspace;
  event.workspace_seq = sequences_[draft.workspace]++;
  event.stream = draft.stream;
  std::uint32_t& version = versions_[draft.stream];
  if (!is_notice(draft.event)) ++version;
  event.version = version;
  if (random_.chance(90)) event.actor = {ActorKind::kMember, one_of(members_).bytes, std::nullopt};
  if (random_.chance(50)) {
    side.actor = blob_of(encode_blob(random_.actor_details()));
    event.actor_commitment = commitment_of(*side.actor);
  }
  if (draft.subject) {
    event.subject_commitment = commitment_of(*draft.subject);
    if (!random_.chance(5)) side.subject = std::move(draft.subject);  // else it was erased
  }
  event.request_id = random_.text();
  event.event = std::move(draft.event);
  return event;
}

void RandomHistory::fold_texts(const RecordedEvent& event, const EventSide& side) {
  const std::string bytes = side.subject ? side.subject->bytes : std::string();
  if (event.stream.kind == StreamKind::kMember) {
    const bool sets = std::holds_alternative<MemberAdded>(event.event) ||
                      std::holds_alternative<MemberProfileChanged>(event.event);
    if (!sets) return;
    profiles_.erase(MemberId{event.stream.id});
    if (side.subject) profiles_[MemberId{event.stream.id}] = *decode_member_profile(bytes);
  }
  if (event.stream.kind != StreamKind::kKey) return;
  KeyDetails& details = details_[KeyId{event.stream.id}];
  if (std::holds_alternative<KeyLeakReported>(event.event)) return;
  const KeyDetails given = side.subject ? *decode_key_details(bytes) : KeyDetails();
  if (creation_in(event.event) != nullptr) details = given;
  if (std::holds_alternative<KeyDescriptionChanged>(event.event)) {
    details.description = given.description;
  }
  if (std::holds_alternative<KeyMetadataChanged>(event.event)) details.metadata = given.metadata;
  if (std::holds_alternative<KeyExternalIdChanged>(event.event)) {
    details.external_id = given.external_id;
  }
}

CommittedFrame RandomHistory::grow(std::size_t max_events) {
  CommittedFrame frame;
  now_ = now_ + static_cast<std::int64_t>(random_.below(2'000));
  frame.frame.first_position = log_.size();
  std::vector<Draft> founding;
  if (log_.size() == 0) founding = found();
  frame.frame.log_id = log_id_;
  fill(frame.frame.frame_id);
  frame.side.frame_id = frame.frame.frame_id;
  const std::size_t count = founding.empty() ? 1 + random_.below(max_events) : founding.size();
  for (std::size_t i = 0; i < count; ++i) {
    EventSide& side = frame.side.events.emplace_back();
    const RecordedEvent event = stamp(founding.empty() ? draft() : std::move(founding[i]),
                                      frame.frame.first_position + i, side);
    state_.apply(event);
    fold_texts(event, side);
    frame.frame.leaves.push_back(encode_leaf(event));
    frame.events.push_back(event);
  }
  if (random_.chance(50)) {
    IdempotencyEntry call;
    fill(call.scope);
    fill(call.request);
    call.first = static_cast<std::uint32_t>(random_.below(count));
    call.count = static_cast<std::uint32_t>(1 + random_.below(count - call.first));
    frame.side.calls.push_back(call);
    calls_[call.scope] = {call.request, frame.frame.first_position + call.first, call.count};
  }
  const AppendOutcome outcome = log_.append(encode_frame(frame.frame), encode_side(frame.side),
                                            frame.frame.first_position, count);
  EXPECT_EQ(outcome, AppendOutcome::kOk);
  return frame;
}

}  // namespace keyledger
