// What is counted of one key in memory, and the list of keys whose counts are not on disk yet.
// Internal to the verify index; usage.cc brings it to disk.
//
// A slot holds absolute numbers: those since the key was made, and those of one period, the newest
// in which it was tried. So a row on disk is only ever replaced by a newer one, and a write that
// failed is simply done again. A period is begun without reading what its row says already; until
// that was added (begin_from) its counts are `partial`.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "projections/use_counts.h"

namespace keyledger {

struct KeyEntry;

// One attempt with a key.
struct Attempt {
  Verdict verdict = Verdict::kValid;
  Timestamp now;
  bool hourly = false;  // the length of the workspace's periods
  const RequestSource* from = nullptr;
};

// A period with its counts; partial: those on disk are to be added.
struct PeriodInMemory {
  PeriodUse use;
  bool partial = true;
};

// Periods that others have followed in memory before they were written; of each key, oldest first.
using FinishedPeriods = std::unordered_map<const KeyEntry*, std::vector<PeriodInMemory>>;

// The keys that were tried since their rows were written, and the periods that wait for it. Any
// thread.
class ChangedUses {
 public:
  static constexpr std::size_t kMaxFinished = 2'000'000;

  // No attempt counts in a period that began before, from the return of this on, except those that
  // take_changed() finds.
  void close_until(Timestamp time);  // never back
  [[nodiscard]] Timestamp closed_until() const { return {closed_ms_.load()}; }

  // Each key stands in it once. The caller holds the key's slot.
  void push(const KeyEntry& key);
  [[nodiscard]] std::vector<const KeyEntry*> take_changed();

  // Bounded: what does not fit is lost from its period's row, never from a key's total.
  void push_finished(const KeyEntry& key, const PeriodInMemory& finished);
  [[nodiscard]] FinishedPeriods take_finished();
  void put_back(FinishedPeriods finished);  // before all others, however many
  [[nodiscard]] bool has_finished() const;
  [[nodiscard]] std::vector<PeriodInMemory> finished_of(const KeyEntry& key) const;

 private:
  std::atomic<const KeyEntry*> head_{nullptr};
  std::atomic<std::int64_t> closed_ms_{0};
  mutable std::mutex mutex_;
  FinishedPeriods finished_;
  std::size_t finished_count_ = 0;
};

// One cache line, with a lock of its own that is held for some nanoseconds: counting neither waits
// for the table nor keeps a flush waiting. All functions but the lock's need the lock.
class alignas(64) UseSlot {
 public:
  void lock() noexcept;
  void unlock() noexcept { locked_.store(false, std::memory_order_release); }

  // `key` is the slot's own. Allocates at the first refusal and for an origin other than the last.
  void count(const Attempt& attempt, const KeyEntry& key, ChangedUses& changes);
  // When the key's current secret was last used; 0: never.
  [[nodiscard]] std::int64_t current_secret_ms() const { return secret_used_ms_; }
  void set_current_secret_ms(std::int64_t time) { secret_used_ms_ = time; }

  // Cheap ones, for lists.
  [[nodiscard]] Use use() const;
  [[nodiscard]] KeyUse total() const;  // without secrets
  [[nodiscard]] PeriodInMemory period() const;
  [[nodiscard]] bool has_period() const { return period_hour_ != kNone; }

  // After the slot was copied for its row. False: nothing was counted since the last time.
  void set_changed(bool changed) { changed_ = changed; }
  [[nodiscard]] bool changed() const { return changed_; }
  // Adds what the row of its partial period says.
  void begin_from(const PeriodUse& row);
  // What the row says of all time before: when the key is loaded.
  void load(const KeyUse& total);
  // What is older than such data may be kept: address and origin that were last seen on a day
  // before, and a written period that began before that day. True if that changed the row.
  bool forget_before(Timestamp time);

 private:
  // What most keys have not.
  struct Extras {
    std::optional<Origin> last_origin;
    UseDay origin_day = 0;
    VerdictCounts refused;  // since the key was made
    VerdictCounts period_refused;
    std::int64_t last_refused_ms = 0;
  };
  static constexpr std::uint32_t kNone = UINT32_MAX;
  void enter(const UsePeriod& period);
  void count_valid(const Attempt& attempt);
  Extras& extras();
  [[nodiscard]] UsePeriod period_key() const { return {period_hour_, hourly_}; }

  std::atomic<bool> locked_{false};
  bool changed_ : 1 = false;
  bool hourly_ : 1 = false;
  bool partial_ : 1 = true;
  bool has_ip_ : 1 = false;
  UseDay ip_day_ = 0;
  std::uint32_t period_hour_ = kNone;
  std::int64_t last_used_ms_ = 0;
  std::uint64_t uses_ = 0;
  std::uint64_t period_uses_ = 0;
  IpAddress ip_;
  std::int64_t secret_used_ms_ = 0;
  std::unique_ptr<Extras> extras_;
};
static_assert(sizeof(UseSlot) == 64);

}  // namespace keyledger
