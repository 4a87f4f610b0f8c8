#include "tools/service.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <system_error>

#include "tools/housekeeper.h"
#include "tools/logging.h"
#include "tools/start_checks.h"
#include "tools/usage_flusher.h"

namespace keyledger {
namespace {

namespace fs = std::filesystem;

Result<void> make_private_directory(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) fs::permissions(path, fs::perms::owner_all, error);
  if (!error) return {};
  return fail(ErrorCode::kStorage, fmt::format("cannot make {}: {}", path, error.message()));
}

Result<void> remove_derived(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return fail(ErrorCode::kStorage, "cannot remove " + path);
  return {};
}

// Opened, with all that the start is going to read of the tree readable.
Result<std::unique_ptr<Projections>> open_whole(const EventLog& log, const std::string& path,
                                                const ServiceOptions& options,
                                                const std::optional<Watermark>& watermark) {
  StoreOptions store_options;
  store_options.env = options.env;
  auto opened = Projections::open(log, path, store_options, options.progress);
  if (!opened) return opened;
  const Tree& tree = (*opened)->tree();
  if (auto checked = check_right_edge(log, tree); !checked) return fail(checked.error());
  if (watermark && watermark->size <= tree.head().size) {
    if (const auto root = tree.root_at(watermark->size); !root) return fail(root.error());
  }
  return opened;
}

// Rows that cannot be read are computed again. An error that names a position is about the log, or
// about rows that know more than the log does: that is evidence and is not thrown away.
Result<std::unique_ptr<Projections>> open_projections(const EventLog& log, const std::string& path,
                                                      const ServiceOptions& options,
                                                      const std::optional<Watermark>& watermark) {
  auto opened = open_whole(log, path, options, watermark);
  if (opened || opened.error().code != ErrorCode::kCorrupt || opened.error().position) {
    return opened;
  }
  log_error("the derived rows are damaged and are computed again",
            {{"found", opened.error().detail}});
  if (auto removed = remove_derived(path); !removed) return fail(removed.error());
  return open_whole(log, path, options, watermark);
}

// Usage is no part of the ledger: a service without it works, and says so.
// What is not known of before is told, as no report may take it for "not used".
void open_usage(Projections& projections, bool is_new_ledger, const ServiceOptions& options) {
  StoreOptions store_options;
  store_options.env = options.env;
  store_options.cache_bytes = 16U << 20U;
  const std::string path = options.data + "/usage";
  const Timestamp now = options.clock();
  Usage& usage = projections.usage();
  const auto opened = usage.open(path, store_options, now);
  if (!opened) {
    log_error("usage cannot be opened, uses are counted in memory alone",
              {{"found", opened.error().detail}, {"path", path}});
  } else if (usage.status().is_new && !is_new_ledger) {
    log_error("usage was not there and is counted from zero: no use before now is known",
              {{"path", path}});
  } else if (!is_new_ledger && usage.known_since() == now) {
    log_info("the server did not end in peace: the uses of its last seconds may be forgotten");
  }
}

// The workspace of the operator is the first that was made.
WorkspaceId operator_workspace(const Directory& directory) {
  for (const auto& workspace : directory.workspaces()) {
    if (workspace->is_operator) return workspace->id;
  }
  return {};
}

}  // namespace

Timestamp wall_clock() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(now).count()};
}

struct Service::Rep {
  std::string watermark_path;
  std::function<Timestamp()> clock;
  std::unique_ptr<RocksdbLog> log;
  std::unique_ptr<Projections> projections;
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<UsageFlusher> flusher;
  std::unique_ptr<Housekeeper> housekeeper;
  bool stopped = false;
  // While a lost end is neither restored nor on record, the watermark is the evidence: it stays.
  bool keep_watermark = false;
};

namespace {

Result<void> record_rollback(Service& service, const Watermark& watermark, std::uint64_t found) {
  Submission submission;
  submission.call = service.system_call();
  submission.call.reason = "the ledger had lost its end; the operator accepted that";
  const std::string origin =
      fmt::format("{}/from-{}", service.projections().directory().origin(), found);
  submission.command =
      AcceptRollback{service.projections().directory().log_id(), origin, watermark.size, found};
  auto done = service.ledger().execute(std::move(submission));
  if (!done) return fail(done.error());
  return {};
}

}  // namespace

