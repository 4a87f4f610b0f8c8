#include "projections/usage.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "projections/usage_store.h"
#include "projections/use_slot.h"

namespace keyledger {
namespace {

constexpr std::size_t kKeysAtOnce = 1000;
constexpr std::size_t kRounds = 3;
constexpr std::int64_t kShortBreakMs = 3'600'000;

void add(PeriodUse& to, const PeriodUse& more) {
  to.counts += more.counts;
  to.last_used_at = std::max(to.last_used_at, more.last_used_at);
}

}  // namespace

struct Usage::Rep {
  explicit Rep(VerifyIndex& index_in) : index(index_in) {}

  VerifyIndex& index;
  std::unique_ptr<UsageStore> store;  // null: nothing is kept

  std::mutex flushing;       // one flush at a time
  std::size_t put_back = 0;  // keys that the last one could not take
  mutable std::mutex batch;  // held while rows that were taken from memory are not yet on disk
  mutable std::mutex state;
  UsageStatus status;
  Timestamp known_since = kLastTime;  // not open: nothing is known
  Timestamp usable_since = kLastTime;
  Timestamp made;

  [[nodiscard]] Result<void> open(const std::string& path, const StoreOptions& options,
                                  Timestamp now);
  // The caller holds `flushing`.
  [[nodiscard]] Result<void> flush(Timestamp now);
  [[nodiscard]] Result<void> write_all(Timestamp now);
  [[nodiscard]] Result<void> write_finished();
  [[nodiscard]] Result<void> write_finished(FinishedPeriods& some);
  [[nodiscard]] Result<void> make_whole(const CountedKey& owner,
                                        std::vector<PeriodInMemory>& periods) const;
  [[nodiscard]] Result<void> write_changed(Timestamp now);
  // Those that could not be taken now wait again.
  [[nodiscard]] Result<void> write_changed(std::span<const KeyEntry* const> keys, Timestamp now);
  // What to write of the key; still `partial` if a finished period has to be written first.
  [[nodiscard]] Result<CountedKey> take(const KeyEntry& key, Timestamp now);
};

Usage::Usage(VerifyIndex& index) : rep_(std::make_unique<Rep>(index)) {}
Usage::~Usage() = default;

// --- Start and end ---

Result<void> Usage::open(const std::string& path, const StoreOptions& options, Timestamp now) {
  auto opened = rep_->open(path, options, now);
  const std::lock_guard lock(rep_->state);
  if (!opened) {
    rep_->store.reset();
    rep_->known_since = now;  // what was loaded is true all the same
    rep_->usable_since = now;
    rep_->status.problem = opened.error().detail;
  }
  rep_->status.kept = opened.has_value();
  return opened;
}

Result<void> Usage::Rep::open(const std::string& path, const StoreOptions& options, Timestamp now) {
  auto opened = UsageStore::open(path, options);
  if (!opened) return fail(opened.error());
  store = std::move(*opened);
  const auto about = store->about();
  if (!about) return fail(about.error());
  const bool knows_all = *about && (*about)->closed;
  known_since = knows_all ? (*about)->known_since : now;
  const bool was_short = knows_all && now.ms - (*about)->closed->ms <= kShortBreakMs;
  usable_since = was_short ? (*about)->usable_since : now;
  made = *about ? (*about)->made : now;
  {
    const std::lock_guard lock(state);
    status.is_new = !*about;
  }
  const auto loaded = store->for_each_total(
      [this](const KeyId& key, const KeyUse& total) { index.load_uses(key, total); });
  if (!loaded) return loaded;
  return store->write_about({made, known_since, usable_since, std::nullopt});
}

void Usage::close(Timestamp now) {
  const std::lock_guard flushing(rep_->flushing);
  if (!rep_->store || !rep_->flush(now)) return;
  static_cast<void>(rep_->store->write_about({rep_->made, known_since(), usable_since(), now}));
}

Timestamp Usage::known_since() const {
  const std::lock_guard lock(rep_->state);
  return rep_->known_since;
}

Timestamp Usage::usable_since() const {
  const std::lock_guard lock(rep_->state);
  return rep_->usable_since;
}

void Usage::clock_jumped(Timestamp now) {
  const std::lock_guard lock(rep_->state);
  rep_->usable_since = now;
}

Timestamp Usage::used_or_usable_since(const KeyId& key) const {
  const OptionalTime used = rep_->index.use_of(key).last_used_at;
  const Timestamp usable = usable_since();
  return std::max(used.value_or(usable), usable);
}

UsageStatus Usage::status() const {
  const std::lock_guard lock(rep_->state);
  return rep_->status;
}

// --- Flush ---

Result<void> Usage::flush(Timestamp now) {
  const std::lock_guard flushing(rep_->flushing);
  return rep_->flush(now);
}

Result<void> Usage::Rep::flush(Timestamp now) {
  if (!store) return fail(ErrorCode::kStorage, "Usage is not kept.");
  auto written = write_all(now);
  const std::lock_guard lock(state);
  status.problem = written ? std::string() : written.error().detail;
  if (written) {
    status.flushed = now;
  } else {
    ++status.failures;
  }
  return written;
}

Result<void> Usage::Rep::write_all(Timestamp now) {
  for (std::size_t round = 0; round < kRounds; ++round) {
    if (auto done = write_finished(); !done) return done;
    if (auto done = write_changed(now); !done) return done;
    if (!index.changed_uses().has_finished()) break;
  }
  return store->sync();
}

Result<void> Usage::Rep::write_finished() {
  const std::lock_guard lock(batch);
  FinishedPeriods finished = index.changed_uses().take_finished();
  Result<void> written;
  while (!finished.empty() && written) {
    FinishedPeriods some;
    while (!finished.empty() && some.size() < kKeysAtOnce) {
      some.insert(finished.extract(finished.begin()));
    }
    written = write_finished(some);
    if (!written) index.changed_uses().put_back(std::move(some));
  }
  index.changed_uses().put_back(std::move(finished));
  return written;
}

Result<void> Usage::Rep::write_finished(FinishedPeriods& some) {
  StoreBatch rows;
  for (auto& [key, periods] : some) {
    const CountedKey owner = index.identity_of(*key);
    if (auto whole = make_whole(owner, periods); !whole) return whole;
    for (const PeriodInMemory& period : periods) {
      store->put_period(rows, owner.workspace, owner.key, period.use);
    }
  }
  return store->write(std::move(rows));
}

// A key may have finished two periods since the last flush, or the same one twice. What rows say
// already is added here once, even if the write fails and is done again.
Result<void> Usage::Rep::make_whole(const CountedKey& owner,
                                    std::vector<PeriodInMemory>& periods) const {
  std::map<UsePeriod, PeriodUse> whole;
  for (const PeriodInMemory& in : periods) {
    const auto [row, is_new] = whole.try_emplace(in.use.period, in.use);
    if (!in.partial) {
      row->second = in.use;
    } else if (!is_new) {
      add(row->second, in.use);
    } else {
      const auto before = store->period_of(owner.workspace, in.use.period, owner.key);
      if (!before) return fail(before.error());
      add(row->second, *before);
    }
  }
  periods.clear();
  for (const auto& [period, use] : whole) periods.push_back({use, false});
  return {};
}

Result<void> Usage::Rep::write_changed(Timestamp now) {
  put_back = 0;
  const std::vector<const KeyEntry*> keys = index.changed_uses().take_changed();
  std::size_t done = 0;
  Result<void> written;
  while (done < keys.size() && written) {
    const std::size_t size = std::min(kKeysAtOnce, keys.size() - done);
    written = write_changed(std::span(keys).subspan(done, size), now);
    done += size;
  }
  CountedKey not_taken;
  not_taken.partial = true;
  for (; done < keys.size(); ++done) index.wait_again(not_taken, *keys[done]);
  return written;
}

Result<CountedKey> Usage::Rep::take(const KeyEntry& key, Timestamp now) {
  CountedKey counted = index.take(key, now);
  while (counted.partial) {
    const auto row = store->period_of(counted.workspace, counted.period.period, counted.key);
    if (!row) return fail(row.error());
    if (!index.begin_period_from(key, *row) && index.changed_uses().has_finished()) break;
    counted = index.take(key, now);
  }
  return counted;
}

Result<void> Usage::Rep::write_changed(std::span<const KeyEntry* const> keys, Timestamp now) {
  const std::lock_guard lock(batch);
  StoreBatch rows;
  std::vector<CountedKey> taken;
  taken.reserve(keys.size());
  Result<void> written;
  for (const KeyEntry* const key : keys) {
    auto counted = take(*key, now);
    if (!counted) {
      written = fail(counted.error());
      break;
    }
    taken.push_back(std::move(*counted));
    const CountedKey& row = taken.back();
    if (row.partial) continue;
    store->put_total(rows, row.key, row.total);
    if (row.has_period) store->put_period(rows, row.workspace, row.key, row.period);
  }
  if (written) written = store->write(std::move(rows));
  CountedKey not_taken;
  not_taken.partial = true;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const CountedKey& counted = i < taken.size() ? taken[i] : not_taken;
    if (written && !counted.partial) continue;
    index.wait_again(counted, *keys[i]);
    ++put_back;
  }
  return written;
}

