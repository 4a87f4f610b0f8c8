// The live feed, without a socket: what it says, to whom, how long. tests/e2e/audit_stream_test.py
// has the socket, and a server that is killed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <random>
#include <thread>

#include "tests/http/feed_client.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr std::string_view kPath = "/v1/audit/stream";
constexpr std::string_view kNoMore = "This management key may not read the audit trail any more.";

class AuditStream : public ::testing::Test {
 protected:
  AuditStream() {
    options.look = milliseconds(5);
    options.pace = milliseconds(1);
    open_with(options);
  }
  void open_with(const http::FeedOptions& feeds) {
    it.keep_access_log = false;  // the feeds' threads do not write there, but others here do
    it.restart_with([feeds](http::ApiOptions& api) { api.feeds = feeds; });
  }

  TestLedger::Answer ask(const std::string& query, const TestLedger::Headers& headers = {}) {
    return it.call(it.owner.secret, "GET", std::string(kPath) + query, {}, headers);
  }
  std::unique_ptr<FeedClient> open(const std::string& query = "",
                                   const TestLedger::Headers& headers = {}) {
    return open_as(it.owner.secret, query, headers);
  }
  std::unique_ptr<FeedClient> open_as(const std::string& secret, const std::string& query = "",
                                      const TestLedger::Headers& headers = {},
                                      std::size_t most = SIZE_MAX) {
    auto answer = it.call(secret, "GET", std::string(kPath) + query, {}, headers);
    if (answer.status != 200) throw std::runtime_error(answer.response.body);
    return std::make_unique<FeedClient>(std::move(answer.response.producer), most);
  }
  static TestLedger::Headers after(std::uint64_t position) {
    return {{"Last-Event-ID", std::to_string(position)}};
  }

  // What the feed is to say of all that the list of the same filter says.
  std::vector<FeedMessage> entries(const std::string& secret, const std::string& query,
                                   std::uint64_t from) {
    std::vector<FeedMessage> out;
    std::string cursor;
    do {
      const auto page = it.call(
          secret, "GET",
          "/v1/audit" + query + (query.empty() ? "?" : "&") + "order=asc&limit=1000" + cursor);
      if (page.status != 200) throw std::runtime_error(page.response.body);
      const auto ordered = nlohmann::ordered_json::parse(page.response.body);
      for (const auto& entry : ordered["data"]) {
        if (entry["position"].get<std::uint64_t>() < from) continue;
        out.push_back({entry["position"].dump(), entry["action"], entry.dump()});
      }
      const auto& next = ordered["next_cursor"];
      cursor = next.is_null() ? "" : "&cursor=" + next.get<std::string>();
    } while (!cursor.empty());
    return out;
  }

  http::FeedOptions options;
  TestLedger it;
};

TEST_F(AuditStream, SaysFromNowOnWhatTheEntryItselfSays) {
  const auto answer = ask("");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.response.content_type, "text/event-stream");
  EXPECT_EQ(answer.header("Cache-Control"), "no-store");
  EXPECT_EQ(answer.header("X-Accel-Buffering"), "no");
  EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "");
  const std::uint64_t head = it.size() - 1;
  EXPECT_EQ(answer.position(), head);

  // What is recorded after the answer was made belongs to it, whenever its thread begins.
  it.add_key("app", {{"reason", "so \"it\" was"}});
  FeedClient client(answer.response.producer);
  it.add_member("admin");
  ASSERT_TRUE(client.wait_for_messages(3));
  const auto messages = client.read().messages;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const std::string position = std::to_string(head + 1 + i);
    EXPECT_EQ(messages[i].id, position);
    const auto entry = it.call(it.owner.secret, "GET", "/v1/audit/" + position);
    EXPECT_EQ(messages[i].data, entry.response.body);
    EXPECT_EQ(entry.body["action"], messages[i].event);
  }
  EXPECT_EQ(client.read().retry, "3000");
}

