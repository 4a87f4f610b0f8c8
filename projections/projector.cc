#include "projections/projector.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "events/bytes.h"

namespace keyledger {
namespace {

constexpr std::size_t kPageBytes = 4U << 20U;
constexpr std::string_view kPositionsTable = "projector.positions";

std::string position_row(std::uint64_t position) {
  std::string row;
  ByteWriter(row).u64(position);
  return row;
}

}  // namespace

struct Projector::Rep {
  struct Fed {
    Projection* projection;
    std::string label;
    std::atomic<std::uint64_t> position{0};
  };

  Rep(Store& store_in, const EventLog& log_in) : store(store_in), log(log_in) {}

  Store& store;
  const EventLog& log;
  const Table* positions = nullptr;
  std::vector<std::unique_ptr<Fed>> all;
  std::uint64_t memory_end = 0;  // how many events the memory of all projections reflects
  std::optional<Error> broken;   // why rows are written no more

  mutable std::mutex mutex;
  mutable std::condition_variable grown;
  std::uint64_t size = 0;

  [[nodiscard]] Result<void> open();
  [[nodiscard]] Result<void> read_position(Fed& fed);
  [[nodiscard]] Result<void> apply_missing(const Progress& progress);
  [[nodiscard]] Result<void> feed(const CommittedFrame& frame, const std::vector<Fed*>& behind);
  [[nodiscard]] Result<void> load_rowless();
  [[nodiscard]] Result<void> drop_old_tables();

