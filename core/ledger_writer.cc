#include "core/ledger_writer.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <utility>

namespace keyledger {
namespace {

// Bounds of loops that each end by themselves unless something is wrong elsewhere.
constexpr int kMaxRepeats = 8;                           // of a frame whose outcome is in doubt
constexpr int kMaxFruitless = 64;                        // decisions in a row that came too late
constexpr std::chrono::milliseconds kConflictWait{100};  // for a rival's frame to be readable
constexpr std::size_t kReadBytes = 4U << 20U;

Error unavailable(std::string detail) {
  return fail(ErrorCode::kUnavailable, std::move(detail)).value();
}

}  // namespace

LedgerWriter::LedgerWriter(EventLog& log, const StateReader& state, CallQueue& calls,
                           FrameApplier& applier, const LedgerHead& head,
                           const LedgerOptions& options)
    : log_(log),
      calls_(calls),
      applier_(applier),
      clock_(options.clock),
      max_clock_lag_(options.max_clock_lag),
      log_id_(head.log_id),
      head_(head.size),
      last_time_(head.last_time),
      overlay_(state),
      builder_(overlay_) {}

void LedgerWriter::run() {
  std::vector<PendingCall*> taken;
  while (calls_.take(taken)) {
    if (worth_waiting(taken.size())) {
      applier_.drain();
      calls_.take_more(taken);
    }
    process(taken);
  }
}

// Callers that come back as soon as they are answered fall into two groups that take turns: one
// waits for its fsync while the other is applied. Each fsync then serves only half of them. Where
// an fsync takes longer than applying them all, it is quicker to bring them together again.
bool LedgerWriter::worth_waiting(std::size_t taken) const {
  const std::size_t unanswered = applier_.unanswered();
  const std::chrono::nanoseconds time_per_call = applier_.time_per_call();
  return taken <= unanswered && time_per_call.count() != 0 &&
         (taken + unanswered) * time_per_call < append_time_;
}

void LedgerWriter::process(Calls calls) {
  int fruitless = 0;
  while (!calls.empty()) {
    if (calls_.is_broken()) return answer(calls, takes_no_writes(true).value());
    if (fruitless == kMaxFruitless) {
      return answer(calls, unavailable("Others keep changing the ledger first; try again."));
    }
    const Timestamp clock = clock_();
    if (clock + max_clock_lag_.count() < last_time_) {
      return answer(calls,
                    unavailable(fmt::format("The clock is {} ms behind the newest event; changes "
                                            "wait until it has caught up.",
                                            last_time_.ms - clock.ms)));
    }
    const std::size_t done = process_some(calls, std::max(clock, last_time_));
    fruitless = done == 0 ? fruitless + 1 : 0;
    calls = calls.subspan(done);
  }
}

std::size_t LedgerWriter::process_some(Calls calls, Timestamp now) {
  const Calls done = gather(calls, now);
  if (builder_.empty()) {
    answer(done);
  } else {
    CommittedFrame committed = builder_.take();
    const auto begin = std::chrono::steady_clock::now();
    const AppendOutcome outcome = append(committed);
    append_time_ = std::chrono::steady_clock::now() - begin;
    if (outcome == AppendOutcome::kConflict) {
      if (const auto caught_up = catch_up(); caught_up) return 0;
      answer(calls, unavailable("Others changed the ledger first, and it cannot be read."));
      return calls.size();
    }
    if (outcome != AppendOutcome::kOk) {
      failed(outcome, done);
      return done.size();
    }
    head_ = committed.frame.end_position();
    log_id_ = committed.frame.log_id;
    last_time_ = now;
    applier_.hand_over({std::move(committed), {done.begin(), done.end()}});
  }
  return done.size();
}

LedgerWriter::Calls LedgerWriter::gather(Calls calls, Timestamp now) {
  overlay_.forget_through(applier_.applied());
  builder_.begin(log_id_, head_, now);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (builder_.add(*calls[i]) == FrameBuilder::Step::kNextFrame) return calls.first(i);
  }
  return calls;
}

