// Random callers over a log that fails at random. Whatever the schedule: an answered call is in the
// log exactly once, an unanswered one wholly or not at all, and nobody was told anything false.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/ledger.h"
#include "tests/core/ledger_harness.h"

namespace keyledger {
namespace {

constexpr std::size_t kCallers = 6;
constexpr int kCallsEach = 25;
constexpr std::uint64_t kKeys = 8;  // the first calls' own keys, which all others change

// A log that others write to as well: now and then a rival appends just before we do.
class SharedLog : public EventLog {
 public:
  SharedLog(const LedgerHarness& harness, MemoryLog& log, std::uint64_t seed)
      : harness_(harness), log_(log), engine_(seed), slow_(engine_() % 2 == 0) {}

  AppendOutcome append(std::string_view frame, std::string_view side, std::uint64_t at,
                       std::size_t count) override {
    if (engine_() % 8 == 0) append_rival();
    // The writer gathers its calls in another way when an append is dear.
    if (slow_) std::this_thread::sleep_for(std::chrono::microseconds(200));
    return log_.append(frame, side, at, count);
  }
  [[nodiscard]] Result<std::vector<StoredFrame>> read(std::uint64_t from,
                                                      std::size_t max_bytes) const override {
    return log_.read(from, max_bytes);
  }
  [[nodiscard]] std::uint64_t size() const override { return log_.size(); }
  bool wait_beyond(std::uint64_t position, std::chrono::milliseconds timeout) const override {
    return log_.wait_beyond(position, timeout);
  }
  [[nodiscard]] Result<void> rewrite_side(std::uint64_t first, std::string_view side) override {
    return log_.rewrite_side(first, side);
  }
  [[nodiscard]] bool writable() const override { return log_.writable(); }

 private:
  void append_rival() {
    const auto news = log_.read(position_, SIZE_MAX);
    for (const StoredFrame& stored : *news) {
      const auto committed = decode_committed(stored);
      for (const RecordedEvent& event : committed->events) {
        state_.apply(event);
        time_ = event.time;
      }
    }
    position_ = log_.size();
    Overlay overlay(state_);
    FrameBuilder builder(overlay);
    builder.begin(harness_.log_id, position_, time_);
    const std::uint64_t number = 1'000'000 + position_;
    Submission submission = harness_.create(number, "n" + std::to_string(engine_() % 6));
    submission.call.request_id = "rival " + std::to_string(number);
    PendingCall call(submission);
    EXPECT_EQ(builder.add(call), FrameBuilder::Step::kAnswered);
    if (builder.empty()) return;
    const CommittedFrame made = builder.take();
    // However that ends; the rival sees to it.
    (void)log_.append(encode_frame(made.frame), encode_side(made.side), made.frame.first_position,
                      made.events.size());
  }

  const LedgerHarness& harness_;
  MemoryLog& log_;
  std::mt19937_64 engine_;
  const bool slow_;
  // What the rival knows.
  FakeState state_;
  std::uint64_t position_ = 0;
  Timestamp time_;
};

// What one call got. Its request id stands in each event it wrote.
struct Told {
  std::string request_id;
  Result<Receipt> answer;
};

class Schedule {
 public:
  explicit Schedule(std::uint64_t seed)
      : engine_(seed), h_(engine_() % 2 == 0 ? AfterDoubt::kClose : AfterDoubt::kAllowRepeat) {}

  void run() {
    h_.found();
    // Restarts, as after each outcome that stops the writer.
    for (int life = 0; life < 3; ++life) {
      plan_faults();
      live(life);
      restart();
      if (::testing::Test::HasFailure()) return;
    }
    check();
  }

  [[nodiscard]] std::map<ErrorCode, int> refusals() const {
    std::map<ErrorCode, int> counts;
    for (const Told& told : told_) {
      if (!told.answer) ++counts[told.answer.error().code];
    }
    return counts;
  }

 private:
  void plan_faults() {
    for (int i = 0; i < 3; ++i) {
      const std::size_t nth = 1 + engine_() % 20;
      switch (engine_() % 3) {
        case 0: h_.log.inject(nth, AppendOutcome::kUnavailable); break;
        case 1: h_.log.inject(nth + 10, AppendOutcome::kFull); break;
        default: h_.log.inject(nth + 5, AppendOutcome::kIndeterminate, engine_() % 2 == 0); break;
      }
    }
  }

