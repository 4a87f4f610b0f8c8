// All projections at once against a plain fold of the same random history: live, after a restart,
// after a kill or a power cut, and rebuilt from nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "projections/all.h"
#include "tests/projections/random_history.h"
#include "tests/support/fault_fs.h"
#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

class ProjectionsTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  static StoreOptions with(rocksdb::Env* env) {
    StoreOptions options;
    options.env = env;
    return options;
  }
  std::unique_ptr<Projections> open(const std::filesystem::path& path,
                                    rocksdb::Env* env = nullptr) {
    auto opened = Projections::open(history_.log(), path.string(), with(env), nullptr);
    EXPECT_TRUE(opened) << opened.error().detail;
    return opened ? std::move(*opened) : nullptr;
  }

  void grow_live(Projections& projections, std::size_t frames) {
    for (std::size_t i = 0; i < frames; ++i) {
      const auto applied = projections.projector().apply(history_.grow(8));
      ASSERT_TRUE(applied) << applied.error().detail;
    }
  }

  void expect_right(const Projections& projections) {
    EXPECT_EQ(projections.projector().size(), history_.log().size());
    EXPECT_EQ(projections.last_time(), history_.log().size() == 0 ? Timestamp() : history_.now());
    expect_right_keys(projections);
    expect_right_names(projections);
    expect_right_people(projections);
    for (const auto& [scope, call] : history_.calls()) {
      const auto found = projections.remembered(scope);
      ASSERT_TRUE(found && *found);
      EXPECT_EQ((*found)->request, call.request);
      EXPECT_EQ((*found)->first_position, call.first_position);
      EXPECT_EQ((*found)->count, call.count);
    }
    EXPECT_FALSE(*projections.remembered(Digest{}));
  }

  void expect_right_keys(const Projections& projections) {
    std::size_t rows = 0;
    ASSERT_TRUE(projections.keys().for_each([&](const Key&) { ++rows; }));
    EXPECT_EQ(rows, history_.state().keys().size());
    for (const Key& wanted : history_.state().keys()) {
      const auto view = projections.keys().view(wanted.id);
      ASSERT_TRUE(view && *view);
      EXPECT_EQ((*view)->key, wanted);
      EXPECT_EQ((*view)->details, history_.details().at(wanted.id));
    }
    EXPECT_FALSE(*projections.key(KeyId{}));
    EXPECT_FALSE(*projections.keys().view(KeyId{}));
  }

  void expect_right_names(const Projections& projections) {
    for (const WorkspaceId& workspace : history_.workspaces()) {
      for (const Environment environment : {Environment::kLive, Environment::kTest}) {
        for (const char* name : {"a", "b", "B", "ab", "a b", "é", "zz", "aa", "", "never"}) {
          expect_right_holders(projections, workspace, environment, name);
        }
      }
    }
    for (const MemberId& member : history_.members()) {
      auto wanted = *history_.state().management_keys(member);
      std::sort(wanted.begin(), wanted.end());
      EXPECT_EQ(*projections.management_keys(member), wanted);
    }
  }

  void expect_right_holders(const Projections& projections, const WorkspaceId& workspace,
                            Environment environment, const char* name) {
    std::uint64_t before = kNewestHolder;
    while (true) {
      const auto wanted = history_.state().name_holder(workspace, environment, name, before);
      ASSERT_EQ(*projections.name_holder(workspace, environment, name, before), *wanted) << name;
      if (!*wanted) return;
      before = (*wanted)->named_at;
    }
  }

  void expect_right_people(const Projections& projections) {
    for (const WorkspaceId& workspace : history_.workspaces()) {
      EXPECT_EQ(**projections.workspace(workspace), **history_.state().workspace(workspace));
      EXPECT_EQ(*projections.events_in(workspace), *history_.state().events_in(workspace));
      auto wanted = *history_.state().owners(workspace);
      std::sort(wanted.begin(), wanted.end());
      EXPECT_EQ(*projections.owners(workspace), wanted);
    }
    for (const MemberId& member : history_.members()) {
      EXPECT_EQ(*projections.member(member), *history_.state().member(member));
      const auto profile = history_.profiles().find(member);
      const auto entry = projections.directory().member(member);
      ASSERT_NE(entry, nullptr);
      EXPECT_EQ(entry->profile, profile == history_.profiles().end()
                                    ? std::nullopt
                                    : std::optional(profile->second));
    }
    EXPECT_EQ(*projections.ledger_version(), *history_.state().ledger_version());
    EXPECT_EQ(*projections.workspace(WorkspaceId{}), nullptr);
    EXPECT_FALSE(*projections.member(MemberId{}));
  }

  std::uint64_t below(std::uint64_t limit) { return history_.random().below(limit); }

  void SetUp() override { std::filesystem::create_directory(dir_.path() / "disk"); }

  TempDir dir_;
  RandomHistory history_{GetParam()};
};

