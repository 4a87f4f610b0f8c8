#include "projections/projector.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <thread>

#include "events/bytes.h"
#include "tests/projections/random_history.h"
#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

// Counts the events of each stream, in rows and in memory, and checks that it is fed as promised.
class Counter : public Projection {
 public:
  explicit Counter(std::string name, std::uint32_t version = 1, bool has_rows = true)
      : name_(std::move(name)), version_(version), has_rows_(has_rows) {}

  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::uint32_t version() const override { return version_; }
  [[nodiscard]] bool has_rows() const override { return has_rows_; }

  [[nodiscard]] Result<void> open(Store& store) override {
    store_ = &store;
    if (!has_rows_) return {};
    rows_ = *store.table(name_ + ".v" + std::to_string(version_) + ".rows");
    return {};
  }
  [[nodiscard]] Result<void> load(std::uint64_t size) override {
    EXPECT_EQ(memory_, 0U);
    EXPECT_EQ(applied_, 0U) << "loaded after the first apply";
    memory_ = size;
    loaded_at_ = size;
    if (has_rows_) {
      EXPECT_EQ(rows(), size);
    }
    return {};
  }
  void apply_to_memory(const CommittedFrame& frame) override {
    EXPECT_EQ(frame.frame.first_position, memory_) << name_;
    memory_ = frame.frame.end_position();
  }
  [[nodiscard]] Result<void> apply(const CommittedFrame& frame, StoreBatch& batch) override {
    EXPECT_TRUE(has_rows_);
    EXPECT_EQ(memory_, frame.frame.end_position()) << "memory comes first";
    EXPECT_EQ(rows(), frame.frame.first_position) << "earlier rows are there";
    ++applied_;
    if (broken_) return fail(ErrorCode::kStorage, "broken by the test");
    for (const RecordedEvent& event : frame.events) {
      std::string key;
      ByteWriter(key).u64(event.position);
      batch.put(*rows_, key, {});
    }
    return {};
  }

  // How many rows there are; fails the test unless they are dense.
  [[nodiscard]] std::uint64_t rows() const {
    std::uint64_t count = 0;
    const auto cursor = store_->cursor(*rows_);
    for (cursor->seek({}); cursor->valid(); cursor->next()) {
      EXPECT_EQ(ByteReader(cursor->key()).u64(), count++);
    }
    return count;
  }
  [[nodiscard]] std::uint64_t memory() const { return memory_; }
  [[nodiscard]] std::uint64_t loaded_at() const { return loaded_at_; }
  [[nodiscard]] std::size_t frames() const { return applied_; }
  void break_down() { broken_ = true; }

 private:
  std::string name_;
  std::uint32_t version_;
  bool has_rows_;
  bool broken_ = false;
  Store* store_ = nullptr;
  const Table* rows_ = nullptr;
  std::uint64_t memory_ = 0;
  std::uint64_t loaded_at_ = 0;
  std::size_t applied_ = 0;
};

class ProjectorTest : public ::testing::Test {
 protected:
  void open(const std::string& directory = "derived") {
    auto store = Store::open((dir_.path() / directory).string(), StoreOptions());
    ASSERT_TRUE(store) << store.error().detail;
    store_ = std::move(*store);
  }
  Result<void> catch_up(std::vector<Projection*> projections) {
    projector_ = std::make_unique<Projector>(*store_, history_.log(), std::move(projections));
    return projector_->catch_up(nullptr);
  }
  void expect_at_head(const Counter& counter) {
    EXPECT_EQ(counter.rows(), history_.log().size());
    EXPECT_EQ(counter.memory(), history_.log().size());
  }
  void close() {
    projector_.reset();
    store_.reset();
  }

  TempDir dir_;
  RandomHistory history_{1};
  std::unique_ptr<Store> store_;
  std::unique_ptr<Projector> projector_;
};

TEST_F(ProjectorTest, CatchesUpWithTheLogAndThenFollowsIt) {
  history_.grow_by_frames(50);
  open();
  Counter one("one");
  Counter two("two");
  ASSERT_TRUE(catch_up({&one, &two}));
  EXPECT_EQ(projector_->size(), history_.log().size());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(projector_->apply(history_.grow(4)));
  expect_at_head(one);
  expect_at_head(two);
  EXPECT_EQ(projector_->size(), history_.log().size());
  const auto status = projector_->status();
  ASSERT_EQ(status.size(), 2U);
  EXPECT_EQ(status[0].name, "one");
  EXPECT_EQ(status[0].position, history_.log().size());
  EXPECT_EQ(status[1].version, 1U);
}

TEST_F(ProjectorTest, BeginsWhereItEnded) {
  history_.grow_by_frames(20);
  open();
  {
    Counter one("one");
    ASSERT_TRUE(catch_up({&one}));
  }
  close();
  history_.grow_by_frames(5);
  open();
  Counter one("one");
  ASSERT_TRUE(catch_up({&one}));
  expect_at_head(one);
  EXPECT_EQ(one.frames(), 5U);
}

TEST_F(ProjectorTest, FeedsEachProjectionFromItsOwnPosition) {
  open();
  Counter old("old");
  history_.grow_by_frames(20);
  ASSERT_TRUE(catch_up({&old}));
  close();
  history_.grow_by_frames(10);
  open();
  Counter again("old");
  Counter added("added");
  ASSERT_TRUE(catch_up({&again, &added}));
  expect_at_head(again);
  expect_at_head(added);
  EXPECT_EQ(again.frames(), 10U);
  EXPECT_EQ(added.frames(), 30U);
}

