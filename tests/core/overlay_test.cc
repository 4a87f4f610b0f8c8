// The overlay answers as its base will once the base has caught up.
#include "core/overlay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <string>

#include "tests/core/ledger_harness.h"

namespace keyledger {
namespace {

constexpr std::uint64_t kKeys = 12;    // few, so that calls meet
constexpr std::uint64_t kMembers = 4;  // the owner and three more
constexpr std::uint64_t kNames = 5;
constexpr std::uint64_t kTenants = 3;
constexpr std::uint64_t kSecrets = 30;  // that are imported or rotated to

// One state that is fed at once, and one that is fed late under an overlay.
class TwoStates {
 public:
  explicit TwoStates(std::uint64_t seed) : engine_(seed) {
    run(h_.found_command());
    EXPECT_EQ(prompt_.history().size(), 5U);
  }

  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }

  // Any command about a few keys and members, by one of a few members.
  Submission random_submission() {
    Submission submission = h_.ask(random_command());
    if (below(8) == 0) {
      submission.call.actor = {ActorKind::kMember, member().bytes, std::nullopt};
    }
    if (below(8) == 0) submission.call.if_match = static_cast<std::uint32_t>(1 + below(3));
    return submission;
  }

  // Decides on both, compares, and records what was decided.
  void run(const Submission& submission) {
    const auto expected = decide(prompt_, submission, now_);
    const auto decided = decide(overlay_, submission, now_);
    ASSERT_EQ(decided.has_value(), expected.has_value())
        << (decided ? expected.error().detail : decided.error().detail);
    if (!expected) {
      EXPECT_EQ(decided.error(), expected.error());
      return;
    }
    ASSERT_EQ(decided->size(), expected->size());
    for (std::size_t i = 0; i < expected->size(); ++i) {
      EXPECT_EQ((*decided)[i].event, (*expected)[i].event);
      EXPECT_EQ((*decided)[i].stream, (*expected)[i].stream);
    }
    for (const RecordedEvent& event : prompt_.record(*expected, submission.call, now_)) {
      lay_over(event);
    }
    // Keys that live for a second expire on the way.
    now_ = now_ + static_cast<std::int64_t>(below(10) == 0 ? 400 : below(3));
  }

  // Gives `count` events to the base, and sometimes lets the overlay forget some of those.
  void catch_up(std::uint64_t count) {
    for (; count > 0 && !late_.empty(); --count) {
      base_.apply(late_.front());
      late_.pop_front();
      ++applied_;
    }
    if (late_.empty() || below(2) == 0) overlay_.forget_through(applied_);
  }
  void random_catch_up() {
    if (below(3) == 0) catch_up(1 + below(6));
  }

  // Every look-up there is, on both.
  void compare() {
    for (std::uint64_t i = 1; i < 100 + kKeys; ++i) {
      const auto id = numbered<KeyId>(i);
      EXPECT_EQ(*overlay_.key(id), *prompt_.key(id));
    }
    for (std::uint64_t i = 0; i < kSecrets; ++i) {
      const SecretHash hash = secret(i).hash;
      EXPECT_EQ(*overlay_.workspace_with_secret(hash), *prompt_.workspace_with_secret(hash)) << i;
    }
    for (std::uint64_t i = 0; i < kNames; ++i) compare_name(std::to_string(i));
    for (std::uint64_t i = 0; i < kMembers; ++i) {
      const MemberId id = member(i);
      EXPECT_EQ(*overlay_.member(id), *prompt_.member(id));
      EXPECT_EQ(*overlay_.management_keys(id), *prompt_.management_keys(id));
    }
    EXPECT_EQ(*overlay_.owners(h_.workspace), *prompt_.owners(h_.workspace));
    EXPECT_EQ(**overlay_.workspace(h_.workspace), **prompt_.workspace(h_.workspace));
    EXPECT_EQ(*overlay_.events_in(h_.workspace), *prompt_.events_in(h_.workspace));
    EXPECT_EQ(*overlay_.ledger_version(), *prompt_.ledger_version());
    for (std::uint64_t i = 0; i < kTenants; ++i) compare_tenant(tenant(i));
  }