TEST_P(ProjectionsTest, AnswerAsAPlainFoldDoesWhileTheLogGrows) {
  const auto projections = open(dir_.path() / "derived");
  for (int round = 0; round < 4; ++round) {
    grow_live(*projections, 30);
    expect_right(*projections);
  }
}

TEST_P(ProjectionsTest, NoRowGrowsWithTheKeysThatShareAName) {
  history_.name_all("a");
  const auto projections = open(dir_.path() / "derived");
  std::size_t rows = 0;
  for (int round = 0; round < 4; ++round) {
    grow_live(*projections, 60);
    expect_right(*projections);
    for (const std::string& name : projections->store().table_names()) {
      if (!name.starts_with("key_table.") || !name.ends_with(".holders")) continue;
      const auto cursor = projections->store().cursor(**projections->store().table(name));
      for (cursor->seek({}); cursor->valid(); cursor->next(), ++rows) {
        EXPECT_LE(cursor->value().size(), 32U);
      }
    }
  }
  EXPECT_GT(rows, 100U);
}

TEST_P(ProjectionsTest, AnswerTheSameAfterARestart) {
  grow_live(*open(dir_.path() / "derived"), 60);
  expect_right(*open(dir_.path() / "derived"));
}

TEST_P(ProjectionsTest, CatchUpWithWhatCameWhileTheyWereClosed) {
  grow_live(*open(dir_.path() / "derived"), 20);
  history_.grow_by_frames(40);
  const auto projections = open(dir_.path() / "derived");
  expect_right(*projections);
  grow_live(*projections, 10);
  expect_right(*projections);
}

// What was not flushed is gone, all tables together, and comes back from the log.
TEST_P(ProjectionsTest, CatchUpAfterAKillOrAPowerCutAtAnyFrame) {
  for (std::uint64_t end = 0; end < 8; ++end) {
    FaultFs disk((dir_.path() / "disk").string());
    const auto projections = open(dir_.path() / "disk" / "derived", disk.env());
    ASSERT_NE(projections, nullptr);
    expect_right(*projections);
    grow_live(*projections, 1 + below(20));
    if (below(100) < 40) {
      ASSERT_TRUE(projections->store().flush());
    }
    if (below(100) < 50) grow_live(*projections, below(10));
    if (below(100) < 50) {
      disk.crash(end);
    } else {
      disk.arm({Fault::kPowerCut, 1, true, nullptr});  // nothing reaches the disk any more
    }
  }
  expect_right(*open(dir_.path() / "disk" / "derived"));
}

// The power fails at some call of the start, of a flush or of the end.
TEST_P(ProjectionsTest, CatchUpAfterAPowerCutAtAnyCall) {
  for (std::uint64_t end = 0; end < 12; ++end) {
    FaultFs disk((dir_.path() / "disk").string());
    disk.arm({Fault::kPowerCut, 1 + below(end < 6 ? 60 : 250), true, nullptr});
    {
      auto opened = Projections::open(history_.log(), (dir_.path() / "disk" / "derived").string(),
                                      with(disk.env()), nullptr);
      for (std::size_t i = 0; opened && i < 12; ++i) {
        const CommittedFrame frame = history_.grow(8);
        if (!(*opened)->projector().apply(frame)) {
          EXPECT_TRUE(disk.fired());
        }
        if (i % 4 == 0 && !(*opened)->store().flush()) {
          EXPECT_TRUE(disk.fired());
        }
      }
      if (!opened) {
        EXPECT_TRUE(disk.fired()) << opened.error().detail;
      }
      if (below(2) == 0) disk.crash(end);
    }
    if (below(2) == 0) continue;
    const auto projections = open(dir_.path() / "disk" / "derived");
    ASSERT_NE(projections, nullptr) << "cut " << end;
    expect_right(*projections);
  }
}

TEST_P(ProjectionsTest, AreRebuiltWhenTheirDirectoryIsGone) {
  grow_live(*open(dir_.path() / "derived"), 60);
  std::filesystem::remove_all(dir_.path() / "derived");
  expect_right(*open(dir_.path() / "derived"));
}

INSTANTIATE_TEST_SUITE_P(Seeds, ProjectionsTest, ::testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace keyledger
