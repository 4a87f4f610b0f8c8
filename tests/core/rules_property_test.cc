// What must hold whatever people do: random commands over a few members, keys, names and secrets,
// with a clock that only goes forward. Each law is checked after every step.
#include <gtest/gtest.h>

#include <random>

#include "core/judge.h"
#include "tests/support/given.h"

namespace keyledger {
namespace {

constexpr std::uint32_t kSeeds = 20;
constexpr int kSteps = 300;

// Asks for anything, sensible more often than not. Everything follows from the seed.
class Asker {
 public:
  Asker(std::uint64_t seed, const Scenario& scenario) : scenario_(scenario), random_(seed) {}

  [[nodiscard]] std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  [[nodiscard]] bool one_in(std::uint64_t chances) { return below(chances) == 0; }

  [[nodiscard]] CallContext call() {
    CallContext call;
    call.workspace = scenario_.workspace;
    call.permitted = kEveryRole;
    if (!one_in(4)) {
      const MemberId member = any_member();
      call.actor = {ActorKind::kMember, member.bytes, std::nullopt};
      if (one_in(2)) call.actor.acting_key = Scenario::management_key_of(member);
    }
    if (one_in(6)) call.if_match = static_cast<std::uint32_t>(1 + below(6));
    return call;
  }

  [[nodiscard]] Command command() {
    switch (below(18)) {
      case 0:
      case 1:
      case 2: return create();
      case 3: return issue();
      case 4:
      case 5: return change();
      case 6:
      case 7: return RotateKey{any_key(), fresh_secret(), one_in(2) ? 0 : below(200)};
      case 8: return EndOverlap{any_key()};
      case 9: return SuspendKey{any_key()};
      case 10: return ResumeKey{any_key()};
      case 11: return RevokeKey{any_key(), any_code()};
      case 12: return AddMember{test_id<MemberId>(++members_), any_role(), test_blob("new")};
      case 13: return change_member();
      case 14: return one_in(3) ? Command(RemoveMember{any_member()}) : change();
      default: return notice();
    }
  }

 private:
  // Mostly one of the newest, since old ones have ended; sometimes one that is not there.
  KeyId any_key() {
    const auto keys = scenario_.state.keys();
    if (one_in(12)) return test_id<KeyId>(keys_ + 1);
    return keys[keys.size() - 1 - below(std::min<std::size_t>(keys.size(), 8))].id;
  }
  SecretId any_secret_of(const KeyId& id) {
    const auto secrets = scenario_.key(id).secrets;
    return secrets.empty() ? SecretId{} : secrets[below(secrets.size())].facts.id;
  }
  MemberId any_member() {
    return test_id<MemberId>(static_cast<std::uint32_t>(1 + below(members_ + 1)));
  }
  Role any_role() { return static_cast<Role>(1 + below(4)); }
  RevocationCode any_code() { return static_cast<RevocationCode>(1 + below(6)); }
  SecretFacts fresh_secret() { return test_secret(++secrets_); }
  std::string any_name() { return std::string(1, static_cast<char>('a' + below(4))); }
  OptionalTime any_time() {
    if (one_in(2)) return std::nullopt;
    return scenario_.now + static_cast<std::int64_t>(below(60)) * kSecond;
  }