// --- Digests, retention ---

Result<void> Usage::finish_until(Timestamp time, Timestamp now) {
  close_until(time);
  const std::lock_guard flushing(rep_->flushing);
  if (auto done = rep_->flush(now); !done) return done;
  if (rep_->put_back == 0 && !rep_->index.changed_uses().has_finished()) return {};
  return fail(ErrorCode::kBehind, "Some rows of a period that is over are not written yet.");
}

void Usage::close_until(Timestamp time) { rep_->index.changed_uses().close_until(time); }

Result<std::optional<UsePeriod>> Usage::next_period(const WorkspaceId& workspace, bool hourly,
                                                    Timestamp from) const {
  if (!rep_->store) return std::optional<UsePeriod>();
  return rep_->store->next_period(workspace, hourly, from);
}

Result<std::optional<PeriodDigest>> Usage::digest_after(const WorkspaceId& workspace, bool hourly,
                                                        Timestamp from) const {
  const auto period = next_period(workspace, hourly, from);
  if (!period) return fail(period.error());
  if (!*period || (*period)->to() > rep_->index.changed_uses().closed_until()) {
    return std::optional<PeriodDigest>();
  }
  const auto digest = rep_->store->digest_of(workspace, **period);
  if (!digest) return fail(digest.error());
  return std::optional(*digest);
}

