// How far the log was once known to reach, kept in a file of its own beside the database. RocksDB
// may open after losing acknowledged frames without a word (a write-ahead log that was cut or
// deleted, an old copy put back); this file is what a start compares with (docs/durability.md).
//
// Text, five lines, each ended by a newline; the last is the SHA-256 of those before it:
//   keyledger watermark 1
//   origin <origin>
//   size <decimal>
//   root <64 hex digits>
//   check <64 hex digits>
// The checksum is against accidents. Somebody who can write the file can write any watermark.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "events/crypto.h"
#include "events/result.h"

namespace keyledger {

struct Watermark {
  std::uint64_t size = 0;  // events, all of them durable when this was written
  Digest root{};           // of the tree over them (RFC 6962)
  std::string origin;      // of the log; one line of clean text, 1 to 255 bytes
  bool operator==(const Watermark&) const = default;
};

// Replaces the file at `path`, mode 0600, so that a power cut at any moment leaves the old one or
// the new one: a temporary file beside it, fsync, rename, fsync of the directory. kStorage: nothing
// is known about the new one, the old one may still be there; kInvalidRequest: not a writable
// origin. From one thread at a time.
[[nodiscard]] Result<void> write_watermark(const std::string& path, const Watermark& watermark);

// Nothing if there is no file. kCorrupt if it is not exactly as write_watermark makes it.
[[nodiscard]] Result<std::optional<Watermark>> read_watermark(const std::string& path);

}  // namespace keyledger
