#include "projections/use_slot.h"

#include <sched.h>

#include <algorithm>
#include <utility>

#include "projections/verify_index_table.h"

namespace keyledger {

// --- What changed ---

void ChangedUses::close_until(Timestamp time) {
  if (time > closed_until()) closed_ms_.store(time.ms);  // one thread closes
}

void ChangedUses::push(const KeyEntry& key) {
  const KeyEntry* next = head_.load(std::memory_order_relaxed);
  do {
    key.next_changed = next;
  } while (!head_.compare_exchange_weak(next, &key));
}

// The keys stay marked until their slots are copied, so none is pushed again meanwhile and the
// links hold.
std::vector<const KeyEntry*> ChangedUses::take_changed() {
  std::vector<const KeyEntry*> keys;
  for (const KeyEntry* key = head_.exchange(nullptr); key != nullptr; key = key->next_changed) {
    keys.push_back(key);
  }
  return keys;
}

void ChangedUses::push_finished(const KeyEntry& key, const PeriodInMemory& finished) {
  const std::lock_guard lock(mutex_);
  if (finished_count_ == kMaxFinished) return;
  finished_[&key].push_back(finished);
  ++finished_count_;
}

FinishedPeriods ChangedUses::take_finished() {
  const std::lock_guard lock(mutex_);
  finished_count_ = 0;
  return std::exchange(finished_, {});
}

void ChangedUses::put_back(FinishedPeriods finished) {
  const std::lock_guard lock(mutex_);
  for (auto& [key, periods] : finished) {
    finished_count_ += periods.size();
    std::vector<PeriodInMemory>& all = finished_[key];
    periods.insert(periods.end(), all.begin(), all.end());
    all = std::move(periods);
  }
}

bool ChangedUses::has_finished() const {
  const std::lock_guard lock(mutex_);
  return !finished_.empty();
}

std::vector<PeriodInMemory> ChangedUses::finished_of(const KeyEntry& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = finished_.find(&key);
  return found == finished_.end() ? std::vector<PeriodInMemory>() : found->second;
}

// --- A slot ---

void UseSlot::lock() noexcept {
  constexpr int kSpins = 100;
  int spins = 0;
  while (locked_.exchange(true, std::memory_order_acquire)) {
    while (locked_.load(std::memory_order_relaxed)) {
      if (++spins > kSpins) ::sched_yield();  // its holder is not running
    }
  }
}

UseSlot::Extras& UseSlot::extras() {
  if (!extras_) extras_ = std::make_unique<Extras>();
  return *extras_;
}

// Marked as changed before the end of closed periods is looked at, and with no weaker order than
// the one there is by default: so either this looks after close_until(), or take_changed() after
// that finds the key.
void UseSlot::count(const Attempt& attempt, const KeyEntry& key, ChangedUses& changes) {
  const bool was_changed = changed_;
  changed_ = true;
  if (!was_changed) changes.push(key);
  const Timestamp counted = std::max(attempt.now, changes.closed_until());
  const UsePeriod period = UsePeriod::of(counted, attempt.hourly);
  const bool is_first = !has_period();
  if (is_first || period.start_hour > period_hour_ || period.hourly != hourly_) {
    if (was_changed && !is_first) changes.push_finished(key, this->period());
    enter(period);
  }
  if (attempt.verdict == Verdict::kValid) {
    count_valid(attempt);
    return;
  }
  Extras& refusals = extras();
  ++refusals.refused[attempt.verdict];
  ++refusals.period_refused[attempt.verdict];
  refusals.last_refused_ms = std::max(refusals.last_refused_ms, attempt.now.ms);
}

void UseSlot::enter(const UsePeriod& period) {
  period_hour_ = period.start_hour;
  hourly_ = period.hourly;
  partial_ = true;
  period_uses_ = 0;
  if (extras_) extras_->period_refused = {};
}

void UseSlot::count_valid(const Attempt& attempt) {
  ++uses_;
  ++period_uses_;
  if (attempt.now.ms < last_used_ms_) return;
  last_used_ms_ = attempt.now.ms;
  if (attempt.from == nullptr) return;
  if (attempt.from->ip) {
    ip_ = *attempt.from->ip;
    has_ip_ = true;
    ip_day_ = use_day_of(attempt.now);
  }
  if (!attempt.from->origin) return;
  extras().origin_day = use_day_of(attempt.now);
  if (extras_->last_origin != attempt.from->origin) extras_->last_origin = attempt.from->origin;
}

namespace {

OptionalTime time_or_none(std::int64_t ms) {
  if (ms == 0) return std::nullopt;
  return Timestamp{ms};
}

}  // namespace

Use UseSlot::use() const {
  Use use;
  use.count = uses_;
  use.last_used_at = time_or_none(last_used_ms_);
  if (!extras_) return use;
  use.refused = extras_->refused.refused();
  use.last_refused_at = time_or_none(extras_->last_refused_ms);
  return use;
}

KeyUse UseSlot::total() const {
  KeyUse total;
  if (extras_) {
    total.counts = extras_->refused;
    total.last_refused_at = time_or_none(extras_->last_refused_ms);
    total.last_origin = extras_->last_origin;
    total.origin_day = extras_->origin_day;
  }
  total.counts[Verdict::kValid] = uses_;
  total.last_used_at = time_or_none(last_used_ms_);
  if (has_ip_) total.last_ip = ip_;
  total.ip_day = ip_day_;
  return total;
}

PeriodInMemory UseSlot::period() const {
  PeriodInMemory in;
  in.partial = partial_;
  in.use.period = period_key();
  if (extras_) in.use.counts = extras_->period_refused;
  in.use.counts[Verdict::kValid] = period_uses_;
  if (period_uses_ != 0) in.use.last_used_at = time_or_none(last_used_ms_);
  return in;
}

void UseSlot::begin_from(const PeriodUse& row) {
  partial_ = false;
  period_uses_ += row.counts[Verdict::kValid];
  if (row.counts.refused() == 0) return;
  VerdictCounts refused = row.counts;
  refused[Verdict::kValid] = 0;
  extras().period_refused += refused;
}

void UseSlot::load(const KeyUse& total) {
  uses_ += total.counts[Verdict::kValid];
  if (total.last_used_at) last_used_ms_ = std::max(last_used_ms_, total.last_used_at->ms);
  if (total.last_ip) {
    ip_ = *total.last_ip;
    has_ip_ = true;
    ip_day_ = total.ip_day;
  }
  if (total.last_origin) {
    extras().last_origin = total.last_origin;
    extras_->origin_day = total.origin_day;
  }
  if (!total.last_refused_at) return;
  extras().refused += total.counts;
  extras_->refused[Verdict::kValid] = 0;
  extras_->last_refused_ms = std::max(extras_->last_refused_ms, total.last_refused_at->ms);
}

bool UseSlot::forget_before(Timestamp time) {
  if (!changed_ && has_period() && period_key() < UsePeriod::of(time, hourly_)) {
    period_hour_ = kNone;
  }
  const UseDay first = use_day_of(time);
  const bool drops_ip = has_ip_ && ip_day_ < first;
  const bool drops_origin = extras_ && extras_->last_origin && extras_->origin_day < first;
  if (drops_ip) {
    has_ip_ = false;
    ip_ = {};
    ip_day_ = 0;
  }
  if (drops_origin) {
    extras_->last_origin.reset();
    extras_->origin_day = 0;
  }
  return drops_ip || drops_origin;
}

}  // namespace keyledger
