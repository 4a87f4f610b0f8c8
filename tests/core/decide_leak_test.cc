// Secrets that were found where they should not be.
#include <gmock/gmock.h>

#include <random>

#include "tests/support/given.h"

namespace keyledger {
namespace {

using enum ErrorCode;

const SecretId kSecret = test_secret(1).id;
const SecretId kOldSecret = test_secret(1).id;
const SecretId kNewSecret = test_secret(2).id;

KeyRotated rotated_with_overlap() {
  return KeyRotated{test_secret(2), test_secret(1).id, kNoon + kHour};
}

Scenario& as_holder(Scenario& s, const KeyId& key) {
  s.call.actor = {ActorKind::kKeyHolder, key.bytes, std::nullopt};
  s.call.permitted = {};
  return s;
}

Result<Decision> give_up(Scenario& s, const SecretId& secret) {
  return as_holder(s, kKey).when(SelfRevoke{kKey, secret});
}

ReportLeak leak_of(const SecretId& secret) {
  return {kKey, secret, "github", "key one", test_blob("where")};
}

Policy policy_with(OnLeak rule) {
  Policy policy;
  policy.on_leak = rule;
  return policy;
}

const KeyLeakReported kNotice{kSecret, "github", "key one"};

TEST(RecordLookup, StandsWithTheKeyOrWithTheWorkspaceIfTheSecretIsNobodys) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  const auto known = s.as(s.auditor).when(RecordLookup{kKey, kSecret});
  ASSERT_THAT(known, makes(KeyLookedUp{kSecret}));
  EXPECT_EQ((*known)[0].stream, stream_of(kKey));
  const auto unknown = s.as(s.auditor).when(RecordLookup{});
  ASSERT_THAT(unknown, makes(KeyLookedUp{}));
  EXPECT_EQ((*unknown)[0].stream, stream_of(s.workspace));
}

TEST(RecordLookup, IsOfTheOwnWorkspaceAndAsksForNoReason) {
  Scenario s;
  s.given_elsewhere(kKey, private_key("theirs"));
  EXPECT_THAT(s.when(RecordLookup{kKey, kSecret}), is_refused(kNotFound));
  Policy strict;
  strict.require_reason = true;
  strict.require_if_match = true;
  s.given_policy(strict);
  EXPECT_THAT(s.when(RecordLookup{}), makes(KeyLookedUp{}));
}

TEST(SelfRevoke, CompromisesTheKeyOfACurrentSecretWhateverThePolicyAsksOfOthers) {
  Scenario s;
  Policy strict;
  strict.require_reason = true;
  strict.require_if_match = true;
  s.given_policy(strict);
  s.given(kKey, private_key("ci"));
  EXPECT_THAT(give_up(s, kSecret), makes(KeyCompromised{}));
  s.given(kKey, KeySuspended{});
  EXPECT_THAT(give_up(s, kSecret), makes(KeyCompromised{})) << "suspended";
}

TEST(SelfRevoke, TakesAKeyThatIsNotValidYetAndThatOfTheLastOwner) {
  Scenario s;
  KeyCreated later = private_key("later");
  later.not_before = kNoon + kDay;
  s.given(kKey, later);
  EXPECT_THAT(give_up(s, kSecret), makes(KeyCompromised{}));
  const KeyId owners = Scenario::management_key_of(s.owner);
  const SecretId secret = s.key(owners).current_secret().facts.id;
  EXPECT_THAT(as_holder(s, owners).when(SelfRevoke{owners, secret}), makes(KeyCompromised{}));
}

TEST(SelfRevoke, WorksInASuspendedWorkspace) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given_suspended();
  EXPECT_THAT(give_up(s, kSecret), makes(KeyCompromised{}));
}

TEST(SelfRevoke, IsForTheHoldersOwnKeyAlone) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(kOtherKey, private_key("other"));
  EXPECT_THAT(as_holder(s, kOtherKey).when(SelfRevoke{kKey, kSecret}), is_refused(kForbidden));
  EXPECT_THAT(as_holder(s, kKey).when(RevokeKey{kKey}), is_refused(kForbidden));
  EXPECT_THAT(s.as(s.owner).when(SelfRevoke{kKey, kSecret}), is_refused(kForbidden));
}

