#include "projections/usage_store.h"

#include <utility>

#include "events/bytes.h"

namespace keyledger {
namespace {

constexpr std::string_view kAboutKey = "since";
constexpr std::uint8_t kAboutFormat = 1;

tl::unexpected<Error> damaged_use() {
  return fail(ErrorCode::kCorrupt, "A row of usage is damaged.");
}

}  // namespace

Result<std::unique_ptr<UsageStore>> UsageStore::open(const std::string& path,
                                                     StoreOptions options) {
  options.logged = true;
  options.holds = "usage";
  auto rows = Store::open(path, options);
  if (!rows) return fail(rows.error());
  auto store = std::unique_ptr<UsageStore>(new UsageStore(std::move(*rows)));
  for (const auto& [name, table] :
       {std::pair{"totals", &store->totals_}, std::pair{"periods", &store->periods_},
        std::pair{"about", &store->about_}}) {
    const auto opened = store->rows_->table(name);
    if (!opened) return fail(opened.error());
    *table = *opened;
  }
  return store;
}

Result<std::optional<UsageStore::About>> UsageStore::about() const {
  const auto row = rows_->get(*about_, kAboutKey);
  if (!row) return fail(row.error());
  if (!*row) return std::optional<About>();
  ByteReader in(**row);
  in.require(in.u8() == kAboutFormat);
  About about;
  about.made.ms = in.i64();
  about.known_since.ms = in.i64();
  about.usable_since.ms = in.i64();
  if (in.u8() == 1) about.closed = Timestamp{in.i64()};
  if (!in.finished()) return damaged_use();
  return std::optional(about);
}

Result<void> UsageStore::write_about(const About& about) {
  std::string value;
  ByteWriter out(value);
  out.u8(kAboutFormat);
  out.i64(about.made.ms);
  out.i64(about.known_since.ms);
  out.i64(about.usable_since.ms);
  out.u8(about.closed ? 1 : 0);
  if (about.closed) out.i64(about.closed->ms);
  StoreBatch batch;
  batch.put(*about_, kAboutKey, value);
  if (auto written = write(std::move(batch)); !written) return written;
  return sync();
}

Result<void> UsageStore::for_each_total(
    const std::function<void(const KeyId&, const KeyUse&)>& visit) const {
  const auto rows = rows_->cursor(*totals_);
  for (rows->seek({}); rows->valid(); rows->next()) {
    ByteReader in(rows->key());
    const KeyId key{in.array<16>()};
    const auto total = read_total(rows->value());
    if (!in.finished() || !total) return damaged_use();
    visit(key, *total);
  }
  return rows->status();
}

Result<PeriodUse> UsageStore::period_of(const WorkspaceId& workspace, const UsePeriod& period,
                                        const KeyId& key) const {
  const auto row = rows_->get(*periods_, period_key(workspace, period, key));
  if (!row) return fail(row.error());
  if (!*row) return PeriodUse{period, {}, std::nullopt};
  const auto use = read_period(period, **row);
  if (!use) return damaged_use();
  return *use;
}

Result<std::vector<PeriodUse>> UsageStore::periods_of(StoreCursor& snapshot,
                                                      const PeriodRowKey& first,
                                                      std::uint32_t last) {
  std::vector<PeriodUse> found;
  const std::string all = periods_prefix(first.workspace, first.period.hourly);
  UsePeriod period = first.period;
  while (period.start_hour <= last) {
    snapshot.seek(period_key(first.workspace, period, first.key));
    if (!snapshot.valid() || !snapshot.key().starts_with(all)) break;
    const auto row = read_period_key(snapshot.key());
    if (!row) return damaged_use();
    if (row->period != period) {  // none has a row in between
      period = row->period;
      continue;
    }
    if (row->key == first.key) {
      const auto use = read_period(period, snapshot.value());
      if (!use) return damaged_use();
      found.push_back(*use);
    }
    period.start_hour += period.hourly ? 1 : 24;
  }
  if (auto read = snapshot.status(); !read) return fail(read.error());
  return found;
}

Result<std::optional<UsePeriod>> UsageStore::next_period(const WorkspaceId& workspace, bool hourly,
                                                         Timestamp from) const {
  const auto rows = rows_->cursor(*periods_);
  UsePeriod first = UsePeriod::of(from, hourly);
  if (first.from() < from) first = UsePeriod::of(first.to(), hourly);
  const std::string all = periods_prefix(workspace, hourly);
  rows->seek(period_prefix(workspace, first));
  if (!rows->valid() || rows->key().substr(0, all.size()) != all) {
    if (auto read = rows->status(); !read) return fail(read.error());
    return std::optional<UsePeriod>();
  }
  const auto row = read_period_key(rows->key());
  if (!row) return damaged_use();
  return std::optional(row->period);
}

Result<PeriodDigest> UsageStore::digest_of(const WorkspaceId& workspace,
                                           const UsePeriod& period) const {
  const auto rows = rows_->cursor(*periods_);
  const std::string prefix = period_prefix(workspace, period);
  PeriodDigest digest{period, 0, {}};
  std::string bytes;
  for (rows->seek(prefix); rows->valid() && rows->key().substr(0, prefix.size()) == prefix;
       rows->next()) {
    bytes.append(rows->key().substr(prefix.size())).append(rows->value());
    ++digest.rows;
  }
  if (auto read = rows->status(); !read) return fail(read.error());
  digest.digest = sha256(bytes);
  return digest;
}

void UsageStore::put_total(StoreBatch& batch, const KeyId& key, const KeyUse& total) const {
  std::string row;
  ByteWriter(row).array(key.bytes);
  batch.put(*totals_, row, total_value(total));
}

void UsageStore::put_period(StoreBatch& batch, const WorkspaceId& workspace, const KeyId& key,
                            const PeriodUse& use) const {
  batch.put(*periods_, period_key(workspace, use.period, key), period_value(use));
}

Result<void> UsageStore::erase_periods_before(const WorkspaceId& workspace, Timestamp time) {
  StoreBatch batch;
  for (const bool hourly : {false, true}) {
    batch.erase_range(*periods_, periods_prefix(workspace, hourly),
                      period_prefix(workspace, UsePeriod::of(time, hourly)));
  }
  return write(std::move(batch));
}

}  // namespace keyledger