  void set_size(std::uint64_t events) {
    {
      const std::lock_guard lock(mutex);
      size = events;
    }
    grown.notify_all();
  }
};

Projector::Projector(Store& store, const EventLog& log, const std::vector<Projection*>& projections)
    : rep_(std::make_unique<Rep>(store, log)) {
  for (Projection* const projection : projections) {
    rep_->all.emplace_back(new Rep::Fed{projection, projection->label()});
  }
}

Projector::~Projector() = default;

Result<void> Projector::catch_up(const Progress& progress) {
  if (auto opened = rep_->open(); !opened) return opened;
  if (auto applied = rep_->apply_missing(progress); !applied) return applied;
  if (auto loaded = rep_->load_rowless(); !loaded) return loaded;
  if (auto dropped = rep_->drop_old_tables(); !dropped) return dropped;
  rep_->set_size(rep_->memory_end);
  return {};
}

Result<void> Projector::apply(const CommittedFrame& frame) {
  Rep& rep = *rep_;
  if (frame.frame.first_position != rep.memory_end) {
    return fail(ErrorCode::kInternal, fmt::format("A frame at position {} was applied, not {}.",
                                                  frame.frame.first_position, rep.memory_end));
  }
  std::vector<Rep::Fed*> everybody;
  for (const auto& fed : rep.all) everybody.push_back(fed.get());
  if (auto fed = rep.feed(frame, everybody); !fed) return fed;
  rep.set_size(rep.memory_end);
  return {};
}

// Also the one place that says in which order a frame is applied: all memory first, since it cannot
// fail and holds at once.
Result<void> Projector::Rep::feed(const CommittedFrame& frame, const std::vector<Fed*>& behind) {
  const std::uint64_t end = frame.frame.end_position();
  for (Fed* const fed : behind) fed->projection->apply_to_memory(frame);
  memory_end = end;
  if (broken) return fail(*broken);

  StoreBatch batch;
  for (Fed* const fed : behind) {
    if (!fed->projection->has_rows()) continue;
    if (auto applied = fed->projection->apply(frame, batch); !applied) {
      broken = applied.error();
      return applied;
    }
    batch.put(*positions, fed->label, position_row(end));
  }
  if (auto written = store.write(std::move(batch)); !written) {
    broken = written.error();
    return written;
  }
  for (Fed* const fed : behind) fed->position.store(end, std::memory_order_relaxed);
  return {};
}

Result<void> Projector::Rep::open() {
  auto table = store.table(kPositionsTable);
  if (!table) return fail(table.error());
  positions = *table;
  for (const auto& fed : all) {
    if (auto opened = fed->projection->open(store); !opened) return opened;
    if (!fed->projection->has_rows()) continue;
    if (auto read = read_position(*fed); !read) return read;
    if (auto loaded = fed->projection->load(fed->position); !loaded) return loaded;
  }
  return {};
}

Result<void> Projector::Rep::read_position(Fed& fed) {
  const auto row = store.get(*positions, fed.label);
  if (!row) return fail(row.error());
  if (!*row) return {};
  ByteReader reader(**row);
  fed.position = reader.u64();
  if (!reader.finished()) {
    return fail(ErrorCode::kCorrupt, fmt::format("The position of {} is damaged.", fed.label));
  }
  if (fed.position > log.size()) {
    return fail_corrupt(log.size(),
                        fmt::format("The log ends at position {}, but {} has seen events up to {}: "
                                    "the log has lost its end.",
                                    log.size(), fed.label, fed.position.load()));
  }
  return {};
}

Result<void> Projector::Rep::apply_missing(const Progress& progress) {
  const std::uint64_t total = log.size();
  std::uint64_t next = total;
  for (const auto& fed : all) {
    if (fed->projection->has_rows()) next = std::min(next, fed->position.load());
  }
  while (next < total) {
    const auto page = log.read(next, kPageBytes);
    if (!page) return fail(page.error());
    if (page->empty()) {
      return fail_corrupt(next, fmt::format("The log has no event at position {}.", next));
    }
    for (const StoredFrame& stored : *page) {
      const auto frame = decode_committed(stored);
      if (!frame) return fail(frame.error());
      if (frame->frame.first_position != next) {
        return fail_corrupt(next, fmt::format("No frame begins at position {}.", next));
      }
      std::vector<Fed*> behind;
      for (const auto& fed : all) {
        if (fed->projection->has_rows() && fed->position == next) behind.push_back(fed.get());
      }
      if (auto applied = feed(*frame, behind); !applied) return applied;
      next = frame->frame.end_position();
    }
    if (progress) progress(next, total);
  }
  memory_end = next;
  // Positions moved from frame to frame together with `next`, unless one pointed into a frame.
  for (const auto& fed : all) {
    if (!fed->projection->has_rows() || fed->position == next) continue;
    return fail(ErrorCode::kCorrupt, fmt::format("{} stands at position {}, inside a frame.",
                                                 fed->label, fed->position.load()));
  }
  return {};
}

Result<void> Projector::Rep::load_rowless() {
  for (const auto& fed : all) {
    if (fed->projection->has_rows()) continue;
    if (auto loaded = fed->projection->load(memory_end); !loaded) return loaded;
    fed->position = memory_end;
  }
  return {};
}

// Positions leave first and for good, so that a later build of an old version can never find one
// without its rows.
Result<void> Projector::Rep::drop_old_tables() {
  const auto wanted = [&](std::string_view label) {
    return std::any_of(all.begin(), all.end(), [&](const auto& fed) {
      return label == fed->label || label.starts_with(fed->label + ".");
    });
  };
  StoreBatch batch;
  bool found = false;
  const auto cursor = store.cursor(*positions);
  for (cursor->seek({}); cursor->valid(); cursor->next()) {
    if (wanted(cursor->key())) continue;
    batch.erase(*positions, cursor->key());
    found = true;
  }
  if (auto walked = cursor->status(); !walked) return walked;
  if (found) {
    if (auto written = store.write(std::move(batch)); !written) return written;
    if (auto flushed = store.flush(); !flushed) return flushed;
  }
  for (const std::string& name : store.table_names()) {
    if (name == kPositionsTable || wanted(name)) continue;
    if (auto dropped = store.drop_table(name); !dropped) return dropped;
  }
  return {};
}

std::uint64_t Projector::size() const {
  const std::lock_guard lock(rep_->mutex);
  return rep_->size;
}

bool Projector::wait_beyond(std::uint64_t position, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(rep_->mutex);
  return rep_->grown.wait_for(lock, timeout, [&] { return rep_->size > position; });
}

std::vector<ProjectionStatus> Projector::status() const {
  std::vector<ProjectionStatus> all;
  for (const auto& fed : rep_->all) {
    all.push_back({std::string(fed->projection->name()),
                   fed->position.load(std::memory_order_relaxed), fed->projection->version()});
  }
  return all;
}

}  // namespace keyledger
