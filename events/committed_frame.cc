#include "events/committed_frame.h"

#include <fmt/core.h>

#include <string_view>
#include <utility>

#include "events/event_codec.h"

namespace keyledger {
namespace {

tl::unexpected<Error> corrupt_at(std::uint64_t position, std::string_view what) {
  return fail_corrupt(position, fmt::format("Event {}: {}.", position, what));
}

tl::unexpected<Error> corrupt_frame(const StoredFrame& stored, const Error& error) {
  return fail_corrupt(
      error.position.value_or(stored.first_position),
      fmt::format("The frame at position {}: {}", stored.first_position, error.detail));
}

// An erased blob is absent although the leaf commits to it; a blob that nothing commits to, or that
// is not the one committed to, was put there by somebody else.
bool opens(const std::optional<Blob>& blob, const std::optional<Digest>& commitment) {
  return !blob || (commitment && commitment_of(*blob) == *commitment);
}

Result<void> check_shape(const CommittedFrame& committed, std::uint64_t first_position) {
  const std::size_t count = committed.frame.leaves.size();
  if (committed.frame.first_position != first_position) {
    return corrupt_at(first_position, "the frame stored here was made for another place");
  }
  if (count == 0) return corrupt_at(first_position, "the frame stored here is empty");
  if (committed.side.frame_id != committed.frame.frame_id ||
      committed.side.events.size() != count) {
    return corrupt_at(first_position, "the side object is not that of its frame");
  }
  for (const IdempotencyEntry& call : committed.side.calls) {
    if (call.count == 0 || call.first >= count || call.count > count - call.first) {
      return corrupt_at(first_position, "a remembered call names events outside of its frame");
    }
  }
  return {};
}

}  // namespace

Result<CommittedFrame> decode_committed(const StoredFrame& stored) {
  auto frame = decode_frame(stored.frame);
  if (!frame) return corrupt_frame(stored, frame.error());
  auto side = decode_side(stored.side);
  if (!side) return corrupt_frame(stored, side.error());

  CommittedFrame committed{std::move(*frame), {}, std::move(*side)};
  if (const auto shape = check_shape(committed, stored.first_position); !shape) {
    return fail(shape.error());
  }
  committed.events.reserve(committed.frame.leaves.size());
  for (std::size_t i = 0; i < committed.frame.leaves.size(); ++i) {
    const std::uint64_t position = stored.first_position + i;
    auto event = decode_leaf(committed.frame.leaves[i]);
    if (!event) {
      return fail_corrupt(position, fmt::format("Event {}: {}", position, event.error().detail));
    }
    if (event->position != position) {
      return corrupt_at(position,
                        fmt::format("the leaf says that it is event {}", event->position));
    }
    const EventSide& beside = committed.side.events[i];
    if (!opens(beside.actor, event->actor_commitment)) {
      return corrupt_at(position, "the actor's details are not those that were committed to");
    }
    if (!opens(beside.subject, event->subject_commitment)) {
      return corrupt_at(position, "the subject's details are not those that were committed to");
    }
    committed.events.push_back(std::move(*event));
  }
  return committed;
}

}  // namespace keyledger
