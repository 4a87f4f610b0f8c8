#include "projections/usage.h"

#include <algorithm>
#include <map>
#include <span>
#include <tuple>
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

  [[nodiscard]] Result<void> open(const std::string& path, const StoreOptions& wanted,
                                  Timestamp now);
  [[nodiscard]] Result<void> flush(Timestamp now);
  [[nodiscard]] Result<void> write_finished();
  [[nodiscard]] Result<void> write_finished(std::span<const FinishedPeriod> some);
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
  const auto loaded = store->for_each_total(
      [this](const KeyId& key, const KeyUse& total) { index.load_uses(key, total); });
  if (!loaded) return loaded;
  return store->write_about({made, known_since, usable_since, std::nullopt});
}

void Usage::close(Timestamp now) {
  if (!rep_->store || !flush(now)) return;
  const std::lock_guard lock(rep_->flushing);
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

UsageStatus Usage::status() const {
  const std::lock_guard lock(rep_->state);
  return rep_->status;
}

// --- Flush ---

Result<void> Usage::flush(Timestamp now) {
  const std::lock_guard flushing(rep_->flushing);
  if (!rep_->store) return fail(ErrorCode::kStorage, "Usage is not kept.");
  auto flushed = rep_->flush(now);
  const std::lock_guard lock(rep_->state);
  rep_->status.problem = flushed ? std::string() : flushed.error().detail;
  if (flushed) {
    rep_->status.flushed = now;
  } else {
    ++rep_->status.failures;
  }
  return flushed;
}

Result<void> Usage::Rep::flush(Timestamp now) {
  for (std::size_t round = 0; round < kRounds; ++round) {
    if (auto done = write_finished(); !done) return done;
    if (auto done = write_changed(now); !done) return done;
    if (!index.changed_uses().has_finished()) break;
  }
  return store->sync();
}

Result<void> Usage::Rep::write_finished() {
  const std::lock_guard lock(batch);
  std::vector<FinishedPeriod> finished = index.changed_uses().take_finished();
  std::size_t done = 0;
  Result<void> written;
  while (done < finished.size() && written) {
    const std::size_t size = std::min(kKeysAtOnce, finished.size() - done);
    written = write_finished(std::span(finished).subspan(done, size));
    if (written) done += size;
  }
  finished.erase(finished.begin(), finished.begin() + static_cast<std::ptrdiff_t>(done));
  if (!finished.empty()) index.changed_uses().put_back(std::move(finished));
  return written;
}

// A key may have finished two periods since the last flush, or the same one twice.
Result<void> Usage::Rep::write_finished(std::span<const FinishedPeriod> some) {
  std::map<std::tuple<WorkspaceId, KeyId, UsePeriod>, PeriodUse> rows;
  for (const FinishedPeriod& finished : some) {
    const CountedKey owner = index.identity_of(*finished.key);
    const UsePeriod& period = finished.in.use.period;
    const auto [row, is_new] =
        rows.try_emplace({owner.workspace, owner.key, period}, finished.in.use);
    if (is_new && finished.in.partial) {
      const auto before = store->period_of(owner.workspace, period, owner.key);
      if (!before) return fail(before.error());
      add(row->second, *before);
    } else if (!is_new && finished.in.partial) {
      add(row->second, finished.in.use);
    } else if (!is_new) {
      row->second = finished.in.use;
    }
  }
  StoreBatch out;
  for (const auto& [row, use] : rows) {
    store->put_period(out, std::get<WorkspaceId>(row), std::get<KeyId>(row), use);
  }
  return store->write(std::move(out));
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
  if (auto done = flush(now); !done) return done;
  const std::lock_guard lock(rep_->flushing);
  if (rep_->put_back == 0 && !rep_->index.changed_uses().has_finished()) return {};
  return fail(ErrorCode::kBehind, "Some rows of a period that is over are not written yet.");
}

void Usage::close_until(Timestamp time) { rep_->index.changed_uses().close_until(time); }

Result<std::optional<PeriodDigest>> Usage::digest_after(const WorkspaceId& workspace, bool hourly,
                                                        Timestamp from) const {
  if (!rep_->store) return std::optional<PeriodDigest>();
  const auto period = rep_->store->next_period(workspace, hourly, from);
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

Result<std::vector<DayUse>> Usage::days(const WorkspaceId& workspace, const KeyId& key,
                                        Timestamp from, Timestamp to) const {
  const Rep& rep = *rep_;
  std::map<UsePeriod, PeriodUse> found;
  const std::uint32_t first = UsePeriod::of(from, false).start_hour;
  const std::uint32_t last = UsePeriod::of(to, false).start_hour + 23;
  const std::lock_guard lock(rep.batch);
  const std::vector<PeriodInMemory> newest = rep.index.periods_of(key);
  for (const bool hourly : {false, true}) {
    if (!rep.store) break;
    if (hourly) {  // most workspaces have none
      const auto any = rep.store->next_period(workspace, true, from);
      if (!any) return fail(any.error());
      if (!*any) break;
    }
    for (std::uint32_t hour = first; hour <= last; hour += hourly ? 1 : 24) {
      const auto row = rep.store->period_of(workspace, {hour, hourly}, key);
      if (!row) return fail(row.error());
      found[{hour, hourly}] = *row;
    }
  }
  for (const PeriodInMemory& in : newest) {
    if (in.use.period.start_hour < first || in.use.period.start_hour > last) continue;
    PeriodUse& use = found[in.use.period];
    if (in.partial) {
      add(use, in.use);
    } else {
      use = in.use;
    }
  }
  std::map<std::uint32_t, VerdictCounts> by_day;
  for (const auto& [period, use] : found) by_day[period.start_hour / 24 * 24] += use.counts;
  std::vector<DayUse> days;
  for (const auto& [hour, counts] : by_day) {
    if (counts == VerdictCounts()) continue;
    days.push_back({UsePeriod{hour, false}.from(), counts});
  }
  return days;
}

}  // namespace keyledger
