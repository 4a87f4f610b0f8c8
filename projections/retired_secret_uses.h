// Who still presents secrets that have retired: for each such secret how often that was recorded,
// first and last. Counts are of notices, and there is at most one an hour of a secret.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "projections/projection.h"

namespace keyledger {

struct RetiredSecretUse {
  KeyId key;
  SecretId secret;
  std::uint64_t count = 0;
  Timestamp first;
  Timestamp last;
  std::uint64_t position = 0;  // of the last notice
  bool operator==(const RetiredSecretUse&) const = default;
};

// Thread safety: queries from any thread.
class RetiredSecretUses : public Projection {
 public:
  RetiredSecretUses();
  ~RetiredSecretUses() override;

  // Of a workspace, newest first, at most `limit`; those whose last notice is before position
  // `before`.
  [[nodiscard]] Result<std::vector<RetiredSecretUse>> list(const WorkspaceId& workspace,
                                                           std::uint64_t before,
                                                           std::size_t limit) const;
  // When a retired secret of the key was last presented, as the notices say.
  [[nodiscard]] Result<OptionalTime> last_of(const WorkspaceId& workspace, const KeyId& key) const;

  [[nodiscard]] std::string_view name() const override { return "retired_secret_uses"; }
  [[nodiscard]] std::uint32_t version() const override { return 1; }
  [[nodiscard]] Result<void> open(Store& store) override;
  [[nodiscard]] Result<void> load(std::uint64_t size) override;
  [[nodiscard]] Result<void> apply(const CommittedFrame& frame, StoreBatch& batch) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
