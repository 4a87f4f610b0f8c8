// The ledger as its callers see it: many threads, two of its own, and a log and a sink that fail.
#include "core/ledger.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/core/ledger_harness.h"

namespace keyledger {
namespace {

ErrorCode code_of(const Result<Receipt>& answer) {
  return answer ? ErrorCode::kInternal : answer.error().code;
}

class LedgerTest : public ::testing::Test {
 protected:
  void SetUp() override { h.found(); }
  void TearDown() override {
    ledger.reset();
    expect_sound(h);
  }

  void start(std::size_t max_waiting = 8192) {
    LedgerOptions options = h.options();
    options.max_waiting = max_waiting;
    ledger.emplace(h.log, h.state, h.sink, h.head(), options);
  }

  // Runs `work(i)` on `count` threads at once and waits for all.
  static void together(std::size_t count, const std::function<void(std::size_t)>& work) {
    std::atomic<std::size_t> ready{0};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < count; ++i) {
      threads.emplace_back([&, i] {
        ++ready;
        while (ready < count) std::this_thread::yield();
        work(i);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  LedgerHarness h;
  std::optional<Ledger> ledger;
};

TEST_F(LedgerTest, ACallerReadsItsOwnWrite) {
  start();
  together(8, [&](std::size_t i) {
    for (std::uint64_t n = 0; n < 30; ++n) {
      const std::uint64_t id = 100 + i * 100 + n;
      const auto made = ledger->execute(h.create(id, "k" + std::to_string(id)));
      ASSERT_TRUE(made);
      ASSERT_TRUE(*h.state.key(numbered<KeyId>(id)));
      const auto ended = ledger->execute(h.revoke(id));
      ASSERT_TRUE(ended);
      ASSERT_TRUE((*h.state.key(numbered<KeyId>(id)))->end);
      // A call that writes nothing still waits for what it was decided on.
      const auto again = ledger->execute(h.revoke(id));
      ASSERT_TRUE(again);
      EXPECT_EQ(again->count, 0U);
      EXPECT_GT(h.sink.size(), again->position);
    }
  });
  EXPECT_EQ(h.log.size(), 5U + 8 * 30 * 2);
}

TEST_F(LedgerTest, Of64CallersOnOneNameOneWins) {
  start();
  std::atomic<int> won{0};
  std::atomic<int> refused{0};
  together(64, [&](std::size_t i) {
    const auto answer = ledger->execute(h.create(100 + i, "wanted"));
    answer ? ++won : ++refused;
    if (!answer) {
      EXPECT_EQ(answer.error().code, ErrorCode::kNameTaken);
    }
  });
  EXPECT_EQ(won, 1);
  EXPECT_EQ(refused, 63);
  EXPECT_EQ(h.log.size(), 6U);
}

TEST_F(LedgerTest, OfManyCallersWithTheSameVersionOneWins) {
  start();
  ASSERT_TRUE(ledger->execute(h.create(100, "a")));
  for (std::uint32_t version = 1; version <= 20; ++version) {
    std::atomic<int> won{0};
    together(8, [&](std::size_t i) {
      Submission call = h.rename(100, "v" + std::to_string(version) + "-" + std::to_string(i));
      call.call.if_match = version;
      const auto answer = ledger->execute(call);
      if (answer) return void(++won);
      EXPECT_EQ(answer.error().code, ErrorCode::kVersionMismatch);
      EXPECT_EQ(answer.error().current_version, version + 1);
    });
    EXPECT_EQ(won, 1);
  }
}

TEST_F(LedgerTest, WhatIsAskedTogetherTakesFewFramesAndIsAnsweredOneByOne) {
  start();
  std::vector<Submission> asked;
  for (std::uint64_t i = 0; i < 1500; ++i) asked.push_back(h.create(1000 + i, std::to_string(i)));
  asked[7] = h.create(1007, "8");  // whose name the next one wants, too
  const std::size_t frames = h.frames().size();
  const auto answers = ledger->execute_all(asked);
  ASSERT_EQ(answers.size(), asked.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (i == 8) continue;
    ASSERT_TRUE(answers[i]) << i;
    EXPECT_EQ(answers[i]->key->id, numbered<KeyId>(1000 + i));
  }
  EXPECT_EQ(code_of(answers[8]), ErrorCode::kNameTaken);
  EXPECT_EQ(h.frames().size(), frames + 2);  // a frame takes 1,024 events
  EXPECT_TRUE(ledger->execute_all({}).empty());
}

TEST_F(LedgerTest, WhatIsAskedTogetherIsRefusedTogetherWhenItDoesNotFit) {
  start(3);
  const auto size = h.log.size();
  const auto answers = ledger->execute_all(
      {h.create(100, "a"), h.create(101, "b"), h.create(102, "c"), h.create(103, "d")});
  for (const auto& answer : answers) EXPECT_EQ(code_of(answer), ErrorCode::kOverloaded);
  EXPECT_EQ(answers.size(), 4U);
  EXPECT_EQ(h.log.size(), size);
}

TEST_F(LedgerTest, TwinsInFlightWriteOnce) {
  start();
  for (std::uint64_t round = 0; round < 20; ++round) {
    std::atomic<int> first{0};
    std::atomic<std::uint64_t> position{0};
    together(8, [&](std::size_t i) {
      const auto answer = ledger->execute(
          LedgerHarness::with_claim(h.create(1000 + round * 100 + i, "n" + std::to_string(round)),
                                    std::to_string(round), "body"));
      ASSERT_TRUE(answer);
      if (!answer->replayed) ++first;
      std::uint64_t none = 0;
      if (!position.compare_exchange_strong(none, answer->position)) {
        EXPECT_EQ(answer->position, position);
      }
    });
    EXPECT_EQ(first, 1);
  }
  EXPECT_EQ(h.log.size(), 25U);
}

TEST_F(LedgerTest, AFailingSinkAnswersWhatIsCommittedAndStopsTheWriter) {
  start();
  ASSERT_TRUE(ledger->execute(h.create(100, "a")));
  h.sink.break_down();
  EXPECT_TRUE(ledger->execute(h.revoke(100))) << "it is committed, so it is done";
  EXPECT_FALSE(ledger->accepts_writes());
  EXPECT_EQ(code_of(ledger->execute(h.create(101, "b"))), ErrorCode::kUnavailable);
  EXPECT_EQ(h.log.size(), 7U);
  ledger.reset();
  h.state.apply(h.events().back());  // what a restart does, for TearDown
}

TEST_F(LedgerTest, FramesCommittedWhileTheSinkFailsAreStillHandedIn) {
  start();
  h.sink.hold();
  std::thread first([&] { EXPECT_TRUE(ledger->execute(h.create(100, "a"))); });
  while (h.log.size() < 6) std::this_thread::yield();  // committed, not applied
  std::thread second([&] { EXPECT_TRUE(ledger->execute(h.create(101, "b"))); });
  while (h.log.size() < 7) std::this_thread::yield();
  h.sink.break_down();
  h.sink.release();
  first.join();
  second.join();
  EXPECT_EQ(h.sink.refused(), 2U);
  EXPECT_FALSE(ledger->accepts_writes());
  ledger.reset();
  const auto events = h.events();
  for (std::size_t i = 5; i < events.size(); ++i) h.state.apply(events[i]);
}

TEST_F(LedgerTest, DecidesOnWhatIsCommittedButNotYetApplied) {
  start();
  h.sink.hold();
  std::thread first([&] { EXPECT_TRUE(ledger->execute(h.create(100, "a"))); });
  while (h.log.size() < 6) std::this_thread::yield();
  std::thread second(
      [&] { EXPECT_EQ(code_of(ledger->execute(h.create(101, "a"))), ErrorCode::kNameTaken); });
  const Submission suspend = h.ask(SuspendKey{numbered<KeyId>(100)});
  std::thread third([&] { EXPECT_TRUE(ledger->execute(suspend)); });
  while (h.log.size() < 7) std::this_thread::yield();
  EXPECT_FALSE(*h.state.key(numbered<KeyId>(100)));
  h.sink.release();
  first.join();
  second.join();
  third.join();
}

TEST_F(LedgerTest, AFullQueueIsOverloaded) {
  start(2);
  h.sink.hold();
  // Fill the hand-over (four batches and the one being applied), the writer's hands, the queue.
  std::vector<std::thread> callers;
  std::atomic<int> overloaded{0};
  std::atomic<std::uint64_t> next{100};
  while (overloaded == 0) {
    callers.emplace_back([&] {
      const std::uint64_t id = next++;
      const auto answer = ledger->execute(h.create(id, std::to_string(id)));
      if (answer) return;
      EXPECT_EQ(answer.error().code, ErrorCode::kOverloaded);
      ++overloaded;
    });
  }
  EXPECT_TRUE(ledger->accepts_writes());
  h.sink.release();
  for (std::thread& caller : callers) caller.join();
  EXPECT_TRUE(ledger->execute(h.create(99, "later")));
}

TEST_F(LedgerTest, StopFinishesWhatWaitsAndRefusesTheRest) {
  start();
  std::atomic<int> done{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> callers;
  for (std::uint64_t i = 0; i < 8; ++i) {
    callers.emplace_back([&, i] {
      for (std::uint64_t n = 0;; ++n) {
        const std::uint64_t id = 1000 * (i + 1) + n;
        const auto answer = ledger->execute(h.create(id, std::to_string(id)));
        if (answer) {
          ++done;
          continue;
        }
        EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
        ++refused;
        return;
      }
    });
  }
  while (done < 100) std::this_thread::yield();
  std::thread other([&] { ledger->stop(); });  // idempotent, from two threads at once
  ledger->stop();
  other.join();
  EXPECT_FALSE(ledger->accepts_writes());
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(refused, 8);
  EXPECT_EQ(h.log.size(), 5U + static_cast<std::uint64_t>(done));
}

TEST_F(LedgerTest, StopWithNothingToDoReturns) {
  start();
  ledger->stop();
  ledger->stop();
  EXPECT_EQ(code_of(ledger->execute(h.create(100, "a"))), ErrorCode::kUnavailable);
}

TEST_F(LedgerTest, AnOutcomeInDoubtStopsTheWriterForEverybody) {
  start();
  h.log.inject(3, AppendOutcome::kIndeterminate, false);
  std::atomic<int> done{0};
  std::atomic<int> unknown{0};
  together(8, [&](std::size_t i) {
    for (std::uint64_t n = 0;; ++n) {
      const std::uint64_t id = 1000 * (i + 1) + n;
      const auto answer = ledger->execute(h.create(id, std::to_string(id)));
      if (answer) {
        ++done;
        continue;
      }
      if (code_of(answer) == ErrorCode::kOutcomeUnknown) ++unknown;
      EXPECT_TRUE(answer.error().code == ErrorCode::kOutcomeUnknown ||
                  answer.error().code == ErrorCode::kUnavailable);
      return;
    }
  });
  EXPECT_GE(unknown, 1);
  EXPECT_FALSE(ledger->accepts_writes());
  EXPECT_EQ(h.log.size(), 5U + static_cast<std::uint64_t>(done));
}

TEST_F(LedgerTest, AStateThatCannotBeReadDecidesNothing) {
  start();
  h.state.fail_with(Error{ErrorCode::kStorage, "broken", {}, std::nullopt});
  EXPECT_EQ(code_of(ledger->execute(h.create(100, "a"))), ErrorCode::kStorage);
  h.state.fail_with(std::nullopt);
  EXPECT_TRUE(ledger->execute(h.create(100, "a")));
}

}  // namespace
}  // namespace keyledger
