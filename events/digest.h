// A SHA-256 value, apart from the means to make one (events/crypto.h): the facts hold digests and
// may not compute any.
#pragma once

#include <array>
#include <cstdint>

namespace keyledger {

// Ordered bytewise, so it can be a map key or a row key.
using Digest = std::array<std::uint8_t, 32>;

// Named wherever a digest is stored in a payload, so that it can be replaced one day.
enum class HashAlgorithm : std::uint8_t { kSha256 = 1 };

}  // namespace keyledger
