#include "tools/verify_ledger.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <utility>

#include "events/committed_frame.h"
#include "events/log/rocksdb_log.h"
#include "events/log/watermark.h"
#include "events/proof/merkle.h"
#include "events/proof/tiles.h"
#include "projections/all.h"
#include "tools/service.h"
#include "tools/verify_usage.h"

namespace keyledger {
namespace {

using Progress = std::function<void(std::uint64_t, std::uint64_t)>;

// What is wrong, as a value that ends the search.
struct Damage {
  std::string what;
  std::optional<std::uint64_t> position;
};

Damage damage_of(const Error& error, std::uint64_t else_at) {
  return {error.detail, error.position.value_or(else_at)};
}

// What must hold from one event to the next.
class Sequence {
 public:
  std::optional<Damage> check(const RecordedEvent& event) {
    const auto wrong = [&](std::string what) { return Damage{std::move(what), event.position}; };
    if (event.position != next_) {
      return wrong(fmt::format("position {} stands where {} belongs", event.position, next_));
    }
    ++next_;
    if (event.time < last_time_) {
      return wrong(
          fmt::format("event {} was recorded before the one in front of it", event.position));
    }
    last_time_ = event.time;
    if (event.workspace_seq != workspaces_[event.workspace]++) {
      return wrong(
          fmt::format("event {} does not follow its workspace's event before it", event.position));
    }
    std::uint32_t& version = versions_[event.stream];
    if (!is_notice(event.event)) ++version;
    if (event.version != version) {
      return wrong(fmt::format("event {} has version {} of its stream instead of {}",
                               event.position, event.version, version));
    }
    return std::nullopt;
  }

  [[nodiscard]] std::uint64_t workspaces() const { return workspaces_.size(); }

 private:
  std::uint64_t next_ = 0;
  Timestamp last_time_;
  std::map<WorkspaceId, std::uint64_t> workspaces_;
  std::map<StreamId, std::uint32_t> versions_;
};

std::uint64_t count_blobs(const Side& side) {
  std::uint64_t count = 0;
  for (const EventSide& event : side.events) {
    count += (event.actor ? 1U : 0U) + (event.subject ? 1U : 0U);
  }
  return count;
}

// One look at one ledger. Each step answers the damage it found, or nothing.
class Verification {
 public:
  Verification(RocksdbLog& log, std::optional<Watermark> watermark, VerifyReport& report,
               const Progress& progress)
      : log_(log), watermark_(std::move(watermark)), report_(report), progress_(progress) {}

  std::optional<Damage> check_events() {
    Sequence sequence;
    const std::uint64_t size = log_.size();
    while (report_.events < size) {
      const auto frames = log_.read(report_.events, 4U << 20U);
      if (!frames) return damage_of(frames.error(), report_.events);
      if (frames->empty()) {
        return Damage{fmt::format("event {} is missing", report_.events), report_.events};
      }
      for (const StoredFrame& stored : *frames) {
        if (auto damage = check_frame(stored, sequence)) return damage;
      }
      if (progress_) progress_(report_.events, size);
    }
    report_.workspaces = sequence.workspaces();
    report_.root = tree_.root();
    return std::nullopt;
  }

  std::optional<Damage> check_watermark() const {
    if (!watermark_) {
      if (report_.events == 0) return std::nullopt;
      return Damage{"the watermark file is missing", std::nullopt};
    }
    if (watermark_->size > report_.events) {
      return Damage{fmt::format("{} events were acknowledged; those from position {} on are lost",
                                watermark_->size, report_.events),
                    report_.events};
    }
    if (root_at_watermark_ && *root_at_watermark_ != watermark_->root) {
      return Damage{
          fmt::format("the first {} events do not have the watermark's root", watermark_->size),
          std::nullopt};
    }
    return std::nullopt;
  }

  // The first leaf that the stored tree knows otherwise.
  std::optional<Damage> check_tree(const Tree& tree) const {
    if (tree.head().size == report_.events && tree.head().root == report_.root) {
      return std::nullopt;
    }
    for (std::uint64_t position = 0; position < report_.events;) {
      const auto frames = log_.read(position, 1U << 20U);
      if (!frames || frames->empty()) break;
      for (const StoredFrame& stored : *frames) {
        const auto frame = decode_frame(stored.frame);
        if (!frame) return Damage{frame.error().detail, position};
        for (; position < frame->end_position(); ++position) {
          const auto known = tree.leaf_hash_at(position);
          const std::string& leaf = frame->leaves[position - frame->first_position];
          if (!known || *known != merkle::leaf_hash(leaf)) {
            return Damage{fmt::format("event {} is not the one that the tree holds", position),
                          position};
          }
        }
      }
    }
    return Damage{"the stored tree has another root than the events", std::nullopt};
  }