Result<void> Usage::forget(const std::map<WorkspaceId, Timestamp>& before) {
  if (!rep_->store) return {};
  const std::lock_guard flushing(rep_->flushing);
  for (const auto& [workspace, time] : before) {
    const std::lock_guard lock(rep_->batch);
    if (auto done = rep_->store->erase_periods_before(workspace, time); !done) return done;
  }
  return rep_->store->for_each_total(
      [&](const KeyId& key, const KeyUse& /*total*/) { rep_->index.forget_uses(key, before); });
}

// --- Queries ---

namespace {

// The same with what memory knows better, by day; days without any are left out.
std::vector<DayUse> by_day(std::map<UsePeriod, PeriodUse> found,
                           const std::vector<PeriodInMemory>& newest, std::uint32_t first,
                           std::uint32_t last) {
  for (const PeriodInMemory& in : newest) {
    if (in.use.period.start_hour < first || in.use.period.start_hour > last) continue;
    PeriodUse& use = found[in.use.period];
    if (in.partial) {
      add(use, in.use);
    } else {
      use = in.use;
    }
  }
  std::map<std::uint32_t, VerdictCounts> sums;
  for (const auto& [period, use] : found) sums[period.start_hour / 24 * 24] += use.counts;
  std::vector<DayUse> days;
  for (const auto& [hour, counts] : sums) {
    if (counts == VerdictCounts()) continue;
    days.push_back({UsePeriod{hour, false}.from(), counts});
  }
  return days;
}

}  // namespace

Result<std::vector<DayUse>> Usage::days(const WorkspaceId& workspace, const KeyId& key,
                                        Timestamp from, Timestamp to) const {
  const std::uint32_t first = UsePeriod::of(from, false).start_hour;
  const std::uint32_t last = UsePeriod::of(to, false).start_hour + 23;
  std::unique_ptr<StoreCursor> rows;
  std::vector<PeriodInMemory> newest;
  {
    const std::lock_guard lock(rep_->batch);
    newest = rep_->index.periods_of(key);
    if (rep_->store) rows = rep_->store->snapshot();
  }
  std::map<UsePeriod, PeriodUse> found;
  for (const bool hourly : {false, true}) {
    if (!rows) break;
    auto some = UsageStore::periods_of(*rows, {workspace, {first, hourly}, key}, last);
    if (!some) return fail(some.error());
    for (PeriodUse& use : *some) found.emplace(use.period, use);
  }
  return by_day(std::move(found), newest, first, last);
}

}  // namespace keyledger
