// Warnings before keys expire, against what a plain reading of each key's expiry asks for.
#include "tools/due_notices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <tuple>

#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kDay = 24 * kHour;

class DueNoticesTest : public ::testing::Test {
 protected:
  using Warning = std::tuple<std::string, std::int64_t, std::uint32_t>;  // key, expiry, days

  void record() {
    record_due_notices(*it.ledger, it.projections->schedule(), it.clock.now(), [] {});
  }
  [[nodiscard]] std::string in(std::int64_t ms) const { return to_text(it.clock.now() + ms); }

  // All that were recorded, in the order of the log.
  std::vector<Warning> warnings() {
    std::vector<Warning> found;
    std::string cursor;
    for (;;) {
      const auto page = it.call(it.owner.secret, "GET",
                                "/v1/audit?action=key.expiring&order=asc&limit=1000" + cursor);
      EXPECT_EQ(page.status, 200);
      for (const json& entry : page.body["data"]) {
        EXPECT_EQ(entry["actor"]["type"], "system");
        const json& changes = entry["changes"];
        found.emplace_back(entry["target"]["id"],
                           parse_time(changes["expires_at"]["to"].get<std::string>())->ms,
                           changes["days_left"]["to"]);
      }
      if (page.body["next_cursor"].is_null()) return found;
      cursor = "&cursor=" + page.body["next_cursor"].get<std::string>();
    }
  }
  std::vector<std::uint32_t> days() {
    std::vector<std::uint32_t> out;
    for (const Warning& warning : warnings()) out.push_back(std::get<2>(warning));
    return out;
  }
  // A look every hour.
  void pass_days(int count) {
    for (int hour = 0; hour < 24 * count; ++hour) {
      it.clock.advance_ms(kHour);
      record();
    }
  }
  std::string change(const std::string& id, const json& fields) {
    const auto answer = it.call(it.owner.secret, "PATCH", "/v1/keys/" + id, fields.dump());
    EXPECT_EQ(answer.status, 200) << answer.response.body;
    return id;
  }

  TestLedger it;
};

TEST_F(DueNoticesTest, AKeyIsAnnouncedThirtySevenAndOneDayBefore) {
  it.add_key("k", {{"expires_at", in(40 * kDay)}});
  pass_days(9);
  EXPECT_THAT(days(), IsEmpty());
  pass_days(1);
  EXPECT_THAT(days(), ElementsAre(30));
  pass_days(28);
  EXPECT_THAT(days(), ElementsAre(30, 7));
  pass_days(1);
  EXPECT_THAT(days(), ElementsAre(30, 7, 1));
  pass_days(3);
  EXPECT_THAT(days(), ElementsAre(30, 7, 1));
}

