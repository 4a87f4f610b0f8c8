// The bytes of one row of the key table: core's state of a key and what only the table's indexes
// need to know. Not a stored format that must live for ever: KeyTable::version() is raised when it
// changes, and the rows are made again. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/key.h"
#include "events/crypto.h"
#include "events/result.h"

namespace keyledger {

struct KeyRow {
  Key key;
  std::uint64_t named_at = 0;      // position of the event that gave the key its name
  std::optional<Digest> external;  // external_id_index() of its external id
  bool operator==(const KeyRow&) const = default;
};

[[nodiscard]] std::string encode_key_row(const KeyRow& row);
// kCorrupt if the bytes are no such row or some are left over.
[[nodiscard]] Result<KeyRow> decode_key_row(std::string_view bytes);

// What an index holds in place of an external id, which may name a person: HMAC-SHA-256 under the
// workspace's id, so that rows show no text and the same id in two workspaces looks unlike.
[[nodiscard]] Digest external_id_index(const WorkspaceId& workspace, std::string_view external_id);

}  // namespace keyledger
