#include "tests/core/ledger_harness.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>
#include <utility>

#include "events/crypto.h"

namespace keyledger {

Digest digest_of(const std::string& text) { return sha256(text); }

Result<void> StateSink::apply(const CommittedFrame& frame) {
  std::unique_lock<std::mutex> lock(mutex_);
  released_.wait(lock, [this] { return !held_; });
  if (broken_) {
    ++refused_;
    return fail(ErrorCode::kStorage, "The sink was broken by the test.");
  }
  EXPECT_EQ(frame.frame.first_position, size_);
  for (const RecordedEvent& event : frame.events) state_.apply(event);
  for (const IdempotencyEntry& call : frame.side.calls) {
    state_.remember(call.scope,
                    {call.request, frame.frame.first_position + call.first, call.count});
  }
  size_ = frame.frame.end_position();
  return {};
}

void StateSink::hold() {
  const std::lock_guard<std::mutex> lock(mutex_);
  held_ = true;
}

void StateSink::release() {
  const std::lock_guard<std::mutex> lock(mutex_);
  held_ = false;
  released_.notify_all();
}

void StateSink::break_down() {
  const std::lock_guard<std::mutex> lock(mutex_);
  broken_ = true;
}

std::uint64_t StateSink::size() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return size_;
}

std::size_t StateSink::refused() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return refused_;
}

LedgerHarness::LedgerHarness(AfterDoubt after_doubt) : log(after_doubt), sink(state) {}

LedgerOptions LedgerHarness::options() {
  LedgerOptions options;
  options.clock = [this] { return Timestamp{clock_ms.load()}; };
  return options;
}

LedgerHead LedgerHarness::head() const {
  const auto all = events();
  return {log_id, all.size(), all.empty() ? Timestamp{} : all.back().time};
}

void LedgerHarness::found() {
  const auto answers = run_batch({found_command()});
  ASSERT_TRUE(answers.front()) << answers.front().error().detail;
}

std::vector<Result<Receipt>> LedgerHarness::run_batch(const std::vector<Submission>& submissions) {
  CallQueue queue(submissions.size());
  FrameApplier applier(sink, queue, sink.size());
  std::vector<std::unique_ptr<PendingCall>> calls;
  std::vector<PendingCall*> waiting;
  for (const Submission& submission : submissions) {
    calls.push_back(std::make_unique<PendingCall>(submission));
    waiting.push_back(calls.back().get());
  }
  EXPECT_TRUE(queue.push(waiting));
  queue.close();
  const LedgerOptions given = options();
  LedgerWriter writer(log, state, queue, applier, head(), given);
  std::thread applier_thread([&] { applier.run(); });
  writer.run();
  applier.close();
  applier_thread.join();
  broke_off = queue.is_broken();

  std::vector<Result<Receipt>> answers;
  for (const auto& call : calls) answers.push_back(call->wait());
  return answers;
}

Submission LedgerHarness::ask(Command command) const {
  Submission submission;
  submission.call.workspace = workspace;
  submission.call.actor = {ActorKind::kMember, owner.bytes, management_key};
  submission.call.permitted = kEveryRole;
  submission.call.request_id = "req-1";
  submission.command = std::move(command);
  return submission;
}

Submission LedgerHarness::found_command() const {
  FoundLedger command;
  command.log_id = log_id;
  command.origin = "ledger.test";
  command.workspace = workspace;
  command.workspace_name = "Test";
  command.profile = "default";
  command.owner = owner;
  command.owner_profile = commit_to(encode_blob(MemberProfile{"Ada", "ada@example.com"}));
  command.key = management_key;
  command.key_name = "first";
  command.secret = {numbered<SecretId>(3), {HashAlgorithm::kSha256, digest_of("mk")}, "mk_live_…"};
  Submission submission;
  submission.command = std::move(command);
  return submission;
}

Submission LedgerHarness::create(std::uint64_t key, const std::string& name) const {
  CreateKey command;
  command.id = numbered<KeyId>(key);
  command.name = name;
  command.secret = {numbered<SecretId>(key),
                    {HashAlgorithm::kSha256, digest_of(std::to_string(key))},
                    "sk_live_…"};
  return ask(std::move(command));
}

Submission LedgerHarness::rename(std::uint64_t key, const std::string& name) const {
  ChangeKey command;
  command.id = numbered<KeyId>(key);
  command.name = name;
  return ask(std::move(command));
}

Submission LedgerHarness::revoke(std::uint64_t key) const {
  return ask(RevokeKey{numbered<KeyId>(key)});
}

Submission LedgerHarness::with_claim(Submission submission, const std::string& scope,
                                     const std::string& body) {
  submission.call.idempotency = IdempotencyClaim{digest_of(scope), digest_of(body)};
  return submission;
}

std::vector<CommittedFrame> LedgerHarness::frames() const {
  std::vector<CommittedFrame> decoded;
  const auto stored = log.read(0, SIZE_MAX);
  EXPECT_TRUE(stored);
  for (const StoredFrame& frame : *stored) {
    auto committed = decode_committed(frame);
    EXPECT_TRUE(committed) << committed.error().detail;
    if (committed) decoded.push_back(std::move(*committed));
  }
  return decoded;
}

std::vector<RecordedEvent> LedgerHarness::events() const {
  std::vector<RecordedEvent> all;
  for (CommittedFrame& frame : frames()) {
    all.insert(all.end(), frame.events.begin(), frame.events.end());
  }
  return all;
}

void expect_sound(const LedgerHarness& harness) {
  const auto events = harness.events();
  std::map<WorkspaceId, std::uint64_t> in_workspace;
  std::map<StreamId, std::uint32_t> versions;
  std::set<EventId> ids;
  Timestamp last;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const RecordedEvent& event = events[i];
    EXPECT_EQ(event.position, i);
    EXPECT_EQ(event.workspace_seq, in_workspace[event.workspace]++) << "event " << i;
    std::uint32_t& version = versions[event.stream];
    if (!is_notice(event.event)) ++version;
    EXPECT_EQ(event.version, version) << "event " << i;
    EXPECT_GE(event.time, last) << "event " << i;
    last = event.time;
    EXPECT_TRUE(ids.insert(event.id).second) << "event " << i;
  }
  EXPECT_EQ(harness.state.history(), events);
}

}  // namespace keyledger