  void compare_tenant(const WorkspaceId& id) {
    const auto found = *overlay_.workspace(id);
    const auto expected = *prompt_.workspace(id);
    ASSERT_EQ(found == nullptr, expected == nullptr);
    if (found != nullptr) {
      EXPECT_EQ(*found, *expected);
    }
    EXPECT_EQ(*overlay_.owners(id), *prompt_.owners(id));
    EXPECT_EQ(*overlay_.events_in(id), *prompt_.events_in(id));
  }

  [[nodiscard]] std::size_t recorded() const { return prompt_.history().size(); }
  // The most keys that were walked over under one name.
  [[nodiscard]] std::size_t most_holders() const { return most_holders_; }

 private:
  MemberId member(std::uint64_t number) {
    return number == 0 ? h_.owner : numbered<MemberId>(50 + number);
  }
  MemberId member() { return member(below(kMembers)); }
  KeyId key() { return numbered<KeyId>(100 + below(kKeys)); }
  std::string name() { return std::to_string(below(kNames)); }

  Command random_command() {
    switch (below(14)) {
      case 0:
      case 1: {
        Submission made = h_.create(100 + below(kKeys), name());
        auto& create = std::get<CreateKey>(made.command);
        if (prompt_.key(create.id)->has_value()) return RevokeKey{create.id};
        if (below(3) == 0) create.replaces = key();
        if (below(3) == 0) create.ttl_seconds = 1;
        return made.command;
      }
      case 2: {
        IssueManagementKey issue;
        issue.id = key();
        if (prompt_.key(issue.id)->has_value()) return SuspendKey{issue.id};
        issue.member = member();
        issue.name = "mk";
        issue.secret = {numbered<SecretId>(below(1'000'000)), {}, "mk_live_…"};
        return issue;
      }
      case 3:
      case 4: {
        ChangeKey change;
        change.id = key();
        if (below(3) != 0) change.name = name();
        if (below(3) == 0) change.scopes = ScopeSet{"a", name()};
        return change;
      }
      case 5: {
        const AddMember add{member(), below(2) == 0 ? Role::kOwner : Role::kAdmin, commit_to("")};
        if (!prompt_.member(add.id)->has_value()) return add;
        return ChangeMember{add.id, add.role, std::nullopt};
      }
      case 6: {
        // Whoever asks must mostly stay, or all that follows is refused.
        if (below(10) == 0) return RemoveMember{member()};
        return RemoveMember{member(1 + below(kMembers - 1))};
      }
      case 7: return ResumeKey{key()};
      case 8: return tenant_command();
      case 9: {  // so that keys come to share a name, and then may not
        SetPolicy set{h_.workspace, (*prompt_.workspace(h_.workspace))->policy};
        set.policy.unique_names = below(3) == 0;
        return set;
      }
      case 10: return RecordExpiry{key()};
      case 11: return RotateKey{key(), secret(below(kSecrets)), below(2)};
      case 12: return import();
      default: return RevokeKey{key()};
    }
  }

  SecretFacts secret(std::uint64_t number) {
    return {numbered<SecretId>(200 + number),
            {HashAlgorithm::kSha256, digest_of("secret " + std::to_string(number))},
            ""};
  }

  Command import() {
    ImportKeys command;
    for (std::uint64_t number = 100; number < 100 + kKeys && command.keys.size() < 2; ++number) {
      if (prompt_.key(numbered<KeyId>(number))->has_value()) continue;
      CreateKey entry;
      entry.id = numbered<KeyId>(number);
      entry.name = name();
      entry.secret = secret(below(kSecrets));
      command.keys.push_back(entry);
    }
    if (command.keys.empty()) return RevokeKey{key()};
    return command;
  }

