// What a million keys cost: time to compute everything from the log, time of an ordinary start,
// memory of the process, one verify in process (hash, look-up, judge), of keys without rules and of
// keys with origins, addresses and scopes, one page of each report and exports. Keys are written
// straight into the log, 1,024 to a frame, as an import would; every second one has rules, every
// hundredth an expiry, and every thousandth the name of another one. Usage:
//   million_keys_bench DIRECTORY [KEYS]
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "events/crypto.h"
#include "events/event_codec.h"
#include "events/frame.h"
#include "events/log/rocksdb_log.h"
#include "http/audit_lines.h"
#include "projections/duplicates.h"
#include "projections/key_reports.h"
#include "tools/bench/sample_calls.h"
#include "tools/service.h"

namespace keyledger {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Of this thread: what else the machine does is not of interest.
double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

template <typename T>
T or_exit(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "million_keys_bench: {}\n", result.error().detail);
    std::exit(1);
  }
  return std::move(*result);
}

void or_exit_void(const Result<void>& result) {
  if (result) return;
  fmt::print(stderr, "million_keys_bench: {}\n", result.error().detail);
  std::exit(1);
}

std::string secret_of(std::uint64_t number) {
  return fmt::format("bk_live_{:027}000000", number);  // as long as ours, without a checksum
}

bool has_rules(std::uint64_t number) { return number % 2 != 0; }

// The rule that lets the request in is the last of three, as it is in the middle for most.
void narrow(KeyCreated& created) {
  created.type = KeyType::kPublic;
  created.scopes = {"BLOG_READ", "FLOW_TRIGGER"};
  created.allowed_origins = {{std::nullopt, "example.com", std::nullopt, true, true},
                             {"http", "localhost", std::uint16_t{3000}, true, false},
                             {"https", "app.example.org", std::nullopt, true, false}};
  created.allowed_ips = {or_exit(parse_network("10.0.0.0/8")),
                         or_exit(parse_network("198.51.100.0/24")),
                         or_exit(parse_network("203.0.113.0/24"))};
}

RecordedEvent key_created(const SampleLedger& sample, std::uint64_t number,
                          std::uint64_t position) {
  const Timestamp now = wall_clock();
  KeyCreated created;
  created.name = fmt::format("integration-{}", number % 1000 == 1 ? number - 1 : number);
  created.secret = {SecretId{make_ulid(now, random_bytes<10>())},
                    {HashAlgorithm::kSha256, sha256(secret_of(number))},
                    "sk_live_…0000"};
  created.scopes = {"ALL"};
  if (has_rules(number)) narrow(created);
  if (number % 100 == 0) created.expires_at = now + 20 * kDayMs;
  created.owner = sample.owner;
  RecordedEvent event;
  event.position = position;
  event.time = now;
  event.id = EventId{make_ulid(now, random_bytes<10>())};
  event.workspace = sample.workspace;
  event.workspace_seq = position;
  event.stream = stream_of(KeyId{make_ulid(now, random_bytes<10>())});
  event.version = 1;
  event.actor = {ActorKind::kMember, sample.owner.bytes, sample.owner_key};
  event.request_id = "bench";
  event.event = std::move(created);
  return event;
}

void fill(const std::string& data, const SampleLedger& sample, const LogId& log_id,
          std::uint64_t keys) {
  const auto log = or_exit(RocksdbLog::open(data + "/ledger", {}));
  for (std::uint64_t number = 0; number < keys;) {
    Frame frame;
    frame.log_id = log_id;
    frame.first_position = log->size();
    frame.frame_id = random_bytes<16>();
    Side side;
    side.frame_id = frame.frame_id;
    while (frame.leaves.size() < kMaxFrameEvents && number < keys) {
      frame.leaves.push_back(encode_leaf(key_created(sample, number++, frame.end_position())));
      side.events.emplace_back();
    }
    if (log->append(encode_frame(frame), encode_side(side), frame.first_position,
                    frame.leaves.size()) != AppendOutcome::kOk) {
      fmt::print(stderr, "million_keys_bench: an append failed\n");
      std::exit(1);
    }
  }
}