// Else a client whose connection ends before the first message would miss what comes meanwhile.
TEST_F(AuditStream, SaysAtOnceWhereItBegins) {
  const std::uint64_t head = it.size() - 1;
  const auto client = open();
  ASSERT_TRUE(client->wait([](const FeedText& text) { return !text.last_id.empty(); }));
  EXPECT_EQ(client->read().last_id, std::to_string(head));
  EXPECT_THAT(client->read().messages, IsEmpty());
}

TEST_F(AuditStream, GoesOnAfterTheLastOneSeen) {
  for (const std::uint64_t last : {std::uint64_t{0}, std::uint64_t{2}, it.size() - 1}) {
    const auto expected = entries(it.owner.secret, "", last + 1);
    const auto client = open("", after(last));
    ASSERT_TRUE(client->wait_for_messages(expected.size()));
    it.add_key("app " + std::to_string(last));
    ASSERT_TRUE(client->wait_for_messages(expected.size() + 1));
    EXPECT_EQ(client->read().messages, entries(it.owner.secret, "", last + 1));
  }
}

TEST_F(AuditStream, BeginsAtATime) {
  it.add_key("before");
  it.clock.advance_ms(60'000);
  const std::uint64_t first = it.size();
  it.add_key("after");
  it.add_key("more");
  const std::string from = "?from=2026-03-30T12:01:00Z";
  const auto client = open(from);
  ASSERT_TRUE(client->wait_for_messages(2));
  EXPECT_EQ(client->read().messages, entries(it.owner.secret, "", first));
  const auto at_position = open("?from=position:" + std::to_string(first));
  ASSERT_TRUE(at_position->wait_for_messages(2));
  EXPECT_EQ(at_position->read().messages, client->read().messages);
  // Who comes again asks for both, and gets what it has not seen.
  const auto again = open(from, after(first));
  ASSERT_TRUE(again->wait_for_messages(1));
  EXPECT_EQ(again->read().messages, entries(it.owner.secret, "", first + 1));
}

TEST_F(AuditStream, SaysOnlyWhatIsAskedFor) {
  const std::string app = it.add_key("billing app")["key"]["id"];
  const auto admin = it.add_member("admin");
  it.call(it.owner.secret, "POST", "/v1/keys/" + app + "/suspend", R"({"reason":"Quarterly"})",
          {{"X-Request-Id", "req-7"}});
  it.call(admin.secret, "POST", "/v1/keys/" + app + "/resume", "{}");
  for (const std::string& query :
       {"key=" + app, "actor=" + admin.id, std::string("action=key.*"), "member=" + admin.id,
        std::string("action=key.created&action=key.resumed"), std::string("request_id=req-7"),
        std::string("ip=192.0.2.7"), std::string("q=billing"), std::string("q=quarterly")}) {
    const auto expected = entries(it.owner.secret, '?' + query, 1);
    ASSERT_FALSE(expected.empty()) << query;
    const auto client = open('?' + query, after(0));
    EXPECT_TRUE(client->wait_for_messages(expected.size())) << query;
    client->leave();
    EXPECT_EQ(client->read().messages, expected) << query;
  }
}

TEST_F(AuditStream, SaysNothingOfOtherWorkspaces) {
  const auto tenant = it.add_tenant();
  const auto client = open_as(tenant.secret, "", after(0));
  it.add_key("the operator's");
  it.call(tenant.secret, "POST", "/v1/keys", R"({"type":"private","name":"its own"})");
  const auto expected = entries(tenant.secret, "", 0);
  ASSERT_TRUE(client->wait_for_messages(expected.size()));
  client->leave();
  EXPECT_EQ(client->read().messages, expected);
}

TEST_F(AuditStream, RefusesAPlaceThatIsNone) {
  for (const std::string& id :
       {std::string("x"), std::string(""), std::string("-1"), std::string("1 2"),
        std::string("0x1"), std::to_string(it.size()), std::string("99999999999999999999")}) {
    const auto answer = ask("", {{"Last-Event-ID", id}});
    EXPECT_EQ(answer.status, 400) << id;
    EXPECT_THAT(answer.faults(), ElementsAre("Last-Event-ID invalid")) << id;
  }
  const auto twice = ask("", {{"Last-Event-ID", "1"}, {"last-event-id", "2"}});
  EXPECT_THAT(twice.faults(), ElementsAre("Last-Event-ID invalid"));
}

TEST_F(AuditStream, RefusesWhatAFeedCannotKeep) {
  for (const char* name : {"to", "order", "limit", "cursor", "format", "nonsense"}) {
    const auto answer = ask(std::string("?") + name + "=1");
    EXPECT_EQ(answer.status, 400) << name;
    EXPECT_THAT(answer.faults(), ElementsAre(name + std::string(" unknown_field")));
  }
  EXPECT_THAT(ask("?from=yesterday&key=x&action=no.such").faults(),
              testing::UnorderedElementsAre("from invalid", "key invalid", "action invalid"));
}

TEST_F(AuditStream, BeatsWhileNothingHappens) {
  options.heartbeat = milliseconds(2);
  open_with(options);
  const auto client = open("?action=member.added");
  const auto beats = [](const FeedText& text) { return text.comments.size() >= 3; };
  ASSERT_TRUE(client->wait(beats));
  EXPECT_THAT(client->read().comments, Each("heartbeat"));
  // What was not for it need not be looked through again by who comes again.
  it.add_key("app");
  const std::string head = std::to_string(it.size() - 1);
  EXPECT_TRUE(client->wait([&](const FeedText& text) { return text.last_id == head; }));
  EXPECT_THAT(client->read().messages, IsEmpty());
}

TEST_F(AuditStream, EndsWellWithTheServerAndIllWithASlowClient) {
  const auto stopped = open();
  stopped->leave();
  EXPECT_TRUE(stopped->was_whole());
  const auto slow = open_as(it.owner.secret, "", after(0), 100);
  ASSERT_TRUE(slow->wait_for_end());
  EXPECT_FALSE(slow->was_whole());
}

// --- Who may no more is told nothing more ---

struct Loss {
  const char* name;
  int status;  // what a new call is answered
  std::function<void(TestLedger&, const TestLedger::Person&)> happens;
};

std::vector<Loss> losses() {
  const auto owner_does = [](TestLedger& it, std::string_view method, const std::string& target,
                             std::string_view body = "{}") {
    const auto answer = it.call(it.owner.secret, method, target, body);
    if (answer.status != 200) throw std::runtime_error(answer.response.body);
  };
  using Person = TestLedger::Person;
  return {{"revoked", 401,
           [=](TestLedger& it, const Person& who) {
             owner_does(it, "POST", "/v1/keys/" + who.key_id + "/revoke");
           }},
          {"suspended", 401,
           [=](TestLedger& it, const Person& who) {
             owner_does(it, "POST", "/v1/keys/" + who.key_id + "/suspend");
           }},
          {"expired", 401,
           [=](TestLedger& it, const Person& who) {
             owner_does(it, "PATCH", "/v1/keys/" + who.key_id,
                        R"({"expires_at":"2026-03-30T12:30:00Z"})");
             it.clock.advance_ms(40 * 60'000);
           }},
          {"rotated", 401,
           [](TestLedger& it, const Person& who) {
             const auto answer = it.call(who.secret, "POST", "/v1/keys/" + who.key_id + "/rotate");
             if (answer.status != 200) throw std::runtime_error(answer.response.body);
           }},
          {"shut out by address", 403,
           [=](TestLedger& it, const Person& who) {
             owner_does(it, "PATCH", "/v1/keys/" + who.key_id,
                        R"({"allowed_ips":["198.51.100.1"]})");
           }},
          {"degraded", 403,
           [=](TestLedger& it, const Person& who) {
             owner_does(it, "PATCH", "/v1/members/" + who.id, R"({"role":"verifier"})");
           }},
          {"removed", 401, [=](TestLedger& it, const Person& who) {
             owner_does(it, "DELETE", "/v1/members/" + who.id);
           }}};
}

TEST_F(AuditStream, EndsWithTheRightToReadIt) {
  for (const Loss& loss : losses()) {
    SCOPED_TRACE(loss.name);
    const auto auditor = it.add_member("auditor");
    const auto client = open_as(auditor.secret);
    it.add_key(std::string("before ") + loss.name);
    ASSERT_TRUE(client->wait_for_messages(1));
    const std::uint64_t lost_at = it.size();
    loss.happens(it, auditor);
    ASSERT_TRUE(client->wait_for_end());
    EXPECT_TRUE(client->was_whole());
    EXPECT_THAT(client->read().comments, ElementsAre(kNoMore));
    for (const FeedMessage& message : client->read().messages) {
      // The event that sets the expiry may be read; only then does it expire.
      EXPECT_LE(std::stoull(message.id), lost_at);
    }
    EXPECT_EQ(it.call(auditor.secret, "GET", kPath).status, loss.status);
  }
}

// The hard case: entries come all the time, also while the right is taken.
TEST_F(AuditStream, SaysNothingThatWasRecordedAfterTheRightWasLost) {
  std::atomic<bool> over = false;
  std::thread writer([&] {
    for (int i = 0; !over; ++i) it.add_key("key " + std::to_string(i));
  });
  for (std::size_t round = 0; round < 20; ++round) {
    const auto auditor = it.add_member("auditor");
    const auto client = open_as(auditor.secret);
    EXPECT_TRUE(client->wait_for_messages(1 + round % 5));
    const auto receipt =
        it.call(it.owner.secret, "POST", "/v1/keys/" + auditor.key_id + "/revoke", "{}");
    EXPECT_TRUE(client->wait_for_end());
    EXPECT_THAT(client->read().comments, ElementsAre(kNoMore));
    const std::uint64_t revoked_at = receipt.body["position"];
    EXPECT_LT(std::stoull(client->read().messages.back().id), revoked_at);
  }
  over = true;
  writer.join();
}

// --- How many there may be ---

TEST_F(AuditStream, AreLimitedByMemberWorkspaceAndInAll) {
  options.of_member = 2;
  options.of_workspace = 3;
  options.in_all = 4;
  open_with(options);
  const auto admin = it.add_member("admin");
  const auto tenant = it.add_tenant();
  const auto second = it.add_tenant("Third");
  const auto answered = [&](const std::string& secret) {
    const auto answer = it.call(secret, "GET", kPath);
    if (answer.status == 200) return std::string("200");
    EXPECT_NE(answer.header("Retry-After"), "");
    return std::to_string(answer.status) + ' ' + answer.body.value("detail", "");
  };
  auto one = open();
  const auto two = open();
  EXPECT_THAT(answered(it.owner.secret), AllOf(StartsWith("429"), HasSubstr("member")));
  const auto three = open_as(admin.secret);
  EXPECT_THAT(answered(admin.secret), AllOf(StartsWith("429"), HasSubstr("workspace")));
  const auto four = open_as(tenant.secret);
  EXPECT_THAT(answered(second.secret), StartsWith("503"));
  EXPECT_EQ(it.call(it.owner.secret, "GET", "/v1/audit").status, 200) << "a list is no feed";

  one->leave();
  EXPECT_THAT(answered(second.secret), StartsWith("200")) << "which nobody reads";
  one = open();
  EXPECT_THAT(answered(it.owner.secret), StartsWith("429"));
}

// --- No gap, no repeat ---

// Reads like a client of the real world: its connection ends anywhere, in the middle of a line too,
// and it comes again with the last id that it saw whole.
class Reading {
 public:
  Reading(std::string filter, std::uint64_t last) : query(std::move(filter)), last_(last) {}

  template <typename Open>
  void read_once(const Open& open, std::size_t most, std::size_t enough) {
    const auto client = open(query, last_, most);
    const std::size_t before = read.size();
    client->wait([&](const FeedText& text) { return before + text.messages.size() >= enough; });
    client->leave();
    const FeedText text = client->read();
    if (!text.last_id.empty()) {
      const std::uint64_t id = std::stoull(text.last_id);
      EXPECT_GT(id, last_) << "ids only grow";
      last_ = id;
    }
    read.insert(read.end(), text.messages.begin(), text.messages.end());
  }

  const std::string query;
  std::vector<FeedMessage> read;

 private:
  std::uint64_t last_;
};

class RandomChanges {
 public:
  RandomChanges(TestLedger& it, std::uint64_t seed) : it_(it), random_(seed) {}

  void one() {
    const std::uint64_t way = random_() % 6;
    const std::string number = std::to_string(++made_);
    if (way == 0 || keys_.empty()) {
      keys_.push_back(it_.add_key("app " + number)["key"]["id"]);
    } else if (way == 1) {
      it_.call(tenant_.secret, "POST", "/v1/keys",
               R"({"type":"private","name":"t)" + number + "\"}");
    } else {
      const std::string path = "/v1/keys/" + keys_[random_() % keys_.size()];
      const std::string name =
          R"({"name":"app )" + number + R"(","description":"d)" + number + "\"}";
      if (way == 2) it_.call(it_.owner.secret, "POST", path + "/suspend", "{}");
      if (way == 3) it_.call(it_.owner.secret, "POST", path + "/resume", "{}");
      if (way == 4) it_.call(it_.owner.secret, "PATCH", path, name);  // two events of one frame
      if (way == 5) it_.call(it_.owner.secret, "POST", path + "/rotate", "{}");
    }
  }
  [[nodiscard]] const std::string& first_key() const { return keys_.front(); }

 private:
  TestLedger& it_;
  std::mt19937_64 random_;
  const TestLedger::Tenant tenant_ = it_.add_tenant();
  std::vector<std::string> keys_;
  int made_ = 0;
};

