// A random ledger: frames of events that make sense one after the other, in a log in memory, and
// the state that a plain fold of them gives. Few names, scopes and external ids, so that they meet.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/judge.h"
#include "events/committed_frame.h"
#include "events/log/memory_log.h"
#include "tests/support/fake_state.h"
#include "tests/support/random_events.h"

namespace keyledger {

class RandomHistory {
 public:
  // The same seed gives the same history. Begins with an empty log.
  explicit RandomHistory(std::uint64_t seed) : random_(seed) {}

  // Appends one frame of at least one event and at most `max_events`.
  CommittedFrame grow(std::size_t max_events);
  void grow_by_frames(std::size_t frames, std::size_t max_events = 8) {
    for (std::size_t i = 0; i < frames; ++i) grow(max_events);
  }

  [[nodiscard]] const MemoryLog& log() const { return log_; }
  [[nodiscard]] const FakeState& state() const { return state_; }
  [[nodiscard]] Timestamp now() const { return now_; }  // of the newest event

  [[nodiscard]] const std::vector<WorkspaceId>& workspaces() const { return workspaces_; }
  [[nodiscard]] const std::vector<MemberId>& members() const { return members_; }
  // Texts as the plain fold has them, for every key and member that has any.
  [[nodiscard]] const std::map<KeyId, KeyDetails>& details() const { return details_; }
  [[nodiscard]] const std::map<MemberId, MemberProfile>& profiles() const { return profiles_; }
  [[nodiscard]] const std::map<Digest, RememberedCall>& calls() const { return calls_; }

  // From now on every key takes this name, so that one name has many holders.
  void name_all(const std::string& name) { names_ = {name}; }

  RandomEvents& random() { return random_; }
  // One of the few that keys here have.
  std::string name();
  std::string scope();
  std::string external_id();
  // Where a request may come from: inside or outside of what keys here allow.
  RequestSource source();

 private:
  struct Draft {
    StreamId stream;
    WorkspaceId workspace;
    Event event;
    std::optional<Blob> subject;
  };
  std::vector<Draft> found();
  Draft draft();
  Draft about_key();
  Draft about_member();
  Draft about_workspace();
  Draft new_key();
  Event fact_about(const Key& key);
  Event rule_about(const Key& key);
  Draft notice_about(const Key& key);
  std::vector<OriginRule> origins();
  std::vector<NetworkRule> networks();
  ScopeSet scopes();
  OptionalTime time_near_now();
  SecretFacts secret();
  IdBytes fresh_id();
  KeyDetails key_details();
  std::optional<Blob> blob_of(std::string bytes);
  template <std::size_t N>
  void fill(std::array<std::uint8_t, N>& bytes) {
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_.below(256));
  }
  template <typename T>
  const T& one_of(const std::vector<T>& all) {
    return all[random_.below(all.size())];
  }
  RecordedEvent stamp(Draft draft, std::uint64_t position, EventSide& side);
  void fold_texts(const RecordedEvent& event, const EventSide& side);

  RandomEvents random_;
  std::vector<std::string> names_ = {"a",  "b",  "B",       "ab",    "a b", "é",
                                     "zz", "aa", "billing", "Crawl", "c",   "d"};
  MemoryLog log_;
  FakeState state_;
  Timestamp now_{1'774'872'000'000};
  LogId log_id_;
  std::vector<WorkspaceId> workspaces_;
  std::vector<MemberId> members_;
  std::vector<KeyId> keys_;
  std::map<StreamId, std::uint32_t> versions_;
  std::map<WorkspaceId, std::uint64_t> sequences_;
  std::map<KeyId, KeyDetails> details_;
  std::map<MemberId, MemberProfile> profiles_;
  std::map<Digest, RememberedCall> calls_;
};

}  // namespace keyledger
