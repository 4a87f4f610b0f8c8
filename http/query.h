// Reading query parameters and paging: one parser per kind, faults gathered, as for bodies
// (http/fields.h). Which names a route knows stands in the route table; names that are not there
// never get here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/fields.h"
#include "http/json.h"
#include "http/routes.h"

namespace keyledger::http {

inline constexpr std::size_t kMaxPage = 1000;
inline constexpr std::size_t kDefaultPage = 100;

// Every function answers nothing if the parameter is absent or faulty; finish() has the faults.
class QueryReader {
 public:
  explicit QueryReader(const Call& call) : call_(call) {}

  [[nodiscard]] std::optional<std::string> text(std::string_view name, std::size_t max_characters);
  // All values of a parameter that may be repeated.
  [[nodiscard]] std::vector<std::string> texts(std::string_view name, std::size_t max_characters);
  // name[k]=v, each as {k, v}.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> pairs(std::string_view name,
                                                                       std::size_t max_characters);
  [[nodiscard]] std::optional<std::uint64_t> whole(std::string_view name, std::uint64_t min,
                                                   std::uint64_t max);
  [[nodiscard]] std::optional<Timestamp> time(std::string_view name);
  // One of a list of names; the fault lists them.
  template <typename T>
  [[nodiscard]] std::optional<T> choice(std::string_view name,
                                        std::initializer_list<std::pair<std::string_view, T>> of) {
    const auto given = text(name, kMaxName);
    if (!given) return std::nullopt;
    return faults_.choose(name, *given, of);
  }
  // "true" or "false"; false if absent.
  [[nodiscard]] bool flag(std::string_view name) {
    return choice<bool>(name, {{"true", true}, {"false", false}}).value_or(false);
  }
  // An id of the given kind.
  template <typename IdType>
  [[nodiscard]] std::optional<IdType> id(std::string_view name) {
    const auto given = text(name, kMaxName);
    if (!given) return std::nullopt;
    auto parsed = parse_id<IdType>(*given);
    if (!parsed) fault(name, FieldFault::kInvalid, id_rule(IdType()));
    return parsed;
  }

  // `limit`, 1 to 1000; 100 if absent.
  [[nodiscard]] std::size_t limit();
  // What make_cursor() was given for the page before; empty: from the beginning.
  [[nodiscard]] std::string cursor();

  // A value whose meaning is not built yet.
  void not_supported(std::string_view name) {
    faults_.add_unsupported(name, "is not supported yet");
  }
  void fault(std::string_view name, FieldFault fault, std::string message) {
    faults_.add(name, fault, std::move(message));
  }
  // The gathered refusal; nothing if all was well. Call once, at the end.
  [[nodiscard]] std::optional<Error> finish() { return faults_.verdict(); }

 private:
  const Call& call_;
  FieldFaults faults_;
};

// A cursor for the page after this one, bound to the route, the workspace and all filters of the
// call. `payload` is what the projection needs to go on.
[[nodiscard]] std::string make_cursor(const Call& call, std::string_view payload);

// {"data": […], "next_cursor": …}.
[[nodiscard]] Response page_response(Json data, const std::optional<std::string>& next_cursor);

}  // namespace keyledger::http
