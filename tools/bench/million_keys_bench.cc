// What a million keys cost: time to compute everything from the log, time of an ordinary start,
// memory of the process, and one verify in process (hash, look-up, judge). Keys are written
// straight into the log, 1,024 to a frame, as an import would. Usage:
//   million_keys_bench DIRECTORY [KEYS]
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "events/crypto.h"
#include "events/event_codec.h"
#include "events/frame.h"
#include "events/log/rocksdb_log.h"
#include "tools/bench/sample_calls.h"
#include "tools/service.h"

namespace keyledger {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

template <typename T>
T or_exit(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "million_keys_bench: {}\n", result.error().detail);
    std::exit(1);
  }
  return std::move(*result);
}

std::string secret_of(std::uint64_t number) {
  return fmt::format("sk_live_{:027}000000", number);  // of the form and length of a real one
}

RecordedEvent key_created(const SampleLedger& sample, std::uint64_t number,
                          std::uint64_t position) {
  const Timestamp now = wall_clock();
  KeyCreated created;
  created.name = fmt::format("integration-{}", number);
  created.secret = {SecretId{make_ulid(now, random_bytes<10>())},
                    {HashAlgorithm::kSha256, sha256(secret_of(number))},
                    "sk_live_…0000"};
  created.scopes = {"ALL"};
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

double verify_nanoseconds(Service& service, const SampleLedger& sample, std::uint64_t keys) {
  constexpr std::size_t kProbes = 1'000'000;
  std::mt19937_64 random(1);
  std::vector<std::string> presented(100'000);
  for (std::string& secret : presented) secret = secret_of(random() % keys);
  const auto workspace = service.projections().directory().workspace(sample.workspace);
  VerifyRequest request;
  request.workspace = sample.workspace;
  VerifyIndex& index = service.projections().verify_index();
  std::size_t valid = 0;
  const auto start = Clock::now();
  for (std::size_t i = 0; i < kProbes; ++i) {
    const Digest hash = sha256(presented[i % presented.size()]);
    const VerifyAnswer answer = index.verify(hash, workspace->policy, request, wall_clock());
    valid += answer.judgement.verdict == Verdict::kValid ? 1 : 0;
  }
  const double elapsed = seconds_since(start);
  if (valid != kProbes) fmt::print(stderr, "million_keys_bench: {} not VALID\n", kProbes - valid);
  return elapsed * 1e9 / kProbes;
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
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    best = std::min(best, verify_nanoseconds(*service, sample, keys));
  }
  fmt::print("verify in process (hash, look-up, judge, count): {:.0f} ns, best of 5\n", best);
  fmt::print("resident at the end: {} MiB\n", resident_mib());
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
