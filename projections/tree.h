// The Merkle tree over all leaves (RFC 6962), kept as tiles of 256 hashes (events/proof/tiles.h).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "events/crypto.h"
#include "projections/projection.h"

namespace keyledger {

struct TreeHead {
  std::uint64_t size = 0;
  Digest root{};
};

// Thread safety: queries from any thread.
class Tree : public Projection {
 public:
  Tree();
  ~Tree() override;

  [[nodiscard]] TreeHead head() const;
  // The root when the log had `size` events. kNotFound beyond the head.
  [[nodiscard]] Result<Digest> root_at(std::uint64_t size) const;
  // The stored hash of one leaf. kNotFound beyond the head.
  [[nodiscard]] Result<Digest> leaf_hash_at(std::uint64_t position) const;

  [[nodiscard]] std::string_view name() const override { return "tree"; }
  [[nodiscard]] std::uint32_t version() const override { return 1; }
  [[nodiscard]] Result<void> open(Store& store) override;
  [[nodiscard]] Result<void> load(std::uint64_t size) override;
  void apply_to_memory(const CommittedFrame& frame) override;
  [[nodiscard]] Result<void> apply(const CommittedFrame& frame, StoreBatch& batch) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