  WorkspaceId tenant(std::uint64_t number) { return numbered<WorkspaceId>(10 + number); }

  Command tenant_command() {
    const std::uint64_t number = below(kTenants);
    if (*prompt_.workspace(tenant(number)) == nullptr) {
      CreateWorkspace create;
      create.workspace = tenant(number);
      create.workspace_name = name();
      create.owner = numbered<MemberId>(80 + number);
      create.owner_profile = commit_to("");
      create.key = numbered<KeyId>(90 + number);
      create.secret = {numbered<SecretId>(90 + number), {}, "mk_live_…"};
      return create;
    }
    if (below(2) == 0) return SuspendWorkspace{tenant(number)};
    return ResumeWorkspace{tenant(number)};
  }

  void lay_over(const RecordedEvent& event) {
    const auto before = overlay_.version_of(event.stream);
    ASSERT_TRUE(before);
    EXPECT_EQ(*before + (is_notice(event.event) ? 0U : 1U), event.version);
    EXPECT_EQ(*overlay_.events_in(event.workspace), event.workspace_seq);
    overlay_.apply(event);
    late_.push_back(event);
  }

  void compare_name(const std::string& name) {
    std::uint64_t before = kNewestHolder;
    for (std::size_t walked = 1;; ++walked) {
      const auto expected = prompt_.name_holder(h_.workspace, Environment::kLive, name, before);
      const auto found = overlay_.name_holder(h_.workspace, Environment::kLive, name, before);
      ASSERT_EQ(*found, *expected) << "name " << name << " before " << before;
      if (!*expected) return;
      before = (*expected)->named_at;
      most_holders_ = std::max(most_holders_, walked);
    }
  }

  std::mt19937_64 engine_;
  LedgerHarness h_;  // for its ids and calls
  FakeState prompt_;
  FakeState base_;
  Overlay overlay_{base_};
  std::deque<RecordedEvent> late_;
  std::uint64_t applied_ = 0;
  Timestamp now_{1'000'000};
  std::size_t most_holders_ = 0;
};

TEST(Overlay, DecisionsOnALateBaseAreThoseOnAPromptOne) {
  std::size_t recorded = 0;
  std::size_t most_holders = 0;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TwoStates states(seed);
    for (int i = 0; i < 150; ++i) {
      states.run(states.random_submission());
      states.random_catch_up();
      if (i % 10 == 0) states.compare();
      if (::testing::Test::HasFailure()) return;
    }
    recorded += states.recorded();
    most_holders = std::max(most_holders, states.most_holders());
  }
  // The test is worth something only if much happened, the rare case too.
  EXPECT_GT(recorded, 3000U);
  EXPECT_GT(most_holders, 3U);
}

// --- One thing at a time ---

class OverlayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    h.found();
    ASSERT_TRUE(h.run_batch({h.create(100, "a")})[0]);
  }

  // Decides on the overlay and lays the events over it.
  void lay_over(const Submission& submission) {
    builder.begin(h.log_id, position, Timestamp{h.clock_ms});
    PendingCall call(submission);
    ASSERT_EQ(builder.add(call), FrameBuilder::Step::kAnswered);
    ASSERT_TRUE(call.answer) << call.answer.error().detail;
    position = builder.take().frame.end_position();
  }
  Result<std::optional<KeyId>> holder(const std::string& name,
                                      Environment environment = Environment::kLive) {
    const auto found = overlay.name_holder(h.workspace, environment, name, kNewestHolder);
    if (!found) return fail(found.error());
    if (!*found) return std::optional<KeyId>();
    return std::optional((*found)->id);
  }

  LedgerHarness h;
  Overlay overlay{h.state};
  FrameBuilder builder{overlay};
  std::uint64_t position = 6;
};

