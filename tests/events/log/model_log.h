// A log as simple as it can be, which tests compare real ones with, and random frames to put in.
// The bytes are opaque to a log, so these are no real frames.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "events/log/event_log.h"

namespace keyledger {

struct ModelFrame {
  std::uint64_t first = 0;
  std::size_t count = 0;
  std::string frame;
  std::string side;

  [[nodiscard]] std::uint64_t end() const { return first + count; }
  [[nodiscard]] std::size_t bytes() const { return frame.size() + side.size(); }
};

inline void PrintTo(const ModelFrame& frame, std::ostream* out) {
  *out << "[" << frame.first << ", " << frame.end() << ") " << frame.bytes() << " bytes";
}

class ModelLog {
 public:
  [[nodiscard]] std::uint64_t size() const { return frames_.empty() ? 0 : frames_.back().end(); }
  [[nodiscard]] std::vector<ModelFrame>& frames() { return frames_; }
  [[nodiscard]] const std::vector<ModelFrame>& frames() const { return frames_; }

  [[nodiscard]] std::vector<ModelFrame> read(std::uint64_t from, std::size_t max_bytes) const {
    std::vector<ModelFrame> found;
    std::size_t bytes = 0;
    for (const ModelFrame& frame : frames_) {
      if (frame.end() <= from) continue;
      found.push_back(frame);
      bytes += frame.bytes();
      if (bytes >= max_bytes) break;
    }
    return found;
  }

 private:
  std::vector<ModelFrame> frames_;
};

inline std::string random_bytes_of(std::mt19937_64& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

// Sizes around what is likely, with an empty and a big one now and then.
inline ModelFrame random_frame(std::mt19937_64& random, std::uint64_t first) {
  const std::size_t sizes[] = {0, 1, 300, 5'000, 70'000};
  return {first, 1 + random() % 9, random_bytes_of(random, 1 + sizes[random() % 5]),
          random_bytes_of(random, sizes[random() % 5])};
}

inline AppendOutcome append_to(EventLog& log, const ModelFrame& frame) {
  return log.append(frame.frame, frame.side, frame.first, frame.count);
}

inline void expect_same(const std::vector<StoredFrame>& found,
                        const std::vector<ModelFrame>& want) {
  ASSERT_EQ(found.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    EXPECT_EQ(found[i].first_position, want[i].first);
    EXPECT_TRUE(found[i].frame == want[i].frame) << "frame at " << want[i].first;
    EXPECT_TRUE(found[i].side == want[i].side) << "side at " << want[i].first;
  }
}

inline void expect_reads(const EventLog& log, const ModelLog& model, std::uint64_t from,
                         std::size_t max_bytes) {
  const auto found = log.read(from, max_bytes);
  ASSERT_TRUE(found.has_value()) << found.error().detail;
  expect_same(*found, model.read(from, max_bytes));
}

inline void expect_equal(const EventLog& log, const ModelLog& model) {
  ASSERT_EQ(log.size(), model.size());
  expect_reads(log, model, 0, std::size_t{1} << 40U);
}

}  // namespace keyledger
