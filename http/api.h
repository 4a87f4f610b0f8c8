// What the HTTP edge works on: wired up by tools, shared by all handlers. Nothing here is owned but
// the short memory of secrets that may be shown again.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/ledger.h"
#include "projections/all.h"

namespace keyledger::http {

class SealedSecrets;

struct ApiOptions {
  std::function<Timestamp()> clock;  // wall clock
  std::string version;               // of the program, for healthz
};

class Api {
 public:
  // `ledger` and `projections` must outlive it.
  Api(Ledger& ledger, Projections& projections, const EventLog& log, ApiOptions options);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  Ledger& ledger;
  Projections& projections;
  const EventLog& log;
  const ApiOptions options;
  const std::unique_ptr<SealedSecrets> sealed_secrets;
};

}  // namespace keyledger::http
