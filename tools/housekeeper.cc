#include "tools/housekeeper.h"

#include <spdlog/spdlog.h>

#include <chrono>

#include "events/log/watermark.h"
#include "tools/due_notices.h"

namespace keyledger {
namespace {

constexpr std::chrono::milliseconds kWatermarkLag{500};

}  // namespace

Result<void> write_watermark_of(const Projections& projections, const std::string& path) {
  const TreeHead head = projections.tree().head();
  return write_watermark(path, {head.size, head.root, projections.directory().origin()});
}

Housekeeper::Housekeeper(Ledger& ledger, Projections& projections, std::string watermark_path,
                         std::function<Timestamp()> clock)
    : ledger_(ledger),
      projections_(projections),
      watermark_path_(std::move(watermark_path)),
      clock_(std::move(clock)),
      started_(std::chrono::steady_clock::now()),
      inactivity_(ledger, projections, std::max(clock_(), projections.last_time()), uptime()) {
  tick();
  thread_.emplace(std::chrono::seconds(1), [this](const std::stop_token& /*stop*/) { tick(); });
}

void Housekeeper::tick() {
  write_watermark();
  record_due();
  inactivity_.step(std::max(clock_(), projections_.last_time()), uptime());
  write_watermark();
}

std::chrono::milliseconds Housekeeper::uptime() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               started_);
}

void Housekeeper::write_watermark() {
  const std::uint64_t size = projections_.tree().head().size;
  if (size == written_size_) return;
  if (const auto written = write_watermark_of(projections_, watermark_path_); !written) {
    spdlog::error("the watermark could not be written: {}", written.error().detail);
    return;
  }
  written_size_ = size;
}

void Housekeeper::record_due() {
  if (!ledger_.accepts_writes()) return;
  auto next_watermark = std::chrono::steady_clock::now() + kWatermarkLag;
  // A thousand notices take a thousand fsyncs: the watermark does not wait for all of them.
  record_due_notices(ledger_, projections_.schedule(), clock_(), [&] {
    if (std::chrono::steady_clock::now() < next_watermark) return;
    write_watermark();
    next_watermark = std::chrono::steady_clock::now() + kWatermarkLag;
  });
}

}  // namespace keyledger
