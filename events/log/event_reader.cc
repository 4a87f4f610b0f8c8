#include "events/log/event_reader.h"

#include <fmt/format.h>

#include "events/event_codec.h"
#include "events/frame.h"

namespace keyledger {

Result<EventAt> EventReader::at(std::uint64_t position) {
  Result<std::string_view> leaf = fail(ErrorCode::kNotFound, "");
  if (!frame_.frame.empty() && position >= frame_.first_position) {
    leaf = leaf_at(frame_.frame, position - frame_.first_position);
  }
  if (!leaf && leaf.error().code == ErrorCode::kNotFound) {
    auto frames = log_.read(position, 1);
    if (!frames) return fail(frames.error());
    if (frames->empty()) {
      return fail(ErrorCode::kNotFound, fmt::format("there is no event {} yet", position));
    }
    frame_ = std::move(frames->front());
    leaf = leaf_at(frame_.frame, position - frame_.first_position);
  }
  if (!leaf) return fail(leaf.error());

  auto event = decode_leaf(*leaf);
  if (!event) return fail(event.error());
  if (event->position != position) {
    return fail_corrupt(position, fmt::format("at position {} lies the event of position {}",
                                              position, event->position));
  }
  auto side = side_at(frame_.side, position - frame_.first_position);
  if (!side) return fail(side.error());
  return EventAt{std::move(*event), std::move(*side), std::string(*leaf)};
}

}  // namespace keyledger
