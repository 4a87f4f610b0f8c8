#include "events/frame.h"

#include <fmt/format.h>

#include "events/bytes.h"
#include "events/checksum.h"

namespace keyledger {
namespace {

constexpr std::string_view kFrameMagic{"KLF\x01", 4};
constexpr std::string_view kSideMagic{"KLS\x01", 4};
constexpr std::size_t kFrameHeadSize = 4 + 16 + 8 + 16 + 4;
constexpr std::size_t kSideHeadSize = 4 + 16 + 4 + 4;
constexpr std::size_t kTableRowSize = 4 + 4;
constexpr std::size_t kCallSize = 32 + 32 + 4 + 4;
constexpr std::size_t kChecksumSize = 4;

// Both formats are: a head, a table with one row an element (where it ends, its CRC-32C), the
// elements, and the CRC-32C of everything before. The table lets one element be taken out without
// touching the others.
class TableWriter {
 public:
  TableWriter(std::string& out, std::size_t count) : out_(out), row_(out.size()) {
    out_.append(count * kTableRowSize, '\0');
    begin_ = out_.size();
    element_ = begin_;
  }

  // Call after each element's bytes were appended to `out`.
  void end_element() {
    std::string row;
    ByteWriter writer(row);
    writer.u32(static_cast<std::uint32_t>(out_.size() - begin_));
    writer.u32(crc32c(std::string_view(out_).substr(element_)));
    out_.replace(row_, kTableRowSize, row);
    row_ += kTableRowSize;
    element_ = out_.size();
  }

 private:
  std::string& out_;
  std::size_t row_;
  std::size_t begin_ = 0;    // of the first element
  std::size_t element_ = 0;  // begin of the current one
};

class TableReader {
 public:
  // `bytes` begins with the table of `count` rows. Not ok if that many do not fit.
  TableReader(std::string_view bytes, std::size_t count)
      : table_(bytes.substr(0, count * kTableRowSize)), count_(count) {
    if (table_.size() == count * kTableRowSize) elements_ = bytes.substr(table_.size());
  }

  // The checked bytes of one element; nothing if the row or the checksum is wrong.
  [[nodiscard]] std::optional<std::string_view> element(std::size_t index) const {
    if (index >= count_ || (index + 1) * kTableRowSize > table_.size()) return std::nullopt;
    const std::size_t begin = index == 0 ? 0 : end_of(index - 1);
    const std::size_t end = end_of(index);
    if (begin > end || end > elements_.size()) return std::nullopt;
    const std::string_view bytes = elements_.substr(begin, end - begin);
    ByteReader row(table_.substr(index * kTableRowSize + 4));
    if (crc32c(bytes) != row.u32()) return std::nullopt;
    return bytes;
  }

  // What stands behind the last element.
  [[nodiscard]] std::optional<std::string_view> rest() const {
    const std::size_t end = count_ == 0 ? 0 : end_of(count_ - 1);
    if (end > elements_.size()) return std::nullopt;
    return elements_.substr(end);
  }

 private:
  [[nodiscard]] std::size_t end_of(std::size_t index) const {
    ByteReader row(table_.substr(std::min(index * kTableRowSize, table_.size())));
    return row.u32();
  }

