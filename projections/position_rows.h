// Index rows that say at which positions something happened: all events of a workspace, of an
// actor, of a stream. Key: a prefix, then a position (u64, big-endian). Value: the distances to the
// further positions of the same frame, as varints. So a frame costs one row a prefix, however many
// of its events have it: a row put into RocksDB's memory costs more than all else about an event.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/result.h"
#include "projections/store.h"

namespace keyledger {

// Collects the positions of one frame and writes their rows.
class PositionRows {
 public:
  // Positions of a prefix come in ascending order.
  void add(std::string prefix, std::uint64_t position) {
    runs_[std::move(prefix)].push_back(position);
  }
  void put(StoreBatch& batch, const Table& table) const;

 private:
  std::map<std::string, std::vector<std::uint64_t>> runs_;
};

// The positions of one prefix, ascending or descending. One thread at a time.
class PositionWalk {
 public:
  // Begins at `start`, itself included.
  PositionWalk(std::unique_ptr<StoreCursor> rows, std::string prefix, bool descending,
               std::uint64_t start);

  // Where the walk stands; nothing at the end. kStorage, kCorrupt.
  [[nodiscard]] Result<std::optional<std::uint64_t>> position() const;
  // Goes on. Only while it stands somewhere.
  void pass();

 private:
  // Takes the run of the row under the cursor; empty if it is of another prefix.
  void take_row();

  std::unique_ptr<StoreCursor> rows_;
  std::string prefix_;
  bool descending_;
  bool damaged_ = false;
  std::vector<std::uint64_t> run_;  // what is left of the row; the next one last
};

}  // namespace keyledger
