#include "events/bytes.h"

namespace keyledger {

void ByteWriter::varint(std::uint64_t value) {
  while (value >= 0x80U) {
    u8(static_cast<std::uint8_t>(value | 0x80U));
    value >>= 7U;
  }
  u8(static_cast<std::uint8_t>(value));
}

std::uint64_t ByteReader::varint() {
  constexpr unsigned kLastShift = 63;  // the tenth byte has room for one bit
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift <= kLastShift; shift += 7) {
    const std::uint8_t byte = u8();
    if (!ok_) return 0;
    const std::uint64_t bits = byte & 0x7FU;
    const bool last = (byte & 0x80U) == 0;
    const bool overflows = shift == kLastShift && bits > 1;
    const bool padded = last && bits == 0 && shift > 0;
    if (overflows || padded) break;
    value |= bits << shift;
    if (last) return value;
  }
  fail();
  return 0;
}

}  // namespace keyledger