TEST_F(OverlayTest, ANameTakenInFlightIsHeldBeforeTheBaseKnows) {
  EXPECT_EQ(*holder("b"), std::nullopt);
  lay_over(h.create(101, "b"));
  EXPECT_EQ(*holder("b"), numbered<KeyId>(101));
  EXPECT_FALSE(*h.state.name_holder(h.workspace, Environment::kLive, "b", kNewestHolder));
}

TEST_F(OverlayTest, ANameLeftInFlightIsHeldNoMore) {
  lay_over(h.revoke(100));
  EXPECT_EQ(*holder("a"), std::nullopt);
  EXPECT_EQ(*holder("a", Environment::kTest), std::nullopt);
  ASSERT_TRUE(h.run_batch({h.revoke(100)})[0]);
  EXPECT_EQ(*holder("a"), std::nullopt) << "the base knows, though nothing was forgotten yet";
}

TEST_F(OverlayTest, ANameGivenBackIsHeldAgain) {
  lay_over(h.rename(100, "b"));
  RecordedEvent back;
  back.position = position;
  back.workspace = h.workspace;
  back.stream = stream_of(numbered<KeyId>(100));
  back.version = *overlay.version_of(back.stream) + 1;
  back.event = KeyRenamed{{"b", "a"}};
  overlay.apply(back);
  EXPECT_EQ(*holder("a"), numbered<KeyId>(100));
  EXPECT_EQ(*holder("b"), std::nullopt);
}

TEST_F(OverlayTest, ForgetsOnlyWhatTheBaseHasApplied) {
  lay_over(h.rename(100, "b"));  // position 6
  lay_over(h.create(101, "c"));  // position 7
  overlay.forget_through(7);
  EXPECT_EQ((*overlay.key(numbered<KeyId>(100)))->name, "a") << "as the base has it";
  EXPECT_TRUE(*overlay.key(numbered<KeyId>(101)));
  overlay.forget_through(8);
  EXPECT_FALSE(*overlay.key(numbered<KeyId>(101)));
}

TEST_F(OverlayTest, ClearForgetsWhatWasNotStored) {
  lay_over(LedgerHarness::with_claim(h.rename(100, "b"), "scope", "body"));
  EXPECT_TRUE(*overlay.remembered(digest_of("scope")));
  overlay.clear();
  EXPECT_FALSE(*overlay.remembered(digest_of("scope")));
  EXPECT_EQ((*overlay.key(numbered<KeyId>(100)))->name, "a");
  EXPECT_EQ(*overlay.events_in(h.workspace), 6U);
}

TEST_F(OverlayTest, ErrorsOfTheBaseArePassedOn) {
  h.state.fail_with(Error{ErrorCode::kStorage, "broken", {}, std::nullopt});
  EXPECT_EQ(overlay.key(numbered<KeyId>(100)).error().code, ErrorCode::kStorage);
  EXPECT_EQ(holder("a").error().code, ErrorCode::kStorage);
  EXPECT_EQ(overlay.member(h.owner).error().code, ErrorCode::kStorage);
  EXPECT_EQ(overlay.owners(h.workspace).error().code, ErrorCode::kStorage);
  EXPECT_EQ(overlay.management_keys(h.owner).error().code, ErrorCode::kStorage);
  EXPECT_EQ(overlay.workspace(h.workspace).error().code, ErrorCode::kStorage);
  EXPECT_EQ(overlay.events_in(h.workspace).error().code, ErrorCode::kStorage);
  EXPECT_EQ(overlay.ledger_version().error().code, ErrorCode::kStorage);
  EXPECT_EQ(overlay.remembered(digest_of("x")).error().code, ErrorCode::kStorage);
  EXPECT_EQ(overlay.version_of(stream_of(h.workspace)).error().code, ErrorCode::kStorage);
  h.state.fail_with(std::nullopt);
  EXPECT_TRUE(*overlay.key(numbered<KeyId>(100))) << "an error is not kept";
}

}  // namespace
}  // namespace keyledger
