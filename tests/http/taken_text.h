// The client's end of a streamed answer, in memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "http/message.h"

namespace keyledger {

// Takes all of an answer, or goes away once it has more than a first part.
class TakenText : public http::AnswerStream {
 public:
  explicit TakenText(std::size_t most = SIZE_MAX) : most_(most) {}
  bool write(std::string_view bytes) override {
    text += bytes;
    longest_piece = std::max(longest_piece, bytes.size());
    return wanted();
  }
  [[nodiscard]] bool wanted() const override { return text.size() <= most_; }

  std::string text;
  std::size_t longest_piece = 0;

 private:
  std::size_t most_;
};

}  // namespace keyledger