TEST_F(ProjectorTest, RebuildsAnotherVersionAndDropsTheOldRows) {
  history_.grow_by_frames(20);
  open();
  Counter first("one", 1);
  Counter other("other", 1);
  ASSERT_TRUE(catch_up({&first, &other}));
  Counter second("one", 2);
  Counter same("other", 1);
  ASSERT_TRUE(catch_up({&second, &same}));
  expect_at_head(second);
  EXPECT_EQ(second.frames(), 20U);
  EXPECT_EQ(same.frames(), 0U);
  EXPECT_EQ(store_->table_names(),
            (std::vector<std::string>{"one.v2.rows", "other.v1.rows", "projector.positions"}));
  // The old version can come back and finds nothing of what it had.
  Counter back("one", 1);
  Counter still("other", 1);
  ASSERT_TRUE(catch_up({&back, &still}));
  expect_at_head(back);
}

TEST_F(ProjectorTest, LoadsWhatHasNoRowsWhenAllRowsAreThere) {
  history_.grow_by_frames(20);
  open();
  Counter memory("memory", 1, false);
  Counter rows("rows");
  ASSERT_TRUE(catch_up({&memory, &rows}));
  EXPECT_EQ(memory.loaded_at(), history_.log().size());
  EXPECT_EQ(rows.loaded_at(), 0U);
  ASSERT_TRUE(projector_->apply(history_.grow(4)));
  EXPECT_EQ(memory.memory(), history_.log().size());
  EXPECT_EQ(projector_->status()[0].position, history_.log().size());
}

TEST_F(ProjectorTest, KeepsMemoryUpToDateAfterAnError) {
  open();
  Counter one("one");
  Counter two("two");
  ASSERT_TRUE(catch_up({&one, &two}));
  ASSERT_TRUE(projector_->apply(history_.grow(4)));
  const std::uint64_t good = history_.log().size();
  two.break_down();
  for (int i = 0; i < 3; ++i) {
    const auto applied = projector_->apply(history_.grow(4));
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().code, ErrorCode::kStorage);
    EXPECT_EQ(one.memory(), history_.log().size());
    EXPECT_EQ(two.memory(), history_.log().size());
    EXPECT_EQ(one.rows(), good);
    EXPECT_EQ(projector_->size(), good);
  }
  close();
  open();
  Counter one_again("one");
  Counter two_again("two");
  ASSERT_TRUE(catch_up({&one_again, &two_again}));
  expect_at_head(one_again);
  expect_at_head(two_again);
}

TEST_F(ProjectorTest, RefusesALogThatLostItsEnd) {
  history_.grow_by_frames(20);
  open();
  Counter one("one");
  ASSERT_TRUE(catch_up({&one}));
  RandomHistory shorter(1);
  shorter.grow_by_frames(10);
  Counter again("one");
  Projector projector(*store_, shorter.log(), {&again});
  const auto refused = projector.catch_up(nullptr);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(refused.error().detail.find(std::to_string(shorter.log().size())), std::string::npos)
      << refused.error().detail;
}

TEST_F(ProjectorTest, NamesTheDamagedPosition) {
  history_.grow_by_frames(3);
  auto frames = history_.log().read(0, SIZE_MAX);
  ASSERT_TRUE(frames);
  MemoryLog damaged;
  for (StoredFrame& stored : *frames) {
    const bool last = &stored == &frames->back();
    if (last) stored.frame[stored.frame.size() / 2] ^= 1;
    const auto count = decode_frame(stored.frame);
    ASSERT_EQ(
        damaged.append(stored.frame, stored.side, damaged.size(), last ? 1 : count->leaves.size()),
        AppendOutcome::kOk);
  }
  open();
  Counter one("one");
  Projector projector(*store_, damaged, {&one});
  const auto refused = projector.catch_up(nullptr);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(refused.error().detail.find(std::to_string(frames->back().first_position)),
            std::string::npos)
      << refused.error().detail;
}

TEST_F(ProjectorTest, RefusesAFrameThatIsNotTheNext) {
  open();
  Counter one("one");
  history_.grow(4);
  const CommittedFrame skipped = history_.grow(4);
  RandomHistory empty(2);
  Projector projector(*store_, empty.log(), {&one});
  ASSERT_TRUE(projector.catch_up(nullptr));
  EXPECT_FALSE(projector.apply(skipped));
  EXPECT_EQ(one.memory(), 0U);
}

TEST_F(ProjectorTest, WakesWhoWaitsForAPosition) {
  open();
  Counter one("one");
  ASSERT_TRUE(catch_up({&one}));
  const CommittedFrame frame = history_.grow(4);
  EXPECT_FALSE(projector_->wait_beyond(0, std::chrono::milliseconds(0)));
  std::thread waiter([&] {
    EXPECT_TRUE(projector_->wait_beyond(frame.frame.end_position() - 1, std::chrono::minutes(1)));
    EXPECT_EQ(one.rows(), frame.frame.end_position());
  });
  ASSERT_TRUE(projector_->apply(frame));
  waiter.join();
  EXPECT_FALSE(projector_->wait_beyond(frame.frame.end_position(), std::chrono::milliseconds(0)));
}

TEST_F(ProjectorTest, TellsHowFarItIs) {
  history_.grow_by_frames(30);
  open();
  Counter one("one");
  Projector projector(*store_, history_.log(), {&one});
  std::uint64_t last = 0;
  ASSERT_TRUE(projector.catch_up([&](std::uint64_t done, std::uint64_t total) {
    EXPECT_EQ(total, history_.log().size());
    EXPECT_GT(done, last);
    last = done;
  }));
  EXPECT_EQ(last, history_.log().size());
}

}  // namespace
}  // namespace keyledger
