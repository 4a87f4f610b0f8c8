#include "events/log/memory_log.h"

#include <gtest/gtest.h>

#include "tests/events/log/event_log_contract.h"

namespace keyledger {
namespace {

struct MemoryUnderTest {
  MemoryLog memory;
  EventLog& log() { return memory; }
  void reopen() { memory.reopen(); }
};

INSTANTIATE_TYPED_TEST_SUITE_P(MemoryLog, EventLogContract, MemoryUnderTest);

const ModelFrame kFirst{0, 2, "first", "side 1"};
const ModelFrame kSecond{2, 1, "second", "side 2"};

void expect_frames(const EventLog& log, std::vector<ModelFrame> frames) {
  ModelLog model;
  model.frames() = std::move(frames);
  expect_equal(log, model);
}

TEST(MemoryLogInjection, HitsTheNthAppendAlone) {
  MemoryLog log;
  log.inject(2, AppendOutcome::kUnavailable);
  EXPECT_EQ(append_to(log, kFirst), AppendOutcome::kOk);
  EXPECT_EQ(append_to(log, kSecond), AppendOutcome::kUnavailable);
  EXPECT_TRUE(log.writable());
  EXPECT_EQ(append_to(log, kSecond), AppendOutcome::kOk);
  expect_frames(log, {kFirst, kSecond});
}

TEST(MemoryLogInjection, ConflictStoresNothing) {
  MemoryLog log;
  log.inject(1, AppendOutcome::kConflict);
  EXPECT_EQ(append_to(log, kFirst), AppendOutcome::kConflict);
  expect_frames(log, {});
  EXPECT_EQ(append_to(log, kFirst), AppendOutcome::kOk);
}

TEST(MemoryLogInjection, ARivalTakesThePlaceAndTheAppendConflicts) {
  MemoryLog log;
  ASSERT_EQ(append_to(log, kFirst), AppendOutcome::kOk);
  log.preempt(1, {0, "rival", "rival side"}, 4);
  EXPECT_EQ(append_to(log, kSecond), AppendOutcome::kConflict);
  expect_frames(log, {kFirst, {2, 4, "rival", "rival side"}});
  EXPECT_EQ(append_to(log, {6, 1, "decided again", ""}), AppendOutcome::kOk);
}

TEST(MemoryLogInjection, FullClosesUntilReopened) {
  MemoryLog log;
  log.inject(1, AppendOutcome::kFull);
  EXPECT_EQ(append_to(log, kFirst), AppendOutcome::kFull);
  EXPECT_FALSE(log.writable());
  EXPECT_EQ(append_to(log, kFirst), AppendOutcome::kFull);
  EXPECT_FALSE(log.rewrite_side(0, "side").has_value());
  log.reopen();
  EXPECT_TRUE(log.writable());
  expect_frames(log, {});
  EXPECT_EQ(append_to(log, kFirst), AppendOutcome::kOk);
}

TEST(MemoryLogInjection, DoubtClosesAndTheTruthShowsAtReopen) {
  for (const bool stored : {false, true}) {
    MemoryLog log;
    ASSERT_EQ(append_to(log, kFirst), AppendOutcome::kOk);
    log.inject(1, AppendOutcome::kIndeterminate, stored);
    EXPECT_EQ(append_to(log, kSecond), AppendOutcome::kIndeterminate);
    EXPECT_FALSE(log.writable());
    expect_frames(log, {kFirst});
    EXPECT_EQ(append_to(log, kSecond), AppendOutcome::kIndeterminate);
    EXPECT_EQ(append_to(log, kFirst), AppendOutcome::kOk) << "a repeat needs no write";
    const auto rewritten = log.rewrite_side(0, "side");
    ASSERT_FALSE(rewritten.has_value());
    EXPECT_EQ(rewritten.error().code, ErrorCode::kUnavailable);
    log.reopen();
    EXPECT_TRUE(log.writable());
    expect_frames(log, stored ? std::vector{kFirst, kSecond} : std::vector{kFirst});
  }
}

TEST(MemoryLogInjection, OnASharedLogARepeatEndsTheDoubt) {
  for (const bool stored : {false, true}) {
    MemoryLog log(AfterDoubt::kAllowRepeat);
    log.inject(1, AppendOutcome::kIndeterminate, stored);
    EXPECT_EQ(append_to(log, kFirst), AppendOutcome::kIndeterminate);
    EXPECT_TRUE(log.writable());
    EXPECT_EQ(log.size(), stored ? 2U : 0U);
    EXPECT_EQ(append_to(log, kFirst), AppendOutcome::kOk);
    expect_frames(log, {kFirst});
  }
}

}  // namespace
}  // namespace keyledger
