#include "projections/usage_rows.h"

#include <array>
#include <utility>

#include "events/bytes.h"

namespace keyledger {
namespace {

// Verdicts stand in rows and digests by these numbers, for ever.
static_assert(static_cast<int>(Verdict::kRevoked) == 3);
static_assert(static_cast<int>(Verdict::kSecretRetired) == 8);
static_assert(static_cast<int>(Verdict::kRateLimited) == 14);
static_assert(static_cast<int>(Verdict::kValid) == 15);

constexpr std::uint8_t kTotalFormat = 2;
constexpr std::uint8_t kTotalWithoutDays = 1;  // what they tell was seen at the last use
constexpr std::uint8_t kHasIp = 1;
constexpr std::uint8_t kHasOrigin = 2;
constexpr std::uint8_t kHasPort = 4;

void write_counts(ByteWriter& out, const VerdictCounts& counts) {
  std::array<Verdict, VerdictCounts::kSize> given{};
  std::size_t size = 0;
  for (std::size_t code = VerdictCounts::kFirst; code <= static_cast<std::size_t>(Verdict::kValid);
       ++code) {
    const auto verdict = static_cast<Verdict>(code);
    if (counts[verdict] != 0) given[size++] = verdict;
  }
  out.u8(static_cast<std::uint8_t>(size));
  for (std::size_t i = 0; i < size; ++i) {
    out.u8(static_cast<std::uint8_t>(given[i]));
    out.u64(counts[given[i]]);
  }
}

// Ascending, none twice, none of zero: one form for each.
VerdictCounts read_counts(ByteReader& in) {
  VerdictCounts counts;
  const std::uint8_t size = in.u8();
  int last = -1;
  for (int i = 0; i < size && in.ok(); ++i) {
    const std::uint8_t code = in.u8();
    const std::uint64_t count = in.u64();
    const auto verdict = static_cast<Verdict>(code);
    in.require(code > last && code <= static_cast<std::uint8_t>(Verdict::kValid) &&
               VerdictCounts::counts(verdict) && count != 0);
    if (in.ok()) counts[verdict] = count;
    last = code;
  }
  return counts;
}

void write_time(ByteWriter& out, const OptionalTime& time) { out.i64(time ? time->ms : 0); }

OptionalTime read_time(ByteReader& in) {
  const std::int64_t ms = in.i64();
  if (ms == 0) return std::nullopt;
  return Timestamp{ms};
}

}  // namespace

std::string total_value(const KeyUse& total) {
  std::string value;
  ByteWriter out(value);
  out.u8(kTotalFormat);
  write_counts(out, total.counts);
  write_time(out, total.last_used_at);
  write_time(out, total.last_refused_at);
  const auto& origin = total.last_origin;
  out.u8((total.last_ip ? kHasIp : 0) | (origin ? kHasOrigin : 0) |
         (origin && origin->port ? kHasPort : 0));
  if (total.last_ip) {
    out.array(total.last_ip->bytes);
    out.u16(total.ip_day);
  }
  if (origin) {
    out.u16(total.origin_day);
    out.sized(origin->scheme);
    out.sized(origin->host);
    if (origin->port) out.u16(*origin->port);
  }
  out.varint(total.secrets.size());
  for (const SecretUse& use : total.secrets) {
    out.array(use.secret.bytes);
    out.i64(use.last_used_at.ms);
  }
  return value;
}

std::optional<KeyUse> read_total(std::string_view value) {
  ByteReader in(value);
  const std::uint8_t format = in.u8();
  in.require(format == kTotalFormat || format == kTotalWithoutDays);
  const bool has_days = format == kTotalFormat;
  KeyUse total;
  total.counts = read_counts(in);
  total.last_used_at = read_time(in);
  total.last_refused_at = read_time(in);
  const std::uint8_t has = in.u8();
  const UseDay last_day = use_day_of(total.last_used_at.value_or(Timestamp()));
  if ((has & kHasIp) != 0) {
    total.last_ip = IpAddress{in.array<16>()};
    total.ip_day = has_days ? in.u16() : last_day;
  }
  if ((has & kHasOrigin) != 0) {
    total.origin_day = has_days ? in.u16() : last_day;
    Origin& origin = total.last_origin.emplace();
    origin.scheme = in.sized();
    origin.host = in.sized();
    if ((has & kHasPort) != 0) origin.port = in.u16();
  }
  constexpr std::size_t kSecretSize = 24;
  total.secrets.resize(in.count(kSecretSize));
  for (SecretUse& use : total.secrets) {
    use.secret.bytes = in.array<16>();
    use.last_used_at.ms = in.i64();
  }
  if (!in.finished()) return std::nullopt;
  return total;
}

std::string periods_prefix(const WorkspaceId& workspace, bool hourly) {
  std::string prefix;
  ByteWriter out(prefix);
  out.array(workspace.bytes);
  out.u8(hourly ? 1 : 0);
  return prefix;
}

std::string period_prefix(const WorkspaceId& workspace, const UsePeriod& period) {
  std::string prefix = periods_prefix(workspace, period.hourly);
  ByteWriter(prefix).u32(period.start_hour);
  return prefix;
}

std::string period_key(const WorkspaceId& workspace, const UsePeriod& period, const KeyId& key) {
  std::string row = period_prefix(workspace, period);
  ByteWriter(row).array(key.bytes);
  return row;
}

std::optional<PeriodRowKey> read_period_key(std::string_view key) {
  ByteReader in(key);
  PeriodRowKey row;
  row.workspace.bytes = in.array<16>();
  const std::uint8_t hourly = in.u8();
  in.require(hourly <= 1);
  row.period.hourly = hourly == 1;
  row.period.start_hour = in.u32();
  row.key.bytes = in.array<16>();
  if (!in.finished()) return std::nullopt;
  return row;
}

std::string period_value(const PeriodUse& use) {
  std::string value;
  ByteWriter out(value);
  write_counts(out, use.counts);
  write_time(out, use.last_used_at);
  return value;
}

std::optional<PeriodUse> read_period(const UsePeriod& period, std::string_view value) {
  ByteReader in(value);
  PeriodUse use;
  use.period = period;
  use.counts = read_counts(in);
  use.last_used_at = read_time(in);
  if (!in.finished()) return std::nullopt;
  return use;
}

}  // namespace keyledger
