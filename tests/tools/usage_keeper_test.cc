#include "tools/usage_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>

#include "events/committed_frame.h"
#include "projections/usage_rows.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kDay = 24 * kHour;

class UsageKeeperTest : public ::testing::Test {
 protected:
  void set_policy(const json& body) {
    ASSERT_EQ(it.call(it.owner.secret, "PUT", "/v1/workspace/policy", body.dump()).status, 200);
  }
  void use(const json& made) {
    const json body = {{"key", made["secret"]}, {"ip", "203.0.113.7"}};
    ASSERT_EQ(it.call(it.owner.secret, "POST", "/v1/keys/verify", body.dump()).body["valid"], true);
  }
  // What was digested: "from to rows", oldest first.
  std::vector<std::string> digests() {
    std::vector<std::string> found;
    const auto listed =
        it.call(it.owner.secret, "GET", "/v1/audit?action=usage.digest&order=asc&limit=1000");
    EXPECT_EQ(listed.status, 200) << listed.response.body;
    for (const json& entry : listed.body["data"]) {
      EXPECT_EQ(entry["actor"]["type"], "system");
      const auto at = it.log.read(entry["position"], 1);
      const auto frame = decode_committed(at->front());
      for (const RecordedEvent& event : frame->events) {
        const auto* digest = std::get_if<UsageDigested>(&event.event);
        if (digest == nullptr) continue;
        found.push_back(to_text(digest->from).substr(5, 8) + " " +
                        to_text(digest->to).substr(5, 8) + " " + std::to_string(digest->rows));
      }
    }
    return found;
  }
  std::unique_ptr<UsageKeeper> keeper() {
    return std::make_unique<UsageKeeper>(*it.ledger, *it.projections);
  }
  void step(UsageKeeper& keeper) { keeper.step(it.clock.now(), {}); }

  TestLedger it;  // begins at 2026-03-30T12:00:00Z
  const json first = it.add_key("first");
  const json second = it.add_key("second");
  const std::string path = "/v1/keys/" + first["key"]["id"].get<std::string>() + "/usage";
};

TEST_F(UsageKeeperTest, DigestsADayOnceItIsOverAndNeverAgain) {
  auto all = keeper();
  use(first);
  use(second);
  step(*all);
  EXPECT_THAT(digests(), IsEmpty()) << "the day goes on";
  it.clock.advance_ms(12 * kHour);
  step(*all);
  EXPECT_THAT(digests(), ElementsAre("03-30T00 03-31T00 2"));
  use(first);
  it.clock.advance_ms(kHour);
  step(*all);
  it.restart();
  all = keeper();
  step(*all);
  EXPECT_THAT(digests(), ElementsAre("03-30T00 03-31T00 2"));
  it.clock.advance_ms(3 * kDay);
  use(first);
  it.restart();
  all = keeper();
  step(*all);
  EXPECT_THAT(digests(), ElementsAre("03-30T00 03-31T00 2", "03-31T00 04-01T00 1"))
      << "a day that was missed is digested, one without rows is not";
}

TEST_F(UsageKeeperTest, DigestsHoursWhereThePolicySaysSoAndNothingWhereItSaysOff) {
  set_policy({{"use_digest", "hourly"}});
  auto all = keeper();
  use(first);
  it.clock.advance_ms(kHour);
  use(second);
  step(*all);
  EXPECT_THAT(digests(), ElementsAre("03-30T12 03-30T13 1"));
  set_policy({{"use_digest", "off"}});
  it.clock.advance_ms(2 * kDay);
  step(*all);
  EXPECT_EQ(digests().size(), 1U);
}

// Else a digest would not be evidence.
TEST_F(UsageKeeperTest, CountsWhatComesLateInThePeriodAfterTheDigested) {
  auto all = keeper();
  use(first);
  const Timestamp then = it.clock.now();
  it.clock.advance_ms(kDay);
  step(*all);
  Usage& usage = it.projections->usage();
  const auto before = usage.digest_after(it.workspace, false, {});
  ASSERT_TRUE(before && *before);
  for (const json& made : {first, second}) {
    const KeyId key = *parse_id<KeyId>(made["key"]["id"].get<std::string>());
    it.projections->verify_index().count({key, {}}, std::nullopt, then);
  }
  ASSERT_TRUE(usage.flush(it.clock.now()));
  const auto after = usage.digest_after(it.workspace, false, {});
  EXPECT_EQ((*after)->digest, (*before)->digest);
  const json days = it.call(it.owner.secret, "GET", path).body["days"];
  ASSERT_EQ(days.size(), 2U);
  EXPECT_EQ(days[1]["day"], "2026-03-31");
  it.restart();  // it is known from the ledger
  all = keeper();
  const KeyId key = *parse_id<KeyId>(second["key"]["id"].get<std::string>());
  it.projections->verify_index().count({key, {}}, std::nullopt, then);
  ASSERT_TRUE(it.projections->usage().flush(it.clock.now()));
  EXPECT_EQ((*it.projections->usage().digest_after(it.workspace, false, {}))->digest,
            (*before)->digest);
}

