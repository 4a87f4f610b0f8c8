// Groups of alike keys against groups that are made the plain way.
#include "projections/duplicates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "projections/all.h"
#include "tests/projections/random_history.h"
#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

// Likeness, and the keys in the order in which they were made.
using Group = std::pair<Likeness, std::vector<KeyId>>;

class DuplicatesTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override {
    auto opened =
        Projections::open(history_.log(), (dir_.path() / "derived").string(), {}, nullptr);
    ASSERT_TRUE(opened) << opened.error().detail;
    projections_ = std::move(*opened);
    grow(200);
  }
  void grow(std::size_t frames) {
    for (std::size_t i = 0; i < frames; ++i) {
      ASSERT_TRUE(projections_->projector().apply(history_.grow(8)));
    }
  }
  std::uint64_t below(std::uint64_t limit) { return history_.random().below(limit); }

  static std::string plain(const std::string& name) {
    std::string out;
    for (const char c : name) {
      if (c != ' ') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    return out;
  }
  [[nodiscard]] bool lives(const Key& key, Timestamp now) const {
    return !key.end && !(key.expires_at && *key.expires_at <= now);
  }
  // The first one before it that lives, if it is of the same place.
  [[nodiscard]] std::optional<KeyId> replaced_by(const Key& key, Timestamp now) const {
    for (auto before = key.replaces; before;) {
      const auto found = history_.state().key(*before);
      if (!found || !*found) break;
      if (lives(**found, now)) {
        const bool here =
            (*found)->workspace == key.workspace && (*found)->environment == key.environment;
        return here ? before : std::nullopt;
      }
      before = (*found)->replaces;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::set<Group> plainly(const DuplicatesRequest& request) const {
    using Trait = std::tuple<Likeness, Environment, std::optional<MemberId>, std::string>;
    std::map<Trait, std::set<std::pair<std::uint64_t, KeyId>>> alike;
    for (const Key& key : history_.state().keys()) {
      if (key.workspace != request.workspace || !lives(key, request.now)) continue;
      if (key.type == KeyType::kManagement && !request.management_keys) continue;
      const auto add = [&](Likeness likeness, const std::string& text) {
        alike[{likeness, key.environment, key.member, text}].emplace(key.created_cause.position,
                                                                     key.id);
      };
      add(Likeness::kSameName, plain(key.name));
      const auto& details = history_.details().at(key.id);
      if (details.external_id) add(Likeness::kSameExternalId, *details.external_id);
      if (key.replaced_by) add(Likeness::kReplaced, to_text(key.id));
      const auto before = replaced_by(key, request.now);
      if (before) add(Likeness::kReplaced, to_text(*before));
    }
    std::set<Group> groups;
    for (const auto& [trait, keys] : alike) {
      if (keys.size() < 2) continue;
      std::vector<KeyId> ids;
      for (const auto& [position, id] : keys) ids.push_back(id);
      EXPECT_LE(ids.size(), DuplicateGroup::kMaxShown);
      groups.emplace(std::get<Likeness>(trait), std::move(ids));
    }
    return groups;
  }

  std::vector<Group> by_pages(DuplicatesRequest request, std::size_t frames_between = 0) {
    std::vector<Group> groups;
    for (int pages = 0; pages < 5'000; ++pages) {
      const auto page = find_duplicates(*projections_, request);
      EXPECT_TRUE(page) << page.error().detail;
      if (!page) return groups;
      for (const DuplicateGroup& group : page->groups) {
        EXPECT_EQ(group.count, group.keys.size());
        groups.emplace_back(group.likeness, group.keys);
      }
      if (!page->next) return groups;
      request.after = *page->next;
      grow(frames_between);
    }
    ADD_FAILURE() << "no last page";
    return groups;
  }

  DuplicatesRequest random_request() {
    DuplicatesRequest request;
    request.workspace = history_.workspaces()[below(2)];
    request.management_keys = below(2) == 0;
    request.now = history_.now() + static_cast<std::int64_t>(below(2)) * 86'400'000;
    request.limit = 1 + below(8);
    request.most_hashes = below(2) == 0 ? 2 + below(10) : 1000;
    return request;
  }

  TempDir dir_;
  RandomHistory history_{GetParam()};
  std::unique_ptr<Projections> projections_;
};

TEST_P(DuplicatesTest, AreThePlainGroupsHoweverFewHashesAreHeld) {
  std::map<Likeness, std::size_t> found;
  for (int i = 0; i < 16; ++i) {
    const DuplicatesRequest request = random_request();
    const auto groups = by_pages(request);
    const std::set<Group> wanted = plainly(request);
    EXPECT_EQ(std::set<Group>(groups.begin(), groups.end()), wanted)
        << "request " << i << " of seed " << GetParam();
    // Two different things may be the same about the same two keys: then the group comes twice.
    EXPECT_GE(groups.size(), wanted.size());
    for (const Group& group : wanted) ++found[group.first];
  }
  EXPECT_GE(found.size(), 2U) << "hardly anything was alike";
}

TEST(Duplicates, NameOnlySoManyKeysOfALargeGroup) {
  RandomHistory history(1);
  history.name_all("same");
  history.grow_by_frames(2'000);
  const TempDir dir;
  const auto opened =
      Projections::open(history.log(), (dir.path() / "derived").string(), {}, nullptr);
  ASSERT_TRUE(opened);
  DuplicatesRequest request;
  request.workspace = history.workspaces()[0];
  request.now = history.now();
  const auto page = find_duplicates(**opened, request);
  ASSERT_TRUE(page);
  const auto largest =
      std::max_element(page->groups.begin(), page->groups.end(),
                       [](const auto& a, const auto& b) { return a.count < b.count; });
  ASSERT_NE(largest, page->groups.end());
  EXPECT_GT(largest->count, DuplicateGroup::kMaxShown);
  EXPECT_EQ(largest->keys.size(), DuplicateGroup::kMaxShown);
}

TEST_P(DuplicatesTest, RefuseAPlaceThatIsNone) {
  DuplicatesRequest request;
  request.after = "x";
  const auto refused = find_duplicates(*projections_, request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidRequest);
}

INSTANTIATE_TEST_SUITE_P(Seeds, DuplicatesTest, ::testing::Range<std::uint64_t>(1, 5));

}  // namespace
}  // namespace keyledger