  Command create() {
    CreateKey command;
    command.id = test_id<KeyId>(++keys_);
    command.type = one_in(3) ? KeyType::kPublic : KeyType::kPrivate;
    command.environment = one_in(4) ? Environment::kTest : Environment::kLive;
    command.name = any_name();
    command.secret = fresh_secret();
    command.not_before = one_in(3) ? any_time() : std::nullopt;
    command.expires_at = any_time();
    if (one_in(6)) command.owner = any_member();
    if (one_in(3)) command.replaces = any_key();
    if (one_in(3)) command.details = test_blob("details");
    return command;
  }
  Command issue() {
    IssueManagementKey command = issue_to(any_member());
    command.id = test_id<KeyId>(++keys_);
    command.secret = fresh_secret();
    command.expires_at = any_time();
    return command;
  }
  Command change() {
    ChangeKey command = change_of(any_key());
    if (one_in(2)) command.name = any_name();
    if (one_in(4)) command.scopes = one_in(2) ? ScopeSet{"ALL"} : ScopeSet{"A", "B"};
    if (one_in(4)) command.not_before = any_time();
    if (one_in(4)) command.expires_at = any_time();
    if (one_in(5)) command.owner = any_member();
    if (one_in(5)) command.metadata = test_blob("metadata");
    return command;
  }
  Command change_member() {
    ChangeMember command{any_member(), any_role(), std::nullopt};
    if (one_in(3)) command.profile = test_blob("changed");
    return command;
  }
  Command notice() {
    const KeyId key = any_key();
    const SecretId secret = any_secret_of(key);
    switch (below(7)) {
      case 0: return RecordExpiry{key};
      case 3: return RecordExpiring{key, any_time().value_or(kNoon), kWarningDays[below(3)]};
      case 1: return RecordRetirement{key, secret};
      case 2: return RecordRetiredSecretUse{key, secret};
      case 4: return one_in(3) ? RecordLookup{} : RecordLookup{key, secret};
      case 5: return ReportLeak{key, secret, "github", "key one", test_blob("where")};
      default: return RecordSecretReplay{key, secret};
    }
  }

  const Scenario& scenario_;
  std::mt19937_64 random_;
  std::uint32_t members_ = 5;  // those of the scenario
  std::uint32_t keys_ = 1100;  // above the management keys of the scenario
  std::uint32_t secrets_ = 0;
};

// One world that random commands go through, and the laws about it.
class World {
 public:
  explicit World(std::uint64_t seed) : asker_(seed, scenario_) {}

  void step() {
    scenario_.now = scenario_.now + static_cast<std::int64_t>(asker_.below(4)) * kSecond;
    const CallContext call = asker_.call();
    const Command command = asker_.command();
    if (asker_.one_in(30)) let_names_be_shared(asker_.one_in(2));
    const auto before = scenario_.state.keys();
    const auto decision = decide(scenario_.state, {call, command}, scenario_.now);
    EXPECT_EQ(describe(decision),
              describe(decide(scenario_.state, {call, command}, scenario_.now)));
    if (!decision) {
      EXPECT_NE(decision.error().code, ErrorCode::kInternal) << describe(decision);
      if (decision.error().code == ErrorCode::kNameTaken) ++taken_;
      return;
    }
    ++decided_;
    const auto recorded = scenario_.state.record(*decision, call, scenario_.now);
    for (const RecordedEvent& event : recorded) {
      check_event(event, before);
      if (unique_names_) check_name(event, before);
    }
    check_keys();
    check_members();
    if (!recorded.empty()) check_repeat(call, command);
  }

  // A state folded from the history alone is the state that grew step by step.
  void check_replay() const {
    FakeState replayed;
    for (const RecordedEvent& event : scenario_.state.history()) replayed.apply(event);
    EXPECT_EQ(replayed.keys(), scenario_.state.keys());
    EXPECT_EQ(replayed.members(), scenario_.state.members());
    EXPECT_EQ(**replayed.workspace(scenario_.workspace),
              **scenario_.state.workspace(scenario_.workspace));
  }

  [[nodiscard]] int decided() const { return decided_; }
  [[nodiscard]] int taken() const { return taken_; }  // names that were refused
  [[nodiscard]] const std::set<EventType>& seen() const { return seen_; }

