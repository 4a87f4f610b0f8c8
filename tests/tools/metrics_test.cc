#include "tools/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tools/bench/sample_calls.h"
#include "tools/service.h"

namespace keyledger {
namespace {

using testing::HasSubstr;
using testing::Not;

class MetricsTest : public testing::Test {
 protected:
  void SetUp() override {
    ServiceOptions options;
    options.data = dir_.path().string() + "/data";
    options.create = true;
    options.housekeeping = false;
    auto service = Service::open(options);
    ASSERT_TRUE(service) << service.error().detail;
    service_ = std::move(*service);
    ASSERT_TRUE(service_->ledger().execute(sample_.founding()));
  }

  const TempDir dir_;
  const SampleLedger sample_ = SampleLedger::make();
  std::unique_ptr<Service> service_;
};

http::AccessRecord answer(std::string_view route, int status) {
  http::AccessRecord record;
  record.method = "POST";
  record.route = route;
  record.status = status;
  record.micros = 70;
  record.request_id = "req-1";
  record.client_ip = "192.0.2.7";
  return record;
}

TEST_F(MetricsTest, CountsAnswersByPatternMethodAndStatus) {
  Metrics metrics(*service_);
  metrics.count(answer("/v1/keys", 201));
  metrics.count(answer("/v1/keys", 201));
  metrics.count(answer("/v1/keys", 400));
  metrics.count(answer("", 404));
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("keyledger_http_answers_total{method=\"POST\",route=\"/v1/keys\","
                              "status=\"201\"} 2"));
  EXPECT_THAT(text, HasSubstr("route=\"/v1/keys\",status=\"400\"} 1"));
  EXPECT_THAT(text, HasSubstr("route=\"none\",status=\"404\"} 1"));
  EXPECT_THAT(text, HasSubstr("keyledger_http_answer_seconds_bucket{method=\"POST\","
                              "route=\"/v1/keys\",le=\"0.0001\"} 3"));
  EXPECT_THAT(text, Not(HasSubstr("192.0.2.7"))) << "addresses are no labels";
}

TEST_F(MetricsTest, CountsVerdictsByCode) {
  Metrics metrics(*service_);
  metrics.count(Verdict::kRevoked);
  EXPECT_THAT(metrics.text(), HasSubstr("keyledger_verdicts_total{code=\"REVOKED\"} 1"));
  EXPECT_THAT(metrics.text(), HasSubstr("keyledger_verdicts_total{code=\"VALID\"} 0"));
}

TEST_F(MetricsTest, CountsReportsOfLeaksByOutcome) {
  Metrics metrics(*service_);
  metrics.count(http::LeakOutcome::kCompromised);
  EXPECT_THAT(metrics.text(), HasSubstr("keyledger_leak_reports_total{outcome=\"compromised\"} 1"));
  EXPECT_THAT(metrics.text(), HasSubstr("keyledger_leak_reports_total{outcome=\"unknown\"} 0"));
}

TEST_F(MetricsTest, SaysWhetherTheLedgerTakesChanges) {
  Metrics metrics(*service_);
  EXPECT_THAT(metrics.text(), HasSubstr("keyledger_ledger_accepts_writes 1"));
  EXPECT_THAT(metrics.text(), HasSubstr("keyledger_ledger_events 5"));
  EXPECT_THAT(metrics.text(), HasSubstr("keyledger_projection_events{projection=\"tree\"} 5"));
  service_->ledger().stop();
  EXPECT_THAT(metrics.text(), HasSubstr("keyledger_ledger_accepts_writes 0"));
}

TEST_F(MetricsTest, RefusesAnAddressThatIsTaken) {
  Metrics first(*service_);
  ASSERT_TRUE(first.listen("127.0.0.1", 0));
  ASSERT_NE(first.port(), 0);
  Metrics second(*service_);
  const auto refused = second.listen("127.0.0.1", first.port());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace keyledger