TEST_F(AuditStream, SaysEachEntryOnceAndInOrderHoweverOftenItIsCut) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  options.heartbeat = milliseconds(3);
  options.of_member = 100;
  options.of_workspace = 100;
  open_with(options);
  RandomChanges changes(it, seed);
  changes.one();
  const std::uint64_t begin = it.size() - 1;
  const auto open = [&](const std::string& query, std::uint64_t last, std::size_t most) {
    return open_as(it.owner.secret, query, after(last), most);
  };
  std::vector<Reading> readings;
  for (const std::string& query :
       {std::string(), std::string("?action=key.*"),
        std::string("?action=key.created&action=key.renamed&action=key.suspended"),
        std::string("?q=app+1"), "?key=" + changes.first_key(), "?actor=" + it.owner.id}) {
    readings.emplace_back(query, begin);
  }

  std::atomic<bool> over = false;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    threads.emplace_back([&, i] {
      std::mt19937_64 random(seed + i);
      while (!over) readings[i].read_once(open, 1 + random() % 6000, SIZE_MAX);
    });
  }
  for (int i = 0; i < 300; ++i) changes.one();
  over = true;
  for (std::thread& thread : threads) thread.join();

  for (Reading& reading : readings) {
    SCOPED_TRACE(reading.query);
    const auto expected = entries(it.owner.secret, reading.query, begin + 1);
    EXPECT_FALSE(expected.empty());
    if (reading.read.size() < expected.size()) reading.read_once(open, SIZE_MAX, expected.size());
    EXPECT_EQ(reading.read, expected);
  }
}

}  // namespace
}  // namespace keyledger