 private:
  void check_event(const RecordedEvent& event, const std::vector<Key>& before) {
    seen_.insert(tag_of(event.event));
    EXPECT_EQ(event.workspace, scenario_.workspace);
    std::uint32_t& version = versions_[event.stream];
    if (version == 0) version = version_before_the_first_step(event);
    EXPECT_EQ(event.version, version + (is_notice(event.event) ? 0 : 1));
    version = event.version;

    // What follows the end of a key is a notice, a compromise or the name of its successor.
    for (const Key& key : before) {
      if (event.stream != stream_of(key.id)) continue;
      if (!is_final(status_of(key, scenario_.now)) || is_notice(event.event)) continue;
      EXPECT_TRUE(std::holds_alternative<KeyCompromised>(event.event) ||
                  std::holds_alternative<KeyReplaced>(event.event))
          << action_name(event.event);
    }
  }

  // Keys that shared a name from earlier may go on to.
  void let_names_be_shared(bool shared) {
    unique_names_ = !shared;
    Policy policy;
    policy.unique_names = unique_names_;
    policy.on_leak = shared ? OnLeak::kSuspend : OnLeak::kRevoke;
    scenario_.given_policy(policy);
  }

  // Who takes a name shares it with no live key but the one that it replaces.
  void check_name(const RecordedEvent& event, const std::vector<Key>& before) const {
    const bool takes = std::holds_alternative<KeyCreated>(event.event) ||
                       std::holds_alternative<KeyRenamed>(event.event);
    if (!takes) return;
    const Key taker = scenario_.key(KeyId{event.stream.id});
    if (taker.type == KeyType::kManagement) return;
    for (const Key& other : before) {
      if (other.id == taker.id || other.id == taker.replaces) continue;
      if (other.workspace != taker.workspace || other.type == KeyType::kManagement) continue;
      if (other.environment != taker.environment || other.name != taker.name) continue;
      EXPECT_TRUE(is_final(status_of(other, scenario_.now)))
          << taker.name << ": " << to_text(taker.id) << ", " << to_text(other.id);
    }
  }

  // Streams of the scenario's own things begin before the first random command.
  [[nodiscard]] std::uint32_t version_before_the_first_step(const RecordedEvent& event) const {
    std::uint32_t version = 0;
    for (const RecordedEvent& earlier : scenario_.state.history()) {
      if (earlier.position >= event.position) break;
      if (earlier.stream == event.stream) version = earlier.version;
    }
    return version;
  }

  void check_keys() {
    for (const Key& key : scenario_.state.keys()) {
      if (key.workspace != scenario_.workspace) continue;
      check_secrets(key);
      check_verdicts(key);
      if (key.replaces) {
        EXPECT_EQ(scenario_.key(*key.replaces).replaced_by, key.id);
      }
    }
  }

  void check_secrets(const Key& key) const {
    ASSERT_FALSE(key.secrets.empty());
    EXPECT_FALSE(key.current_secret().retires_at);
    std::set<SecretId> ids;
    int retiring = 0;
    for (const KeySecret& secret : key.secrets) {
      ids.insert(secret.facts.id);
      EXPECT_EQ(secret.retires_at.has_value(), &secret != &key.secrets.back());
      EXPECT_EQ(secret.retired_cause.exists(), secret.retires_at.has_value());
      if (secret.retires_at && *secret.retires_at > scenario_.now) ++retiring;
    }
    EXPECT_EQ(ids.size(), key.secrets.size());
    EXPECT_LE(retiring, 1);
    EXPECT_EQ(retiring_secret(key, scenario_.now) != nullptr, retiring == 1);
  }

