// What the writer decides on: a base state with the events laid over it that are decided but not
// yet applied to the base. It answers as the base will once it has caught up, so that decisions
// need not wait for the projections. Frames in flight are few, so it stays small.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/state_reader.h"

namespace keyledger {

// The base may advance at any time, as long as it applies the very events that were applied here,
// in order. Whatever an event in flight touches is answered from here and never from the base, so
// it does not matter how far the base has come. What no such event touches is read from the base
// once and kept until the next forget_through().
// Thread safety: none; it belongs to the writer.
class Overlay final : public StateReader {
 public:
  explicit Overlay(const StateReader& base) : base_(base) {}

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

  // How many facts a stream has; 0 for one that does not exist.
  [[nodiscard]] Result<std::uint32_t> version_of(const StreamId& stream) const;

  // Lays one more event over the base. It cannot fail, since version_of() its stream and
  // events_in() its workspace were asked since the last forget_through(): everything is read.
  void apply(const RecordedEvent& event);
  void remember(const Digest& scope, const RememberedCall& call);

  // Drops what the base knows by now: it has applied every event before position `applied`.
  void forget_through(std::uint64_t applied);
  // The events in flight were not stored after all, or the base has applied them all.
  void clear();

 private:
  // `end` is the position after the newest event in `value`; 0: just as the base has it.
  template <typename T>
  struct Entry {
    T value{};
    std::uint64_t end = 0;
  };
  // Only what happened to a name while in flight.
  struct NameHolders {
    std::vector<NameHolder> took;  // and have it still; the oldest first
    std::vector<KeyId> left;
    std::uint64_t end = 0;
    // Whether the base may be wrong about this key.
    [[nodiscard]] bool knows(const KeyId& key) const;
  };
  struct DigestHash {
    std::size_t operator()(const Digest& digest) const {
      std::size_t value = 0;  // SHA-256: no mixing needed
      std::memcpy(&value, digest.data(), sizeof(value));
      return value;
    }
  };
  template <typename Id, typename T>
  using ById = std::unordered_map<Id, Entry<T>, IdHash>;

  template <typename Map, typename Read>
  static Result<const typename Map::mapped_type*> find_or_read(Map& map,
                                                               const typename Map::key_type& id,
                                                               Read read);
  [[nodiscard]] Result<const Entry<std::optional<Key>>*> key_entry(const KeyId& id) const;
  [[nodiscard]] Result<const Entry<std::optional<Member>>*> member_entry(const MemberId& id) const;

  void apply_to_key(const RecordedEvent& event);
  void apply_to_member(const RecordedEvent& event);
  void apply_to_workspace(const RecordedEvent& event);
  void leave_name(const std::string& slot, const KeyId& key, std::uint64_t position);
  void take_name(const std::string& slot, const KeyId& key, std::uint64_t position);

  const StateReader& base_;
  // Mutable: a look-up keeps what it read.
  mutable ById<KeyId, std::optional<Key>> keys_;
  mutable ById<MemberId, std::optional<Member>> members_;
  mutable ById<WorkspaceId, std::shared_ptr<const Workspace>> workspaces_;
  mutable ById<WorkspaceId, std::uint64_t> events_in_;
  mutable std::optional<Entry<std::uint32_t>> ledger_version_;
  std::unordered_map<std::string, NameHolders> names_;  // by name_slot()
  std::unordered_map<Digest, Entry<RememberedCall>, DigestHash> calls_;
  // Of secrets that were given to a key in flight: its workspace.
  std::unordered_map<Digest, Entry<WorkspaceId>, DigestHash> secrets_;
};

}  // namespace keyledger
