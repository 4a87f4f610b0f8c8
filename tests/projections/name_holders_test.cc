// The holders of names against plain maps, with many holders of a name and many changes in a frame.
#include "projections/name_holders.h"

#include <gtest/gtest.h>

#include <iterator>
#include <random>
#include <vector>

#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

KeyId id_of(std::uint64_t number) {
  KeyId id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return id;
}

class NameHoldersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Store::open((dir_.path() / "derived").string(), {});
    ASSERT_TRUE(opened) << opened.error().detail;
    store_ = std::move(*opened);
    ASSERT_TRUE(holders_.open(*store_, "holders"));
  }

  void write(const HolderChanges& changes) {
    StoreBatch batch;
    const auto changed = holders_.change(batch, changes);
    ASSERT_TRUE(changed) << changed.error().detail;
    ASSERT_TRUE(store_->write(std::move(batch)));
  }

  // Newest first.
  std::vector<KeyId> all(const std::string& name) {
    std::vector<KeyId> found;
    std::uint64_t position = kNewestHolder;
    while (true) {
      const auto holder = holders_.before(name, position);
      EXPECT_TRUE(holder);
      if (!holder || !*holder) return found;
      EXPECT_LT((*holder)->named_at, position);
      position = (*holder)->named_at;
      found.push_back((*holder)->id);
    }
  }

  std::size_t rows() {
    std::size_t rows = 0;
    const auto cursor = store_->cursor(**store_->table("holders"));
    for (cursor->seek({}); cursor->valid(); cursor->next()) ++rows;
    return rows;
  }

  TempDir dir_;
  std::unique_ptr<Store> store_;
  NameHolders holders_;
};

// Names of which one is the beginning of another, in both environments.
std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const char* name : {"", "a", "ab", "b"}) {
    for (const Environment environment : {Environment::kLive, Environment::kTest}) {
      names.push_back(held_name(WorkspaceId{}, environment, name));
    }
  }
  return names;
}

TEST_F(NameHoldersTest, AreThoseOfAPlainMap) {
  const std::vector<std::string> known = names();
  std::size_t most = 0;
  std::uint64_t position = 0;
  std::map<std::string, std::map<std::uint64_t, KeyId>> model;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int frame = 0; frame < 60; ++frame) {
      const std::uint64_t leaving = seed % 3 == 0 ? 8 : 4;  // of 10: more come, or nearly all go
      HolderChanges changes;
      for (std::uint64_t left = 1 + random() % 20; left > 0; --left) {
        const std::string& name = known[random() % known.size()];
        auto& there = model[name];
        if (random() % 10 >= leaving) {
          changes[name].came.emplace(position, id_of(position));
        } else if (!there.empty()) {
          const auto gone =
              std::next(there.begin(), static_cast<std::ptrdiff_t>(random() % there.size()));
          const auto newest = std::prev(there.end());
          changes[name].gone.insert((random() % 2 == 0 ? newest : gone)->first);
        }
        if (random() % 8 == 0) changes[name].gone.insert(position + 1);  // is no holder
        position += 2;
      }
      write(changes);
      for (const auto& [name, change] : changes) {
        for (const std::uint64_t named_at : change.gone) model[name].erase(named_at);
        model[name].insert(change.came.begin(), change.came.end());
        most = std::max(most, model[name].size());
      }
    }
    std::size_t wanted_rows = 0;
    for (const std::string& name : known) {
      std::vector<KeyId> wanted;
      for (const auto& [named_at, id] : model[name]) wanted.insert(wanted.begin(), id);
      EXPECT_EQ(all(name), wanted);
      if (!wanted.empty()) wanted_rows += wanted.size() + 1;
    }
    EXPECT_EQ(rows(), wanted_rows);
    if (HasFailure()) return;
  }
  EXPECT_GT(most, 30U) << "the test is about many holders";
}

// A name whose last holder left costs what a name costs that nobody ever held.
TEST_F(NameHoldersTest, LeaveNothingBehind) {
  const std::string name = held_name(WorkspaceId{}, Environment::kLive, "a");
  HolderChanges come;
  HolderChanges go;
  for (std::uint64_t i = 0; i < 100; ++i) {
    come[name].came.emplace(i, id_of(i));
    go[name].gone.insert(i);
  }
  write(come);
  EXPECT_EQ(rows(), 101U);
  write(go);
  EXPECT_EQ(rows(), 0U);
  EXPECT_FALSE(*holders_.before(name, kNewestHolder));
}

TEST_F(NameHoldersTest, AnErrorOfTheStoreIsNoAnswer) {
  const std::string name = held_name(WorkspaceId{}, Environment::kLive, "a");
  StoreBatch batch;
  batch.put(**store_->table("holders"), name, "short");
  ASSERT_TRUE(store_->write(std::move(batch)));
  EXPECT_EQ(holders_.before(name, kNewestHolder).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace keyledger
