// The offline commands, in process: what they leave on disk and what they refuse.
#include "tools/commands/commands.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/support/read_file.h"
#include "tests/support/temp_dir.h"
#include "tools/key_file.h"
#include "tools/service.h"

namespace keyledger {
namespace {

class Commands : public testing::Test {
 protected:
  InitOptions init_options() const {
    return {data_, "acme", "Ada", "ada@example.com", "default", key_file_};
  }
  std::unique_ptr<Service> open() const {
    ServiceOptions options;
    options.data = data_;
    options.housekeeping = false;
    auto service = Service::open(options);
    EXPECT_TRUE(service) << service.error().detail;
    return service ? std::move(*service) : nullptr;
  }

  const TempDir dir_;
  const std::string data_ = dir_.path().string() + "/data";
  const std::string key_file_ = dir_.path().string() + "/owner.key";
};

TEST_F(Commands, InitWritesAKeyThatWorksIntoAPrivateFile) {
  ASSERT_EQ(run_init(init_options()), 0);
  struct stat info {};
  ASSERT_EQ(::stat(key_file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  std::string secret = read_file(key_file_);
  ASSERT_FALSE(secret.empty());
  secret.pop_back();
  const auto service = open();
  ASSERT_TRUE(service);
  const auto caller = service->projections().verify_index().caller(
      http::Secret(secret).hash().bytes, {}, wall_clock());
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->judgement.verdict, Verdict::kValid);
}

TEST_F(Commands, InitRefusesAKeyFileThatExistsAndMakesNoLedger) {
  std::ofstream(key_file_) << "mine";
  EXPECT_NE(run_init(init_options()), 0);
  EXPECT_EQ(read_file(key_file_), "mine");
}

TEST_F(Commands, InitRefusesALedgerThatExistsAndLeavesItAlone) {
  ASSERT_EQ(run_init(init_options()), 0);
  InitOptions again = init_options();
  again.key_file += "2";
  EXPECT_NE(run_init(again), 0);
  EXPECT_FALSE(std::filesystem::exists(again.key_file));
  EXPECT_EQ(open()->log().size(), 5U);
}

TEST_F(Commands, InitCanBeRepeatedAfterItFailed) {
  std::ofstream(key_file_) << "mine";
  EXPECT_NE(run_init(init_options()), 0);
  std::filesystem::remove(key_file_);
  EXPECT_EQ(run_init(init_options()), 0);
}

TEST_F(Commands, InitRefusesNamesThatCannotBeRecorded) {
  for (const char* bad : {"", "a\nb", "\xff"}) {
    InitOptions options = init_options();
    options.workspace = bad;
    EXPECT_NE(run_init(options), 0) << bad;
    options = init_options();
    options.owner_name = bad;
    EXPECT_NE(run_init(options), 0) << bad;
  }
  EXPECT_FALSE(std::filesystem::exists(key_file_));
  EXPECT_FALSE(std::filesystem::exists(data_));
}

TEST_F(Commands, RecoverIssuesAKeyToAMemberOnRecord) {
  ASSERT_EQ(run_init(init_options()), 0);
  std::string member;
  {
    const auto service = open();
    const auto workspace = service->projections().directory().workspaces().front();
    member = to_text(service->projections().directory().members(workspace->id).front()->member.id);
  }
  const std::string new_file = dir_.path().string() + "/new.key";
  ASSERT_EQ(run_recover({data_, member, new_file}), 0);
  EXPECT_TRUE(std::filesystem::exists(new_file));
  const auto service = open();
  ASSERT_EQ(service->log().size(), 6U);
  const auto entry = service->projections().audit().entry(5);
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->event.actor.kind, ActorKind::kSystem);
}

TEST_F(Commands, RecoverRefusesAnUnknownMemberAndWritesNothing) {
  ASSERT_EQ(run_init(init_options()), 0);
  const std::string new_file = dir_.path().string() + "/new.key";
  EXPECT_NE(run_recover({data_, "mem_01M8000000000000000000000A", new_file}), 0);
  EXPECT_NE(run_recover({data_, "somebody", new_file}), 0);
  EXPECT_FALSE(std::filesystem::exists(new_file));
  EXPECT_EQ(open()->log().size(), 5U);
}

TEST_F(Commands, VerifySaysIntactDamagedOrCouldNotLook) {
  ASSERT_EQ(run_init(init_options()), 0);
  EXPECT_EQ(run_verify({data_, true}), 0);
  EXPECT_EQ(run_verify({dir_.path().string() + "/nowhere", true}), 2);
  std::filesystem::remove(data_ + "/watermark");
  EXPECT_EQ(run_verify({data_, true}), 1);
}

TEST(KeyFile, IsGoneUnlessItIsKept) {
  const TempDir dir;
  const std::string path = dir.path().string() + "/key";
  {
    const auto file = KeyFile::write(path, http::Secret("secret"));
    ASSERT_TRUE(file);
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace keyledger