TEST(ReportLeak, IsRecordedAndFollowedByWhatThePolicySays) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  const auto reported = s.as_system().when(leak_of(kSecret));
  ASSERT_THAT(reported, makes(kNotice)) << "the default";
  EXPECT_EQ((*reported)[0].subject->commitment, test_blob("where").commitment);
  s.given_policy(policy_with(OnLeak::kSuspend));
  EXPECT_THAT(s.as_system().when(leak_of(kSecret)), makes(kNotice, KeySuspended{}));
  s.given_policy(policy_with(OnLeak::kRevoke));
  EXPECT_THAT(s.as_system().when(leak_of(kSecret)), makes(kNotice, KeyCompromised{}));
}

TEST(ReportLeak, OfAPublicKeyIsOnlyRecorded) {
  for (const OnLeak rule : {OnLeak::kReport, OnLeak::kSuspend, OnLeak::kRevoke}) {
    Scenario s;
    s.given_policy(policy_with(rule));
    s.given(kKey, public_key("web"));
    EXPECT_THAT(s.as_system().when(leak_of(kSecret)), makes(kNotice));
  }
}

TEST(ReportLeak, OfARetiringSecretEndsTheOverlapAndOfARetiredOneNothing) {
  for (const OnLeak rule : {OnLeak::kSuspend, OnLeak::kRevoke}) {
    Scenario s;
    s.given_policy(policy_with(rule));
    s.given(kKey, private_key("ci"));
    s.given(kKey, rotated_with_overlap());
    EXPECT_THAT(s.as_system().when(leak_of(kOldSecret)),
                makes(kNotice, KeyOverlapEnded{kOldSecret}));
    s.now = kNoon + kHour;
    EXPECT_THAT(s.as_system().when(leak_of(kOldSecret)), makes(kNotice));
  }
}

TEST(ReportLeak, OfAnEndedKeyIsOnlyRecorded) {
  std::vector<Event> ends;
  ends.emplace_back(KeyRevoked{});
  ends.emplace_back(KeyCompromised{});
  ends.emplace_back(KeyExpiryChanged{{std::nullopt, kNoon}});
  for (const Event& end : ends) {
    Scenario s;
    s.given_policy(policy_with(OnLeak::kRevoke));
    s.given(kKey, private_key("ci"));
    s.given(kKey, end);
    EXPECT_THAT(s.as_system().when(leak_of(kSecret)), makes(kNotice));
  }
}

TEST(ReportLeak, SuspendsOnceAndRevokesWhatIsSuspended) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  s.given(kKey, KeySuspended{});
  s.given_policy(policy_with(OnLeak::kSuspend));
  EXPECT_THAT(s.as_system().when(leak_of(kSecret)), makes(kNotice));
  s.given_policy(policy_with(OnLeak::kRevoke));
  EXPECT_THAT(s.as_system().when(leak_of(kSecret)), makes(kNotice, KeyCompromised{}));
}

TEST(ReportLeak, IsForTheProgramAloneAndForSecretsOfTheKey) {
  Scenario s;
  s.given(kKey, private_key("ci"));
  EXPECT_THAT(s.as(s.owner).when(leak_of(kSecret)), is_refused(kForbidden));
  EXPECT_THAT(as_holder(s, kKey).when(leak_of(kSecret)), is_refused(kForbidden));
  EXPECT_THAT(s.as_system().when(leak_of(test_secret(9).id)), makes_nothing());
}

// What may become of a key, told from its history alone and not by core: for the laws below.
struct Model {
  bool is_public = false;
  OptionalTime ended;                                      // by a fact or by the clock
  std::vector<std::pair<SecretId, OptionalTime>> secrets;  // and when each retires; newest last

