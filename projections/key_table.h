// The key table, as it is and as it was just after any event: one durable row per key, with indexes
// by workspace, name and member, and one row per state that a key has left (key_versions.h). Rows
// hold core's state of the key and never a blob; details are joined from the log when read.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/key.h"
#include "core/state_reader.h"
#include "events/blobs.h"
#include "events/log/event_log.h"
#include "projections/projection.h"

namespace keyledger {

class VerifyIndex;
struct KeyRow;

enum class KeySort : std::uint8_t { kCreatedAt, kName, kLastUsedAt };

// All that are set must hold.
struct KeyFilter {
  WorkspaceId workspace;
  bool management_keys = false;  // whether the asker may see them
  std::optional<KeyType> type;
  std::optional<Environment> environment;
  std::optional<KeyStatus> status;
  std::optional<std::string> name;  // exactly
  std::optional<std::string> q;     // part of the name or of the handle, ASCII case ignored
  std::optional<IdBytes> created_by;
  std::optional<MemberId> owner;
  std::optional<std::string> external_id;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::optional<std::string> scope;  // granted by name
  std::optional<std::uint32_t> unused_days;
  Timestamp uses_known_since;  // with `unused_days`, see unused_since()
  OptionalTime expires_before;
  OptionalPosition changed_after;  // made or changed by an event behind this one
};

// Just after the newest event that has reached the rows.
inline constexpr std::uint64_t kNewestPosition = std::numeric_limits<std::uint64_t>::max();

struct KeyPageRequest {
  KeyFilter filter;
  // The table just after this event. What is counted of uses is always that of now.
  std::uint64_t position = kNewestPosition;
  KeySort sort = KeySort::kCreatedAt;
  bool descending = false;
  std::string after;  // where the page before ended (KeyPage::next); empty: from the beginning
  std::size_t limit = 100;
  Timestamp now;  // the clock that statuses are judged by
};

struct KeyView {
  Key key;
  KeyDetails details;
};

struct KeyPage {
  std::vector<KeyView> keys;
  std::optional<std::string> next;  // raw bytes; the HTTP edge makes the cursor of it
};

// Thread safety: queries from any thread.
class KeyTable : public Projection {
 public:
  KeyTable(const EventLog& log, const VerifyIndex& usage);
  ~KeyTable() override;

  [[nodiscard]] Result<std::optional<Key>> key(const KeyId& id) const;
  // The key just after the event at `position`, which may be of any stream and must have reached
  // the rows. Nothing if there was no such key yet. Costs two searches, however long its history.
  [[nodiscard]] Result<std::optional<Key>> key_at(const KeyId& id, std::uint64_t position) const;
  [[nodiscard]] Result<std::optional<KeyView>> view(const KeyId& id) const;
  // Joins the texts of a key, now or as of an earlier state of it.
  [[nodiscard]] Result<KeyDetails> details_of(const Key& key) const;
  [[nodiscard]] Result<KeyPage> list(const KeyPageRequest& request) const;

  // For core (StateReader).
  [[nodiscard]] Result<std::optional<NameHolder>> name_holder(const WorkspaceId& workspace,
                                                              Environment environment,
                                                              std::string_view name,
                                                              std::uint64_t before) const;
  [[nodiscard]] Result<std::vector<KeyId>> management_keys(const MemberId& member) const;

  // Every key, in id order: for loading the verify index and for comparing.
  [[nodiscard]] Result<void> for_each(const std::function<void(const Key&)>& visit) const;

  // For how many keys a walk over all of them may hold a snapshot of the rows.
  static constexpr std::size_t kKeysAtOnce = 10'000;

  // The keys of one workspace in the order in which they were made, from behind `place` (empty:
  // from the first), which moves along. Ends when `visit` answers false, after `limit` keys, or
  // with the last one: then the answer is false, there are no more.
  [[nodiscard]] Result<bool> walk(const WorkspaceId& workspace, std::string& place,
                                  std::size_t limit,
                                  const std::function<bool(const Key&)>& visit) const;

  // The same with what the table's indexes know of each key besides (projections/key_row.h).
  [[nodiscard]] Result<bool> walk_rows(const WorkspaceId& workspace, std::string& place,
                                       std::size_t limit,
                                       const std::function<bool(const KeyRow&)>& visit) const;
  // The place of the key that was made at that position.
  [[nodiscard]] static std::string walk_place(const WorkspaceId& workspace, std::uint64_t position);

  [[nodiscard]] std::string_view name() const override { return "key_table"; }
  [[nodiscard]] std::uint32_t version() const override { return 5; }
  [[nodiscard]] Result<void> open(Store& store) override;
  [[nodiscard]] Result<void> load(std::uint64_t size) override;
  [[nodiscard]] Result<void> apply(const CommittedFrame& frame, StoreBatch& batch) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
