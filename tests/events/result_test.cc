#include "events/result.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace keyledger {
namespace {

// Every value up to the last one; a code added at the end must be added here too.
constexpr auto kLastCode = ErrorCode::kInternal;
constexpr auto kLastFault = FieldFault::kConflict;

TEST(Result, EveryErrorCodeHasItsOwnName) {
  std::set<std::string_view> names;
  for (unsigned code = 0; code <= static_cast<unsigned>(kLastCode); ++code) {
    const std::string_view name = error_name(static_cast<ErrorCode>(code));
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos);
  }
}

TEST(Result, EveryFieldFaultHasItsOwnName) {
  std::set<std::string_view> names;
  for (unsigned fault = 0; fault <= static_cast<unsigned>(kLastFault); ++fault) {
    EXPECT_TRUE(names.insert(fault_name(static_cast<FieldFault>(fault))).second);
  }
}

Result<int> half(int value) {
  if (value % 2 != 0) return fail_field("value", FieldFault::kInvalid, "It is odd.");
  return value / 2;
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_EQ(half(4), 2);
  const Result<int> refused = half(5);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(refused.error().detail, "It is odd.");
  ASSERT_EQ(refused.error().fields.size(), 1U);
  EXPECT_EQ(refused.error().fields[0], (FieldError{"value", FieldFault::kInvalid, "It is odd."}));
}

TEST(Result, AnErrorIsHandedOn) {
  const auto outer = []() -> Result<std::string> {
    const Result<int> inner = half(3);
    if (!inner) return fail(inner.error());
    return std::to_string(*inner);
  }();
  ASSERT_FALSE(outer);
  EXPECT_EQ(outer.error(), half(3).error());
}

}  // namespace
}  // namespace keyledger
