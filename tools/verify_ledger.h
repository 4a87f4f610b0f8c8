// The whole record, checked without trusting anything that was computed before (`keyledger
// verify`).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "events/crypto.h"
#include "events/result.h"

namespace keyledger {

struct VerifyReport {
  std::uint64_t events = 0;        // decoded and checked
  std::uint64_t workspaces = 0;    // whose own numbering is dense
  std::uint64_t blobs = 0;         // opened against their commitments
  std::uint64_t rows = 0;          // derived rows compared with a fresh replay
  bool usage_found = false;        // data/usage is there
  std::uint64_t digests = 0;       // of usage whose rows are what was digested
  std::uint64_t past_digests = 0;  // of usage that is older than the policy keeps it
  std::uint64_t lost_digests =
      0;          // of usage from before data/usage was made, or if it is not there
  Digest root{};  // of the tree, computed from the leaves alone

  // The first thing that is wrong; absent: the record is intact.
  std::optional<std::string> damage;
  std::optional<std::uint64_t> position;  // of the event at fault, where it can be named
};

// In this order: every frame and leaf decodes, positions are dense, each workspace's own numbers
// and each stream's versions are dense, times never go back, every blob opens its commitment; the
// tree computed from the leaves has the root that the watermark and the stored tiles have (else the
// first leaf that differs is named); a replay into an empty database in `scratch` gives the same
// rows as `data`/derived; the rows of `data`/usage are what the ledger says was digested. Errors
// are for what could not be looked at: kUnavailable (a server holds the directory), kNotFound,
// kStorage of `scratch`.
[[nodiscard]] Result<VerifyReport> verify_ledger(
    const std::string& data, const std::string& scratch,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress);

}  // namespace keyledger
