// Endpoints: what a policy's line may say, and which line the method and path of a request fit
// (design product.md sections 1 and 5). Pure; any thread; matching does not allocate.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "events/policy.h"

namespace keyledger {

inline constexpr std::size_t kMaxEndpointMethod = 32;  // bytes, as all of these
inline constexpr std::size_t kMaxEndpointPath = 500;   // of a pattern
inline constexpr std::size_t kMaxRequestPath = 8000;   // as long as a URL may be

// Takes "/segment" off the front of a path that begins with '/', and answers the segment.
[[nodiscard]] std::string_view take_segment(std::string_view& rest);

// What is wrong with each of the two, in words that follow the name of a field ("must …").
struct EndpointFaults {
  std::optional<std::string> method;
  std::optional<std::string> path;

  [[nodiscard]] bool none() const { return !method && !path; }
};

// A method is a token in upper case; not HEAD, which counts as GET. A pattern is a path, decoded,
// whose segments stand for themselves; ":name" is any one segment, "*" as the last is one or more.
[[nodiscard]] EndpointFaults check_endpoint_pattern(std::string_view method, std::string_view path);

// The path of a request: cut at '?' and decoded once. Not usable is what two readers could take for
// different paths: not absolute, too long, a "." or ".." segment, "//", '\', ';', '#', white space,
// a control character, an escape that is none or that hides one of '/', '\', ';' or a control
// character, and bytes that are not UTF-8 in the end.
class RequestPath {
 public:
  // `target` must outlive it.
  explicit RequestPath(std::string_view target);
  RequestPath(const RequestPath&) = delete;
  RequestPath& operator=(const RequestPath&) = delete;

  [[nodiscard]] bool is_usable() const { return !path_.empty(); }
  [[nodiscard]] std::string_view text() const { return path_; }  // decoded; empty: not usable

 private:
  std::array<char, kMaxRequestPath> decoded_;  // not touched unless something is escaped
  std::string_view path_;
};

// Whether a line is about this request. Case-sensitive; the method HEAD counts as GET.
[[nodiscard]] bool matches(const PolicyEndpoint& line, std::string_view method,
                           const RequestPath& path);

}  // namespace keyledger
