// What the writer makes of one batch of calls: order, frames, and each outcome of an append.
#include "core/ledger_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/crypto.h"
#include "tests/core/ledger_harness.h"

namespace keyledger {
namespace {

using ::testing::Optional;

ErrorCode code_of(const Result<Receipt>& answer) {
  return answer ? ErrorCode::kInternal : answer.error().code;
}

class LedgerWriterTest : public ::testing::Test {
 protected:
  void SetUp() override { h.found(); }
  LedgerHarness h;
  std::uint64_t first_ = 5;  // position after the founding
};

TEST_F(LedgerWriterTest, FoundingMakesTheFirstFrame) {
  const auto frames = h.frames();
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].frame.log_id, h.log_id);
  ASSERT_EQ(frames[0].events.size(), first_);
  EXPECT_TRUE(std::holds_alternative<LedgerCreated>(frames[0].events[0].event));
  EXPECT_EQ(frames[0].events[0].workspace, h.workspace);
  EXPECT_FALSE(h.broke_off);
  expect_sound(h);
}

TEST(EmptyLedger, TakesNothingBeforeItIsFounded) {
  LedgerHarness h;
  Submission system;
  system.call.workspace = h.workspace;
  system.command = AddMember{h.owner, Role::kOwner, commit_to("")};
  const auto answers = h.run_batch({h.create(100, "a"), system});
  EXPECT_FALSE(answers[0]);
  EXPECT_FALSE(answers[1]);
  EXPECT_EQ(h.log.size(), 0U);
}

TEST_F(LedgerWriterTest, OneBatchIsOneFrameInOrder) {
  const auto answers = h.run_batch({h.create(100, "a"), h.create(101, "b"), h.revoke(100)});
  for (std::size_t i = 0; i < answers.size(); ++i) {
    ASSERT_TRUE(answers[i]) << answers[i].error().detail;
    EXPECT_EQ(answers[i]->position, first_ + i);
    EXPECT_EQ(answers[i]->first_position, first_ + i);
    EXPECT_EQ(answers[i]->count, 1U);
    EXPECT_EQ(answers[i]->time, Timestamp{h.clock_ms.load()});
  }
  EXPECT_EQ(h.frames().size(), 2U);
  EXPECT_EQ(h.frames()[1].frame.log_id, h.log_id);
  expect_sound(h);
}

TEST_F(LedgerWriterTest, TheReceiptShowsTheKeyAsItIsAfterTheCommand) {
  const auto answers = h.run_batch({h.create(100, "a"), h.rename(100, "b"), h.revoke(100)});
  ASSERT_TRUE(answers[0] && answers[1] && answers[2]);
  ASSERT_TRUE(answers[0]->key && answers[1]->key && answers[2]->key);
  EXPECT_EQ(answers[0]->key->name, "a");
  EXPECT_EQ(answers[0]->key->version, 1U);
  EXPECT_EQ(answers[1]->key->name, "b");
  EXPECT_FALSE(answers[1]->key->end);
  EXPECT_EQ(answers[2]->key->version, 3U);
  EXPECT_TRUE(answers[2]->key->end);
  EXPECT_EQ(answers[2]->key->newest_cause.position, answers[2]->position);
}

TEST_F(LedgerWriterTest, ARefusalWritesNothing) {
  const auto answers = h.run_batch({h.create(100, "a"), h.create(101, "a"), h.revoke(999)});
  EXPECT_TRUE(answers[0]);
  EXPECT_EQ(code_of(answers[1]), ErrorCode::kNameTaken);
  EXPECT_EQ(code_of(answers[2]), ErrorCode::kNotFound);
  EXPECT_EQ(h.log.size(), first_ + 1);
  const auto refused = h.run_batch({h.create(102, "a")});
  EXPECT_EQ(code_of(refused[0]), ErrorCode::kNameTaken);
  EXPECT_EQ(h.frames().size(), 2U);
}

TEST_F(LedgerWriterTest, WhatIsSoAlreadyMakesNoEventAndShowsTheNewestPosition) {
  const auto answers = h.run_batch({h.create(100, "a"), h.revoke(100), h.revoke(100)});
  ASSERT_TRUE(answers[2]);
  EXPECT_EQ(answers[2]->count, 0U);
  EXPECT_EQ(answers[2]->position, answers[1]->position);
  EXPECT_EQ(answers[2]->key->version, 2U);
  EXPECT_EQ(h.log.size(), first_ + 2);
}

