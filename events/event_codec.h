// Events to bytes and back: leaf v1 (FORMAT.md). The bytes are what the Merkle tree hashes, so they
// are written once and never made again from the decoded form. Pure; safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "events/event.h"
#include "events/result.h"

namespace keyledger {

// At most kMaxLeafBytes (events/frame.h), which the caller checks. Nothing else is checked either:
// an event with text that is not clean (events/text.h), scopes that are not a set, a time after
// kLastTime or an enum out of range makes a leaf that does not decode. So decode what you are about
// to append; a ledger that holds one such leaf can never be read again.
[[nodiscard]] std::string encode_leaf(const RecordedEvent& event);

// kCorrupt for anything that encode_leaf cannot have written: unknown format, type or payload
// version newer than this build, lengths beyond the bytes, text that is not UTF-8, left-over bytes.
// Old payload versions are lifted to today's shape here and nowhere else.
[[nodiscard]] Result<RecordedEvent> decode_leaf(std::string_view leaf);

}  // namespace keyledger
