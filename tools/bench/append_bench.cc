// How much the ledger costs over what it stands on. Three ways to make the same events durable, in
// turns in one run, so that a noisy machine disturbs all alike:
//   raw     one event and one fdatasync at a time, in a plain file
//   bare    the very frames and side objects that the ledger made, written to RocksDB with sync
//   ledger  N callers creating keys through the whole write path: decide, encode, append,
//   projections
// Prints events per second, the two ratios of docs/append-speed.md, and the CPU time of an event,
// callers included. Usage:
//   append_bench DIRECTORY [CALLERS] [SECONDS] [ROUNDS]
#include <fcntl.h>
#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "events/log/rocksdb_options.h"
#include "tools/bench/sample_calls.h"
#include "tools/service.h"

namespace keyledger {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Of the whole process: what an event costs, whatever the disk and the rest of the machine do.
double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

template <typename T>
T or_exit(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "append_bench: {}\n", result.error().detail);
    std::exit(1);
  }
  return std::move(*result);
}

double run_ledger(Service& service, const SampleLedger& sample, int callers, double seconds,
                  std::atomic<std::uint64_t>& number) {
  std::atomic<std::uint64_t> done = 0;
  const auto start = Clock::now();
  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(callers));
  for (int i = 0; i < callers; ++i) {
    threads.emplace_back([&] {
      while (seconds_since(start) < seconds) {
        or_exit(
            service.ledger().execute(sample.create_key(fmt::format("integration-{}", number++))));
        ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return static_cast<double>(done) / seconds_since(start);
}

// The frames that the ledger wrote from `first` on, into a database of its own.
double run_bare(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* frames,
                rocksdb::ColumnFamilyHandle* sides, const std::vector<StoredFrame>& written,
                std::uint64_t events) {
  rocksdb::WriteOptions sync;
  sync.sync = true;
  const auto start = Clock::now();
  for (const StoredFrame& frame : written) {
    rocksdb::WriteBatch batch(0, 0, 8, 0);
    std::string key = fmt::format("{:020}", frame.first_position);
    if (!batch.Put(frames, key, frame.frame).ok() || !batch.Put(sides, key, frame.side).ok() ||
        !db.Write(sync, &batch).ok()) {
      fmt::print(stderr, "append_bench: the bare loop failed\n");
      std::exit(1);
    }
  }
  return static_cast<double>(events) / seconds_since(start);
}

double run_raw(int file, double seconds, std::size_t bytes) {
  const std::string event(bytes, 'x');
  std::uint64_t done = 0;
  const auto start = Clock::now();
  while (seconds_since(start) < seconds) {
    if (::write(file, event.data(), event.size()) != static_cast<ssize_t>(event.size()) ||
        ::fdatasync(file) != 0) {
      std::exit(1);
    }
    ++done;
  }
  return static_cast<double>(done) / seconds_since(start);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct BareDb {
  explicit BareDb(const std::string& path) {
    rocksdb::Options options(careful_options(nullptr, std::make_shared<WriteErrors>()), {});
    options.create_if_missing = true;
    rocksdb::DB* opened = nullptr;
    if (!rocksdb::DB::Open(options, path, &opened).ok()) std::exit(1);
    db.reset(opened);
    db->CreateColumnFamily({}, "frames", &frames);
    db->CreateColumnFamily({}, "sides", &sides);
  }
  ~BareDb() {
    db->DestroyColumnFamilyHandle(frames);
    db->DestroyColumnFamilyHandle(sides);
  }
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::ColumnFamilyHandle* frames = nullptr;
  rocksdb::ColumnFamilyHandle* sides = nullptr;
};

int run(const std::string& directory, int callers, double seconds, int rounds) {
  ServiceOptions options;
  options.data = directory + "/data";
  options.create = true;
  const auto service = or_exit(Service::open(options));
  const SampleLedger sample = SampleLedger::make();
  or_exit(service->ledger().execute(sample.founding()));
  BareDb bare(directory + "/bare");
  const int file = ::open((directory + "/raw").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  std::atomic<std::uint64_t> number = 0;

  std::vector<double> to_bare;
  std::vector<double> to_raw;
  fmt::print("{:>8} {:>12} {:>12} {:>12} {:>14} {:>14} {:>12} {:>12}\n", "round", "raw/s", "bare/s",
             "ledger/s", "events/frame", "CPU us/event", "ledger/bare", "ledger/raw");
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t first = service->log().size();
    const double cpu_before = cpu_seconds();
    const double ledger = run_ledger(*service, sample, callers, seconds, number);
    const double cpu = cpu_seconds() - cpu_before;
    const std::uint64_t events = service->log().size() - first;
    const auto written = or_exit(service->log().read(first, 1U << 30U));
    std::size_t bytes = 0;
    for (const StoredFrame& frame : written) bytes += frame.frame.size() + frame.side.size();
    const double bare_rate = run_bare(*bare.db, bare.frames, bare.sides, written, events);
    const double raw = run_raw(file, seconds / 2, bytes / std::max<std::uint64_t>(events, 1));
    to_bare.push_back(ledger / bare_rate);
    to_raw.push_back(ledger / raw);
    fmt::print("{:>8} {:>12.0f} {:>12.0f} {:>12.0f} {:>14.1f} {:>14.1f} {:>12.2f} {:>12.2f}\n",
               round + 1, raw, bare_rate, ledger,
               static_cast<double>(events) / static_cast<double>(written.size()),
               cpu * 1e6 / static_cast<double>(events), to_bare.back(), to_raw.back());
  }
  ::close(file);
  fmt::print("median with {} callers: ledger/bare {:.2f}, ledger/raw {:.2f}\n", callers,
             median(to_bare), median(to_raw));
  return 0;
}

}  // namespace
}  // namespace keyledger

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: append_bench DIRECTORY [CALLERS] [SECONDS] [ROUNDS]\n");
    return 2;
  }
  const std::string directory = argv[1];
  std::filesystem::create_directories(directory);
  return keyledger::run(directory, argc > 2 ? std::atoi(argv[2]) : 64,
                        argc > 3 ? std::atof(argv[3]) : 2.0, argc > 4 ? std::atoi(argv[4]) : 5);
}