TEST_F(LedgerWriterTest, OneOfTwoWithTheSameVersionWins) {
  Submission first = h.rename(100, "b");
  first.call.if_match = 1;
  Submission second = h.rename(100, "c");
  second.call.if_match = 1;
  const auto answers = h.run_batch({h.create(100, "a"), first, second});
  EXPECT_TRUE(answers[1]);
  ASSERT_EQ(code_of(answers[2]), ErrorCode::kVersionMismatch);
  EXPECT_THAT(answers[2].error().current_version, Optional(2U));
}

TEST_F(LedgerWriterTest, ATwinInTheSameBatchGetsTheFirstAnswer) {
  const Submission call = LedgerHarness::with_claim(h.create(100, "a"), "scope", "body");
  const Submission twin = LedgerHarness::with_claim(h.create(101, "a"), "scope", "body");
  const Submission other = LedgerHarness::with_claim(h.create(102, "b"), "scope", "other body");
  for (int round = 0; round < 2; ++round) {  // the second finds it in the state, not in flight
    const auto answers = h.run_batch({call, twin, other});
    ASSERT_TRUE(answers[0] && answers[1]);
    EXPECT_EQ(answers[0]->replayed, round == 1);
    EXPECT_TRUE(answers[1]->replayed);
    EXPECT_EQ(answers[1]->position, first_);
    EXPECT_EQ(answers[1]->first_position, first_);
    EXPECT_EQ(answers[1]->count, 1U);
    EXPECT_FALSE(answers[1]->key);
    EXPECT_EQ(code_of(answers[2]), ErrorCode::kIdempotencyMismatch);
  }
  EXPECT_EQ(h.log.size(), first_ + 1);
  ASSERT_EQ(h.frames()[1].side.calls.size(), 1U);
  EXPECT_EQ(h.frames()[1].side.calls[0].first, 0U);
}

TEST_F(LedgerWriterTest, ARepeatIsAnsweredOnlyToWhoMayStillAsk) {
  Submission call = LedgerHarness::with_claim(h.create(100, "a"), "scope", "body");
  ASSERT_TRUE(h.run_batch({call})[0]);
  call.call.permitted = RoleSet{Role::kAuditor};
  EXPECT_EQ(code_of(h.run_batch({call})[0]), ErrorCode::kForbidden);
  call.call.idempotency->request = digest_of("other");
  EXPECT_EQ(code_of(h.run_batch({call})[0]), ErrorCode::kForbidden);
}

TEST_F(LedgerWriterTest, RefusedAndEmptyCallsAreNotRemembered) {
  const auto claim = [](Submission s) {
    return LedgerHarness::with_claim(std::move(s), "scope", "body");
  };
  const auto answers = h.run_batch(
      {claim(h.revoke(100)), h.create(100, "a"), claim(h.revoke(100)), claim(h.revoke(100))});
  EXPECT_EQ(code_of(answers[0]), ErrorCode::kNotFound);
  ASSERT_TRUE(answers[2] && answers[3]);
  EXPECT_FALSE(answers[2]->replayed);
  EXPECT_TRUE(answers[3]->replayed);
}

TEST_F(LedgerWriterTest, PersonalDataLiesBesideTheLeafThatCommitsToIt) {
  Submission call = h.create(100, "a");
  call.call.actor_details = commit_to(encode_blob(ActorDetails{"192.0.2.1", "curl", ""}));
  call.call.reason = "asked for";
  std::get<CreateKey>(call.command).details =
      commit_to(encode_blob(KeyDetails{"a description", std::nullopt, std::nullopt}));
  ASSERT_TRUE(h.run_batch({call})[0]);
  const CommittedFrame frame = h.frames()[1];  // decode_committed checked the commitments
  ASSERT_TRUE(frame.side.events[0].actor && frame.side.events[0].subject);
  EXPECT_EQ(frame.side.events[0].actor, call.call.actor_details->blob);
  EXPECT_EQ(frame.events[0].reason, "asked for");
  EXPECT_EQ(frame.events[0].request_id, "req-1");
  EXPECT_EQ(frame.events[0].actor, call.call.actor);
}

