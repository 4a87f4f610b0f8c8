// What the tests of the ledger share: a log in memory, a state fed by a sink that can be held back
// or made to fail, a clock that stands still, and calls to submit.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/ledger_writer.h"
#include "events/log/memory_log.h"
#include "tests/support/fake_state.h"

namespace keyledger {

// An id made of a number: the same number, the same id.
template <typename IdType>
IdType numbered(std::uint64_t number) {
  IdType id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return id;
}
Digest digest_of(const std::string& text);

// Applies frames to a FakeState. Thread safety: any thread.
class StateSink : public FrameSink {
 public:
  explicit StateSink(FakeState& state) : state_(state) {}
  Result<void> apply(const CommittedFrame& frame) override;

  // While held, apply() waits.
  void hold();
  void release();
  // From now on apply() folds nothing and answers an error.
  void break_down();

  [[nodiscard]] std::uint64_t size() const;   // how many events are folded
  [[nodiscard]] std::size_t refused() const;  // frames that came after break_down()

 private:
  FakeState& state_;
  mutable std::mutex mutex_;
  std::condition_variable released_;
  bool held_ = false;
  bool broken_ = false;
  std::uint64_t size_ = 0;
  std::size_t refused_ = 0;
};

// One workspace with one owner, and ways to ask for things.
class LedgerHarness {
 public:
  explicit LedgerHarness(AfterDoubt after_doubt = AfterDoubt::kClose);

  WorkspaceId workspace = numbered<WorkspaceId>(1);
  MemberId owner = numbered<MemberId>(2);
  KeyId management_key = numbered<KeyId>(3);
  LogId log_id = numbered<LogId>(4);

  MemoryLog log;
  FakeState state;
  StateSink sink;
  std::atomic<std::int64_t> clock_ms{1'000'000};

  [[nodiscard]] LedgerOptions options();
  // Where the log ends, for a ledger that starts now.
  [[nodiscard]] LedgerHead head() const;
  // Puts the founding frame into the log and the state, without a ledger.
  void found();

  // Runs one batch through a writer, as if all calls had waited when it woke up, and gives their
  // answers. A second one may be run after it, unless the writer stopped.
  std::vector<Result<Receipt>> run_batch(const std::vector<Submission>& submissions);
  bool broke_off = false;  // whether the writer of the last run_batch() stopped for good

  // Ids 100 and up are keys.
  [[nodiscard]] Submission ask(Command command) const;  // by the owner
  [[nodiscard]] Submission found_command() const;
  [[nodiscard]] Submission create(std::uint64_t key, const std::string& name) const;
  [[nodiscard]] Submission rename(std::uint64_t key, const std::string& name) const;
  [[nodiscard]] Submission revoke(std::uint64_t key) const;
  [[nodiscard]] static Submission with_claim(Submission submission, const std::string& scope,
                                             const std::string& body);

  // The log, decoded frame by frame. Fails the test if it does not decode.
  [[nodiscard]] std::vector<CommittedFrame> frames() const;
  [[nodiscard]] std::vector<RecordedEvent> events() const;
};

// Dense positions, workspace sequences and versions, times that never go back, distinct event ids,
// and a state that is what the events make it.
void expect_sound(const LedgerHarness& harness);

}  // namespace keyledger
