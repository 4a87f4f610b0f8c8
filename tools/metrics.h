// What the program tells Prometheus (text format 0.0.4) on a listener of its own, apart from the
// API: a scraper needs no key, and nobody who has only a key sees the load of others. Labels are
// route patterns, statuses, verdicts and projections: never a workspace, a key, a member or an
// address. docs/operations.md lists the names. The only file that sees prometheus-cpp is
// metrics.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "events/result.h"
#include "http/api.h"

namespace keyledger {

class Service;

class Metrics {
 public:
  // `service` must outlive it; its state is read at each scrape.
  explicit Metrics(Service& service);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // One answered request; one verdict on a key; one secret that was reported as leaked. Any thread,
  // no lock that a scrape holds for long.
  void count(const http::AccessRecord& record);
  void count(Verdict verdict);
  void count(http::LeakOutcome outcome);

  // Serves GET /metrics on `host`:`port` (0: any free port) until destroyed. kUnavailable if the
  // address cannot be had.
  [[nodiscard]] Result<void> listen(const std::string& host, std::uint16_t port);
  [[nodiscard]] std::uint16_t port() const;  // after listen()

  // What a scrape answers.
  [[nodiscard]] std::string text() const;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace keyledger