// --- Limits ---

TEST_F(LedgerWriterTest, AFrameHoldsAtMost1024Events) {
  std::vector<Submission> calls;
  for (std::uint64_t i = 0; i < kMaxFrameEvents + 10; ++i) {
    calls.push_back(h.create(100 + i, "k" + std::to_string(i)));
  }
  const auto answers = h.run_batch(calls);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    ASSERT_TRUE(answers[i]);
    EXPECT_EQ(answers[i]->position, first_ + i);
  }
  const auto frames = h.frames();
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[1].events.size(), kMaxFrameEvents);
  EXPECT_EQ(frames[2].events.size(), 10U);
  expect_sound(h);
}

TEST_F(LedgerWriterTest, AFrameHoldsAtMostOneMebibyteOfLeaves) {
  std::vector<Submission> calls;
  for (std::uint64_t i = 0; i < 50; ++i) {
    calls.push_back(h.create(100 + i, "k" + std::to_string(i)));
    calls.back().call.reason = std::string(60'000, 'r');
  }
  for (const auto& answer : h.run_batch(calls)) ASSERT_TRUE(answer);
  const auto frames = h.frames();
  EXPECT_EQ(frames.size(), 4U);
  for (const CommittedFrame& frame : frames) {
    std::size_t bytes = 0;
    for (const std::string& leaf : frame.frame.leaves) bytes += leaf.size();
    EXPECT_LE(bytes, kMaxFrameBytes);
  }
  expect_sound(h);
}

TEST_F(LedgerWriterTest, AnEventThatIsTooLargeIsRefusedWithItsWholeCall) {
  Submission large = h.rename(100, "b");
  std::get<ChangeKey>(large.command).scopes = ScopeSet{"a"};
  large.call.reason = std::string(kMaxLeafBytes, 'r');
  const auto answers = h.run_batch({h.create(100, "a"), large, h.rename(100, "c")});
  EXPECT_EQ(code_of(answers[1]), ErrorCode::kTooLarge);
  ASSERT_TRUE(answers[2]);
  EXPECT_EQ(answers[2]->key->version, 2U);
  EXPECT_EQ(h.log.size(), first_ + 2);
  expect_sound(h);
}

TEST_F(LedgerWriterTest, WhatCouldNotBeReadAgainIsNeverStored) {
  Submission unclean = h.create(100, "a");
  unclean.call.reason = "a\x01z";
  Submission sealed_wrong = h.create(101, "b");
  sealed_wrong.call.actor_details = commit_to(encode_blob(ActorDetails{}));
  sealed_wrong.call.actor_details->commitment[0] ^= 1;
  const auto answers = h.run_batch({unclean, sealed_wrong, h.create(102, "a")});
  EXPECT_EQ(code_of(answers[0]), ErrorCode::kInvalidRequest);
  ASSERT_FALSE(answers[1]);
  EXPECT_EQ(answers[1].error().detail, "A detail does not open its commitment.");
  EXPECT_TRUE(answers[2]) << "the name is still free";
  EXPECT_EQ(h.log.size(), first_ + 1);
  expect_sound(h);
}

// --- The clock ---

TEST_F(LedgerWriterTest, RecordedTimeNeverGoesBack) {
  const std::int64_t founded = h.clock_ms;
  h.clock_ms = founded - 5000;
  const auto answers = h.run_batch({h.create(100, "a")});
  ASSERT_TRUE(answers[0]);
  EXPECT_EQ(answers[0]->time, Timestamp{founded});
}

TEST_F(LedgerWriterTest, AClockThatIsTooFarBehindRefusesChangesUntilItCaughtUp) {
  const std::int64_t founded = h.clock_ms;
  h.clock_ms = founded - 5001;
  const auto answers = h.run_batch({h.create(100, "a")});
  EXPECT_EQ(code_of(answers[0]), ErrorCode::kUnavailable);
  EXPECT_FALSE(h.broke_off);
  h.clock_ms = founded;
  EXPECT_TRUE(h.run_batch({h.create(100, "a")})[0]);
}

// --- Names in flight ---

TEST_F(LedgerWriterTest, ANameFreedInTheSameBatchIsFree) {
  ASSERT_TRUE(h.run_batch({h.create(100, "a")})[0]);
  const std::size_t frames = h.frames().size();
  const auto answers = h.run_batch({h.rename(100, "b"), h.create(101, "a"), h.create(102, "b")});
  EXPECT_TRUE(answers[0]);
  EXPECT_TRUE(answers[1]);
  EXPECT_EQ(code_of(answers[2]), ErrorCode::kNameTaken);
  EXPECT_EQ(h.frames().size(), frames + 1) << "nobody has to wait for the state";
  expect_sound(h);
}

// --- Outcomes ---

TEST_F(LedgerWriterTest, UnavailableStoresNothingAndGoesOn) {
  h.log.inject(1, AppendOutcome::kUnavailable);
  const auto answers = h.run_batch({h.create(100, "a"), h.create(101, "a"), h.revoke(100)});
  for (const auto& answer : answers) EXPECT_EQ(code_of(answer), ErrorCode::kUnavailable);
  EXPECT_EQ(h.log.size(), first_);
  EXPECT_FALSE(h.broke_off);
  EXPECT_EQ(code_of(h.run_batch({h.revoke(100)})[0]), ErrorCode::kNotFound);
}

TEST_F(LedgerWriterTest, AfterUnavailableTheNextFrameOfTheBatchForgetsTheFirst) {
  h.log.inject(1, AppendOutcome::kUnavailable);
  std::vector<Submission> calls;
  for (std::uint64_t i = 0; i < kMaxFrameEvents; ++i) {
    calls.push_back(h.create(100 + i, "k" + std::to_string(i)));
  }
  calls.push_back(h.create(5000, "other"));  // begins the next frame
  calls.push_back(h.create(5001, "k0"));     // free, since the first frame was not stored
  const auto answers = h.run_batch(calls);
  EXPECT_EQ(code_of(answers.front()), ErrorCode::kUnavailable);
  ASSERT_TRUE(answers.back());
  EXPECT_EQ(answers.back()->position, first_ + 1);
  expect_sound(h);
}

TEST_F(LedgerWriterTest, AFullDiskStopsTheWriterWithoutDoubt) {
  h.log.inject(1, AppendOutcome::kFull);
  const auto answers = h.run_batch({h.create(100, "a")});
  EXPECT_EQ(code_of(answers[0]), ErrorCode::kUnavailable);
  EXPECT_TRUE(h.broke_off);
  EXPECT_EQ(h.log.size(), first_);
}

class InDoubt : public LedgerWriterTest, public ::testing::WithParamInterface<bool> {};

TEST_P(InDoubt, NobodyIsToldAndTheWriterStops) {
  h.log.inject(1, AppendOutcome::kIndeterminate, GetParam());
  const Submission call = LedgerHarness::with_claim(h.create(100, "a"), "scope", "body");
  const auto answers = h.run_batch({call, call, h.create(101, "a"), h.revoke(999)});
  EXPECT_EQ(code_of(answers[0]), ErrorCode::kOutcomeUnknown);
  EXPECT_EQ(code_of(answers[1]), ErrorCode::kOutcomeUnknown) << "the twin is in the same doubt";
  EXPECT_EQ(code_of(answers[2]), ErrorCode::kUnavailable) << "a refusal on top would be a guess";
  EXPECT_EQ(code_of(answers[3]), ErrorCode::kUnavailable);
  EXPECT_TRUE(h.broke_off);
  EXPECT_EQ(h.sink.size(), first_) << "shown to nobody";
  h.log.reopen();
  EXPECT_EQ(h.log.size(), GetParam() ? first_ + 1 : first_);
}

TEST_P(InDoubt, ALogThatAllowsItIsAskedAgainUntilItIsCertain) {
  LedgerHarness shared(AfterDoubt::kAllowRepeat);
  shared.found();
  shared.log.inject(1, AppendOutcome::kIndeterminate, GetParam());
  shared.log.inject(2, AppendOutcome::kUnavailable);  // says nothing about the first attempt
  shared.log.inject(3, AppendOutcome::kIndeterminate, GetParam());
  const auto answers = shared.run_batch({shared.create(100, "a")});
  ASSERT_TRUE(answers[0]);
  EXPECT_EQ(answers[0]->position, first_);
  EXPECT_FALSE(shared.broke_off);
  EXPECT_EQ(shared.log.size(), first_ + 1);
  expect_sound(shared);
}
INSTANTIATE_TEST_SUITE_P(Stored, InDoubt, ::testing::Bool());

TEST(InDoubtForGood, TheFrameIsRepeatedABoundedNumberOfTimes) {
  LedgerHarness h(AfterDoubt::kAllowRepeat);
  h.found();
  for (std::size_t i = 1; i < 100; ++i) h.log.inject(i, AppendOutcome::kIndeterminate, false);
  EXPECT_EQ(code_of(h.run_batch({h.create(100, "a")})[0]), ErrorCode::kOutcomeUnknown);
  EXPECT_TRUE(h.broke_off);
}

// --- Conflicts: another writer was first ---

// What a rival that knew the same state would have appended.
StoredFrame rival_frame(const LedgerHarness& h, const std::vector<Submission>& submissions) {
  FakeState state;
  for (const RecordedEvent& event : h.events()) state.apply(event);
  Overlay overlay(state);
  FrameBuilder builder(overlay);
  builder.begin(h.log_id, h.log.size(), Timestamp{h.clock_ms + 7});
  for (const Submission& submission : submissions) {
    PendingCall call(submission);
    EXPECT_EQ(builder.add(call), FrameBuilder::Step::kAnswered);
    EXPECT_TRUE(call.answer);
  }
  const CommittedFrame frame = builder.take();
  return {frame.frame.first_position, encode_frame(frame.frame), encode_side(frame.side)};
}

TEST_F(LedgerWriterTest, AfterAConflictEveryCallIsDecidedAgain) {
  h.log.preempt(1, rival_frame(h, {h.create(200, "taken"), h.create(201, "x")}), 2);
  const auto answers = h.run_batch({h.create(100, "a"), h.create(101, "taken"), h.revoke(200)});
  ASSERT_TRUE(answers[0]);
  EXPECT_EQ(answers[0]->position, first_ + 2);
  EXPECT_EQ(code_of(answers[1]), ErrorCode::kNameTaken);
  EXPECT_TRUE(answers[2]) << "the rival's key is there by now";
  EXPECT_EQ(answers[0]->time, Timestamp{h.clock_ms + 7}) << "time goes on from the rival's";
  expect_sound(h);
}

TEST_F(LedgerWriterTest, AConflictMayTurnACallIntoARepeat) {
  const Submission call = LedgerHarness::with_claim(h.create(100, "a"), "scope", "body");
  h.log.preempt(1, rival_frame(h, {call}), 1);
  const auto answers = h.run_batch({call});
  ASSERT_TRUE(answers[0]);
  EXPECT_TRUE(answers[0]->replayed);
  EXPECT_EQ(h.log.size(), first_ + 1);
}

TEST_F(LedgerWriterTest, AConflictWithoutAnythingNewIsUnavailable) {
  h.log.inject(1, AppendOutcome::kConflict);
  EXPECT_EQ(code_of(h.run_batch({h.create(100, "a")})[0]), ErrorCode::kUnavailable);
  EXPECT_FALSE(h.broke_off);
  EXPECT_TRUE(h.run_batch({h.create(100, "a")})[0]);
}

TEST_F(LedgerWriterTest, AConflictWithWhatCannotBeReadStopsTheWriter) {
  h.log.preempt(1, {0, "no frame", "no side"}, 1);
  EXPECT_EQ(code_of(h.run_batch({h.create(100, "a")})[0]), ErrorCode::kUnavailable);
  EXPECT_TRUE(h.broke_off);
}

TEST(InDoubtAndConflict, ARivalInTheSamePlaceMeansThatOursIsLost) {
  LedgerHarness h(AfterDoubt::kAllowRepeat);
  h.found();
  h.log.inject(1, AppendOutcome::kIndeterminate, false);
  h.log.preempt(2, rival_frame(h, {h.create(200, "a")}), 1);
  const auto answers = h.run_batch({h.create(100, "a"), h.create(101, "b")});
  EXPECT_EQ(code_of(answers[0]), ErrorCode::kNameTaken);
  ASSERT_TRUE(answers[1]);
  EXPECT_EQ(answers[1]->position, 6U);
  expect_sound(h);
}

}  // namespace
}  // namespace keyledger
