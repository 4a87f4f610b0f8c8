// A reader of Server-Sent Events that is no socket: runs a producer on a thread of its own, reads
// as much as it is told to, and parses what it got as WHATWG HTML section 9.2.6 says.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "http/message.h"

namespace keyledger {

struct FeedMessage {
  std::string id;
  std::string event;
  std::string data;
  bool operator==(const FeedMessage&) const = default;
};

// What a text says, as far as its last empty line.
struct FeedText {
  std::vector<FeedMessage> messages;
  std::vector<std::string> comments;
  std::string last_id;
  std::string retry;
};

inline FeedText parse_feed(std::string_view text) {
  FeedText out;
  FeedMessage now;
  bool has_id = false;
  const std::size_t end = text.rfind("\n\n");
  if (end == std::string_view::npos) return out;
  for (std::size_t at = 0; at <= end + 1;) {
    const std::size_t stop = text.find('\n', at);
    const std::string_view line = text.substr(at, stop - at);
    at = stop + 1;
    if (line.empty()) {
      if (has_id) out.last_id = now.id;
      if (!now.data.empty()) out.messages.push_back({out.last_id, now.event, now.data});
      now = {};
      has_id = false;
      continue;
    }
    const std::size_t colon = line.find(':');
    const std::string_view field = line.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (colon == 0) out.comments.emplace_back(value);
    if (field == "retry") out.retry = value;
    if (field == "event") now.event = value;
    if (field == "data") now.data += value;
    if (field == "id") now.id = value;
    has_id = has_id || field == "id";
  }
  return out;
}

class FeedClient : public http::AnswerStream {
 public:
  // Gone after `most` bytes, in the middle of whatever they are.
  explicit FeedClient(http::Producer producer, std::size_t most = SIZE_MAX)
      : most_(most), thread_([this, producer = std::move(producer)]() mutable {
          const bool whole = producer(*this);
          producer = nullptr;  // as the server does: what it held is free once the answer is over
          const std::lock_guard lock(mutex_);
          over_ = true;
          whole_ = whole;
          changed_.notify_all();
        }) {}
  ~FeedClient() override { leave(); }
  FeedClient(const FeedClient&) = delete;
  FeedClient& operator=(const FeedClient&) = delete;

  bool write(std::string_view bytes) override {
    const std::lock_guard lock(mutex_);
    const std::size_t room = most_ - text_.size();
    text_ += bytes.substr(0, room);
    changed_.notify_all();
    return bytes.size() <= room;
  }
  [[nodiscard]] bool wanted() const override { return wanted_; }

  // Wants no more, as when the server stops; returns when the feed is over.
  void leave() {
    wanted_ = false;
    if (thread_.joinable()) thread_.join();
  }

  // Waits until what was read fulfils the condition; false if the feed is over before, or if that
  // takes so long that the test has failed.
  template <typename Condition>
  bool wait(const Condition& is_enough) {
    std::unique_lock lock(mutex_);
    const auto enough = [&] { return is_enough(parse_feed(text_)); };
    changed_.wait_for(lock, kPatience, [&] { return over_ || enough(); });
    return enough();
  }
  bool wait_for_messages(std::size_t count) {
    return wait([&](const FeedText& text) { return text.messages.size() >= count; });
  }
  // Waits for the end; false if there is none.
  bool wait_for_end() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return over_; });
  }

  [[nodiscard]] FeedText read() const {
    const std::lock_guard lock(mutex_);
    return parse_feed(text_);
  }
  // After the end: whether the producer says that its answer is whole.
  [[nodiscard]] bool was_whole() const {
    const std::lock_guard lock(mutex_);
    return whole_;
  }

 private:
  static constexpr std::chrono::seconds kPatience{60};

  const std::size_t most_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string text_;
  bool over_ = false;
  bool whole_ = false;
  std::atomic<bool> wanted_ = true;
  std::thread thread_;  // last: it uses all of them
};

}  // namespace keyledger
