#include "core/ledger_frame.h"

#include <fmt/core.h>

#include <algorithm>
#include <span>
#include <variant>

#include "core/decide.h"
#include "events/event_codec.h"

namespace keyledger {
namespace {

// What a command is about, for the receipt.
struct Target {
  std::optional<KeyId> key;
  std::optional<MemberId> member;
  std::optional<WorkspaceId> workspace;
};

Target target_of_new(const NewWorkspace& made) { return {made.key, made.owner, made.workspace}; }

Target target_of(const Command& command) {
  return std::visit(Overloaded{
                        [](const FoundLedger& c) { return target_of_new(c); },
                        [](const CreateWorkspace& c) { return target_of_new(c); },
                        [](const SuspendWorkspace& c) {
                          return Target{std::nullopt, std::nullopt, c.id};
                        },
                        [](const ResumeWorkspace& c) {
                          return Target{std::nullopt, std::nullopt, c.id};
                        },
                        [](const SetPolicy& c) {
                          return Target{std::nullopt, std::nullopt, c.workspace};
                        },
                        [](const AcceptRollback&) { return Target{}; },
                        [](const ImportKeys&) { return Target{}; },
                        [](const RecordUsageDigest&) { return Target{}; },
                        [](const AddMember& c) {
                          return Target{std::nullopt, c.id, std::nullopt};
                        },
                        [](const ChangeMember& c) {
                          return Target{std::nullopt, c.id, std::nullopt};
                        },
                        [](const RemoveMember& c) {
                          return Target{std::nullopt, c.id, std::nullopt};
                        },
                        [](const RecordLookup& c) {
                          return Target{c.key, std::nullopt, std::nullopt};
                        },
                        [](const auto& c) {
                          return Target{c.id, std::nullopt, std::nullopt};
                        },
                    },
                    command);
}

// The newest version that the draft gave to a stream; 0 if it has no event of it.
std::uint32_t drafted_version(const std::vector<RecordedEvent>& drafted, const StreamId& stream) {
  const auto newest =
      std::find_if(drafted.rbegin(), drafted.rend(),
                   [&](const RecordedEvent& event) { return event.stream == stream; });
  return newest == drafted.rend() ? 0 : newest->version;
}

std::uint64_t drafted_in(const std::vector<RecordedEvent>& drafted, const WorkspaceId& workspace) {
  return static_cast<std::uint64_t>(
      std::count_if(drafted.begin(), drafted.end(),
                    [&](const RecordedEvent& event) { return event.workspace == workspace; }));
}

// What lies beside one event. A blob that does not open its commitment would make the whole frame
// unreadable for good, so it is checked once more before it is stored.
Result<EventSide> side_of(const CallContext& call, NewEvent& made) {
  const auto opens = [](const std::optional<CommittedBlob>& committed) {
    return !committed || commitment_of(committed->blob) == committed->commitment;
  };
  if (!opens(call.actor_details) || !opens(made.subject)) {
    return fail(ErrorCode::kInternal, "A detail does not open its commitment.");
  }
  EventSide side;
  if (call.actor_details) side.actor = call.actor_details->blob;
  if (made.subject) side.subject = std::move(made.subject->blob);
  return side;
}

template <typename T>
void move_to_end(std::vector<T>& from, std::vector<T>& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

template <std::size_t N>
std::array<std::uint8_t, N> FrameBuilder::RandomPool::take() {
  if (bytes_.size() - used_ < N) {
    fill_random(bytes_);
    used_ = 0;
  }
  std::array<std::uint8_t, N> out{};
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(used_), N, out.begin());
  used_ += N;
  return out;
}

void FrameBuilder::Draft::clear() {
  events.clear();
  leaves.clear();
  sides.clear();
  bytes = 0;
}

void FrameBuilder::begin(const LogId& log_id, std::uint64_t first_position, Timestamp now) {
  now_ = now;
  bytes_ = 0;
  committed_ = {};
  committed_.frame.log_id = log_id;
  committed_.frame.first_position = first_position;
}

FrameBuilder::Step FrameBuilder::add(PendingCall& pending) {
  const Submission& submission = pending.submission();
  auto repeat = replay(submission.call);
  if (!repeat) return refuse(pending, repeat.error());
  if (*repeat) {
    pending.answer = std::move(**repeat);
    return Step::kAnswered;
  }

  auto decision = decide(overlay_, submission, now_);
  if (!decision) return refuse(pending, decision.error());
  const std::uint64_t first = next_position();
  const std::size_t count = decision->size();
  if (const auto fits = draft(submission.call, std::move(*decision)); !fits) {
    return refuse(pending, fits.error());
  }
  if (committed_.events.size() + count > kMaxFrameEvents ||
      bytes_ + draft_.bytes > kMaxFrameBytes) {
    return Step::kNextFrame;
  }
  keep_draft(submission.call);
  pending.answer = receipt(submission.command, first, count);
  return Step::kAnswered;
}

CommittedFrame FrameBuilder::take() {
  committed_.frame.frame_id = random_.take<16>();
  committed_.side.frame_id = committed_.frame.frame_id;
  return std::exchange(committed_, {});
}

FrameBuilder::Step FrameBuilder::refuse(PendingCall& pending, const Error& error) const {
  pending.answer = fail(error);
  return Step::kAnswered;
}

Result<std::optional<Receipt>> FrameBuilder::replay(const CallContext& call) const {
  if (!call.idempotency) return std::nullopt;
  const auto remembered = overlay_.remembered(call.idempotency->scope);
  if (!remembered) return fail(remembered.error());
  if (!*remembered) return std::nullopt;
  // It is not decided again, so the one check that every answer needs is made here.
  if (const auto caller = check_caller(overlay_, call, now_); !caller) return fail(caller.error());
  const RememberedCall& first = **remembered;
  if (first.request != call.idempotency->request) {
    return fail(ErrorCode::kIdempotencyMismatch,
                "This Idempotency-Key was used before with another body.");
  }
  Receipt receipt;
  receipt.first_position = first.first_position;
  receipt.count = first.count;
  receipt.position = first.first_position + first.count - 1;
  receipt.replayed = true;
  receipt.time = now_;
  return receipt;
}

// Position 0 is ledger.created, always: nothing may come before it.
Result<void> FrameBuilder::check_founding(const Decision& decision) const {
  if (next_position() == 0 && !decision.empty() &&
      !std::holds_alternative<LedgerCreated>(decision.front().event)) {
    return fail(ErrorCode::kWrongState, "This ledger has not been founded yet.");
  }
  return {};
}

Result<void> FrameBuilder::draft(const CallContext& call, Decision decision) {
  draft_.clear();
  if (const auto founded = check_founding(decision); !founded) return founded;
  if (decision.size() > kMaxFrameEvents) {
    return fail(ErrorCode::kTooLarge, fmt::format("The change makes {} events; at most {} can be "
                                                  "recorded at once.",
                                                  decision.size(), kMaxFrameEvents));
  }
  for (NewEvent& made : decision) {
    auto event = stamp(call, made);
    if (!event) return fail(std::move(event.error()));
    std::string leaf = encode_leaf(*event);
    if (leaf.size() > kMaxLeafBytes) {
      return fail(ErrorCode::kTooLarge, fmt::format("The change makes an event of {} bytes; at "
                                                    "most {} can be recorded.",
                                                    leaf.size(), kMaxLeafBytes));
    }
    // What does not decode could never be taken out again, and nothing behind it could be read.
    if (const auto read = decode_leaf(leaf); !read || *read != *event) {
      return fail(ErrorCode::kInvalidRequest,
                  "The change holds a text or a value that cannot be recorded.");
    }
    auto side = side_of(call, made);
    if (!side) return fail(std::move(side.error()));
    draft_.bytes += leaf.size();
    draft_.sides.push_back(std::move(*side));
    draft_.leaves.push_back(std::move(leaf));
    draft_.events.push_back(std::move(*event));
  }
  if (draft_.bytes > kMaxFrameBytes) {
    return fail(ErrorCode::kTooLarge, fmt::format("The change makes {} bytes of events; at most {} "
                                                  "can be recorded at once.",
                                                  draft_.bytes, kMaxFrameBytes));
  }
  return {};
}

Result<RecordedEvent> FrameBuilder::stamp(const CallContext& call, NewEvent& made) {
  RecordedEvent event;
  event.position = next_position() + draft_.events.size();
  event.time = now_;
  event.id = EventId{make_ulid(now_, random_.take<10>())};
  event.stream = made.stream;
  event.workspace = made.workspace.is_nil() ? call.workspace : made.workspace;
  const auto before = overlay_.events_in(event.workspace);
  if (!before) return fail(before.error());
  event.workspace_seq = *before + drafted_in(draft_.events, event.workspace);
  const auto version = overlay_.version_of(made.stream);
  if (!version) return fail(version.error());
  event.version = std::max(*version, drafted_version(draft_.events, made.stream)) +
                  (is_notice(made.event) ? 0U : 1U);
  event.actor = call.actor;
  if (call.actor_details) event.actor_commitment = call.actor_details->commitment;
  if (made.subject) event.subject_commitment = made.subject->commitment;
  event.request_id = call.request_id;
  event.reason = call.reason;
  event.event = std::move(made.event);
  return event;
}

void FrameBuilder::keep_draft(const CallContext& call) {
  if (draft_.events.empty()) return;
  const std::uint64_t first = next_position();
  const auto count = static_cast<std::uint32_t>(draft_.events.size());
  if (const auto* founded = std::get_if<LedgerCreated>(&draft_.events.front().event)) {
    committed_.frame.log_id = founded->log_id;
  }
  for (const RecordedEvent& event : draft_.events) overlay_.apply(event);
  if (call.idempotency) {
    const auto& [scope, request] = *call.idempotency;
    overlay_.remember(scope, {request, first, count});
    const auto index = static_cast<std::uint32_t>(first - committed_.frame.first_position);
    committed_.side.calls.push_back({scope, request, index, count});
  }
  bytes_ += draft_.bytes;
  move_to_end(draft_.events, committed_.events);
  move_to_end(draft_.leaves, committed_.frame.leaves);
  move_to_end(draft_.sides, committed_.side.events);
}

Result<Receipt> FrameBuilder::receipt(const Command& command, std::uint64_t first,
                                      std::size_t count) const {
  Receipt receipt;
  const std::uint64_t end = first + count;
  receipt.position = end == 0 ? 0 : end - 1;
  receipt.first_position = count == 0 ? receipt.position : first;
  receipt.count = static_cast<std::uint32_t>(count);
  receipt.time = now_;
  const Target target = target_of(command);
  if (target.key) {
    auto key = overlay_.key(*target.key);
    if (!key) return fail(std::move(key.error()));
    receipt.key = std::move(*key);
  }
  if (target.member) {
    auto member = overlay_.member(*target.member);
    if (!member) return fail(std::move(member.error()));
    receipt.member = std::move(*member);
  }
  if (target.workspace) {
    auto workspace = overlay_.workspace(*target.workspace);
    if (!workspace) return fail(std::move(workspace.error()));
    receipt.workspace = std::move(*workspace);
  }
  return receipt;
}

}  // namespace keyledger
