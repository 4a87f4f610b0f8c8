// Power cuts under the whole write path: ledger, log, projections, watermark. What was answered
// must be there afterwards, at the same position, under every root that was ever handed out. With
// the sync switched off the same check must fail, or it would prove nothing.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <mutex>
#include <random>
#include <thread>

#include "tests/support/fault_fs.h"
#include "tests/support/read_file.h"
#include "tests/support/temp_dir.h"
#include "tools/bench/sample_calls.h"
#include "tools/service.h"
#include "tools/verify_ledger.h"

namespace keyledger {
namespace {

bool long_form() {
  const char* const wanted = std::getenv("KEYLEDGER_LONG_TESTS");
  return wanted != nullptr && std::string_view(wanted) == "1";
}

// A call that was answered as done.
struct Answered {
  Submission submission;
  Receipt receipt;
};

class PowerCuts {
 public:
  PowerCuts(const std::string& data, std::uint64_t seed, FaultFsOptions options)
      : data_(data), random_(seed), options_(options) {
    ServiceOptions found;
    found.data = data_;
    found.create = true;
    found.housekeeping = false;
    auto service = Service::open(found);
    EXPECT_TRUE(service);
    EXPECT_TRUE((*service)->ledger().execute(sample_.founding()));
  }

  // Load until the power goes, then a look at what is left. Says what was broken.
  std::optional<std::string> round() {
    const std::string watermark = read_file(data_ + "/watermark");
    load_until_cut();
    // The watermark is up to a second behind: sometimes what the cut leaves is an old one.
    if (random_() % 2 == 0) write_watermark_file(watermark);
    return look();
  }

  std::optional<std::string> verify() const {
    const TempDir scratch;
    const auto report = verify_ledger(data_, scratch.path().string() + "/replay", {});
    if (!report) return report.error().detail;
    return report->damage;
  }

  [[nodiscard]] std::size_t answered() const { return answered_.size(); }

 private:
  void load_until_cut() {
    FaultFs faults(data_, options_);
    ServiceOptions options;
    options.data = data_;
    options.housekeeping = false;
    options.env = faults.env();
    {
      auto service = Service::open(options);
      ASSERT_TRUE(service) << service.error().detail;
      faults.arm({Fault::kPowerCut, 1 + random_() % 60, true, {}});
      std::vector<std::thread> callers;
      for (int i = 0; i < 3; ++i) callers.emplace_back([&] { call_until_refused(**service); });
      for (std::thread& caller : callers) caller.join();
      faults.crash(random_());
    }
  }

  void call_until_refused(Service& service) {
    std::vector<KeyId> mine;
    for (int i = 0; i < 200; ++i) {
      const std::string name = fmt::format("key-{}", number_++);
      Submission submission =
          mine.empty() || i % 3 != 0 ? sample_.create_key(name) : sample_.revoke_key(mine.back());
      submission.call.idempotency = IdempotencyClaim{sha256(name), sha256("body of " + name)};
      const auto receipt = service.ledger().execute(submission);
      if (!receipt) return;
      const TreeHead head = service.projections().tree().head();
      if (receipt->key) mine.push_back(receipt->key->id);
      const std::lock_guard lock(mutex_);
      answered_.push_back({std::move(submission), *receipt});
      roots_.push_back(head);
    }
  }

  std::optional<std::string> look() {
    ServiceOptions options;
    options.data = data_;
    options.housekeeping = false;
    auto service = Service::open(options);
    if (!service) return "open: " + service.error().detail;
    const Projections& projections = (*service)->projections();
    for (const TreeHead& head : roots_) {
      const auto root = projections.tree().root_at(head.size);
      if (!root || *root != head.root) return fmt::format("the root of size {} changed", head.size);
    }
    for (const Answered& call : answered_) {
      const auto now = projections.key(call.receipt.key->id);
      if (!now || !*now) return fmt::format("the key of event {} is lost", call.receipt.position);
      if ((*now)->version < call.receipt.key->version) {
        return fmt::format("event {} is lost", call.receipt.position);
      }
    }
    return repeat_some(**service);
  }

  // A retry with the same Idempotency-Key is answered with the events of the first call.
  std::optional<std::string> repeat_some(Service& service) {
    for (std::size_t i = 0; i < answered_.size(); i += 1 + random_() % 17) {
      const auto again = service.ledger().execute(answered_[i].submission);
      if (!again) return "a retry was refused: " + again.error().detail;
      if (!again->replayed || again->position != answered_[i].receipt.position) {
        return fmt::format("the retry of event {} was carried out again",
                           answered_[i].receipt.position);
      }
    }
    return std::nullopt;
  }

  void write_watermark_file(const std::string& text) const {
    std::ofstream(data_ + "/watermark") << text;
  }

  const std::string data_;
  std::mt19937_64 random_;
  const FaultFsOptions options_;
  const SampleLedger sample_ = SampleLedger::make();
  std::atomic<std::uint64_t> number_ = 0;
  std::mutex mutex_;
  std::vector<Answered> answered_;
  std::vector<TreeHead> roots_;
};

std::uint64_t fresh_seed() { return std::random_device()(); }

TEST(PowerCut, NothingThatWasAnsweredIsEverLost) {
  const std::uint64_t seed = fresh_seed();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  const int ledgers = long_form() ? 100 : 3;
  const int rounds = long_form() ? 30 : 12;
  std::size_t answered = 0;
  for (int ledger = 0; ledger < ledgers; ++ledger) {
    const TempDir dir;
    PowerCuts cuts(dir.path().string() + "/data", seed + static_cast<std::uint64_t>(ledger),
                   {false, ledger % 2 == 1});
    for (int round = 0; round < rounds; ++round) {
      const auto broken = cuts.round();
      ASSERT_FALSE(broken) << "ledger " << ledger << ", round " << round << ": " << *broken;
    }
    const auto damage = cuts.verify();
    ASSERT_FALSE(damage) << *damage;
    answered += cuts.answered();
  }
  EXPECT_GT(answered, static_cast<std::size_t>(ledgers * rounds)) << "the cuts came too early";
}

TEST(PowerCut, WithTheSyncSwitchedOffTheSameCheckFails) {
  const std::uint64_t seed = fresh_seed();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  for (std::uint64_t attempt = 0; attempt < 20; ++attempt) {
    const TempDir dir;
    PowerCuts cuts(dir.path().string() + "/data", seed + attempt, {true, false});
    if (cuts.round()) return;
  }
  FAIL() << "20 power cuts without any fsync lost nothing: the check sees nothing";
}

}  // namespace
}  // namespace keyledger
