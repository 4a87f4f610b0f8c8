// Lists of keys: filters, orders and pages. Internal to key_table*.cc.
#pragma once

#include "events/log/event_log.h"
#include "events/log/event_reader.h"
#include "projections/key_table.h"
#include "projections/key_table_rows.h"
#include "projections/key_versions.h"

namespace keyledger {

class VerifyIndex;

// What a list is read from. Nothing is owned.
struct KeyListSources {
  const KeyTableRows& rows;
  const KeyVersions& versions;
  const EventLog& log;
  const VerifyIndex& usage;
};

// A page walks an index in the asked order from where the page before ended, so keys that are added
// meanwhile neither shift nor repeat others. An order that no index has (by last use, or a sort by
// name of what an external id finds) is made in memory, 64 bytes a candidate. kInvalidRequest if
// `after` is none of this order's.
[[nodiscard]] Result<KeyPage> list_keys(const KeyListSources& sources,
                                        const KeyPageRequest& request);

// The texts that are valid in this state of the key. What was erased is absent.
[[nodiscard]] Result<KeyDetails> join_details(EventReader& reader, const Key& key);

}  // namespace keyledger
