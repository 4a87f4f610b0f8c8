// The words in which the rules are tested: given what happened, when somebody asks, then these
// events or this refusal.
//
//   Scenario s;
//   s.given(kKey, private_key("ci"));
//   EXPECT_THAT(s.as(s.admin).when(SuspendKey{kKey}), makes(KeySuspended{}));
//   EXPECT_THAT(s.as(s.auditor).when(SuspendKey{kKey}), is_refused(ErrorCode::kForbidden));
#pragma once

#include <gmock/gmock.h>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "core/decide.h"
#include "tests/support/fake_state.h"

namespace keyledger {

// Ids that are easy to tell apart in a debugger: zero but for the number at the end.
template <typename IdType>
[[nodiscard]] constexpr IdType test_id(std::uint32_t number) {
  IdType id;
  for (std::size_t i = 0; i < 4; ++i) {
    id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  return id;
}

inline constexpr Timestamp kNoon{1'774'872'000'000};  // 2026-03-30T12:00:00.000Z
inline constexpr std::int64_t kSecond = 1000;
inline constexpr std::int64_t kHour = 3600 * kSecond;
inline constexpr std::int64_t kDay = 24 * kHour;

inline constexpr KeyId kKey = test_id<KeyId>(1);
inline constexpr KeyId kOtherKey = test_id<KeyId>(2);
inline constexpr KeyId kNewKey = test_id<KeyId>(3);

// The secret of that number; number 1 is the one that private_key() and public_key() begin with.
[[nodiscard]] SecretFacts test_secret(std::uint32_t number);
[[nodiscard]] CommittedBlob test_blob(std::string_view text);
[[nodiscard]] OriginRule any_origin();

// Facts and commands with what they need, and nothing else set.
[[nodiscard]] KeyCreated private_key(std::string name);
[[nodiscard]] KeyCreated public_key(std::string name);
[[nodiscard]] CreateKey create_private(std::string name);
[[nodiscard]] CreateKey create_public(std::string name);
[[nodiscard]] ChangeKey change_of(const KeyId& key);
[[nodiscard]] IssueManagementKey issue_to(const MemberId& member);
[[nodiscard]] CreateWorkspace create_workspace();  // number 9, its owner too

// A founded ledger: one workspace with the default policy and a member of each role, each with an
// active management key; and a second workspace with an owner of its own.
class Scenario {
 public:
  Scenario();

  const WorkspaceId workspace = test_id<WorkspaceId>(1);
  const WorkspaceId other_workspace = test_id<WorkspaceId>(2);
  const MemberId owner = test_id<MemberId>(1);
  const MemberId admin = test_id<MemberId>(2);
  const MemberId auditor = test_id<MemberId>(3);
  const MemberId verifier = test_id<MemberId>(4);
  const MemberId stranger = test_id<MemberId>(5);  // the other workspace's owner

  FakeState state;
  Timestamp now = kNoon;
  CallContext call;  // of the next when(); by default the owner's, every role permitted

  // The management key that a member of the scenario has.
  [[nodiscard]] static KeyId management_key_of(const MemberId& member);

  // What happened, recorded at `now` as by the system.
  void given(const KeyId& key, Event event);
  void given(const MemberId& member, Event event);
  void given_policy(Policy policy);
  void given_elsewhere(const KeyId& key, Event event);  // in the other workspace
  void given_suspended();                               // the workspace

  // Who asks next, and how.
  Scenario& as(const MemberId& member);
  Scenario& as_system();
  Scenario& permitting(RoleSet roles);
  Scenario& matching(std::uint32_t version);
  Scenario& because(std::string_view reason);

  // Decides as `call` says. The call is the owner's again afterwards.
  Result<Decision> when(Command command);
  // Decides, records what was decided and answers it. A refusal fails the test.
  std::vector<RecordedEvent> done(Command command);

  [[nodiscard]] Key key(const KeyId& id) const;
  [[nodiscard]] Member member(const MemberId& id) const;

 private:
  void give(const WorkspaceId& in, const StreamId& stream, Event event);
  void found_other_workspace();
};

// "key.created key.replaced" or "refused: invalid_request name(invalid): …".
[[nodiscard]] std::string describe(const Result<Decision>& decision);
void PrintTo(const Result<Decision>& decision, std::ostream* out);  // gtest's name for it

// Exactly these events, in this order.
[[nodiscard]] ::testing::Matcher<Result<Decision>> makes_all(std::vector<Event> events);
template <typename... Events>
[[nodiscard]] ::testing::Matcher<Result<Decision>> makes(Events... events) {
  return makes_all({Event(std::move(events))...});
}
[[nodiscard]] ::testing::Matcher<Result<Decision>> makes_nothing();
[[nodiscard]] ::testing::Matcher<Result<Decision>> is_refused(ErrorCode code);
// kInvalidRequest about this field alone.
[[nodiscard]] ::testing::Matcher<Result<Decision>> is_refused_for(std::string field,
                                                                  FieldFault fault);
// Any refusal whose sentences (detail and fields) hold this text.
[[nodiscard]] ::testing::Matcher<Result<Decision>> is_refused_saying(std::string text);

}  // namespace keyledger