  // VALID is for active keys and secrets that have not retired; the end of either is for ever.
  void check_verdicts(const Key& key) {
    const bool active = status_of(key, scenario_.now) == KeyStatus::kActive;
    Grants open = grants_of(key);
    open.allow_missing_origin = true;  // no origin is asked about here
    const auto grants = std::make_shared<const Grants>(std::move(open));
    for (const KeySecret& secret : key.secrets) {
      const Credential held = credential_of(key, secret, grants);
      const Judgement judged =
          judge(&held, Policy{}, {scenario_.workspace, std::nullopt, {}}, scenario_.now);
      const bool valid = judged.verdict == Verdict::kValid;
      const bool retired = secret.retires_at && *secret.retires_at <= scenario_.now;
      EXPECT_EQ(valid, active && !retired && key.type != KeyType::kManagement)
          << verdict_name(judged.verdict);
      EXPECT_EQ(judged.decided_by.exists(), judged.verdict != Verdict::kNotFound);
      if (valid) {
        EXPECT_FALSE(dead_.contains(secret.facts.id)) << to_text(key.id);
      }
      if (retired || is_final(status_of(key, scenario_.now))) dead_.insert(secret.facts.id);
    }
  }

  void check_members() const {
    bool owner = false;
    for (const Member& member : scenario_.state.members()) {
      if (member.workspace != scenario_.workspace) continue;
      if (member.role == Role::kOwner && !member.removed) owner = true;
      if (!member.removed) continue;
      const auto held = scenario_.state.management_keys(member.id);
      for (const KeyId& id : *held) {
        EXPECT_TRUE(is_final(status_of(scenario_.key(id), scenario_.now)))
            << "a removed member holds " << to_text(id);
      }
    }
    EXPECT_TRUE(owner);
  }

  // Asking again for what is so by now makes nothing; nobody is refused for having been heard.
  void check_repeat(CallContext call, const Command& command) const {
    const bool says_a_state =
        std::holds_alternative<EndOverlap>(command) ||
        std::holds_alternative<SuspendKey>(command) || std::holds_alternative<ResumeKey>(command) ||
        std::holds_alternative<RevokeKey>(command) ||
        std::holds_alternative<RemoveMember>(command) ||
        (std::holds_alternative<ChangeKey>(command) && !std::get<ChangeKey>(command).metadata);
    if (!says_a_state) return;
    call.actor = Actor{};  // the asker may have ended itself
    const auto again = decide(scenario_.state, {call, command}, scenario_.now);
    EXPECT_EQ(describe(again), "nothing");
  }

  Scenario scenario_;
  Asker asker_;
  std::map<StreamId, std::uint32_t> versions_;
  std::set<SecretId> dead_;
  std::set<EventType> seen_;
  bool unique_names_ = true;
  int decided_ = 0;
  int taken_ = 0;
};

TEST(Rules, HoldForWhateverIsAsked) {
  std::set<EventType> seen;
  int taken = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    World world(seed);
    for (int step = 0; step < kSteps && !HasFailure(); ++step) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " step " + std::to_string(step));
      world.step();
    }
    world.check_replay();
    seen.insert(world.seen().begin(), world.seen().end());
    taken += world.taken();
    EXPECT_GT(world.decided(), kSteps / 10)
        << "seed " << seed << " asks too little that is allowed";
    if (HasFailure()) FAIL() << "seed " << seed;
  }
  EXPECT_GT(taken, 20) << "too few ask for a name that is held";
  // The random commands reach every event that they can make.
  const Event reachable[] = {
      MemberAdded{},          MemberRoleChanged{},
      MemberProfileChanged{}, MemberRemoved{},
      KeyCreated{},           KeyRenamed{},
      KeyScopesChanged{},     KeyStartChanged{},
      KeyExpiryChanged{},     KeyMetadataChanged{},
      KeyOwnerChanged{},      KeyRotated{},
      KeyOverlapEnded{},      KeySuspended{},
      KeyResumed{},           KeyRevoked{},
      KeyCompromised{},       KeyReplaced{},
      KeyExpired{},           KeySecretRetired{},
      KeySecretReplayed{},    KeyRetiredSecretPresented{},
      KeyLookedUp{},          KeyLeakReported{},
  };
  for (const Event& event : reachable)
    EXPECT_TRUE(seen.contains(tag_of(event))) << action_name(event);
}

}  // namespace
}  // namespace keyledger
