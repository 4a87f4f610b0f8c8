// What every event log must do, as tests that run against each of them. A log under test is a class
// with `EventLog& log()` and `void reopen()`, which closes the log and opens it again as a restart
// would.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "events/log/event_log.h"
#include "tests/events/log/model_log.h"

namespace keyledger {

template <typename LogUnderTest>
class EventLogContract : public testing::Test {
 protected:
  EventLog& log() { return under_test_.log(); }
  void reopen() { under_test_.reopen(); }

  // Appends frames of 3, 1 and 5 events: positions 0 to 8.
  void append_three() {
    for (const std::size_t count : {3U, 1U, 5U}) {
      ModelFrame frame = random_frame(random_, model_.size());
      frame.count = count;
      ASSERT_EQ(append_to(log(), frame), AppendOutcome::kOk);
      model_.frames().push_back(frame);
    }
  }

  LogUnderTest under_test_;
  ModelLog model_;
  // Another one with each --gtest_shuffle.
  const std::uint64_t seed_ =
      static_cast<std::uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  std::mt19937_64 random_{seed_};
};

TYPED_TEST_SUITE_P(EventLogContract);

TYPED_TEST_P(EventLogContract, AnEmptyLogHasNoFrames) {
  EXPECT_EQ(this->log().size(), 0U);
  EXPECT_TRUE(this->log().writable());
  expect_reads(this->log(), this->model_, 0, 1);
  expect_reads(this->log(), this->model_, 17, 1);
}

TYPED_TEST_P(EventLogContract, WhatIsAnsweredOkIsReadable) {
  for (int i = 0; i < 20; ++i) {
    const ModelFrame frame = random_frame(this->random_, this->model_.size());
    ASSERT_EQ(append_to(this->log(), frame), AppendOutcome::kOk);
    this->model_.frames().push_back(frame);
    ASSERT_EQ(this->log().size(), frame.end());
    expect_reads(this->log(), this->model_, frame.first, 1);
  }
}

TYPED_TEST_P(EventLogContract, APlaceIsTakenOnce) {
  this->append_three();
  for (std::uint64_t at = 0; at < this->model_.size(); ++at) {
    const ModelFrame rival{at, 1, "rival", "rival side"};
    EXPECT_EQ(append_to(this->log(), rival), AppendOutcome::kConflict) << "at " << at;
  }
  expect_equal(this->log(), this->model_);
}

TYPED_TEST_P(EventLogContract, NoPlaceIsSkipped) {
  EXPECT_EQ(append_to(this->log(), {1, 1, "frame", "side"}), AppendOutcome::kConflict);
  this->append_three();
  EXPECT_EQ(append_to(this->log(), {10, 1, "frame", "side"}), AppendOutcome::kConflict);
  EXPECT_EQ(append_to(this->log(), {~std::uint64_t{0}, 1, "frame", "side"}),
            AppendOutcome::kConflict);
  expect_equal(this->log(), this->model_);
}

TYPED_TEST_P(EventLogContract, AFrameWithoutEventsIsNotStored) {
  EXPECT_EQ(this->log().append("frame", "side", 0, 0), AppendOutcome::kUnavailable);
  EXPECT_TRUE(this->log().writable());
  this->append_three();
  expect_equal(this->log(), this->model_);
}

TYPED_TEST_P(EventLogContract, ARepeatOfAStoredFrameIsOkAndStoresNothing) {
  this->append_three();
  for (ModelFrame frame : this->model_.frames()) {
    EXPECT_EQ(append_to(this->log(), frame), AppendOutcome::kOk);
    frame.side = "whatever was erased since";
    EXPECT_EQ(append_to(this->log(), frame), AppendOutcome::kOk);
  }
  expect_equal(this->log(), this->model_);
}

TYPED_TEST_P(EventLogContract, AnAlmostRepeatIsAConflict) {
  this->append_three();
  for (const ModelFrame& frame : this->model_.frames()) {
    ModelFrame longer = frame;
    longer.frame += '\0';
    ModelFrame shorter = frame;
    shorter.frame.pop_back();
    ModelFrame other = frame;
    other.frame.back() = static_cast<char>(other.frame.back() ^ 1);
    ModelFrame counted = frame;
    counted.count += 1;
    for (const ModelFrame& rival : {longer, shorter, other, counted}) {
      EXPECT_EQ(append_to(this->log(), rival), AppendOutcome::kConflict);
    }
  }
  expect_equal(this->log(), this->model_);
}

TYPED_TEST_P(EventLogContract, ReadsBeginWithTheFrameThatHoldsThePosition) {
  this->append_three();
  for (std::uint64_t from = 0; from <= this->model_.size() + 2; ++from) {
    SCOPED_TRACE(from);
    expect_reads(this->log(), this->model_, from, 1U << 30U);
  }
}

TYPED_TEST_P(EventLogContract, APageEndsWithTheFrameThatFillsIt) {
  this->append_three();
  std::size_t all = 0;
  for (const ModelFrame& frame : this->model_.frames()) all += frame.bytes();
  const std::size_t first = this->model_.frames()[0].bytes();
  for (const std::size_t max_bytes : {std::size_t{0}, first - 1, first, first + 1, all - 1, all}) {
    SCOPED_TRACE(max_bytes);
    expect_reads(this->log(), this->model_, 0, max_bytes);
  }
}

TYPED_TEST_P(EventLogContract, WaitEndsWhenThePositionIsThere) {
  using std::chrono::milliseconds;
  this->append_three();
  EXPECT_TRUE(this->log().wait_beyond(8, milliseconds(0)));
  EXPECT_FALSE(this->log().wait_beyond(9, milliseconds(0)));
  EXPECT_FALSE(this->log().wait_beyond(9, milliseconds(1)));

  std::thread writer([&] {
    EXPECT_EQ(append_to(this->log(), {9, 1, "ninth", ""}), AppendOutcome::kOk);
    EXPECT_EQ(append_to(this->log(), {10, 2, "tenth", ""}), AppendOutcome::kOk);
  });
  EXPECT_TRUE(this->log().wait_beyond(11, milliseconds(600'000)));
  EXPECT_EQ(this->log().size(), 12U);
  writer.join();
}

TYPED_TEST_P(EventLogContract, RewritingASideChangesNothingElse) {
  this->append_three();
  for (ModelFrame& frame : this->model_.frames()) {
    frame.side = "erased " + std::to_string(frame.first);
    ASSERT_TRUE(this->log().rewrite_side(frame.first, frame.side).has_value());
    expect_equal(this->log(), this->model_);
  }
  this->reopen();
  expect_equal(this->log(), this->model_);
}

TYPED_TEST_P(EventLogContract, OnlyTheSideOfAFrameCanBeRewritten) {
  this->append_three();
  for (const std::uint64_t nowhere : {1U, 2U, 5U, 9U, 100U}) {
    const auto rewritten = this->log().rewrite_side(nowhere, "side");
    ASSERT_FALSE(rewritten.has_value()) << nowhere;
    EXPECT_EQ(rewritten.error().code, ErrorCode::kNotFound);
  }
  expect_equal(this->log(), this->model_);
}

TYPED_TEST_P(EventLogContract, ReadersSeeOnlyWholeFramesInOrder) {
  constexpr std::uint64_t kFrames = 200;
  std::atomic<bool> stop = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      std::uint64_t next = 0;
      while (next < 2 * kFrames && !stop) {
        if (!this->log().wait_beyond(next, std::chrono::milliseconds(600'000))) break;
        const auto found = this->log().read(next, 1'000);
        ASSERT_TRUE(found.has_value()) << found.error().detail;
        ASSERT_FALSE(found->empty());
        for (const StoredFrame& frame : *found) {
          ASSERT_EQ(frame.first_position, next);
          ASSERT_EQ(frame.frame, "frame " + std::to_string(next));
          ASSERT_EQ(frame.side, "side " + std::to_string(next));
          next += 2;
        }
      }
    });
  }
  for (std::uint64_t i = 0; i < kFrames; ++i) {
    const std::string number = std::to_string(2 * i);
    EXPECT_EQ(append_to(this->log(), {2 * i, 2, "frame " + number, "side " + number}),
              AppendOutcome::kOk);
  }
  if (this->HasFailure()) stop = true;
  for (std::thread& reader : readers) reader.join();
}

TYPED_TEST_P(EventLogContract, BehavesLikeAListUnderRandomUse) {
  ModelLog& model = this->model_;
  for (int step = 0; step < 400; ++step) {
    const std::uint64_t size = model.size();
    const std::uint64_t somewhere = size == 0 ? 0 : this->random_() % (size + 3);
    const std::size_t choice = this->random_() % 16;
    SCOPED_TRACE(testing::Message()
                 << "step " << step << ", choice " << choice << ", seed " << this->seed_);
    if (choice < 8) {
      const ModelFrame frame = random_frame(this->random_, size);
      ASSERT_EQ(append_to(this->log(), frame), AppendOutcome::kOk);
      model.frames().push_back(frame);
    } else if (choice < 10 && somewhere != size) {
      const ModelFrame stale = random_frame(this->random_, somewhere);
      ASSERT_EQ(append_to(this->log(), stale), AppendOutcome::kConflict);
    } else if (choice < 11 && size > 0) {
      const ModelFrame& again = model.frames()[this->random_() % model.frames().size()];
      ASSERT_EQ(append_to(this->log(), again), AppendOutcome::kOk);
    } else if (choice < 12 && size > 0) {
      ModelFrame& frame = model.frames()[this->random_() % model.frames().size()];
      frame.side = random_bytes_of(this->random_, this->random_() % 300);
      ASSERT_TRUE(this->log().rewrite_side(frame.first, frame.side).has_value());
    } else if (choice < 13) {
      this->reopen();
    } else {
      expect_reads(this->log(), model, somewhere, this->random_() % 100'000);
    }
    ASSERT_EQ(this->log().size(), model.size());
    if (this->HasFailure()) return;
  }
  expect_equal(this->log(), model);
}

REGISTER_TYPED_TEST_SUITE_P(EventLogContract, AnEmptyLogHasNoFrames, WhatIsAnsweredOkIsReadable,
                            APlaceIsTakenOnce, NoPlaceIsSkipped, AFrameWithoutEventsIsNotStored,
                            ARepeatOfAStoredFrameIsOkAndStoresNothing, AnAlmostRepeatIsAConflict,
                            ReadsBeginWithTheFrameThatHoldsThePosition,
                            APageEndsWithTheFrameThatFillsIt, WaitEndsWhenThePositionIsThere,
                            RewritingASideChangesNothingElse, OnlyTheSideOfAFrameCanBeRewritten,
                            ReadersSeeOnlyWholeFramesInOrder, BehavesLikeAListUnderRandomUse);

}  // namespace keyledger
