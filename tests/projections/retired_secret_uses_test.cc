// Who presents retired secrets, against a plain count of the notices.
#include "projections/retired_secret_uses.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "projections/all.h"
#include "tests/projections/random_history.h"
#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

constexpr std::uint64_t kFromTheNewest = std::numeric_limits<std::uint64_t>::max();

class RetiredSecretUsesTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  [[nodiscard]] std::vector<RetiredSecretUse> plainly(const WorkspaceId& workspace) const {
    std::map<std::pair<KeyId, SecretId>, RetiredSecretUse> uses;
    for (const RecordedEvent& event : history_.state().history()) {
      const auto* notice = std::get_if<KeyRetiredSecretPresented>(&event.event);
      if (notice == nullptr || event.workspace != workspace) continue;
      const KeyId key{event.stream.id};
      const auto [found, is_new] = uses.try_emplace({key, notice->secret});
      RetiredSecretUse& use = found->second;
      const Timestamp first = is_new ? event.time : use.first;
      use = {key, notice->secret, use.count + 1, first, event.time, event.position};
    }
    std::vector<RetiredSecretUse> all;
    for (const auto& [secret, use] : uses) all.push_back(use);
    std::sort(all.begin(), all.end(),
              [](const auto& a, const auto& b) { return a.position > b.position; });
    return all;
  }

  TempDir dir_;
  RandomHistory history_{GetParam()};
};

TEST_P(RetiredSecretUsesTest, CountTheNoticesOfEachSecretNewestFirst) {
  auto opened = Projections::open(history_.log(), (dir_.path() / "derived").string(), {}, nullptr);
  ASSERT_TRUE(opened);
  Projections& projections = **opened;
  std::size_t again = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(projections.projector().apply(history_.grow(8)));
    for (const WorkspaceId& workspace : history_.workspaces()) {
      const auto wanted = plainly(workspace);
      std::vector<RetiredSecretUse> found;
      for (std::uint64_t before = kFromTheNewest;;) {
        const auto page = projections.retired_secret_uses().list(workspace, before, 3);
        ASSERT_TRUE(page);
        found.insert(found.end(), page->begin(), page->end());
        if (page->size() < 3) break;
        before = page->back().position;
      }
      EXPECT_EQ(found, wanted) << "seed " << GetParam();
      std::map<KeyId, OptionalTime> last;
      for (const RetiredSecretUse& use : wanted) {
        last[use.key] = std::max(last[use.key], OptionalTime(use.last));
      }
      for (const Key& key : history_.state().keys()) {
        if (key.workspace != workspace) continue;
        const auto presented = projections.retired_secret_uses().last_of(workspace, key.id);
        ASSERT_TRUE(presented);
        EXPECT_EQ(*presented, last[key.id]) << "seed " << GetParam();
      }
      for (const RetiredSecretUse& use : wanted) again += use.count > 1 ? 1 : 0;
    }
  }
  EXPECT_GT(again, 10U) << "hardly a secret was presented twice";
}

INSTANTIATE_TEST_SUITE_P(Seeds, RetiredSecretUsesTest, ::testing::Range<std::uint64_t>(1, 5));

}  // namespace
}  // namespace keyledger
