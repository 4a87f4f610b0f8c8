#include "tools/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ConfigFileTest : public testing::Test {
 protected:
  ConfigFileTest() {
    CLI::App* const serve = app_.add_subcommand("serve", "");
    serve->add_option("--listen", listen_)->envname("KEYLEDGER_TEST_LISTEN");
    serve->add_option("--host", hosts_);
    serve->add_flag("--open", open_);
    serve->add_option("--config", "");
    app_.add_subcommand("init", "");
  }
  void TearDown() override { ::unsetenv("KEYLEDGER_TEST_LISTEN"); }

  std::string write(const std::string& text) {
    std::ofstream(path_) << text;
    return path_;
  }

  const TempDir dir_;
  const std::string path_ = dir_.path().string() + "/keyledger.toml";
  CLI::App app_;
  std::string listen_;
  std::vector<std::string> hosts_;
  bool open_ = false;
};

TEST_F(ConfigFileTest, GivesWhatNobodyElseGave) {
  write("listen = \"127.0.0.1:1\"\nhost = [\"a\", \"b\"]\nopen = true\n");
  EXPECT_THAT(with_config_file(app_, {"serve", "--config", path_}).value(),
              ElementsAre("serve", "--config", path_, "--listen=127.0.0.1:1", "--host=a",
                          "--host=b", "--open=true"));
}

TEST_F(ConfigFileTest, AFlagGoesBeforeTheFile) {
  write("listen = \"127.0.0.1:1\"\n");
  EXPECT_THAT(with_config_file(app_, {"serve", "--config=" + path_, "--listen=x"}).value(),
              ElementsAre("serve", "--config=" + path_, "--listen=x"));
  EXPECT_THAT(with_config_file(app_, {"serve", "--listen", "x", "--config", path_}).value(),
              ElementsAre("serve", "--listen", "x", "--config", path_));
}

TEST_F(ConfigFileTest, AVariableGoesBeforeTheFile) {
  write("listen = \"127.0.0.1:1\"\n");
  ::setenv("KEYLEDGER_TEST_LISTEN", "x", 1);
  EXPECT_THAT(with_config_file(app_, {"serve", "--config", path_}).value(),
              ElementsAre("serve", "--config", path_));
}

TEST_F(ConfigFileTest, NamesAKeyThatTheCommandDoesNotKnow) {
  for (const char* text :
       {"listn = \"x\"\n", "[serve]\nlisten = \"x\"\n", "config = \"other\"\n"}) {
    write(text);
    const auto refused = with_config_file(app_, {"serve", "--config", path_});
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error().detail, HasSubstr(path_));
    EXPECT_THAT(refused.error().detail, HasSubstr("is not an option of serve"));
  }
}

TEST_F(ConfigFileTest, NamesAFileThatIsNotThere) {
  const auto refused = with_config_file(app_, {"serve", "--config", path_});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr(path_));
}

TEST_F(ConfigFileTest, ChangesNothingWithoutAFileOrACommand) {
  EXPECT_THAT(with_config_file(app_, {"serve", "--listen", "x"}).value(),
              ElementsAre("serve", "--listen", "x"));
  EXPECT_THAT(with_config_file(app_, {"--config", path_}).value(), ElementsAre("--config", path_));
}

}  // namespace
}  // namespace keyledger