TEST_F(UsageKeeperTest, EndsWhatIsOlderThanThePolicyLetsItGet) {
  set_policy({{"usage_retention_days", 10}});
  auto all = keeper();
  use(first);
  use(second);
  it.clock.advance_ms(9 * kDay);
  use(second);
  step(*all);
  EXPECT_EQ(it.call(it.owner.secret, "GET", path).body["last_ip"], "203.0.113.7");
  it.clock.advance_ms(3 * kDay);
  step(*all);
  const auto seen = [&] { return it.call(it.owner.secret, "GET", path).body; };
  EXPECT_EQ(seen()["last_ip"], nullptr);
  EXPECT_EQ(seen()["days"], json::array());
  EXPECT_EQ(seen()["use_count"], 1) << "what is no personal data stays";
  const std::string other = "/v1/keys/" + second["key"]["id"].get<std::string>() + "/usage";
  EXPECT_EQ(it.call(it.owner.secret, "GET", other).body["last_ip"], "203.0.113.7");
  EXPECT_EQ(it.call(it.owner.secret, "GET", other).body["days"].size(), 1U);
  it.restart();
  EXPECT_EQ(seen()["last_ip"], nullptr);
}

// Uses of a key over the day do not make an address younger that only the first one had.
TEST_F(UsageKeeperTest, EndsAnAddressThatIsOldThoughTheKeyIsUsedEveryDay) {
  set_policy({{"usage_retention_days", 10}});
  auto all = keeper();
  const std::string origin_key = R"({"type":"public","name":"shop","allowed_origins":["*"]})";
  const json made = it.call(it.owner.secret, "POST", "/v1/keys", origin_key).body;
  const auto verify = [&](json body) {
    body["key"] = made["secret"];
    ASSERT_EQ(it.call(it.owner.secret, "POST", "/v1/keys/verify", body.dump()).body["valid"], true);
  };
  const auto seen = [&] {
    const std::string id = made["key"]["id"];
    return it.call(it.owner.secret, "GET", "/v1/keys/" + id + "/usage").body;
  };
  verify({{"ip", "203.0.113.7"}, {"origin", "https://shop.example"}});
  for (int day = 1; day <= 12; ++day) {
    it.clock.advance_ms(kDay);
    verify(json::object());
    step(*all);
    EXPECT_EQ(seen()["last_ip"].is_null(), day > 10) << day;
    EXPECT_EQ(seen()["last_origin"].is_null(), day > 10) << day;
    if (day != 5) continue;
    it.restart();
    all = keeper();
  }
  EXPECT_EQ(seen()["use_count"], 13);
  EXPECT_EQ(seen()["last_used_at"], to_text(it.clock.now()));
}

TEST_F(UsageKeeperTest, RecordsManyDigestsWithOneFrame) {
  auto all = keeper();
  set_policy({{"use_digest", "hourly"}});
  const KeyId key = *parse_id<KeyId>(first["key"]["id"].get<std::string>());
  for (int hour = 0; hour < 5; ++hour) {
    it.projections->verify_index().count({key, {}, Verdict::kValid, {}, UseDigest::kHourly},
                                         std::nullopt, it.clock.now());
    it.clock.advance_ms(kHour);
  }
  const std::uint64_t before = it.size();
  step(*all);
  EXPECT_EQ(it.size(), before + 5);
  EXPECT_EQ(it.log.read(before, 1U << 20U)->size(), 1U) << "one frame, so one fsync";
}

TEST_F(UsageKeeperTest, EndsEarlyWhenItIsStopped) {
  auto all = keeper();
  use(first);
  it.clock.advance_ms(kDay);
  std::stop_source stop;
  stop.request_stop();
  all->step(it.clock.now(), stop.get_token());
  EXPECT_THAT(digests(), IsEmpty());
  it.clock.advance_ms(kHour);
  step(*all);
  EXPECT_EQ(digests().size(), 1U) << "nothing was taken for done";
}

TEST_F(UsageKeeperTest, KeepsNoWorkspaceWaitingForOneThatFails) {
  const auto tenant = it.add_tenant();
  const std::string_view theirs = R"({"type":"private","name":"theirs"})";
  const json made = it.call(tenant.secret, "POST", "/v1/keys", theirs).body;
  const json body = {{"key", made["secret"]}};
  ASSERT_EQ(it.call(tenant.secret, "POST", "/v1/keys/verify", body.dump()).body["valid"], true);
  it.projections->usage().close(it.clock.now());
  it.api.reset();
  it.ledger.reset();
  it.projections.reset();
  StoreOptions options;
  options.env = it.disk.get();
  options.logged = true;
  {
    auto rows = Store::open("/usage", options);
    ASSERT_TRUE(rows);
    const auto periods = (*rows)->table("periods");
    StoreBatch batch;
    batch.put(**periods, periods_prefix(it.workspace, false) + "damaged", "");
    ASSERT_TRUE((*rows)->write(std::move(batch)));
  }
  it.restart();
  auto all = keeper();
  it.clock.advance_ms(kDay);
  step(*all);
  const auto listed = it.call(tenant.secret, "GET", "/v1/audit?action=usage.digest");
  EXPECT_EQ(listed.body["data"].size(), 1U);
  it.clock.advance_ms(kHour);
  step(*all);
  EXPECT_EQ(it.call(tenant.secret, "GET", "/v1/audit?action=usage.digest").body["data"].size(), 1U)
      << "and none twice";
}

}  // namespace
}  // namespace keyledger
