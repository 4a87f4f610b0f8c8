// Any bytes as a frame, a side object, the blobs of one event, and a blob: decoding refuses them,
// or encoding gives the very same bytes again. Checksums are put right first, since no fuzzer
// guesses them and none of them keeps a person out.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "events/blobs.h"
#include "events/bytes.h"
#include "events/checksum.h"
#include "events/frame.h"

namespace {

std::string sealed(std::string bytes) {
  const std::uint32_t checksum = keyledger::crc32c(bytes);
  keyledger::ByteWriter(bytes).u32(checksum);
  return bytes;
}

// A side object whose only element are the given bytes.
std::string side_around(std::string_view element) {
  std::string out;
  keyledger::ByteWriter writer(out);
  writer.raw({"KLS\x01", 4});
  writer.u32(1);
  writer.u32(0);
  writer.u32(static_cast<std::uint32_t>(element.size()));
  writer.u32(keyledger::crc32c(element));
  writer.raw(element);
  return sealed(std::move(out));
}

// A frame or side with the checksums of its elements put right as well, where its table leads.
std::string with_right_rows(std::string bytes, std::size_t head, std::size_t count) {
  const std::size_t area = head + 8 * count;
  std::size_t begin = area;
  for (std::size_t i = 0; i < count && area <= bytes.size(); ++i) {
    const std::size_t row = head + 8 * i;
    const std::size_t end = area + keyledger::ByteReader(std::string_view(bytes).substr(row)).u32();
    if (end < begin || end > bytes.size()) break;
    std::string checksum;
    keyledger::ByteWriter(checksum).u32(
        keyledger::crc32c(std::string_view(bytes).substr(begin, end - begin)));
    bytes.replace(row + 4, 4, checksum);
    begin = end;
  }
  return sealed(std::move(bytes));
}

void require(bool condition) {
  if (!condition) std::abort();
}

void try_frame(const std::string& bytes) {
  const auto frame = keyledger::decode_frame(bytes);
  if (!frame) return;
  require(keyledger::encode_frame(*frame) == bytes);
  for (std::size_t i = 0; i < frame->leaves.size(); ++i) {
    require(keyledger::leaf_at(bytes, i) == std::string_view(frame->leaves[i]));
  }
}

void try_side(const std::string& bytes) {
  const auto side = keyledger::decode_side(bytes);
  if (!side) return;
  require(keyledger::encode_side(*side) == bytes);
  for (std::size_t i = 0; i < side->events.size(); ++i) {
    require(keyledger::side_at(bytes, i) == side->events[i]);
  }
}

void try_blob(std::string_view bytes) {
  const auto actor = keyledger::decode_actor_details(bytes);
  const auto profile = keyledger::decode_member_profile(bytes);
  const auto details = keyledger::decode_key_details(bytes);
  if (actor) require(keyledger::encode_blob(*actor) == bytes);
  if (profile) require(keyledger::encode_blob(*profile) == bytes);
  if (details) require(keyledger::encode_blob(*details) == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // The first byte says how many elements a table is taken to have.
  const std::size_t count = data[0] % 8U;
  const std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  constexpr std::size_t kFrameHead = 48;
  constexpr std::size_t kSideHead = 12;
  try_frame(sealed(bytes));
  try_frame(with_right_rows(bytes, kFrameHead, count));
  try_side(sealed(bytes));
  try_side(with_right_rows(bytes, kSideHead, count));
  try_side(side_around(bytes));
  try_blob(bytes);
  return 0;
}