  std::string_view table_;
  std::string_view elements_;
  std::size_t count_;
};

void write_checksum(std::string& out) {
  const std::uint32_t checksum = crc32c(out);
  ByteWriter(out).u32(checksum);
}

// `bytes` without its checksum; nothing if that is wrong.
std::optional<std::string_view> without_checksum(std::string_view bytes) {
  if (bytes.size() < kChecksumSize) return std::nullopt;
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumSize);
  ByteReader checksum(bytes.substr(body.size()));
  if (crc32c(body) != checksum.u32()) return std::nullopt;
  return body;
}

// Reads the head of a frame, all but the leaves. The count, or 0 if the head is wrong.
std::size_t read_frame_head(ByteReader& reader, Frame& frame) {
  reader.require(reader.raw(kFrameMagic.size()) == kFrameMagic);
  frame.log_id.bytes = reader.array<16>();
  frame.first_position = reader.u64();
  frame.frame_id = reader.array<16>();
  const std::uint32_t count = reader.u32();
  reader.require(count >= 1 && count <= kMaxFrameEvents);
  return reader.ok() ? count : 0;
}

tl::unexpected<Error> damaged_frame(std::uint64_t position, std::string_view what) {
  return fail_corrupt(position, fmt::format("The frame of event {}: {}.", position, what));
}

void write_blob(ByteWriter& writer, const std::optional<Blob>& blob) {
  writer.u8(blob ? 1 : 0);
  if (!blob) return;
  writer.array(blob->salt);
  writer.u32(static_cast<std::uint32_t>(blob->bytes.size()));
  writer.raw(blob->bytes);
}

std::optional<Blob> read_blob(ByteReader& reader) {
  if (!reader.presence()) return std::nullopt;
  Blob blob;
  blob.salt = reader.array<32>();
  const std::uint32_t size = reader.u32();
  blob.bytes = reader.raw(size);
  return blob;
}

std::optional<EventSide> read_event_side(std::string_view bytes) {
  ByteReader reader(bytes);
  EventSide side;
  side.actor = read_blob(reader);
  side.subject = read_blob(reader);
  if (!reader.finished()) return std::nullopt;
  return side;
}

struct SideHead {
  std::array<std::uint8_t, 16> frame_id{};
  std::size_t events = 0;
  std::size_t calls = 0;
};

std::optional<SideHead> read_side_head(std::string_view bytes) {
  ByteReader reader(bytes);
  reader.require(reader.raw(kSideMagic.size()) == kSideMagic);
  const SideHead head{reader.array<16>(), reader.u32(), reader.u32()};
  reader.require(head.events <= kMaxFrameEvents && head.calls <= head.events);
  if (!reader.ok()) return std::nullopt;
  return head;
}

IdempotencyEntry read_call(ByteReader& reader, std::size_t events) {
  IdempotencyEntry call;
  call.scope = reader.array<32>();
  call.request = reader.array<32>();
  call.first = reader.u32();
  call.count = reader.u32();
  reader.require(call.count >= 1 && call.first < events && call.count <= events - call.first);
  return call;
}

tl::unexpected<Error> damaged_side(std::string_view what) {
  return fail(ErrorCode::kCorrupt, fmt::format("Side object: {}.", what));
}

}  // namespace

std::string encode_frame(const Frame& frame) {
  std::size_t size = kFrameHeadSize + kChecksumSize;
  for (const std::string& leaf : frame.leaves) size += kTableRowSize + leaf.size();
  std::string out;
  out.reserve(size);
  ByteWriter writer(out);
  writer.raw(kFrameMagic);
  writer.array(frame.log_id.bytes);
  writer.u64(frame.first_position);
  writer.array(frame.frame_id);
  writer.u32(static_cast<std::uint32_t>(frame.leaves.size()));
  TableWriter table(out, frame.leaves.size());
  for (const std::string& leaf : frame.leaves) {
    out += leaf;
    table.end_element();
  }
  write_checksum(out);
  return out;
}

namespace {

// Which event it is that makes the checksum of the whole wrong; the first if it is none of them.
std::uint64_t first_damaged(std::string_view frame, std::uint64_t first, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (!leaf_at(frame, i)) return first + i;
  }
  return first;
}

}  // namespace

