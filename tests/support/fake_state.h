// The state in memory, folded from events: what decide() and the ledger read in tests. It answers
// by walking over everything it has, so that it is plainly right.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "core/decide.h"
#include "core/state_reader.h"

namespace keyledger {

// Thread safety: any thread.
class FakeState : public StateReader {
 public:
  // Folds one event that somebody else stamped. In position order.
  void apply(const RecordedEvent& event);

  // Stamps a decision as the ledger would, folds it and returns what was recorded. Event ids are
  // counted up.
  std::vector<RecordedEvent> record(const Decision& decision, const CallContext& call,
                                    Timestamp now);

  void remember(const Digest& scope, const RememberedCall& call);

  // After that many more look-ups every one answers this error; nothing: none does.
  void fail_with(std::optional<Error> error, std::size_t after = 0);

  [[nodiscard]] std::vector<RecordedEvent> history() const;
  [[nodiscard]] std::vector<Key> keys() const;  // in the order of the ids
  [[nodiscard]] std::vector<Member> members() const;

  [[nodiscard]] Result<std::optional<Key>> key(const KeyId& id) const override;
  [[nodiscard]] Result<std::optional<WorkspaceId>> workspace_with_secret(
      const SecretHash& hash) const override;
  [[nodiscard]] Result<std::optional<NameHolder>> name_holder(const WorkspaceId& workspace,
                                                              Environment environment,
                                                              std::string_view name,
                                                              std::uint64_t before) const override;
  [[nodiscard]] Result<std::optional<Member>> member(const MemberId& id) const override;
  [[nodiscard]] Result<std::vector<MemberId>> owners(const WorkspaceId& workspace) const override;
  [[nodiscard]] Result<std::vector<KeyId>> management_keys(const MemberId& member) const override;
  [[nodiscard]] Result<std::shared_ptr<const Workspace>> workspace(
      const WorkspaceId& id) const override;
  [[nodiscard]] Result<std::uint64_t> events_in(const WorkspaceId& workspace) const override;
  [[nodiscard]] Result<std::uint32_t> ledger_version() const override;
  [[nodiscard]] Result<std::optional<RememberedCall>> remembered(
      const Digest& scope) const override;

 private:
  void fold(const RecordedEvent& event);
  [[nodiscard]] bool fails() const;
  [[nodiscard]] std::uint32_t version_of(const StreamId& stream) const;

  mutable std::mutex mutex_;
  std::optional<Error> error_;
  mutable std::size_t look_ups_left_ = 0;  // before error_ is answered
  std::vector<RecordedEvent> history_;
  std::map<KeyId, Key> keys_;
  // Position at which the key took its name; none once its expiry was noticed.
  std::map<KeyId, std::uint64_t> named_at_;
  std::map<MemberId, Member> members_;
  std::map<WorkspaceId, Workspace> workspaces_;
  std::map<WorkspaceId, std::uint64_t> events_in_;
  std::uint32_t ledger_version_ = 0;
  std::map<Digest, RememberedCall> remembered_;
};

}  // namespace keyledger