AppendOutcome LedgerWriter::append(const CommittedFrame& committed) {
  const std::string frame = encode_frame(committed.frame);
  const std::string side = encode_side(committed.side);
  const std::size_t count = committed.events.size();
  AppendOutcome outcome = log_.append(frame, side, head_, count);
  for (int i = 0; outcome == AppendOutcome::kIndeterminate && i < kMaxRepeats; ++i) {
    if (!log_.writable()) break;
    // Nothing else may be appended meanwhile, and only kOk and kConflict tell what became of the
    // first attempt: that a repeat was not stored says nothing about it.
    const AppendOutcome again = log_.append(frame, side, head_, count);
    if (again == AppendOutcome::kOk) return again;
    if (again == AppendOutcome::kConflict) return look_up(committed.frame);
  }
  return outcome;
}

AppendOutcome LedgerWriter::look_up(const Frame& frame) const {
  const auto stored = log_.read(head_, 1);
  if (!stored || stored->empty()) return AppendOutcome::kIndeterminate;
  const auto there = decode_frame(stored->front().frame);
  if (!there) return AppendOutcome::kIndeterminate;
  return there->frame_id == frame.frame_id ? AppendOutcome::kOk : AppendOutcome::kConflict;
}

void LedgerWriter::failed(AppendOutcome outcome, Calls calls) {
  if (outcome == AppendOutcome::kIndeterminate) {
    // Nobody is told either way, so nothing more may be decided on top of it.
    calls_.break_off();
    for (PendingCall* call : calls) {
      const bool in_doubt = call->answer && call->answer->count != 0;
      call->answer = in_doubt ? fail(ErrorCode::kOutcomeUnknown,
                                     "The change may or may not be stored; repeat it with the "
                                     "same Idempotency-Key.")
                              : takes_no_writes(true);
    }
    return answer(calls);
  }
  settle();
  if (!log_.writable()) calls_.break_off();
  answer(calls, unavailable(outcome == AppendOutcome::kFull
                                ? "There is no space left; nothing was changed."
                                : "The log cannot be written now; nothing was changed."));
}

Result<void> LedgerWriter::catch_up() {
  settle();
  if (!log_.wait_beyond(head_, kConflictWait)) {
    return fail(ErrorCode::kBehind, "The log reports a conflict but shows nothing new.");
  }
  const std::uint64_t target = log_.size();
  while (head_ < target) {
    auto frames = log_.read(head_, kReadBytes);
    if (frames && frames->empty()) frames = fail(ErrorCode::kCorrupt, "The log ends too early.");
    Result<void> taken;
    if (!frames) taken = fail(std::move(frames.error()));
    for (std::size_t i = 0; taken && i < frames->size(); ++i) taken = take_over((*frames)[i]);
    if (!taken) {
      calls_.break_off();
      return taken;
    }
  }
  settle();
  return {};
}

Result<void> LedgerWriter::take_over(const StoredFrame& stored) {
  auto committed = decode_committed(stored);
  if (!committed) return fail(std::move(committed.error()));
  const Frame& frame = committed->frame;
  if (frame.first_position != head_ || (head_ != 0 && frame.log_id != log_id_)) {
    return fail(ErrorCode::kCorrupt, "The log continues with a frame of another log.");
  }
  log_id_ = frame.log_id;
  head_ = frame.end_position();
  last_time_ = std::max(last_time_, committed->events.back().time);
  applier_.hand_over({std::move(*committed), {}});
  return {};
}

void LedgerWriter::settle() {
  applier_.drain();
  overlay_.clear();
}

void LedgerWriter::answer(Calls calls) {
  if (!calls.empty()) applier_.hand_over({std::nullopt, {calls.begin(), calls.end()}});
}

void LedgerWriter::answer(Calls calls, const Error& error) {
  for (PendingCall* call : calls) call->answer = fail(error);
  answer(calls);
}

}  // namespace keyledger
