// Any bytes on a connection: the framer keeps within its limits, and takes them for the same
// requests however they are cut. The first byte says how they are cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "tests/http/front/requests_of.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const keyledger::http::FramingLimits limits = [] {
    keyledger::http::FramingLimits out;
    out.head = 512;  // small ones are reached by small inputs
    out.headers = 5;
    out.target = 64;
    out.trailers = 64;
    out.drained = 1024;
    out.body = [](std::string_view, std::string_view) { return 256; };
    return out;
  }();
  const std::size_t longest = 1 + data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0; at < bytes.size(); at += longest) {
    pieces.push_back(bytes.substr(at, longest));
  }
  if (requests_of(limits, pieces) != requests_of(limits, {bytes})) std::abort();
  return 0;
}
