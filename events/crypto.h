// Cryptography the ledger rests on: SHA-256, randomness, sealing in memory, constant-time compare.
// The only file that sees OpenSSL is crypto.cc; leaving OpenSSL means rewriting that one file.
// Thread safety: every function may be called from any thread; objects belong to one thread at a
// time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "events/digest.h"

namespace keyledger {

// SHA-256 (FIPS 180-4) of `bytes`. Does not allocate after a thread's first call. Aborts if OpenSSL
// cannot hash at all: nothing in this program is safe without it.
[[nodiscard]] Digest sha256(std::string_view bytes);

// SHA-256 of the concatenation of `parts`, without building it.
[[nodiscard]] Digest sha256(std::span<const std::string_view> parts);

// Fills `out` from the operating system's generator (seeded CSPRNG). Aborts if there is none.
void fill_random(std::span<std::uint8_t> out);

template <std::size_t N>
[[nodiscard]] std::array<std::uint8_t, N> random_bytes() {
  std::array<std::uint8_t, N> out{};
  fill_random(out);
  return out;
}

// True if both are equal; takes the same time wherever they differ. Lengths are not secret.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

// Overwrites memory in a way the compiler may not drop.
void wipe(void* data, std::size_t size);

// HMAC-SHA-256 (RFC 2104): index keys for personal data, so that an index shows none of it.
[[nodiscard]] Digest hmac_sha256(std::string_view key, std::string_view bytes);

// AES-256-GCM under a key that lives only in this process: for secrets that wait in memory to be
// shown again. seal() makes nonce || ciphertext || tag; open() gives nothing if a bit was changed.
[[nodiscard]] std::string seal(const std::array<std::uint8_t, 32>& key, std::string_view plain);
[[nodiscard]] std::optional<std::string> unseal(const std::array<std::uint8_t, 32>& key,
                                                std::string_view sealed);

}  // namespace keyledger