std::size_t resident_mib() {
  std::ifstream status("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  status >> total >> resident;
  return resident * 4096 >> 20U;
}

ServiceOptions options_for(const std::string& data, bool create) {
  ServiceOptions options;
  options.data = data;
  options.create = create;
  options.housekeeping = false;
  return options;
}

// What a gateway asks about one kind of key.
struct Questions {
  bool rules = false;
  bool parse = false;  // the origin and the address anew each time, as a request's are
  bool count = true;
};

double verify_nanoseconds(Service& service, const SampleLedger& sample, std::uint64_t keys,
                          Questions about) {
  constexpr std::size_t kProbes = 1'000'000;
  std::mt19937_64 random(1);
  std::vector<std::string> presented(100'000);
  for (std::string& secret : presented) {
    secret = secret_of(random() % (keys / 2) * 2 + (about.rules ? 1 : 0));
  }
  const auto workspace = service.projections().directory().workspace(sample.workspace);
  const std::vector<std::string> scopes = {"BLOG_READ"};
  VerifyRequest request;
  request.workspace = sample.workspace;
  const auto ask_about_rules = [&] {
    request.scopes = scopes;
    request.from = {parse_address("203.0.113.77"), parse_origin("https://app.example.org")};
  };
  if (about.rules) ask_about_rules();
  VerifyIndex& index = service.projections().verify_index();
  std::size_t valid = 0;
  const double start = cpu_seconds();
  for (std::size_t i = 0; i < kProbes; ++i) {
    if (about.parse) ask_about_rules();
    const Digest hash = sha256(presented[i % presented.size()]);
    const VerifyAnswer answer =
        about.count ? index.verify(hash, workspace->policy, request, wall_clock())
                    : index.judge_only(hash, workspace->policy, request, wall_clock());
    valid += answer.judgement.verdict == Verdict::kValid ? 1 : 0;
  }
  const double elapsed = cpu_seconds() - start;
  if (valid != kProbes) fmt::print(stderr, "million_keys_bench: {} not VALID\n", kProbes - valid);
  return elapsed * 1e9 / kProbes;
}

// The kinds of questions take turns, so that what else the machine does falls on all of them.
void print_verify(Service& service, const SampleLedger& sample, std::uint64_t keys) {
  const Questions plain{};
  const Questions rules{true, false};
  const Questions parsed{true, true};
  const Questions uncounted{false, false, false};
  std::array<double, 4> best = {1e9, 1e9, 1e9, 1e9};
  for (int round = 0; round < 5; ++round) {
    std::size_t kind = 0;
    for (const Questions& about : {plain, rules, parsed, uncounted}) {
      best[kind] = std::min(best[kind], verify_nanoseconds(service, sample, keys, about));
      ++kind;
    }
  }
  fmt::print("verify in process (hash, look-up, judge, count): {:.0f} ns, best of 5\n", best[0]);
  fmt::print("without counting: {:.0f} ns; with counting, {:.2f} as many per second\n", best[3],
             best[3] / best[0]);
  fmt::print("with origin, address and scope rules: {:.0f} ns, ratio {:.2f}\n", best[1],
             best[0] / best[1]);
  fmt::print("and with reading the request's origin and address: {:.0f} ns, ratio {:.2f}\n",
             best[2], best[0] / best[2]);
}

// A page, and as many places as a table takes at once (http/report_routes.cc).
void print_report(Service& service, const char* name, const KeyReportRequest& request) {
  for (const std::size_t limit : {std::size_t{1'000}, std::size_t{50'000}}) {
    const auto start = Clock::now();
    const double cpu = cpu_seconds();
    const auto page = or_exit(ReportedKeys(service.projections(), request).page({}, limit));
    fmt::print("report {}, {} of {}: {:.3f} s, CPU {:.3f} s\n", name, page.keys.size(), limit,
               seconds_since(start), cpu_seconds() - cpu);
  }
}

void print_reports(Service& service, const SampleLedger& sample) {
  KeyReportRequest request;
  request.workspace = sample.workspace;
  request.management_keys = true;
  request.now = wall_clock();
  for (const auto& [name, report] : {std::pair("unused", KeyReport::kUnused),
                                     std::pair("overdue_rotation", KeyReport::kOverdueRotation),
                                     std::pair("wildcard_origins", KeyReport::kWildcardOrigins),
                                     std::pair("full_scope", KeyReport::kFullScope),
                                     std::pair("departed_creator", KeyReport::kDepartedCreator)}) {
    request.report = report;
    print_report(service, name, request);
  }
  request.report = KeyReport::kExpiring;
  request.days = 30;
  print_report(service, "expiring", request);

  DuplicatesRequest alike;
  alike.workspace = sample.workspace;
  alike.now = wall_clock();
  alike.limit = 1'000;
  const auto start = Clock::now();
  const double cpu = cpu_seconds();
  const auto page = or_exit(find_duplicates(service.projections(), alike));
  fmt::print("report duplicates, {} groups of {}: {:.3f} s, CPU {:.3f} s\n", page.groups.size(),
             alike.limit, seconds_since(start), cpu_seconds() - cpu);
}

// The whole audit trail in each format, as an export makes it; only nobody takes the text.
void print_exports(Service& service, const SampleLedger& sample) {
  const Projections& projections = service.projections();
  for (const auto& [name, format] :
       {std::pair("ndjson", http::AuditFormat::kNdjson), std::pair("csv", http::AuditFormat::kCsv),
        std::pair("cloudevents", http::AuditFormat::kCloudEvents),
        std::pair("ocsf", http::AuditFormat::kOcsf)}) {
    const http::AuditLines lines(format, projections.directory().log_id());
    AuditPageRequest request;
    request.filter.workspace = sample.workspace;
    request.descending = false;
    std::size_t events = 0;
    std::size_t bytes = 0;
    const double cpu = cpu_seconds();
    do {
      std::string text;
      request.after = or_exit(projections.audit().each(request, [&](const AuditEntry& entry) {
        text += lines.line(entry);
        ++events;
        return text.size() < 65'536;
      }));
      bytes += text.size();
    } while (request.after);
    const double elapsed = cpu_seconds() - cpu;
    fmt::print("export as {}: {:.0f} events/s of CPU time, {} bytes an event\n", name,
               static_cast<double>(events) / elapsed, bytes / events);
  }
}

// The slowest of a hundred, in nanoseconds, of verifies of all keys in turn until `done`.
double p99_nanoseconds(Service& service, const SampleLedger& sample, std::uint64_t keys,
                       const std::function<bool(std::size_t)>& done) {
  const auto workspace = service.projections().directory().workspace(sample.workspace);
  VerifyRequest request;
  request.workspace = sample.workspace;
  std::vector<double> taken;
  for (std::size_t i = 0; !done(i); ++i) {
    const std::string secret = secret_of(i * 2 % keys);
    const auto start = Clock::now();
    static_cast<void>(service.projections().verify_index().verify(sha256(secret), workspace->policy,
                                                                  request, wall_clock()));
    taken.push_back(seconds_since(start) * 1e9);
  }
  const auto at = taken.begin() + static_cast<std::ptrdiff_t>(taken.size() * 99 / 100);
  std::nth_element(taken.begin(), at, taken.end());
  return *at;
}

// What a flush of the counts of all keys costs, and whether who verifies meanwhile feels it.
void print_flush(Service& service, const SampleLedger& sample, std::uint64_t keys) {
  Usage& usage = service.projections().usage();
  or_exit_void(usage.flush(wall_clock()));
  const double without =
      p99_nanoseconds(service, sample, keys, [&](std::size_t i) { return i == keys; });
  std::atomic<bool> flushed = false;
  double elapsed = 0;
  std::thread flusher([&] {
    const auto start = Clock::now();
    or_exit_void(usage.flush(wall_clock()));
    elapsed = seconds_since(start);
    flushed = true;
  });
  const double with = p99_nanoseconds(service, sample, keys,
                                      [&](std::size_t i) { return i > 1000 && flushed.load(); });
  flusher.join();
  fmt::print(
      "usage: a flush of {} keys takes {:.1f} s; p99 of a verify {:.0f} ns, meanwhile {:.0f} ns\n",
      keys / 2, elapsed, without, with);
}

int run(const std::string& data, std::uint64_t keys) {
  const SampleLedger sample = SampleLedger::make();
  LogId log_id;
  {
    const auto service = or_exit(Service::open(options_for(data, true)));
    or_exit(service->ledger().execute(sample.founding()));
    log_id = service->projections().directory().log_id();
  }
  auto start = Clock::now();
  fill(data, sample, log_id, keys);
  fmt::print("filled: {} keys in {:.1f} s\n", keys, seconds_since(start));
  {
    start = Clock::now();
    const auto service = or_exit(Service::open(options_for(data, false)));
    const double elapsed = seconds_since(start);
    fmt::print("everything computed from the log: {:.1f} s ({:.0f} events/s)\n", elapsed,
               static_cast<double>(keys) / elapsed);
  }
  start = Clock::now();
  const auto service = or_exit(Service::open(options_for(data, false)));
  fmt::print("ordinary start: {:.1f} s\n", seconds_since(start));
  fmt::print("resident after the start: {} MiB\n", resident_mib());
  print_reports(*service, sample);
  fmt::print("resident after the reports: {} MiB\n", resident_mib());
  print_exports(*service, sample);
  fmt::print("resident after the exports: {} MiB\n", resident_mib());
  print_verify(*service, sample, keys);
  print_flush(*service, sample, keys);
  fmt::print("resident at the end: {} MiB\n", resident_mib());
  fmt::print("owner (for verify_vs_nginx.py): {}\n", to_text(sample.owner));
  return 0;
}

}  // namespace
}  // namespace keyledger

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: million_keys_bench DIRECTORY [KEYS]\n");
    return 2;
  }
  std::filesystem::create_directories(argv[1]);
  return keyledger::run(std::string(argv[1]) + "/data",
                        argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000);
}