TEST_F(DueNoticesTest, WhoMakesAKeyIsNotToldWhatItSaidItself) {
  it.add_key("five days", {{"expires_at", in(5 * kDay)}});
  it.add_key("thirty days", {{"ttl_seconds", 30 * 86'400}});
  it.add_key("an hour", {{"ttl_seconds", 3'600}});
  record();
  EXPECT_THAT(days(), IsEmpty());
  pass_days(31);
  EXPECT_THAT(days(), ElementsAre(1, 7, 1));
}

TEST_F(DueNoticesTest, WhatComesLateSaysWhatIsLeft) {
  it.add_key("k", {{"expires_at", in(40 * kDay)}});
  it.clock.advance_ms(36 * kDay);
  it.restart(TestLedger::Rows::kForget);
  record();
  EXPECT_THAT(days(), ElementsAre(7));
  it.clock.advance_ms(36 * kDay);
  record();
  EXPECT_THAT(days(), ElementsAre(7)) << "it has expired, which is said instead";
}

TEST_F(DueNoticesTest, ManagementKeysAreAnnouncedToo) {
  const auto made =
      it.call(it.owner.secret, "POST", "/v1/members/" + it.owner.id + "/management_keys",
              json{{"expires_at", in(8 * kDay)}}.dump());
  ASSERT_EQ(made.status, 201);
  pass_days(9);
  EXPECT_THAT(days(), ElementsAre(7, 1));
}

// What should have been recorded, from each key's expiry and from when that was set.
class PlainWarnings {
 public:
  void set(const std::string& key, std::int64_t expiry, Timestamp now) {
    keys_[key] = {expiry, now.ms};
  }
  void end(const std::string& key) { keys_.erase(key); }
  // Somebody looks: what is new by now.
  void look(Timestamp now) {
    for (const auto& [key, expiry] : keys_) {
      if (expiry.at <= now.ms) continue;
      for (const std::uint32_t days : {1U, 7U, 30U}) {
        const std::int64_t due = expiry.at - days * kDay;
        if (due > now.ms || due <= expiry.set) continue;
        auto& said = said_[{key, expiry.at}];
        if (said == 0 || days < said) {
          said = days;
          all_.insert({key, expiry.at, days});
        }
        break;
      }
    }
  }
  [[nodiscard]] const auto& all() const { return all_; }
  [[nodiscard]] std::vector<std::string> live() const {
    std::vector<std::string> ids;
    for (const auto& [key, expiry] : keys_) ids.push_back(key);
    return ids;
  }

 private:
  struct Expiry {
    std::int64_t at = 0;
    std::int64_t set = 0;
  };
  std::map<std::string, Expiry> keys_;
  std::map<std::pair<std::string, std::int64_t>, std::uint32_t> said_;
  std::set<std::tuple<std::string, std::int64_t, std::uint32_t>> all_;
};

class DueNoticesModel : public DueNoticesTest, public ::testing::WithParamInterface<int> {};

TEST_P(DueNoticesModel, EachStepIsRecordedOnceForEachExpiry) {
  std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()));
  const auto below = [&](std::uint64_t limit) {
    return static_cast<std::int64_t>(random() % limit);
  };
  std::vector<std::int64_t> expiries;  // few, so that keys go back to one that they had
  for (int i = 0; i < 12; ++i) expiries.push_back(it.clock.now().ms + (1 + below(90 * 24)) * kHour);
  PlainWarnings plain;
  int made = 0;
  for (int step = 0; step < 250; ++step) {
    const Timestamp now = it.clock.now();
    const std::int64_t expiry = expiries[static_cast<std::size_t>(below(expiries.size()))];
    const auto live = plain.live();
    const std::string key = live.empty() ? "" : live[static_cast<std::size_t>(below(live.size()))];
    const auto known =
        key.empty() ? json() : it.call(it.owner.secret, "GET", "/v1/keys/" + key).body;
    const bool final = key.empty() || known["status"] == "expired";
    switch (below(8)) {
      case 0:
        if (expiry <= now.ms) break;
        plain.set(it.add_key("k" + std::to_string(made++),
                             {{"expires_at", to_text(Timestamp{expiry})}})["key"]["id"],
                  expiry, now);
        break;
      case 1:
      case 2: {
        if (final || expiry <= now.ms) break;
        const std::string text = to_text(Timestamp{expiry});
        if (known["expires_at"] == text) break;
        plain.set(change(key, {{"expires_at", text}}), expiry, now);
        break;
      }
      case 3:
        if (final || below(4) != 0) break;
        ASSERT_EQ(it.call(it.owner.secret, "DELETE", "/v1/keys/" + key).status, 200);
        plain.end(key);
        break;
      case 4:
        if (below(5) == 0)
          it.restart(below(2) == 0 ? TestLedger::Rows::kKeep : TestLedger::Rows::kForget);
        break;
      default:
        it.clock.advance_ms((1 + below(48)) * kHour);
        if (below(4) == 0) break;
        record();
        plain.look(it.clock.now());
        record();
    }
  }
  const auto found = warnings();
  EXPECT_EQ((std::set<Warning>(found.begin(), found.end())), plain.all()) << "seed " << GetParam();
  EXPECT_EQ(found.size(), plain.all().size()) << "one came twice, seed " << GetParam();
  EXPECT_GT(found.size(), 3U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, DueNoticesModel, ::testing::Range(1, 9));

}  // namespace
}  // namespace keyledger
