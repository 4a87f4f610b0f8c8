#include "tests/events/golden_events.h"

#include <limits>

#include "events/event_codec.h"

namespace keyledger {
namespace {

// 2026-03-30T12:00:00Z.
constexpr Timestamp kNoon{1'774'872'000'000};
constexpr std::int64_t kDay = 86'400'000;

// Ids that a reader recognises: 01KMZ9TXG0 is noon, the rest says what it is.
IdBytes id(std::string_view name) {
  std::string text = "01KMZ9TXG0";
  text += std::string(16 - name.size(), '0');
  text += name;
  return parse_ulid(text).value();
}
KeyId key(std::string_view name) { return {id(name)}; }
MemberId member(std::string_view name) { return {id(name)}; }
SecretId secret_id(std::string_view name) { return {id(name)}; }

SecretFacts secret(std::string_view name, std::string handle) {
  return {secret_id(name), {HashAlgorithm::kSha256, sha256(name)}, std::move(handle)};
}

Salt salt(std::uint8_t first) {
  Salt out;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(first + i);
  return out;
}
const Blob& actor_blob() {
  static const Blob blob{salt(0x20), encode_blob(ActorDetails{"2001:db8::7", "curl/7.88.1", ""})};
  return blob;
}
const Blob& subject_blob() {
  static const Blob blob{salt(0x60), encode_blob(KeyDetails{"Rechnungen für Łódź 🔑", {}, {}})};
  return blob;
}

// Around a fact about the key KEY1, done by a member with a management key.
RecordedEvent about_key(Event event) {
  RecordedEvent out;
  out.position = 4711;
  out.time = kNoon;
  out.id = EventId{id("EVT")};
  out.workspace = WorkspaceId{id("WS")};
  out.workspace_seq = 42;
  out.stream = stream_of(key("KEY1"));
  out.version = 3;
  out.actor = {ActorKind::kMember, id("MEM1"), key("MGMT")};
  out.actor_commitment = commitment_of(actor_blob());
  out.request_id = "req-7f3a";
  out.event = std::move(event);
  return out;
}

RecordedEvent with_details(Event event) {
  RecordedEvent out = about_key(std::move(event));
  out.subject_commitment = commitment_of(subject_blob());
  return out;
}

// Recorded by the program itself, because a time came.
RecordedEvent by_the_system(Event event) {
  RecordedEvent out = about_key(std::move(event));
  out.actor = {};
  out.actor_commitment.reset();
  out.request_id.clear();
  return out;
}

RecordedEvent about_member(Event event) {
  RecordedEvent out = about_key(std::move(event));
  out.stream = stream_of(member("MEM2"));
  return out;
}

RecordedEvent about_workspace(Event event) {
  RecordedEvent out = about_key(std::move(event));
  out.stream = stream_of(WorkspaceId{id("WS")});
  out.workspace_seq = 0;
  return out;
}

RecordedEvent about_policy(Event event) {
  RecordedEvent out = about_key(std::move(event));
  out.stream = policy_stream_of(WorkspaceId{id("WS")});
  return out;
}

RecordedEvent about_ledger(Event event) {
  RecordedEvent out;
  out.time = kNoon;
  out.id = EventId{id("EVT")};
  out.stream = stream_of(LogId{id("G")});
  out.version = 1;
  out.event = std::move(event);
  return out;
}

RecordedEvent with_reason(RecordedEvent event, std::string reason) {
  event.reason = std::move(reason);
  return event;
}

NetworkRule network(std::array<std::uint8_t, 16> address, std::uint8_t prefix) {
  return {address, prefix};
}
const NetworkRule kIpv4 =
    network({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 0}, 96 + 24);
const NetworkRule kIpv6 = network({0x20, 0x01, 0x0D, 0xB8}, 32);

const OriginRule kSite{std::nullopt, "example.com", std::nullopt, true, true};
const OriginRule kLocal{"http", "localhost", std::uint16_t{3000}, true, false};
const OriginRule kBelow{"https", "xn--bcher-kva.example", std::uint16_t{65535}, false, true};

KeyCreated full_key() {
  KeyCreated out;
  out.type = KeyType::kPublic;
  out.environment = Environment::kTest;
  out.name = "Zahlungen – größer ≠ 更大 🔑";
  out.secret = secret("SEC1", "pk_test_…Xy3Z");
  out.scopes = {"ANALYTICS_WRITE", "BLOG_READ", "a:b-c.d_e"};
  out.allowed_origins = {kSite, kLocal, kBelow};
  out.allow_missing_origin = true;
  out.allowed_ips = {kIpv4, kIpv6};
  out.not_before = kNoon + kDay;
  out.expires_at = kNoon + 30 * kDay;
  out.owner = member("MEM1");
  out.rate_limit = RateLimit{1000, 60};
  out.replaces = key("KEY0");
  return out;
}

KeyCreated bare_key() {
  KeyCreated out;
  out.name = "a";
  out.secret = secret("SEC1", "sk_live_…0000");
  out.scopes = {kAllScopes};
  out.owner = member("MEM1");
  return out;
}

KeyCreated management_key() {
  KeyCreated out = bare_key();
  out.type = KeyType::kManagement;
  out.name = "Ada's key";
  out.secret = secret("SEC2", "mk_live_…9zZ9");
  out.member = member("MEM2");
  return out;
}

Policy full_policy() {
  Policy out;
  out.name_rule = NameRule::kNoWhitespace;
  out.unique_names = false;
  out.allow_public = false;
  out.scopes = {{"BLOG_READ", "Read the blog", true}, {"ORDERS", "", false}};
  out.default_scopes = {"BLOG_READ", "ORDERS"};
  out.endpoints = {{"GET", "/v1/blog/*", "BLOG_READ", true}, {"POST", "/v1/orders", "", false}};
  out.required_headers = {{"Quo-Api-Version", {"2026-03-30", "2025-01-01"}}, {"X-None", {}}};
  out.max_ttl_seconds = std::numeric_limits<std::uint64_t>::max();
  out.default_ttl_seconds = 0;
  out.rotation_age_days = 90;
  out.inactivity_days = std::numeric_limits<std::uint32_t>::max();
  out.forbid_wildcard_origin_live = true;
  out.require_reason = true;
  out.require_if_match = true;
  out.rate_limit = RateLimit{std::numeric_limits<std::uint32_t>::max(), 1};
  out.on_leak = OnLeak::kRevoke;
  out.use_digest = UseDigest::kOff;
  out.usage_retention_days = 127;
  out.secret_prefix = "acme";
  return out;
}

using Leaves = std::vector<Golden<RecordedEvent>>;

void add_ledger_and_workspace(Leaves& out) {
  out.emplace_back("ledger.created.v1",
                   about_ledger(LedgerCreated{LogId{id("G")}, "keyledger.example/5f1c", 1}));
  out.emplace_back("ledger.rollback_accepted.v1",
                   about_ledger(LedgerRollbackAccepted{"keyledger.example/9d2b", 1'000'000, 999}));
  out.emplace_back("workspace.created.v1",
                   about_workspace(WorkspaceCreated{"Café Zürich", "quotient", true}));
  out.emplace_back("workspace.created.v1.tenant",
                   about_workspace(WorkspaceCreated{"b", "default", false}));
  out.emplace_back("workspace.suspended.v1",
                   with_reason(about_workspace(WorkspaceSuspended{}), "unpaid"));
  out.emplace_back("workspace.resumed.v1", about_workspace(WorkspaceResumed{}));
  out.emplace_back("policy.set.v1", about_policy(PolicySet{full_policy()}));
  out.emplace_back("policy.set.v1.default", about_policy(PolicySet{}));
}

void add_members(Leaves& out) {
  RecordedEvent added = about_member(MemberAdded{Role::kOwner});
  const Blob profile{salt(0xA0), encode_blob(MemberProfile{"Ada Łovelace", "ada@example.com"})};
  added.subject_commitment = commitment_of(profile);
  out.emplace_back("member.added.v1", added);
  out.emplace_back("member.role_changed.v1",
                   about_member(MemberRoleChanged{{Role::kAdmin, Role::kAuditor}}));
  added.event = MemberProfileChanged{{4000}};
  out.emplace_back("member.profile_changed.v1", added);
  out.emplace_back("member.removed.v1",
                   with_reason(about_member(MemberRemoved{}), "left the company"));
}

void add_key_creation_and_changes(Leaves& out) {
  out.emplace_back("key.created.v1", with_reason(with_details(full_key()), "for the shop – 店"));
  out.emplace_back("key.created.v1.bare", about_key(bare_key()));
  out.emplace_back("key.created.v1.management", about_key(management_key()));
  out.emplace_back("key.renamed.v1",
                   with_reason(about_key(KeyRenamed{{"shop", "shop – 店"}}), "new brand"));
  out.emplace_back("key.description_changed.v1", with_details(KeyDescriptionChanged{{4700}}));
  out.emplace_back("key.description_changed.v1.first",
                   with_details(KeyDescriptionChanged{{std::nullopt}}));
  out.emplace_back("key.scopes_changed.v1",
                   about_key(KeyScopesChanged{{{kAllScopes}, {"BLOG_READ", "BLOG_WRITE"}}}));
  out.emplace_back("key.origins_changed.v1",
                   about_key(KeyOriginsChanged{{{}, {kSite, kLocal, kBelow}}}));
  out.emplace_back("key.missing_origin_changed.v1",
                   about_key(KeyMissingOriginChanged{{false, true}}));
  out.emplace_back("key.addresses_changed.v1",
                   about_key(KeyAddressesChanged{{{kIpv4}, {kIpv4, kIpv6}}}));
  out.emplace_back("key.start_changed.v1", about_key(KeyStartChanged{{std::nullopt, kNoon + 1}}));
  out.emplace_back("key.expiry_changed.v1", about_key(KeyExpiryChanged{{kNoon, kLastTime}}));
  out.emplace_back("key.expiry_changed.v1.cleared",
                   about_key(KeyExpiryChanged{{kNoon, std::nullopt}}));
  out.emplace_back("key.metadata_changed.v1", with_details(KeyMetadataChanged{{0}}));
  out.emplace_back("key.external_id_changed.v1",
                   with_details(KeyExternalIdChanged{{std::numeric_limits<std::uint64_t>::max()}}));
  out.emplace_back("key.owner_changed.v1",
                   about_key(KeyOwnerChanged{{member("MEM1"), member("MEM2")}}));
  out.emplace_back("key.rate_limit_changed.v1",
                   about_key(KeyRateLimitChanged{{std::nullopt, RateLimit{128, 16'384}}}));
}

void add_key_life(Leaves& out) {
  out.emplace_back("key.rotated.v1", about_key(KeyRotated{secret("SEC2", "sk_live_…Ab12"),
                                                          secret_id("SEC1"), kNoon + kDay}));
  out.emplace_back("key.overlap_ended.v1", about_key(KeyOverlapEnded{secret_id("SEC1")}));
  out.emplace_back("key.suspended.v1", with_reason(about_key(KeySuspended{}), "inactive"));
  out.emplace_back("key.resumed.v1", about_key(KeyResumed{}));
  out.emplace_back("key.revoked.v1", with_reason(about_key(KeyRevoked{RevocationCode::kSuperseded}),
                                                 "replaced by the new shop"));
  out.emplace_back("key.revoked.v1.unspecified", about_key(KeyRevoked{}));
  RecordedEvent compromised = about_key(KeyCompromised{});
  compromised.actor = {ActorKind::kKeyHolder, id("KEY1"), std::nullopt};
  out.emplace_back("key.compromised.v1", compromised);
  out.emplace_back("key.replaced.v1", about_key(KeyReplaced{key("KEY2")}));
  out.emplace_back("key.expired.v1", by_the_system(KeyExpired{kNoon}));
  out.emplace_back("key.secret_retired.v1",
                   by_the_system(KeySecretRetired{secret_id("SEC1"), kNoon}));
  out.emplace_back("key.retired_secret_presented.v1",
                   by_the_system(KeyRetiredSecretPresented{secret_id("SEC1")}));
  out.emplace_back("key.secret_replayed.v1", about_key(KeySecretReplayed{secret_id("SEC2")}));
  out.emplace_back("key.expiring.v1", by_the_system(KeyExpiring{kNoon + kDay, 7}));
}

void add_what_others_bring(Leaves& out) {
  KeyCreated brought = full_key();
  brought.secret.handle.clear();
  out.emplace_back("key.imported.v1", with_details(KeyImported{brought}));
  out.emplace_back("key.looked_up.v1", about_key(KeyLookedUp{secret_id("SEC1")}));
  out.emplace_back("key.looked_up.v1.unknown", about_workspace(KeyLookedUp{}));
  RecordedEvent leak = by_the_system(KeyLeakReported{secret_id("SEC1"), "github", "90a421169f0a"});
  const Blob found{salt(0xC0),
                   encode_blob(LeakDetails{"keyledger_live", "https://example.org/a", "content"})};
  leak.subject_commitment = commitment_of(found);
  out.emplace_back("key.leak_reported.v1", leak);
  Digest digest{};
  digest.fill(0xD1);
  out.emplace_back(
      "usage.digest.v1",
      about_workspace(UsageDigested{kNoon, kNoon + kDay, 128, HashAlgorithm::kSha256, digest}));
}

// The first events of a ledger, as a frame holds them.
Frame first_frame() {
  Frame out;
  out.log_id = LogId{id("G")};
  out.frame_id = id("FRAME");
  RecordedEvent ledger = about_ledger(LedgerCreated{LogId{id("G")}, "keyledger.example/5f1c", 1});
  RecordedEvent workspace = about_workspace(WorkspaceCreated{"Café Zürich", "default", true});
  workspace.position = 1;
  workspace.version = 1;
  RecordedEvent created = with_details(full_key());
  created.position = 2;
  created.workspace_seq = 1;
  created.version = 1;
  for (const auto& event : {ledger, workspace, created}) out.leaves.push_back(encode_leaf(event));
  return out;
}

}  // namespace

std::vector<Golden<RecordedEvent>> golden_leaves() {
  Leaves out;
  add_ledger_and_workspace(out);
  add_members(out);
  add_key_creation_and_changes(out);
  add_key_life(out);
  add_what_others_bring(out);
  return out;
}

std::vector<Golden<Frame>> golden_frames() {
  Frame single = first_frame();
  single.first_position = 4711;
  single.leaves = {encode_leaf(about_key(KeySuspended{}))};
  return {{"frame.v1", first_frame()}, {"frame.v1.single", single}};
}

std::vector<Golden<Side>> golden_sides() {
  Side full;
  full.frame_id = id("FRAME");
  full.events = {{}, {actor_blob(), std::nullopt}, {actor_blob(), subject_blob()}};
  full.calls = {{sha256("scope"), sha256("request"), 1, 2}};
  Side bare;
  bare.frame_id = id("FRAME");
  bare.events.resize(1);
  return {{"side.v1", full}, {"side.v1.bare", bare}};
}

std::vector<Golden<AnyBlob>> golden_blobs() {
  const Metadata metadata{{"", ""}, {"team", "Zürich"}, {"tier", "gold"}};
  return {
      {"actor_details.v1", ActorDetails{"2001:db8::7", "curl/7.88.1", "Grace Höpper"}},
      {"actor_details.v1.bare", ActorDetails{}},
      {"member_profile.v1", MemberProfile{"Ada Łovelace", "ada@example.com"}},
      {"key_details.v1", KeyDetails{"Rechnungen für Łódź 🔑", metadata, "cus_123"}},
      {"key_details.v1.cleared", KeyDetails{}},
      {"key_details.v1.empty", KeyDetails{"", Metadata{}, ""}},
      {"leak_details.v1",
       LeakDetails{"keyledger_live", "https://example.org/a/b/blob/1#L7", "commit"}},
      {"leak_details.v1.bare", LeakDetails{}},
  };
}

}  // namespace keyledger