Result<Frame> decode_frame(std::string_view bytes) {
  Frame frame;
  ByteReader head(bytes);
  const std::size_t count = read_frame_head(head, frame);
  if (count == 0) return fail(ErrorCode::kCorrupt, "A frame's head is damaged.");
  const std::uint64_t first = frame.first_position;
  const auto body = without_checksum(bytes);
  if (!body || body->size() < kFrameHeadSize) {
    return damaged_frame(first_damaged(bytes, first, count), "wrong checksum");
  }
  const TableReader table(body->substr(kFrameHeadSize), count);
  frame.leaves.reserve(count);
  std::size_t total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto leaf = table.element(i);
    if (!leaf || leaf->empty() || leaf->size() > kMaxLeafBytes) {
      return damaged_frame(first + i, "a leaf is damaged");
    }
    total += leaf->size();
    frame.leaves.emplace_back(*leaf);
  }
  const auto rest = table.rest();
  if (!rest || !rest->empty()) return damaged_frame(first, "bytes are left over");
  if (total > kMaxFrameBytes) return damaged_frame(first, "larger than a frame may be");
  return frame;
}

Result<std::string_view> leaf_at(std::string_view frame, std::size_t index) {
  Frame head;
  ByteReader reader(frame);
  const std::size_t count = read_frame_head(reader, head);
  if (count == 0) return fail(ErrorCode::kCorrupt, "A frame's head is damaged.");
  if (index >= count) return fail(ErrorCode::kNotFound, "The frame has no such event.");
  const TableReader table(frame.substr(kFrameHeadSize), count);
  const auto leaf = table.element(index);
  if (!leaf || leaf->empty() || leaf->size() > kMaxLeafBytes) {
    return damaged_frame(head.first_position + index, "a leaf is damaged");
  }
  return *leaf;
}

std::string encode_side(const Side& side) {
  std::string out;
  out.reserve(kSideHeadSize + side.events.size() * 256 + side.calls.size() * kCallSize);
  ByteWriter writer(out);
  writer.raw(kSideMagic);
  writer.array(side.frame_id);
  writer.u32(static_cast<std::uint32_t>(side.events.size()));
  writer.u32(static_cast<std::uint32_t>(side.calls.size()));
  TableWriter table(out, side.events.size());
  for (const EventSide& event : side.events) {
    write_blob(writer, event.actor);
    write_blob(writer, event.subject);
    table.end_element();
  }
  for (const IdempotencyEntry& call : side.calls) {
    writer.array(call.scope);
    writer.array(call.request);
    writer.u32(call.first);
    writer.u32(call.count);
  }
  write_checksum(out);
  return out;
}

Result<Side> decode_side(std::string_view bytes) {
  const auto body = without_checksum(bytes);
  if (!body) return damaged_side("wrong checksum");
  const auto head = read_side_head(*body);
  if (!head) return damaged_side("the head is damaged");
  const TableReader table(body->substr(kSideHeadSize), head->events);
  Side side;
  side.frame_id = head->frame_id;
  side.events.reserve(head->events);
  for (std::size_t i = 0; i < head->events; ++i) {
    const auto element = table.element(i);
    auto event = element ? read_event_side(*element) : std::nullopt;
    if (!event) return damaged_side(fmt::format("the blobs of event {} are damaged", i));
    side.events.push_back(std::move(*event));
  }
  const auto rest = table.rest();
  if (!rest || rest->size() != head->calls * kCallSize) return damaged_side("wrong size");
  ByteReader calls(*rest);
  side.calls.reserve(head->calls);
  for (std::size_t i = 0; i < head->calls; ++i)
    side.calls.push_back(read_call(calls, head->events));
  if (!calls.finished()) return damaged_side("a remembered call is damaged");
  return side;
}

Result<EventSide> side_at(std::string_view side, std::size_t index) {
  const auto head = read_side_head(side);
  if (!head) return damaged_side("the head is damaged");
  if (index >= head->events) return fail(ErrorCode::kNotFound, "The side has no such event.");
  const TableReader table(side.substr(kSideHeadSize), head->events);
  const auto element = table.element(index);
  auto event = element ? read_event_side(*element) : std::nullopt;
  if (!event) return damaged_side(fmt::format("the blobs of event {} are damaged", index));
  return std::move(*event);
}

}  // namespace keyledger
