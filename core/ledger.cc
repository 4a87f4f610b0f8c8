#include "core/ledger.h"

#include <cassert>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "core/ledger_applier.h"
#include "core/ledger_calls.h"
#include "core/ledger_writer.h"

namespace keyledger {

class Ledger::Impl {
 public:
  Impl(EventLog& log, const StateReader& state, FrameSink& sink, const LedgerHead& head,
       const LedgerOptions& options)
      : calls_(options.max_waiting),
        applier_(sink, calls_, head.size),
        writer_(log, state, calls_, applier_, head, options),
        applier_thread_([this] { applier_.run(); }),
        writer_thread_([this] { writer_.run(); }) {}
  ~Impl() { stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<Receipt> execute(Submission submission) {
    PendingCall call(std::move(submission));
    PendingCall* const waiting[] = {&call};
    if (auto pushed = calls_.push(waiting); !pushed) return fail(std::move(pushed.error()));
    return call.wait();
  }

  std::vector<Result<Receipt>> execute_all(std::vector<Submission> submissions) {
    std::deque<PendingCall> calls;  // they stay where they are
    std::vector<PendingCall*> waiting;
    waiting.reserve(submissions.size());
    for (Submission& submission : submissions) {
      waiting.push_back(&calls.emplace_back(std::move(submission)));
    }
    std::vector<Result<Receipt>> answers;
    answers.reserve(waiting.size());
    const auto pushed = calls_.push(waiting);
    for (PendingCall* const call : waiting) {
      answers.push_back(pushed ? call->wait() : fail(pushed.error()));
    }
    return answers;
  }

  void stop() {
    std::call_once(stopped_, [this] {
      calls_.close();
      writer_thread_.join();
      applier_.close();
      applier_thread_.join();
    });
  }

  [[nodiscard]] bool accepts_writes() const { return calls_.is_open(); }

 private:
  CallQueue calls_;
  FrameApplier applier_;
  LedgerWriter writer_;
  std::once_flag stopped_;
  std::thread applier_thread_;
  std::thread writer_thread_;
};

Ledger::Ledger(EventLog& log, const StateReader& state, FrameSink& sink, const LedgerHead& head,
               const LedgerOptions& options) {
  assert(options.clock);
  impl_ = std::make_unique<Impl>(log, state, sink, head, options);
}

Ledger::~Ledger() = default;

Result<Receipt> Ledger::execute(Submission submission) {
  return impl_->execute(std::move(submission));
}

std::vector<Result<Receipt>> Ledger::execute_all(std::vector<Submission> submissions) {
  return impl_->execute_all(std::move(submissions));
}

void Ledger::stop() { impl_->stop(); }

bool Ledger::accepts_writes() const { return impl_->accepts_writes(); }

}  // namespace keyledger
