// From an event to an audit entry: the names, texts and hashes that belong to it. One object per
// request: it remembers what it looked up for the entries before. Not for use by two threads at
// once.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "events/log/event_reader.h"
#include "projections/audit_trail.h"

namespace keyledger {

class AuditJoin {
 public:
  // The name of a key just after an event.
  using KeyName =
      std::function<Result<std::optional<std::string>>(const KeyId&, std::uint64_t position)>;

  AuditJoin(const EventLog& log, const Directory& directory, const KeyTable& keys,
            KeyName key_name);

  [[nodiscard]] Result<AuditEntry> entry(const EventAt& at);

 private:
  Result<void> name_actor(AuditEntry& entry);
  Result<void> name_target(AuditEntry& entry);
  Result<void> open_blobs(AuditEntry& entry, const EventSide& side);
  // The subject blob of an earlier event; empty if it was erased.
  Result<std::string> earlier_subject(std::uint64_t position);

  EventReader earlier_;
  const Directory& directory_;
  const KeyTable& keys_;
  KeyName key_name_;
  std::map<KeyId, Actor> issuers_;  // of the management keys seen so far
};

}  // namespace keyledger
