// Checksums against accidents, not against people: CRC-32C guards stored bytes, CRC-32 is the check
// digits of a secret (design product.md section 3). Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace keyledger {

// CRC-32C (Castagnoli; RFC 3720 appendix B.4): reflected polynomial 0x82F63B78, start and final xor
// all ones. crc32c("123456789") is 0xE3069283. About 1 ms per 2 MiB.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);

// CRC-32 (IEEE 802.3, as zlib and PNG use it). crc32("123456789") is 0xCBF43926.
[[nodiscard]] std::uint32_t crc32(std::string_view bytes);

}  // namespace keyledger
