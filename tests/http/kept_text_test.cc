#include "http/kept_text.h"

#include <gtest/gtest.h>

#include <random>

#include "events/text.h"

namespace keyledger::http {
namespace {

TEST(KeptText, IsTheTextIfItIsCleanAndShort) {
  EXPECT_EQ(kept_text("curl/8.1 (naïve 🔑)", 100), "curl/8.1 (naïve 🔑)");
  EXPECT_EQ(kept_text("", 100), "");
}

TEST(KeptText, HasAQuestionMarkForEveryByteThatMayNotBeStored) {
  EXPECT_EQ(kept_text("a\nb", 100), "a?b");
  EXPECT_EQ(kept_text("a\xff\xfe", 100), "a??");
}

TEST(KeptText, IsCutBetweenCharacters) {
  EXPECT_EQ(kept_text("aé", 2), "a");
  EXPECT_EQ(kept_text("aé", 3), "aé");
  EXPECT_EQ(kept_text("🔑🔑", 7), "🔑");
}

TEST(KeptText, MayAlwaysBeStored) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (std::uint64_t size = random() % 20; size > 0; --size) {
      text += random() % 3 == 0 ? std::string("é") : std::string(1, static_cast<char>(random()));
    }
    const std::size_t max = random() % 20;
    const std::string kept = kept_text(text, max);
    EXPECT_TRUE(is_clean_text(kept));
    EXPECT_LE(kept.size(), max);
  }
}

}  // namespace
}  // namespace keyledger::http
