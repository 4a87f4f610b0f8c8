// Every file-system call of a write fails in turn, in each way a disk can fail. No false answer:
// what was answered as done is there after a clean restart, what was refused as certainly not done
// is not, and the record is intact.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/fault_fs.h"
#include "tests/support/temp_dir.h"
#include "tools/bench/sample_calls.h"
#include "tools/service.h"
#include "tools/verify_ledger.h"

namespace keyledger {
namespace {

namespace fs = std::filesystem;

struct Outcome {
  KeyId key;
  std::optional<ErrorCode> refused;
};

class NthCall : public testing::TestWithParam<Fault> {
 protected:
  void SetUp() override {
    auto service = open(base_, nullptr, true);
    ASSERT_TRUE(service->ledger().execute(sample_.founding()));
  }

  static std::unique_ptr<Service> open(const std::string& data, rocksdb::Env* env, bool create) {
    ServiceOptions options;
    options.data = data;
    options.create = create;
    options.housekeeping = false;
    options.env = env;
    auto service = Service::open(options);
    EXPECT_TRUE(service) << service.error().detail;
    return service ? std::move(*service) : nullptr;
  }

  // Three creates while call `n` fails. Answers whether it came that far.
  bool write_with_fault(const std::string& data, std::uint64_t n, std::vector<Outcome>& outcomes) {
    FaultFs faults(data);
    const auto service = open(data, faults.env(), false);
    if (!service) return false;
    faults.arm({GetParam(), n, false, {}});
    for (int i = 0; i < 3; ++i) {
      Submission create = sample_.create_key(fmt::format("key-{}-{}", n, i));
      Outcome outcome{std::get<CreateKey>(create.command).id, std::nullopt};
      const auto receipt = service->ledger().execute(std::move(create));
      if (!receipt) outcome.refused = receipt.error().code;
      outcomes.push_back(outcome);
    }
    const bool fired = faults.fired();
    if (fired) {
      // After an I/O error the writer has stopped; it never guesses.
      const bool refused = outcomes.back().refused.has_value();
      EXPECT_TRUE(!refused || !service->ledger().accepts_writes());
    }
    return fired;
  }

  static void check(const std::string& data, const std::vector<Outcome>& outcomes) {
    {
      const auto service = open(data, nullptr, false);
      ASSERT_TRUE(service);
      for (const Outcome& outcome : outcomes) {
        const auto key = service->projections().key(outcome.key);
        ASSERT_TRUE(key);
        if (!outcome.refused) {
          EXPECT_TRUE(key->has_value()) << "answered as done and lost";
        }
        if (outcome.refused == ErrorCode::kUnavailable) {
          EXPECT_FALSE(key->has_value()) << "answered as certainly not done and there";
        }
      }
      ASSERT_TRUE(service->ledger().accepts_writes());
    }
    const TempDir scratch;
    const auto report = verify_ledger(data, scratch.path().string() + "/replay", {});
    ASSERT_TRUE(report) << report.error().detail;
    EXPECT_FALSE(report->damage) << *report->damage;
  }

  const TempDir dir_;
  const std::string base_ = dir_.path().string() + "/base";
  const SampleLedger sample_ = SampleLedger::make();
};

TEST_P(NthCall, NoAnswerIsFalse) {
  bool fired = true;
  std::uint64_t n = 0;
  std::size_t refusals = 0;
  while (fired) {
    SCOPED_TRACE(fmt::format("call {}", ++n));
    const std::string data = fmt::format("{}/{}", dir_.path().string(), n);
    fs::copy(base_, data, fs::copy_options::recursive);
    std::vector<Outcome> outcomes;
    fired = write_with_fault(data, n, outcomes);
    for (const Outcome& outcome : outcomes) refusals += outcome.refused ? 1U : 0U;
    check(data, outcomes);
    if (HasFatalFailure()) return;
    fs::remove_all(data);
  }
  EXPECT_GT(n, 6U) << "three synced writes make more calls than that";
  EXPECT_GT(refusals, 0U) << "no fault was ever felt";
}

INSTANTIATE_TEST_SUITE_P(EveryFault, NthCall,
                         testing::Values(Fault::kIoError, Fault::kNoSpace, Fault::kShortWrite),
                         [](const auto& fault) {
                           switch (fault.param) {
                             case Fault::kIoError: return "IoError";
                             case Fault::kNoSpace: return "NoSpace";
                             case Fault::kShortWrite: return "ShortWrite";
                             case Fault::kNone:
                             case Fault::kPowerCut: break;
                           }
                           return "Other";
                         });

}  // namespace
}  // namespace keyledger
