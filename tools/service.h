// A ledger in a directory, opened: the log, what is computed from it, the writer, and the clockwork
// beside them. All wiring is here; `serve`, the offline commands and the tests use the same.
//
//   DIR/ledger     the log (durable)       DIR/derived    everything computed from it
//   DIR/usage      how keys are used (projections/usage.h)
//   DIR/watermark  how far the log was acknowledged, outside of the database
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "core/ledger.h"
#include "events/log/rocksdb_log.h"
#include "events/log/watermark.h"
#include "projections/all.h"

namespace keyledger {

[[nodiscard]] Timestamp wall_clock();

struct ServiceOptions {
  std::string data;
  bool create = false;           // an empty ledger where there is none (init)
  bool accept_rollback = false;  // go on with a log that lost its end, under a new origin
  bool housekeeping = true;      // record what falls due, write the watermark every second, flush
  // How often usage is brought to disk, at most so much of it is lost in a crash; 0: only by
  // stop().
  std::chrono::milliseconds usage_flush_every{5000};
  rocksdb::Env* env = nullptr;  // null: the real one
  std::function<Timestamp()> clock = wall_clock;
  Projector::Progress progress;  // while catching up; may be empty
};

// Thread safety: as the parts'. stop() once, from one thread.
class Service {
 public:
  // The start rules of docs/durability.md: opens the log, compares it with the watermark, catches
  // the projections up, checks the tree's right edge against the events. kCorrupt names the first
  // lost or damaged position; kUnavailable if another process holds the directory; kNotFound if
  // there is no ledger.
  [[nodiscard]] static Result<std::unique_ptr<Service>> open(const ServiceOptions& options);
  ~Service();  // stop()

  [[nodiscard]] Ledger& ledger();
  [[nodiscard]] Projections& projections();
  [[nodiscard]] EventLog& log();
  // A submission of the program itself, in the operator's workspace.
  [[nodiscard]] CallContext system_call() const;

  // Finishes what waits, makes the derived rows durable and the watermark exact.
  void stop();

 private:
  struct Rep;
  explicit Service(std::unique_ptr<Rep> rep);
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
