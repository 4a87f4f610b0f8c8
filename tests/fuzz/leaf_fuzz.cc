// Any bytes as a leaf: decoding refuses them, or encoding gives the very same bytes again. Two
// forms of one event would have two leaf hashes, so the second half matters as much as not
// crashing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "events/event_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto event = keyledger::decode_leaf(bytes);
  if (event && keyledger::encode_leaf(*event) != bytes) std::abort();
  return 0;
}