  [[nodiscard]] std::vector<Event> expected(const SecretId& secret, Timestamp now) const {
    std::vector<Event> out;
    if (is_public || (ended && *ended <= now)) return out;
    if (secret == secrets.back().first) out.emplace_back(KeyCompromised{});
    for (const auto& [id, retires_at] : secrets) {
      if (id == secret && retires_at && *retires_at > now) out.emplace_back(KeyOverlapEnded{id});
    }
    return out;
  }
};

// A key of any state, its model beside it.
class AnyKey {
 public:
  explicit AnyKey(std::uint64_t seed) : random_(seed) {
    model.is_public = one_in(4);
    KeyCreated created = model.is_public ? public_key("any") : private_key("any");
    if (one_in(3)) created.not_before = some_time();
    if (one_in(3)) created.expires_at = some_time();
    if (created.expires_at) model.ended = created.expires_at;
    s.given(kKey, created);
    model.secrets.emplace_back(test_secret(1).id, std::nullopt);
    for (std::uint64_t steps = below(8); steps > 0; --steps) step();
    s.now = s.now + static_cast<std::int64_t>(below(90)) * 60 * kSecond;
  }

  [[nodiscard]] SecretId any_secret() {
    const auto number = below(model.secrets.size() + 1);
    return number == model.secrets.size() ? test_secret(999).id : model.secrets[number].first;
  }

  Scenario s;
  Model model;

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  bool one_in(std::uint64_t chances) { return below(chances) == 0; }
  Timestamp some_time() { return kNoon + static_cast<std::int64_t>(below(240)) * 60 * kSecond; }

  void step() {
    s.now = s.now + static_cast<std::int64_t>(below(30)) * 60 * kSecond;
    if (model.ended && *model.ended <= s.now) return;
    switch (below(8)) {
      case 0: return s.given(kKey, KeySuspended{});
      case 1: return s.given(kKey, KeyResumed{});
      case 2: return end(KeyRevoked{});
      case 3: return one_in(2) ? end(KeyCompromised{}) : rotate();
      default: return rotate();
    }
  }
  void end(Event event) {
    s.given(kKey, std::move(event));
    model.ended = s.now;
  }
  void rotate() {
    const auto number = static_cast<std::uint32_t>(model.secrets.size() + 1);
    const Timestamp until = s.now + static_cast<std::int64_t>(below(3)) * 30 * 60 * kSecond;
    s.given(kKey, KeyRotated{test_secret(number), model.secrets.back().first, until});
    for (auto& [id, retires_at] : model.secrets) {
      if (retires_at && *retires_at > s.now) retires_at = s.now;
    }
    model.secrets.back().second = until;
    model.secrets.emplace_back(test_secret(number).id, std::nullopt);
  }

  std::mt19937_64 random_;
};

TEST(SelfRevoke, EndsJustWhatTheSecretOpensInEveryStateOfAKey) {
  std::map<std::size_t, int> made;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    AnyKey any(seed);
    const SecretId secret = any.any_secret();
    const auto expected = any.model.expected(secret, any.s.now);
    const Key before = any.s.key(kKey);
    ASSERT_THAT(give_up(any.s, secret), makes_all(expected));
    as_holder(any.s, kKey);
    const auto done = any.s.done(SelfRevoke{kKey, secret});
    EXPECT_THAT(give_up(any.s, secret), makes_nothing()) << "again";
    if (done.empty()) {
      EXPECT_EQ(any.s.key(kKey), before);
      continue;
    }
    ++made[done.front().event.index()];
    const Key after = any.s.key(kKey);
    EXPECT_EQ(done.front().actor.kind, ActorKind::kKeyHolder);
    if (std::holds_alternative<KeyCompromised>(done.front().event)) {
      EXPECT_EQ(status_of(after, any.s.now), KeyStatus::kCompromised);
    } else {
      EXPECT_EQ(retiring_secret(after, any.s.now), nullptr);
      EXPECT_EQ(status_of(after, any.s.now), status_of(before, any.s.now));
      EXPECT_EQ(after.current_secret(), before.current_secret());
    }
  }
  EXPECT_EQ(made.size(), 2U) << "both ends were seen";
}

}  // namespace
}  // namespace keyledger
