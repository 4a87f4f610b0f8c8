// What falls due by the clock alone: keys that expire, secrets whose overlap ends. A row leaves
// when its notice is in the log or its cause is gone, so that nothing is recorded twice.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "events/event.h"
#include "projections/projection.h"

namespace keyledger {

struct DueNotice {
  Timestamp at;
  WorkspaceId workspace;
  KeyId key;
  std::optional<SecretId> secret;  // set: this secret's overlap ends; else the key expires
};

// Thread safety: queries from any thread.
class Schedule : public Projection {
 public:
  Schedule();
  ~Schedule() override;

  // Due at or before `now`, earliest first.
  [[nodiscard]] Result<std::vector<DueNotice>> due(Timestamp now, std::size_t limit) const;

  [[nodiscard]] std::string_view name() const override { return "schedule"; }
  [[nodiscard]] std::uint32_t version() const override { return 1; }
  [[nodiscard]] Result<void> open(Store& store) override;
  [[nodiscard]] Result<void> load(std::uint64_t size) override;
  [[nodiscard]] Result<void> apply(const CommittedFrame& frame, StoreBatch& batch) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
