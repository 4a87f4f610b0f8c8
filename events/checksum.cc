#include "events/checksum.h"

#include <zlib.h>

#include <array>
#include <cstddef>

namespace keyledger {
namespace {

// CRC-32C is our own code because Debian 12 packages no library for it (RocksDB's is internal), and
// CRC-32C rather than zlib's CRC-32 because it finds more errors in long inputs and is what other
// storage formats use. Slicing by eight (M. Kounavis, F. Berry, "A Systematic Approach to Building
// High Performance Software-Based CRC Generators", 2005): kTables[k][b] is the remainder of byte b
// followed by k zero bytes, so eight bytes cost eight look-ups and no dependency between them.
constexpr std::uint32_t kPolynomial = 0x82F63B78U;
using Table = std::array<std::uint32_t, 256>;

constexpr std::array<Table, 8> make_tables() {
  std::array<Table, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) {
      rest = (rest & 1U) != 0 ? (rest >> 1U) ^ kPolynomial : rest >> 1U;
    }
    tables[0][byte] = rest;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8U) ^ tables[0][before & 0xFFU];
    }
  }
  return tables;
}
constexpr std::array<Table, 8> kTables = make_tables();

// Four bytes as a little-endian number; compilers make one load of it.
std::uint32_t load(const unsigned char* at) {
  return static_cast<std::uint32_t>(at[0]) | static_cast<std::uint32_t>(at[1]) << 8U |
         static_cast<std::uint32_t>(at[2]) << 16U | static_cast<std::uint32_t>(at[3]) << 24U;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  std::size_t left = bytes.size();
  std::uint32_t crc = ~0U;
  for (; left >= 8; left -= 8, at += 8) {
    const std::uint32_t low = crc ^ load(at);
    const std::uint32_t high = load(at + 4);
    crc = kTables[7][low & 0xFFU] ^ kTables[6][low >> 8U & 0xFFU] ^ kTables[5][low >> 16U & 0xFFU] ^
          kTables[4][low >> 24U] ^ kTables[3][high & 0xFFU] ^ kTables[2][high >> 8U & 0xFFU] ^
          kTables[1][high >> 16U & 0xFFU] ^ kTables[0][high >> 24U];
  }
  for (; left > 0; --left, ++at) crc = kTables[0][(crc ^ *at) & 0xFFU] ^ (crc >> 8U);
  return ~crc;
}

std::uint32_t crc32(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace keyledger
