// What the HTTP edge works on: wired up by tools, shared by all handlers. Nothing here is owned but
// the short memory of secrets that may be shown again.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/ledger.h"
#include "http/client_address.h"
#include "http/even_answers.h"
#include "http/feeds.h"
#include "http/leak_outcome.h"
#include "http/turns.h"
#include "projections/all.h"

namespace keyledger::http {

class GuessGuard;
class RetiredUse;
class SealedSecrets;

// One line of the access log. Holds no URL and no header but the request id: what a client sent may
// hold a secret.
struct AccessRecord {
  std::string method;
  std::string_view route;  // the pattern, "/v1/keys/:id"; empty: no route matched
  int status = 0;
  std::uint64_t micros = 0;
  std::size_t bytes = 0;  // of the answer's body
  std::string request_id;
  std::string client_ip;
  std::string fault;  // what went wrong inside, where the answer does not say it; else empty
};

struct ApiOptions {
  std::function<Timestamp()> clock;  // wall clock
  std::string version;               // of the program, for healthz
  // Whom the Host header may name: "ledger.example.com" (with any port), "10.0.0.1:8080" (with this
  // one), "[::1]"; in any case. Others are answered 421. Empty: not checked.
  std::vector<std::string> hosts;
  TrustedProxies trusted_proxies = {};  // whose word about their clients counts
  // How many wrong keys a minute one client address may present before the refusals become 429
  // (http/guess_guard.h), how many secrets it may give up, how many malformed ones a member may
  // look up, and how many imports a workspace may be told another one's secrets of. 0: any number.
  std::uint32_t refusals_per_minute = 0;
  // Called after each answer was made, from the thread that made it. May be empty. Does not throw.
  std::function<void(const AccessRecord&)> access_log;
  // Called with each verdict that a client asked for, likewise.
  std::function<void(Verdict)> on_verdict;
  // Whether the finder of leaks with that key signed the body (http/leak_keys.h). Empty: nobody's
  // reports are taken, and there is no such path.
  std::function<bool(std::string_view body, std::string_view identifier,
                     std::string_view signature)>
      is_signed = nullptr;
  // Called with what became of each secret that was reported as leaked, likewise.
  std::function<void(LeakOutcome)> on_leak = nullptr;
  EvenAnswers::SleepUntil sleep_until = nullptr;  // empty: the real one
  FeedOptions feeds = {};
};

class Api {
 public:
  // All three must outlive it.
  Api(Ledger& ledger, Projections& projections, const EventLog& log, ApiOptions options);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  // What time it is, but never before what has been recorded: that has happened, and with a clock
  // that was put back a secret that was retired just now would be good again.
  [[nodiscard]] Timestamp now() const;

  // Waits until reads reflect the event at `position`, 2 s at most; says whether they do. Only a
  // few calls may wait at the same time: a position far ahead is cheap to name, a thread is not.
  [[nodiscard]] bool wait_for(std::uint64_t position);

  Ledger& ledger;
  Projections& projections;
  const EventLog& log;
  const ApiOptions options;
  const std::unique_ptr<SealedSecrets> sealed_secrets;
  const std::unique_ptr<RetiredUse> retired_use;
  const std::unique_ptr<GuessGuard> guess_guard;
  const std::unique_ptr<GuessGuard> self_revokes;  // counts all of them, right or wrong
  const std::unique_ptr<GuessGuard> malformed_lookups;
  const std::unique_ptr<GuessGuard> import_guard;  // by workspace
  EvenAnswers even_answers;
  Feeds feeds;
  // Held while a policy is tried out or set: its effects are worked out from one policy to the next
  // one, and looking through all keys is work that not many should ask for at once.
  std::timed_mutex policy_changes;
  // Of those who walk through all keys of a workspace, or all that a member did: with a million
  // keys that takes seconds, and others want the cores and the cache too.
  Turns walks{2, 128, "Others are looking through all keys at this moment; try again soon."};
  // Of those who record reports of leaks: two that come at once may be the same.
  Turns leak_reports{1, 4, "Other reports are being recorded; nothing was done, try again soon."};

 private:
  std::atomic<int> waiting_{0};
};

}  // namespace keyledger::http