  std::optional<Damage> compare_rows(Store& live, Store& fresh) {
    if (live.table_names() != fresh.table_names()) {
      return Damage{"the derived database has other tables than a fresh replay", std::nullopt};
    }
    for (const std::string& name : live.table_names()) {
      const auto live_table = live.table(name);
      const auto fresh_table = fresh.table(name);
      if (!live_table || !fresh_table) {
        return Damage{fmt::format("table {} cannot be read", name), std::nullopt};
      }
      const auto a = live.cursor(**live_table);
      const auto b = fresh.cursor(**fresh_table);
      for (a->seek(""), b->seek(""); a->valid() && b->valid(); a->next(), b->next()) {
        if (a->key() != b->key() || a->value() != b->value()) break;
        ++report_.rows;
      }
      if (a->valid() || b->valid() || !a->status() || !b->status()) {
        return Damage{fmt::format("a row of {} is not what the events give", name), std::nullopt};
      }
    }
    return std::nullopt;
  }

  // Not the ledger, but what it says was digested.
  Result<std::optional<Damage>> check_usage(const std::string& path) {
    const auto outcome = usage_.compare(path, wall_clock());
    if (!outcome && outcome.error().code != ErrorCode::kCorrupt) return fail(outcome.error());
    if (!outcome) return std::optional(Damage{"the rows of usage are damaged", std::nullopt});
    report_.usage_found = outcome->found;
    report_.digests = outcome->same;
    report_.past_digests = outcome->past;
    report_.lost_digests = outcome->lost;
    if (!outcome->damage) return std::optional<Damage>();
    return std::optional(Damage{*outcome->damage, outcome->position});
  }

 private:
  std::optional<Damage> check_frame(const StoredFrame& stored, Sequence& sequence) {
    const auto frame = decode_committed(stored);
    if (!frame) return damage_of(frame.error(), stored.first_position);
    report_.blobs += count_blobs(frame->side);
    for (std::size_t i = 0; i < frame->events.size(); ++i) {
      if (auto damage = sequence.check(frame->events[i])) return damage;
      usage_.see(frame->events[i]);
      tree_.append(merkle::leaf_hash(frame->frame.leaves[i]));
      ++report_.events;
      if (watermark_ && report_.events == watermark_->size) root_at_watermark_ = tree_.root();
    }
    // Its tiles are not wanted here, only the root.
    tree_.mark_stored();
    return std::nullopt;
  }

  RocksdbLog& log_;
  const std::optional<Watermark> watermark_;
  VerifyReport& report_;
  const Progress& progress_;
  merkle::TileTree tree_;
  UsageCheck usage_;
  std::optional<Digest> root_at_watermark_;
};

VerifyReport damaged(VerifyReport report, Damage damage) {
  report.damage = std::move(damage.what);
  report.position = damage.position;
  return report;
}

// Damage is an answer; everything else means that nothing could be looked at.
Result<VerifyReport> damaged_or_failed(const Error& error) {
  if (error.code != ErrorCode::kCorrupt) return fail(error);
  return damaged({}, {error.detail, error.position});
}

}  // namespace

Result<VerifyReport> verify_ledger(const std::string& data, const std::string& scratch,
                                   const Progress& progress) {
  auto log = RocksdbLog::open(data + "/ledger", {});
  if (!log) return damaged_or_failed(log.error());
  auto watermark = read_watermark(data + "/watermark");
  if (!watermark) return damaged_or_failed(watermark.error());

  VerifyReport report;
  Verification verification(**log, *watermark, report, progress);
  if (auto damage = verification.check_events()) return damaged(report, std::move(*damage));
  auto behind = verification.check_watermark();
  if (behind && behind->position) return damaged(report, std::move(*behind));

  auto live = Projections::open(**log, data + "/derived", {}, {});
  if (!live) return damaged_or_failed(live.error());
  // Before the watermark's root, since the tree can name the event at fault.
  if (auto damage = verification.check_tree((*live)->tree())) {
    return damaged(report, std::move(*damage));
  }
  if (behind) return damaged(report, std::move(*behind));
  auto fresh = Projections::open(**log, scratch, {}, progress);
  if (!fresh) return damaged_or_failed(fresh.error());
  if (auto damage = verification.compare_rows((*live)->store(), (*fresh)->store())) {
    return damaged(report, std::move(*damage));
  }
  auto usage = verification.check_usage(data + "/usage");
  if (!usage) return damaged_or_failed(usage.error());
  if (*usage) return damaged(report, std::move(**usage));
  return report;
}

}  // namespace keyledger