  void live(int life) {
    std::vector<std::uint64_t> seeds;
    for (std::size_t i = 0; i < kCallers; ++i) seeds.push_back(engine_());
    SharedLog log(h_, h_.log, engine_());
    Ledger ledger(log, h_.state, h_.sink, h_.head(), h_.options());
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kCallers; ++i) {
      threads.emplace_back([&, i] {
        std::mt19937_64 engine(seeds[i]);
        for (int n = 0; n < kCallsEach; ++n) {
          const std::string request_id =
              std::to_string(life) + "-" + std::to_string(i) + "-" + std::to_string(n);
          Submission call = random_call(engine, life, i * 1000 + static_cast<std::size_t>(n));
          call.call.request_id = request_id;
          const auto answer = ledger.execute(call);
          h_.clock_ms += static_cast<std::int64_t>(engine() % 3);
          if (answer) {
            EXPECT_GT(h_.sink.size(), answer->position) << "applied before it was answered";
          }
          const std::lock_guard<std::mutex> lock(mutex_);
          told_.push_back({request_id, answer});
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  // `number` is the call's own in this life.
  Submission random_call(std::mt19937_64& engine, int life, std::uint64_t number) const {
    const std::uint64_t shared = 10'000 + engine() % kKeys;
    const std::uint64_t own = 10'000 + static_cast<std::uint64_t>(life) * 100'000 + number;
    const std::string name = "n" + std::to_string(engine() % 6);
    Submission call = h_.revoke(shared);
    switch (engine() % 6) {
      case 0:
      case 1: call = h_.create(own, name); break;
      case 2: call = h_.create(own, "own " + std::to_string(own)); break;
      case 3: call = h_.rename(shared, name); break;
      case 4:  // two events in one call
        call = h_.rename(shared, name);
        std::get<ChangeKey>(call.command).scopes = ScopeSet{"s" + std::to_string(engine() % 9)};
        break;
      default: break;
    }
    if (engine() % 3 == 0) {
      call = LedgerHarness::with_claim(call, "scope " + std::to_string(engine() % 20), "body");
    }
    return call;
  }

  // Opens the log again and lets the state catch up, as a start does.
  void restart() {
    h_.log.reopen();
    for (const CommittedFrame& frame : h_.frames()) {
      if (frame.frame.first_position >= h_.sink.size()) {
        ASSERT_TRUE(h_.sink.apply(frame));
      }
    }
  }

  void check() const {
    expect_sound(h_);
    std::map<std::string, std::vector<const RecordedEvent*>> written;
    const auto events = h_.events();
    for (const RecordedEvent& event : events) written[event.request_id].push_back(&event);
    for (const Told& told : told_) {
      SCOPED_TRACE("call " + told.request_id);
      const auto found = written.find(told.request_id);
      const std::size_t count = found == written.end() ? 0 : found->second.size();
      if (!told.answer) {
        if (told.answer.error().code != ErrorCode::kOutcomeUnknown) {
          EXPECT_EQ(count, 0U) << told.answer.error().detail;
        }
      } else if (told.answer->replayed) {
        EXPECT_EQ(count, 0U);
        EXPECT_LT(told.answer->position, events.size());
      } else {
        EXPECT_EQ(count, told.answer->count);
        for (std::size_t i = 0; i < count; ++i) {
          EXPECT_EQ(found->second[i]->position, told.answer->first_position + i);
          EXPECT_EQ(found->second[i]->time, told.answer->time);
        }
      }
    }
    check_whole(events);
    check_claims();
  }

  // The two events of a call stand side by side in one frame, or neither is there: with a rename
  // and a change of scopes, the one never comes without the other's neighbour.
  void check_whole(const std::vector<RecordedEvent>& events) const {
    std::map<std::string, std::uint64_t> last;
    for (const RecordedEvent& event : events) {
      if (event.position < 5) continue;
      const auto [seen, first] = last.try_emplace(event.request_id, event.position);
      if (!first) {
        EXPECT_EQ(event.position, seen->second + 1);
        seen->second = event.position;
      }
    }
    for (const CommittedFrame& frame : h_.frames()) {
      if (frame.frame.first_position == 0) continue;
      const std::string& before = frame.events.front().request_id;
      const auto& previous = events[frame.frame.first_position - 1];
      EXPECT_NE(previous.request_id, before) << "a call was split over two frames";
    }
  }

  // A claim was written at most once.
  void check_claims() const {
    std::map<Digest, int> claims;
    for (const CommittedFrame& frame : h_.frames()) {
      for (const IdempotencyEntry& call : frame.side.calls) EXPECT_EQ(++claims[call.scope], 1);
    }
  }

  std::mt19937_64 engine_;
  LedgerHarness h_;
  std::mutex mutex_;
  std::vector<Told> told_;
};

TEST(LedgerSchedule, EveryAnswerIsTrueWhateverFails) {
  std::map<ErrorCode, int> refusals;
  const std::uint64_t seeds = std::getenv("KEYLEDGER_LONG_TESTS") == nullptr ? 12 : 400;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Schedule schedule(seed);
    schedule.run();
    if (::testing::Test::HasFailure()) return;
    for (const auto& [code, count] : schedule.refusals()) refusals[code] += count;
  }
  // The test is worth something only if each of these happened.
  EXPECT_GT(refusals[ErrorCode::kUnavailable], 0);
  EXPECT_GT(refusals[ErrorCode::kOutcomeUnknown], 0);
  EXPECT_GT(refusals[ErrorCode::kNameTaken], 0);
}

}  // namespace
}  // namespace keyledger
