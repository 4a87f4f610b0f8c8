// A whole ledger for one test: a log in memory, projections in a file system in memory, the writer,
// and the HTTP edge without a socket. Founded, with the operator's workspace and its owner.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/ledger.h"
#include "events/log/memory_log.h"
#include "http/api.h"
#include "http/message.h"
#include "projections/all.h"

namespace rocksdb {
class Env;
}

namespace keyledger {

// A clock that stands until it is told. Any thread.
class TestClock {
 public:
  [[nodiscard]] Timestamp now() const { return {ms_.load()}; }
  void advance_ms(std::int64_t ms) { ms_ += ms; }

 private:
  std::atomic<std::int64_t> ms_{1'774'872'000'000};  // 2026-03-30T12:00:00Z
};

class TestLedger {
 public:
  using Headers = std::vector<std::pair<std::string, std::string>>;

  struct Answer {
    int status = 0;
    http::Response response;
    nlohmann::json body;  // discarded if it is not JSON

    // The header's value; "" if it is absent.
    [[nodiscard]] std::string header(std::string_view name) const;
    [[nodiscard]] std::uint64_t position() const;  // Ledger-Position
    [[nodiscard]] std::string code() const;        // of a problem
    // "field code" of every entry of `errors`.
    [[nodiscard]] std::vector<std::string> faults() const;
  };

  struct Person {
    std::string id;
    std::string key_id;
    std::string secret;  // of the management key
  };

  // `policy`: of the workspace that is made first.
  explicit TestLedger(Policy policy = {});
  ~TestLedger();

  // One call as a member would make it. `secret` may be empty: no Authorization header. A body that
  // is a JSON text gets its content type.
  Answer call(std::string_view secret, std::string_view method, std::string_view target,
              std::string_view body = {}, const Headers& headers = {});

  // A new member of that role ("admin"), with a management key that the owner issued.
  Person add_member(std::string_view role, std::string_view name = "Ada");
  // A key as the owner makes it, of type private; `extra` is put into the body. The answer's JSON.
  nlohmann::json add_key(std::string_view name, const nlohmann::json& extra = {});

  // Another workspace, which the operator's owner makes, and its owner.
  struct Tenant : Person {
    std::string workspace;
  };
  Tenant add_tenant(std::string_view name = "Other");

  // Stops everything and opens it again over the same log, with its derived rows or without.
  enum class Rows { kKeep, kForget };
  enum class End { kStop, kCrash };  // of what usage has in memory
  void restart(Rows rows = Rows::kKeep, End end = End::kStop);

  // Opens it again with these further options of the edge.
  void restart_with(std::function<void(http::ApiOptions&)> options);

  [[nodiscard]] std::uint64_t size() const { return log.size(); }

  TestClock clock;
  const std::unique_ptr<rocksdb::Env> disk;  // of the derived rows alone
  MemoryLog log;
  Person owner;
  WorkspaceId workspace;
  std::unique_ptr<Projections> projections;
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<http::Api> api;
  // What the access log was told, oldest first. Not for calls from several threads.
  std::vector<http::AccessRecord> access;
  bool keep_access_log = true;

 private:
  void open();
  void close(End end);
  void found(Policy policy);

  std::function<void(http::ApiOptions&)> further_options_;
  int openings_ = 0;  // of derived rows: each has its own directory
};

}  // namespace keyledger
