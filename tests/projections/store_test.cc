#include "projections/store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <random>

#include "tests/support/fault_fs.h"
#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

class StoreTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<Store> open(const std::filesystem::path& path,
                                            const StoreOptions& options = {}) const {
    auto store = Store::open(path.string(), options);
    EXPECT_TRUE(store) << store.error().detail;
    return store ? std::move(*store) : nullptr;
  }
  [[nodiscard]] std::filesystem::path path() const { return dir_.path() / "derived"; }

  static void put(Store& store, std::string_view table, std::string_view key,
                  std::string_view value) {
    StoreBatch batch;
    batch.put(**store.table(table), key, value);
    ASSERT_TRUE(store.write(std::move(batch)));
  }
  static std::optional<std::string> get(Store& store, std::string_view table,
                                        std::string_view key) {
    const auto value = store.get(**store.table(table), key);
    EXPECT_TRUE(value);
    return *value;
  }

  TempDir dir_;
};

TEST_F(StoreTest, KeepsTablesApart) {
  const auto store = open(path());
  put(*store, "one", "key", "1");
  put(*store, "two", "key", "2");
  EXPECT_EQ(get(*store, "one", "key"), "1");
  EXPECT_EQ(get(*store, "two", "key"), "2");
  EXPECT_EQ(get(*store, "two", "other"), std::nullopt);
  EXPECT_EQ(store->table_names(), (std::vector<std::string>{"one", "two"}));
}

TEST_F(StoreTest, WritesABatchInItsOrder) {
  const auto store = open(path());
  const Table& table = **store->table("t");
  StoreBatch batch;
  batch.put(table, "a", "old");
  batch.erase(table, "a");
  batch.put(table, "b", "old");
  batch.put(table, "b", "new");
  ASSERT_TRUE(store->write(std::move(batch)));
  EXPECT_EQ(get(*store, "t", "a"), std::nullopt);
  EXPECT_EQ(get(*store, "t", "b"), "new");
}

TEST_F(StoreTest, ClosesDurably) {
  put(*open(path()), "t", "key", "value");
  const auto store = open(path());
  EXPECT_EQ(get(*store, "t", "key"), "value");
}

TEST_F(StoreTest, WalksLikeASortedMapInBothDirections) {
  const auto store = open(path());
  const Table& table = **store->table("t");
  std::map<std::string, std::string> model;
  std::mt19937_64 random(7);
  for (int i = 0; i < 200; ++i) {
    const std::string key(1 + random() % 3, static_cast<char>(random() % 256));
    model[key] = std::to_string(i);
    put(*store, "t", key, model[key]);
  }
  const auto cursor = store->cursor(table);
  auto wanted = model.begin();
  for (cursor->seek({}); cursor->valid(); cursor->next(), ++wanted) {
    ASSERT_NE(wanted, model.end());
    EXPECT_EQ(cursor->key(), wanted->first);
    EXPECT_EQ(cursor->value(), wanted->second);
  }
  EXPECT_EQ(wanted, model.end());
  for (int i = 0; i < 200; ++i) {
    const std::string key(1 + random() % 3, static_cast<char>(random() % 256));
    auto at = model.lower_bound(key);
    cursor->seek(key);
    ASSERT_EQ(cursor->valid(), at != model.end());
    if (cursor->valid()) {
      EXPECT_EQ(cursor->key(), at->first);
    }
    at = model.upper_bound(key);
    cursor->seek_backward(key);
    ASSERT_EQ(cursor->valid(), at != model.begin());
    if (!cursor->valid()) continue;
    EXPECT_EQ(cursor->key(), (--at)->first);
    cursor->previous();
    ASSERT_EQ(cursor->valid(), at != model.begin());
    if (cursor->valid()) {
      EXPECT_EQ(cursor->key(), (--at)->first);
    }
  }
  EXPECT_TRUE(cursor->status());
}

