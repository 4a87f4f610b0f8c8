// A stored frame is taken whole and checked, or refused with the position.
#include "events/committed_frame.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "events/event_codec.h"
#include "tests/support/random_events.h"

namespace keyledger {
namespace {

constexpr std::uint64_t kFirst = 70;
constexpr std::size_t kCount = 5;

// A frame of random events whose leaves commit to the blobs beside them.
class CommittedFrameTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (std::size_t i = 0; i < kCount; ++i) {
      RecordedEvent event = random.recorded();
      event.position = kFirst + i;
      EventSide side;
      side.actor = commit_to(encode_blob(random.actor_details())).blob;
      event.actor_commitment = commitment_of(*side.actor);
      event.subject_commitment.reset();
      if (i % 2 == 0) {
        side.subject = commit_to(encode_blob(random.member_profile())).blob;
        event.subject_commitment = commitment_of(*side.subject);
      }
      made.frame.leaves.push_back(encode_leaf(event));
      made.events.push_back(std::move(event));
      made.side.events.push_back(std::move(side));
    }
    made.frame.first_position = kFirst;
    made.frame.frame_id.fill(7);
    made.side.frame_id.fill(7);
    made.side.calls.push_back({Digest{1}, Digest{2}, 3, 2});
  }

  [[nodiscard]] StoredFrame stored() const {
    return {made.frame.first_position, encode_frame(made.frame), encode_side(made.side)};
  }
  void expect_refused(const StoredFrame& frame, std::uint64_t position) const {
    const auto decoded = decode_committed(frame);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(decoded.error().detail.find(std::to_string(position)), std::string::npos)
        << decoded.error().detail;
  }

  RandomEvents random{20260330};
  CommittedFrame made;
};

TEST_F(CommittedFrameTest, GivesBackWhatWasMade) {
  const auto decoded = decode_committed(stored());
  ASSERT_TRUE(decoded) << decoded.error().detail;
  EXPECT_EQ(decoded->frame, made.frame);
  EXPECT_EQ(decoded->events, made.events);
  EXPECT_EQ(decoded->side, made.side);
}

TEST_F(CommittedFrameTest, AnErasedBlobIsAbsentAndWell) {
  made.side.events[0].subject.reset();
  made.side.events[1].actor.reset();
  EXPECT_TRUE(decode_committed(stored()));
}

TEST_F(CommittedFrameTest, RefusesABlobThatIsNotTheOneCommittedTo) {
  made.side.events[3].actor->bytes.back() ^= 1;
  expect_refused(stored(), kFirst + 3);
}

TEST_F(CommittedFrameTest, RefusesASaltThatIsNotTheOneCommittedTo) {
  made.side.events[2].subject->salt[0] ^= 1;
  expect_refused(stored(), kFirst + 2);
}

TEST_F(CommittedFrameTest, RefusesABlobThatNothingCommitsTo) {
  made.side.events[1].subject = Blob{{}, "planted"};
  expect_refused(stored(), kFirst + 1);
}

TEST_F(CommittedFrameTest, RefusesAFrameThatBelongsElsewhere) {
  StoredFrame moved = stored();
  moved.first_position = kFirst + 1;
  expect_refused(moved, kFirst + 1);
}

TEST_F(CommittedFrameTest, RefusesALeafThatBelongsElsewhere) {
  std::swap(made.frame.leaves[1], made.frame.leaves[2]);
  expect_refused(stored(), kFirst + 1);
}

TEST_F(CommittedFrameTest, RefusesAFrameWithoutEvents) {
  made.frame.leaves.clear();
  made.side = {};
  expect_refused(stored(), kFirst);
}

TEST_F(CommittedFrameTest, RefusesTheSideObjectOfAnotherFrame) {
  made.side.frame_id[0] ^= 1;
  expect_refused(stored(), kFirst);
  made.side.frame_id = made.frame.frame_id;
  made.side.events.pop_back();
  expect_refused(stored(), kFirst);
}

TEST_F(CommittedFrameTest, RefusesARememberedCallOutsideOfTheFrame) {
  for (const auto& [first, count] :
       {std::pair{0U, 0U}, {5U, 1U}, {4U, 2U}, {1U, 0xFFFFFFFFU}, {0xFFFFFFFFU, 1U}}) {
    made.side.calls[0].first = first;
    made.side.calls[0].count = count;
    expect_refused(stored(), kFirst);
  }
}

TEST_F(CommittedFrameTest, RefusesAnyFlippedBit) {
  const StoredFrame good = stored();
  for (std::size_t byte = 0; byte < good.frame.size(); ++byte) {
    StoredFrame bad = good;
    bad.frame[byte] = static_cast<char>(bad.frame[byte] ^ (1 << (byte % 8)));
    EXPECT_FALSE(decode_committed(bad)) << "byte " << byte << " of the frame";
  }
  for (std::size_t byte = 0; byte < good.side.size(); ++byte) {
    StoredFrame bad = good;
    bad.side[byte] = static_cast<char>(bad.side[byte] ^ (1 << (byte % 8)));
    EXPECT_FALSE(decode_committed(bad)) << "byte " << byte << " of the side object";
  }
}

}  // namespace
}  // namespace keyledger
