#include "http/verdict_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

namespace keyledger::http {
namespace {

TEST(VerdictText, EscapesSoThatEveryReaderGetsTheTextBack) {
  constexpr std::uint64_t kSeed = 20'261'122;
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    for (auto left = random() % 20; left > 0; --left) {
      if (random() % 8 == 0) {
        text += "ü€😀";
      } else {
        text += static_cast<char>(random() % 128);
      }
    }
    std::string out;
    write_json_text(out, text);
    ASSERT_EQ(nlohmann::json::parse(out).get<std::string>(), text) << "seed " << kSeed << out;
  }
}

}  // namespace
}  // namespace keyledger::http