Service::Service(std::unique_ptr<Rep> rep) : rep_(std::move(rep)) {}
Service::~Service() { stop(); }

Result<std::unique_ptr<Service>> Service::open(const ServiceOptions& options) {
  auto rep = std::make_unique<Rep>();
  rep->watermark_path = options.data + "/watermark";
  if (options.create) {
    if (auto made = make_private_directory(options.data); !made) return fail(made.error());
  }
  auto log = RocksdbLog::open(options.data + "/ledger", {options.create, options.env});
  if (!log) return fail(log.error());
  rep->log = std::move(*log);
  const std::uint64_t found = rep->log->size();
  if (rep->log->recovered_by_point_in_time()) {
    log_error("the log's newest bytes were damaged; it was opened at its last whole frame",
              {{"events", std::to_string(found)}});
  }

  const auto read = read_watermark(rep->watermark_path);
  if (!read && !(options.accept_rollback && read.error().code == ErrorCode::kCorrupt)) {
    return fail(read.error());
  }
  const std::optional<Watermark> watermark = read ? *read : std::nullopt;
  const std::string derived = options.data + "/derived";
  if (options.accept_rollback) {
    // Its rows may know events that the log has lost.
    if (auto removed = remove_derived(derived); !removed) return fail(removed.error());
  }
  auto acknowledged = read ? check_size(watermark, found) : fail(read.error());
  if (!acknowledged && !options.accept_rollback) return fail(acknowledged.error());
  auto projections = open_projections(*rep->log, derived, options, watermark);
  if (!projections) return fail(projections.error());
  rep->projections = std::move(*projections);
  const Tree& tree = rep->projections->tree();
  if (acknowledged) acknowledged = check_root(watermark, tree);
  if (!acknowledged && !options.accept_rollback) return fail(acknowledged.error());
  rep->keep_watermark = !acknowledged;

  LedgerOptions ledger_options;
  ledger_options.clock = options.clock;
  const LedgerHead head{rep->projections->directory().log_id(), found,
                        rep->projections->last_time()};
  rep->ledger = std::make_unique<Ledger>(*rep->log, *rep->projections,
                                         rep->projections->projector(), head, ledger_options);
  auto service = std::unique_ptr<Service>(new Service(std::move(rep)));
  if (!acknowledged) {
    const Watermark lost = watermark.value_or(Watermark{});
    if (auto done = record_rollback(*service, lost, found); !done) return fail(done.error());
    service->rep_->keep_watermark = false;
  }
  open_usage(*service->rep_->projections, found == 0, options);
  Rep& opened = *service->rep_;
  opened.clock = options.clock;
  if (options.housekeeping && options.usage_flush_every.count() != 0) {
    opened.flusher = std::make_unique<UsageFlusher>(*opened.ledger, *opened.projections,
                                                    options.usage_flush_every, options.clock);
  }
  if (options.housekeeping) {
    Rep& parts = *service->rep_;
    parts.housekeeper = std::make_unique<Housekeeper>(*parts.ledger, *parts.projections,
                                                      parts.watermark_path, options.clock);
  }
  return service;
}

Ledger& Service::ledger() { return *rep_->ledger; }
Projections& Service::projections() { return *rep_->projections; }
EventLog& Service::log() { return *rep_->log; }

CallContext Service::system_call() const {
  CallContext call;
  call.workspace = operator_workspace(rep_->projections->directory());
  return call;
}

void Service::stop() {
  if (rep_->stopped) return;
  rep_->stopped = true;
  rep_->housekeeper.reset();
  rep_->flusher.reset();
  rep_->ledger->stop();
  if (rep_->clock) rep_->projections->usage().close(rep_->clock());
  // A failure here costs only time at the next start: the rows are caught up from the log.
  static_cast<void>(rep_->projections->store().flush());
  if (!rep_->keep_watermark && rep_->projections->tree().head().size > 0) {
    static_cast<void>(write_watermark_of(*rep_->projections, rep_->watermark_path));
  }
}

}  // namespace keyledger
