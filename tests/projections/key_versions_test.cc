// Keys as they were, against a fold of the same events that stops there.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "projections/all.h"
#include "tests/projections/random_history.h"
#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

class KeyVersionsTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  std::unique_ptr<Projections> open() {
    auto opened =
        Projections::open(history_.log(), (dir_.path() / "derived").string(), {}, nullptr);
    EXPECT_TRUE(opened) << opened.error().detail;
    return opened ? std::move(*opened) : nullptr;
  }
  void grow(Projections& projections, std::size_t frames) {
    for (std::size_t i = 0; i < frames; ++i) {
      ASSERT_TRUE(projections.projector().apply(history_.grow(8)));
    }
  }

  // Lists find the key by the name that it had then, also where the event is inside a frame.
  static void expect_listed(const Projections& projections, const FakeState& then,
                            const RecordedEvent& event) {
    const auto key = then.key(KeyId{event.stream.id});
    ASSERT_TRUE(key && *key);
    for (const KeySort sort : {KeySort::kCreatedAt, KeySort::kName}) {
      KeyPageRequest request;
      request.filter.workspace = (*key)->workspace;
      request.filter.management_keys = true;
      if (sort == KeySort::kCreatedAt) request.filter.name = (*key)->name;
      request.sort = sort;
      request.limit = 1000;
      request.position = event.position;
      request.now = event.time;
      const auto page = projections.keys().list(request);
      ASSERT_TRUE(page) << page.error().detail;
      const bool there =
          std::any_of(page->keys.begin(), page->keys.end(),
                      [&](const KeyView& view) { return view.key.id == (*key)->id; });
      EXPECT_TRUE(there) << (*key)->name << " at " << event.position << ", seed " << GetParam();
    }
  }

  // Every key after every event, those that were not made yet too.
  void expect_right(const Projections& projections) {
    const std::vector<Key> all = history_.state().keys();
    FakeState then;
    std::size_t states = 0;
    for (const RecordedEvent& event : history_.state().history()) {
      then.apply(event);
      for (const Key& key : all) {
        const auto at = projections.keys().key_at(key.id, event.position);
        ASSERT_TRUE(at) << at.error().detail;
        ASSERT_EQ(*at, *then.key(key.id)) << "at " << event.position << ", seed " << GetParam();
        if (*at) ++states;
      }
      if (event.stream.kind == StreamKind::kKey) expect_listed(projections, then, event);
    }
    EXPECT_GT(states, all.size());
    EXPECT_FALSE(*projections.keys().key_at(KeyId{}, history_.log().size() - 1));
  }

  std::size_t rows(Projections& projections) {
    const auto table = projections.store().table("key_table.v5.versions");
    EXPECT_TRUE(table);
    const auto cursor = projections.store().cursor(**table);
    std::size_t count = 0;
    for (cursor->seek({}); cursor->valid(); cursor->next()) ++count;
    return count;
  }

  TempDir dir_;
  RandomHistory history_{GetParam()};
};

TEST_P(KeyVersionsTest, AreWhatTheEventsUpToThenGive) {
  const auto projections = open();
  grow(*projections, 60);
  expect_right(*projections);
  grow(*projections, 20);
  expect_right(*projections);
}

TEST_P(KeyVersionsTest, AreTheSameAfterARestartAndAfterARebuild) {
  grow(*open(), 60);
  expect_right(*open());
  std::filesystem::remove_all(dir_.path() / "derived");
  expect_right(*open());
}

TEST_P(KeyVersionsTest, TakeOneRowForEachChangeAndNoneForACreationOrANotice) {
  const auto projections = open();
  grow(*projections, 60);
  std::size_t changes = 0;
  for (const RecordedEvent& event : history_.state().history()) {
    const bool of_key = event.stream.kind == StreamKind::kKey;
    if (of_key && !is_notice(event.event) && creation_in(event.event) == nullptr) ++changes;
  }
  EXPECT_GT(changes, 20U);
  EXPECT_EQ(rows(*projections), changes);
}

INSTANTIATE_TEST_SUITE_P(Seeds, KeyVersionsTest, ::testing::Range<std::uint64_t>(1, 5));

}  // namespace
}  // namespace keyledger
