// What falls due by the clock alone: keys that expire, warnings before that, secrets whose overlap
// ends. A row leaves when its notice is in the log or its cause is gone, so that nothing is
// recorded twice.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "events/event.h"
#include "projections/projection.h"

namespace keyledger {

// At most one of the two is set; without either the key expires.
struct DueNotice {
  Timestamp at;
  WorkspaceId workspace;
  KeyId key;
  std::optional<SecretId> secret;     // this secret's overlap ends
  std::optional<std::uint32_t> days;  // so many of kWarningDays, or fewer, are left until `expires`
  Timestamp expires = {};             // set with `days`
};

// Where a list of keys that expire goes on: behind the key that it names.
struct ExpiryPlace {
  Timestamp at;
  KeyId key;
  auto operator<=>(const ExpiryPlace&) const = default;
};

// Thread safety: queries from any thread.
class Schedule : public Projection {
 public:
  Schedule();
  ~Schedule() override;

  // Due at or before `now`, earliest first; of a key's warnings the most urgent alone, and none
  // once it has expired.
  [[nodiscard]] Result<std::vector<DueNotice>> due(Timestamp now, std::size_t limit) const;

  // Keys of a workspace that nothing has ended and that expire after `from`, at or before `until`,
  // soonest first; at most `limit`.
  [[nodiscard]] Result<std::vector<ExpiryPlace>> expiring(const WorkspaceId& workspace,
                                                          const ExpiryPlace& from, Timestamp until,
                                                          std::size_t limit) const;

  [[nodiscard]] std::string_view name() const override { return "schedule"; }
  [[nodiscard]] std::uint32_t version() const override { return 2; }
  [[nodiscard]] Result<void> open(Store& store) override;
  [[nodiscard]] Result<void> load(std::uint64_t size) override;
  [[nodiscard]] Result<void> apply(const CommittedFrame& frame, StoreBatch& batch) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
