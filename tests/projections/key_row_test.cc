#include "projections/key_row.h"

#include <gtest/gtest.h>

#include "tests/support/random_events.h"

namespace keyledger {
namespace {

// A key that went through random facts, so that every field has had values.
KeyRow random_row(std::uint64_t seed) {
  RandomEvents random(seed);
  KeyRow row;
  Event created = random.event();
  while (!std::holds_alternative<KeyCreated>(created)) created = random.event();
  RecordedEvent event = random.recorded(created);
  event.stream.kind = StreamKind::kKey;
  event.version = 1;
  evolve(row.key, event);
  for (int i = 0; i < 40; ++i) {
    event = random.recorded();
    event.stream = stream_of(row.key.id);
    event.version = row.key.version + 1;
    evolve(row.key, event);
  }
  row.named_at = random.engine()();
  if (random.chance(50)) row.external = sha256(random.text());
  return row;
}

TEST(KeyRow, ReadsWhatItWrote) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const KeyRow row = random_row(seed);
    const auto read = decode_key_row(encode_key_row(row));
    ASSERT_TRUE(read) << "seed " << seed;
    EXPECT_EQ(*read, row) << "seed " << seed;
  }
}

TEST(KeyRow, RefusesAnyOtherLength) {
  const std::string bytes = encode_key_row(random_row(1));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto read = decode_key_row(std::string_view(bytes).substr(0, size));
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  }
  EXPECT_FALSE(decode_key_row(bytes + '\0'));
}

TEST(KeyRow, ShowsNoExternalIdAndNoLinkBetweenWorkspaces) {
  const WorkspaceId one{{1}};
  const WorkspaceId two{{2}};
  EXPECT_EQ(external_id_index(one, "customer"), external_id_index(one, "customer"));
  EXPECT_NE(external_id_index(one, "customer"), external_id_index(two, "customer"));
  EXPECT_NE(external_id_index(one, "customer"), sha256("customer"));
}

}  // namespace
}  // namespace keyledger
