// Sends the batches of a file, several at a time, and sees to each until it is imported, known to
// be imported, or refused. Repeating the whole makes no key twice: the Idempotency-Key of a call
// follows from its content, so the ledger answers what it has done before without doing it again;
// and of other calls it passes over the lines whose key is there as they say it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "events/result.h"
#include "http/client.h"
#include "tools/import/batches.h"

namespace keyledger {

// As the API words it, with lines of the file for places in the call. `field` is of the entry:
// "name"; empty: the line as a whole.
struct Refusal {
  std::string field;
  std::string code;
  std::string message;
};

// A record of the file that the ledger, or the reader of the file, does not take.
struct RefusedRecord {
  ImportRecord record;
  std::vector<Refusal> refusals;
};

struct ImportCounts {
  std::uint64_t imported = 0;
  std::uint64_t known = 0;    // that were there before
  std::uint64_t refused = 0;  // and skipped
};

struct ImporterOptions {
  // POST of a body under an Idempotency-Key to /v1/keys/import?existing=skip; as
  // http::Client::post().
  using Post = std::function<Result<http::ClientAnswer>(const std::string& body,
                                                        const std::string& idempotency_key)>;
  // One for each batch in flight, made on the thread that uses it.
  std::function<Post()> connect;
  std::size_t in_flight = 4;
  // Called before the call is repeated; one at a time, like the two below.
  std::function<void(const std::string& why)> on_repeat = [](const std::string&) {};
  std::function<void(std::chrono::milliseconds)> wait;  // on the thread that waits
  // Takes each refused record, before the others of its batch are sent again. Not set: the first
  // batch with a refused record ends the import. False: it could not be kept, which ends it too.
  std::function<bool(const RefusedRecord&)> on_refused;
  // After each batch: what was done, and how many bytes of the file that was.
  std::function<void(const ImportCounts&, std::uint64_t bytes)> on_progress =
      [](const ImportCounts&, std::uint64_t) {};
};

struct ImportReport {
  ImportCounts counts;
  // Why it ended early: the credential, the server, the file. Then repeating it may help.
  std::optional<Error> failure;
  // The refused records of the first batch of the file that had some, if that ended it. Nothing of
  // that batch was imported.
  std::vector<RefusedRecord> refused;
};

[[nodiscard]] ImportReport run_importer(BatchReader batches, const ImporterOptions& options);

}  // namespace keyledger
