// Calls that carried an Idempotency-Key: which events each wrote. Kept for ever.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/state_reader.h"
#include "projections/projection.h"

namespace keyledger {

// Thread safety: queries from any thread.
class Calls : public Projection {
 public:
  Calls();
  ~Calls() override;

  [[nodiscard]] Result<std::optional<RememberedCall>> remembered(const Digest& scope) const;

  [[nodiscard]] std::string_view name() const override { return "calls"; }
  [[nodiscard]] std::uint32_t version() const override { return 1; }
  [[nodiscard]] Result<void> open(Store& store) override;
  [[nodiscard]] Result<void> load(std::uint64_t size) override;
  [[nodiscard]] Result<void> apply(const CommittedFrame& frame, StoreBatch& batch) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
