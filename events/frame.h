// A frame: what one append stores, all or nothing. Bytes, not meaning; the meaning of a leaf is
// events/event_codec.h. The byte grammar is in FORMAT.md "Frame v1" and "Side object v1". Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/blobs.h"
#include "events/ids.h"
#include "events/result.h"

namespace keyledger {

inline constexpr std::size_t kMaxFrameEvents = 1024;      // and at least one
inline constexpr std::size_t kMaxFrameBytes = 1U << 20U;  // leaves, counted without the side object
inline constexpr std::size_t kMaxLeafBytes = 65'535;

// `frame_id` (16 random bytes) tells a repeat of this very frame from another one at its place.
struct Frame {
  LogId log_id;
  std::uint64_t first_position = 0;
  std::array<std::uint8_t, 16> frame_id{};
  std::vector<std::string> leaves;  // encoded events, dense from first_position

  [[nodiscard]] std::uint64_t end_position() const { return first_position + leaves.size(); }
  bool operator==(const Frame&) const = default;
};

// Encoding cannot fail for a frame within the limits; the caller keeps them.
[[nodiscard]] std::string encode_frame(const Frame& frame);
[[nodiscard]] std::string encode_side(const Side& side);

// kCorrupt, with the position in the text, if a checksum (CRC32C of each leaf and of the whole) or
// a length is wrong or a byte is left over.
[[nodiscard]] Result<Frame> decode_frame(std::string_view bytes);
[[nodiscard]] Result<Side> decode_side(std::string_view bytes);

// One event out of an encoded frame or side, found by the format's table without reading the
// others. Only what is taken is checked against its checksum, so a damaged neighbour does not
// matter. kNotFound: there is no such index; kCorrupt. leaf_at's answer is a view into `frame`.
[[nodiscard]] Result<std::string_view> leaf_at(std::string_view frame, std::size_t index);
[[nodiscard]] Result<EventSide> side_at(std::string_view side, std::size_t index);

}  // namespace keyledger