TEST_F(StoreTest, LetsACursorSeeTheTableAsItWas) {
  const auto store = open(path());
  put(*store, "t", "a", "1");
  const auto cursor = store->cursor(**store->table("t"));
  put(*store, "t", "b", "2");
  cursor->seek({});
  ASSERT_TRUE(cursor->valid());
  cursor->next();
  EXPECT_FALSE(cursor->valid());
}

TEST_F(StoreTest, DropsATableForGood) {
  {
    const auto store = open(path());
    put(*store, "kept", "key", "1");
    put(*store, "dropped", "key", "2");
    ASSERT_TRUE(store->drop_table("dropped"));
    ASSERT_TRUE(store->drop_table("never made"));
    EXPECT_EQ(get(*store, "dropped", "key"), std::nullopt) << "made anew, empty";
    ASSERT_TRUE(store->drop_table("dropped"));
  }
  const auto store = open(path());
  EXPECT_EQ(store->table_names(), std::vector<std::string>{"kept"});
  EXPECT_EQ(get(*store, "kept", "key"), "1");
}

// Flushes come when the buffers are full; what they save is all tables as of one write.
TEST_F(StoreTest, LeavesTheTablesAsOfOneWriteWhenItIsKilled) {
  constexpr std::uint32_t kWrites = 2'000;
  {
    FaultFs disk(dir_.path().string());
    StoreOptions small;
    small.env = disk.env();
    small.write_buffer_bytes = 256U << 10U;
    const auto store = open(path(), small);
    const std::string padding(500, 'x');
    for (std::uint32_t i = 0; i < kWrites; ++i) {
      StoreBatch batch;
      batch.put(**store->table("a"), std::to_string(i), padding);
      batch.put(**store->table(i % 50 == 0 ? "rare" : "b"), std::to_string(i), {});
      batch.put(**store->table("at"), "at", std::to_string(i));
      ASSERT_TRUE(store->write(std::move(batch)));
    }
    disk.arm({Fault::kPowerCut, 1, true, nullptr});  // the end of the store saves nothing more
  }
  const auto killed = open(path());
  const auto at = get(*killed, "at", "at");
  ASSERT_TRUE(at) << "nothing was flushed: the buffers are not bounded";
  EXPECT_LT(std::stoul(*at), kWrites - 1) << "everything was flushed: this shows nothing";
  for (std::uint32_t i = 0; i < kWrites; ++i) {
    const bool there = i <= std::stoul(*at);
    EXPECT_EQ(get(*killed, "a", std::to_string(i)).has_value(), there) << i;
    EXPECT_EQ(get(*killed, i % 50 == 0 ? "rare" : "b", std::to_string(i)).has_value(), there) << i;
  }
}

TEST_F(StoreTest, NamesDamageAndTakesNoMoreRowsAfterAFailedFlush) {
  FaultFs disk(dir_.path().string());
  StoreOptions options;
  options.env = disk.env();
  const auto store = open(path(), options);
  put(*store, "t", "a", "1");
  FaultPlan broken;
  broken.fault = Fault::kIoError;
  broken.for_good = true;
  disk.arm(broken);
  const auto flushed = store->flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().code, ErrorCode::kStorage);
  StoreBatch batch;
  batch.put(**store->table("t"), "b", "2");
  EXPECT_FALSE(store->write(std::move(batch)));
  EXPECT_EQ(get(*store, "t", "a"), "1") << "reads go on";
}

TEST_F(StoreTest, RefusesADirectoryThatIsDamaged) {
  put(*open(path()), "t", "key", "value");
  for (const auto& entry : std::filesystem::directory_iterator(path())) {
    if (entry.path().filename().string().starts_with("MANIFEST")) {
      std::filesystem::resize_file(entry.path(), 20);
    }
  }
  const auto opened = Store::open(path().string(), StoreOptions());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt);
}

TEST_F(StoreTest, RefusesADirectoryThatAnotherHoldsOpen) {
  const auto store = open(path());
  const auto second = Store::open(path().string(), StoreOptions());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kStorage);
  EXPECT_EQ(second.error().detail.find(dir_.path().string()), std::string::npos);
}

}  // namespace
}  // namespace keyledger
