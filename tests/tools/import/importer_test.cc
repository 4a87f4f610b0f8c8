// Files into a whole ledger, over calls that fail in every way there is: each line once, none lost.
#include "tools/import/importer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <mutex>
#include <random>
#include <set>

#include "tests/support/temp_dir.h"
#include "tests/support/test_ledger.h"

namespace keyledger {
namespace {

using http::ClientAnswer;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

std::string hash_of(std::uint64_t number) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::mt19937_64 random(number);
  std::string out;
  for (int i = 0; i < 64; ++i) out += kDigits[random() % 16];
  return out;
}

std::string line_of(std::uint64_t number, const json& extra = json::object()) {
  json made = {
      {"sha256", hash_of(number)}, {"type", "private"}, {"name", "key " + std::to_string(number)}};
  made.update(extra);
  return made.dump() + "\n";
}

class ImporterTest : public testing::Test {
 protected:
  ImporterTest() {
    it.keep_access_log = false;
    options.in_flight = 1;
    options.connect = [this] { return post; };
    options.wait = [this](std::chrono::milliseconds time) { waited.push_back(time.count()); };
  }

  ClientAnswer call(const std::string& body, const std::string& key) {
    const auto answer = it.call(it.owner.secret, "POST", target, body, {{"Idempotency-Key", key}});
    ClientAnswer out;
    out.status = answer.status;
    out.body = answer.response.body;
    out.replayed = answer.header("Idempotent-Replay") == "true";
    out.position = answer.position();
    return out;
  }

  ImportReport import(const std::string& text, std::size_t batch = 20) {
    std::ofstream(path, std::ios::binary) << text;
    auto source = RecordSource::open(path, ImportFormat::kNdjson);
    EXPECT_TRUE(source);
    return run_importer(BatchReader(std::move(*source), batch), options);
  }
  // Collects refused lines instead of ending at the first.
  void skip_refused() {
    options.on_refused = [this](const RefusedRecord& one) {
      skipped[one.record.line] = one.refusals.front().field + " " + one.refusals.front().code;
      return true;
    };
  }

  // The names of all keys; a name that stands twice fails the test.
  std::set<std::string> names() {
    std::set<std::string> out;
    std::string cursor;
    do {
      const auto page =
          it.call(it.owner.secret, "GET", "/v1/keys?type=private&limit=1000" + cursor);
      for (const json& key : page.body["data"]) {
        EXPECT_TRUE(out.insert(key["name"]).second) << key["name"];
      }
      const json& next = page.body["next_cursor"];
      cursor = next.is_null() ? "" : "&cursor=" + next.get<std::string>();
    } while (!cursor.empty());
    return out;
  }

  const TempDir dir_;
  const std::string path = dir_.path().string() + "/keys.ndjson";
  TestLedger it;
  std::string target = "/v1/keys/import?existing=skip";
  ImporterOptions options;
  ImporterOptions::Post post = [this](const std::string& body, const std::string& key) {
    return call(body, key);
  };
  std::vector<std::int64_t> waited;
  std::map<std::uint64_t, std::string> skipped;
};

std::string lines(std::uint64_t from, std::uint64_t to) {
  std::string text;
  for (std::uint64_t i = from; i < to; ++i) text += line_of(i);
  return text;
}

TEST_F(ImporterTest, ImportsEveryLineAndKnowsItAgain) {
  const std::string text = lines(0, 300);
  std::uint64_t bytes = 0;
  options.on_progress = [&](const ImportCounts&, std::uint64_t done) { bytes += done; };
  const auto first = import(text);
  EXPECT_FALSE(first.failure);
  EXPECT_EQ(first.counts.imported, 300U);
  EXPECT_EQ(bytes, text.size());
  EXPECT_EQ(names().size(), 300U);
  const auto size = it.size();
  const auto again = import(text);
  EXPECT_EQ(again.counts.imported, 0U);
  EXPECT_EQ(again.counts.known, 300U);
  EXPECT_EQ(it.size(), size);
}

TEST_F(ImporterTest, ImportsWithSeveralBatchesInFlight) {
  options.in_flight = 4;
  const auto report = import(lines(0, 1000), 10);
  EXPECT_FALSE(report.failure);
  EXPECT_EQ(report.counts.imported, 1000U);
  EXPECT_EQ(names().size(), 1000U);
}

// What is mended changes the batch around it: all that was imported is known again, in batches that
// are cut where they were.
TEST_F(ImporterTest, KnowsAgainWhatStandsAroundALineThatWasMended) {
  std::string text = lines(0, 200) + line_of(200, {{"type", "nonsense"}}) + lines(201, 400);
  const auto stopped = import(text);
  ASSERT_EQ(stopped.refused.size(), 1U);
  EXPECT_EQ(stopped.refused[0].record.line, 201U);
  EXPECT_EQ(stopped.refused[0].refusals[0].field, "type");
  EXPECT_EQ(stopped.refused[0].refusals[0].code, "invalid");
  EXPECT_GT(stopped.counts.imported, 150U);
  const auto imported = stopped.counts.imported;
  // Taken out: every line behind it moves up.
  const auto rest = import(lines(0, 200) + lines(201, 400));
  EXPECT_FALSE(rest.failure);
  EXPECT_TRUE(rest.refused.empty());
  EXPECT_EQ(rest.counts.known, imported);
  EXPECT_EQ(rest.counts.imported, 399 - imported);
  EXPECT_EQ(names().size(), 399U);
}

TEST_F(ImporterTest, CutsInTheSamePlacesBehindAChange) {
  const auto keys_of = [&](const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
    BatchReader reader(std::move(*RecordSource::open(path, ImportFormat::kNdjson)), 50);
    std::set<std::string> keys;
    for (auto batch = reader.next(); batch && *batch; batch = reader.next()) {
      EXPECT_LE((*batch)->records.size(), 50U);
      keys.insert(idempotency_key_of((*batch)->body()));
    }
    return keys;
  };
  const auto before = keys_of(lines(0, 5000));
  const auto after = keys_of(line_of(9999) + lines(0, 2500) + lines(2501, 5000));
  std::vector<std::string> changed;
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(),
                      std::back_inserter(changed));
  EXPECT_GT(before.size(), 100U);
  EXPECT_LT(changed.size(), 10U);
  EXPECT_GE(changed.size(), 2U);
}

TEST_F(ImporterTest, SkipsRefusedLinesAndKnowsTheRestAgain) {
  ASSERT_EQ(import(lines(40, 41)).counts.imported, 1U);
  skip_refused();
  std::string text = lines(0, 50) + "nonsense\n" + lines(51, 70) + line_of(70, {{"name", ""}}) +
                     line_of(71, {{"owner_id", "x"}, {"scopes", {"é"}}}) + lines(72, 100) +
                     line_of(5, {{"name", "another"}});
  const auto first = import(text);
  EXPECT_FALSE(first.failure);
  EXPECT_EQ(first.counts.imported, 96U);
  EXPECT_EQ(first.counts.known, 1U);
  EXPECT_EQ(first.counts.refused, 4U);
  EXPECT_THAT(skipped,
              ElementsAre(std::pair(51, " invalid"), std::pair(71, "name invalid"),
                          std::pair(72, "scopes[0] invalid"), std::pair(101, "sha256 conflict")));
  EXPECT_EQ(names().size(), 97U);
  const auto size = it.size();
  const auto again = import(text);
  EXPECT_FALSE(again.failure);
  EXPECT_EQ(again.counts.imported, 0U);
  EXPECT_EQ(again.counts.known, 97U);
  EXPECT_EQ(again.counts.refused, 4U) << "no less wrong than before";
  EXPECT_EQ(it.size(), size);
}

// The line must not be taken for imported because the others of its batch are.
TEST_F(ImporterTest, ImportsALineThatWasMendedAfterItWasSkipped) {
  skip_refused();
  const auto text = [](const json& extra) {
    return lines(0, 5) + line_of(5, extra) + lines(6, 10);
  };
  const auto first = import(text({{"type", "nonsense"}}));
  EXPECT_EQ(first.counts.imported, 9U);
  EXPECT_EQ(first.counts.refused, 1U);
  const auto mended = import(text(json::object()));
  EXPECT_EQ(mended.counts.imported, 1U);
  EXPECT_EQ(mended.counts.known, 9U);
  EXPECT_EQ(mended.counts.refused, 0U);
  EXPECT_EQ(names().size(), 10U);
}

TEST_F(ImporterTest, KnowsLinesAgainHoweverTheFileWasChangedAndCut) {
  ASSERT_EQ(import(lines(0, 100)).counts.imported, 100U);
  const auto longer = import(line_of(200) + lines(0, 50) + line_of(201) + lines(50, 100), 7);
  EXPECT_FALSE(longer.failure);
  EXPECT_TRUE(longer.refused.empty());
  EXPECT_EQ(longer.counts.imported, 2U);
  EXPECT_EQ(longer.counts.known, 100U);
  const auto changed = import(lines(0, 3) + line_of(3, {{"handle", "other"}}), 7);
  ASSERT_EQ(changed.refused.size(), 1U);
  EXPECT_EQ(changed.refused[0].record.line, 4U);
}

TEST_F(ImporterTest, SpeaksOfLinesAndNotOfPlacesInACall) {
  const auto report = import("\n" + line_of(1) + "\n\n" + line_of(2, {{"sha256", hash_of(1)}}));
  ASSERT_EQ(report.refused.size(), 1U);
  EXPECT_EQ(report.refused[0].record.line, 5U);
  EXPECT_EQ(report.refused[0].refusals[0].field, "sha256");
  EXPECT_EQ(report.refused[0].refusals[0].message, "line 2 has the same hash.");
}

TEST_F(ImporterTest, IsThroughWithAnEmptyFileAtOnce) {
  for (const char* text : {"", "\n\n"}) {
    const auto report = import(text);
    EXPECT_FALSE(report.failure);
    EXPECT_EQ(report.counts.imported, 0U);
  }
  for (const char* text : {"", "sha256,type,name\n"}) {
    std::ofstream(path, std::ios::binary) << text;
    auto source = RecordSource::open(path, ImportFormat::kCsv);
    ASSERT_TRUE(source);
    const auto report = run_importer(BatchReader(std::move(*source), 10), options);
    EXPECT_FALSE(report.failure);
    EXPECT_EQ(report.counts.imported, 0U);
  }
}

TEST_F(ImporterTest, SkipsAThousandRefusedLinesInOneBatch) {
  skip_refused();
  std::string text;
  for (std::uint64_t i = 0; i < 450; ++i)
    text += line_of(i, {{"type", i % 2 == 0 ? "private" : "wrong"}});
  const auto report = import(text, 1000);
  EXPECT_EQ(report.counts.imported, 225U);
  EXPECT_EQ(report.counts.refused, 225U);
  EXPECT_EQ(skipped.size(), 225U);
}

// Killed before or after the ledger has it, at any call; repeated until it is through.
TEST_F(ImporterTest, ImportsEachLineOnceHoweverOftenItIsKilled) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::string text;
  std::set<std::string> wanted;
  for (std::uint64_t i = 0; i < 500; ++i) {
    const bool good = random() % 20 != 0;
    text += line_of(i, good ? json::object() : json{{"environment", "moon"}});
    if (good) wanted.insert("key " + std::to_string(i));
  }
  skip_refused();
  bool dead = false;
  std::uint64_t calls = 0;
  const std::uint64_t surely = random() % 25;  // there are 25 batches at least
  post = [&](const std::string& body, const std::string& key) -> Result<ClientAnswer> {
    if (dead) return fail(ErrorCode::kUnavailable, "killed");
    const auto what = random() % (calls++ == surely ? 2 : 150);
    dead = what < 2;
    if (what == 0) return fail(ErrorCode::kUnavailable, "killed");
    auto answer = call(body, key);
    if (dead) return fail(ErrorCode::kUnavailable, "killed");
    return answer;
  };
  options.wait = [](std::chrono::milliseconds) {};
  int runs = 0;
  for (bool through = false; !through; ++runs) {
    ASSERT_LT(runs, 200);
    dead = false;
    through = !import(text).failure;
  }
  EXPECT_GT(runs, 1);
  EXPECT_EQ(names(), wanted);
  EXPECT_EQ(skipped.size(), 500 - wanted.size());
}

TEST_F(ImporterTest, RepeatsWhatMayPassAndWaitsAsItIsTold) {
  std::vector<ClientAnswer> answers(3);
  answers[0].status = 429;
  answers[0].retry_after = 7;
  answers[1].status = 503;
  answers[2].status = 500;
  std::size_t calls = 0;
  std::vector<std::string> keys;
  post = [&](const std::string& body, const std::string& key) -> Result<ClientAnswer> {
    keys.push_back(key);
    if (calls == answers.size()) return call(body, key);
    return answers[calls++];
  };
  const auto report = import(lines(0, 1));
  EXPECT_EQ(report.counts.imported, 1U);
  EXPECT_THAT(waited, ElementsAre(7000, 200, 400));
  EXPECT_THAT(std::set<std::string>(keys.begin(), keys.end()), testing::SizeIs(1));
}

TEST_F(ImporterTest, GivesUpAfterAMinuteWithoutAnAnswer) {
  post = [](const std::string&, const std::string&) -> Result<ClientAnswer> {
    return fail(ErrorCode::kUnavailable, "nobody there");
  };
  const auto report = import(lines(0, 5));
  ASSERT_TRUE(report.failure);
  EXPECT_EQ(report.failure->detail, "nobody there");
  const auto total = std::accumulate(waited.begin(), waited.end(), std::int64_t{0});
  EXPECT_GT(total, 45'000);
  EXPECT_LT(total, 75'000);
}

TEST_F(ImporterTest, EndsAtWhatNoRepeatWillMend) {
  const auto failure_of = [&](int status, const std::string& body,
                              std::optional<std::uint64_t> position) {
    post = [&](const std::string&, const std::string&) -> Result<ClientAnswer> {
      return ClientAnswer{status, body, false, position, std::nullopt};
    };
    const auto report = import(lines(0, 5));
    EXPECT_EQ(report.counts.imported, 0U);
    return report.failure ? report.failure->detail : "none";
  };
  EXPECT_EQ(failure_of(401, R"({"detail":"Send a valid key."})", 1), "Send a valid key.");
  EXPECT_EQ(failure_of(404, "<html>", std::nullopt), "the server answered 404");
  EXPECT_EQ(failure_of(200, "<html>", std::nullopt), "the server answered 200") << "no keyledger";
  EXPECT_EQ(failure_of(201, R"({"keys":[]})", 1), "the server does not say what it has imported");
  EXPECT_EQ(failure_of(201, R"({"already_there":6})", 1),
            "the server does not say what it has imported");
  EXPECT_EQ(failure_of(400, R"({"detail":"keys[0].name: bad (and 1 more).",
                              "errors":[{"field":"keys[0].name","message":"bad"},
                                        {"field":"reason","message":"is required"}]})",
                       1),
            "reason: is required");
  EXPECT_EQ(failure_of(400, R"({"detail":"odd","errors":[{"field":"keys[5].name"}]})", 1), "odd");
  post = [](const std::string&, const std::string&) -> Result<ClientAnswer> {
    return fail(ErrorCode::kMisdirected, "somebody else");
  };
  EXPECT_EQ(import(lines(0, 5)).failure->detail, "somebody else");
  EXPECT_TRUE(waited.empty());
}

TEST_F(ImporterTest, SendsHalfOfWhatIsTooLargeForOneFrame) {
  json networks;
  for (int i = 0; i < 100; ++i) networks.push_back("2001:db8::" + std::to_string(i));
  std::string text;
  for (std::uint64_t i = 0; i < 900; ++i) text += line_of(i, {{"allowed_ips", networks}});
  const auto report = import(text, 1000);
  EXPECT_FALSE(report.failure);
  EXPECT_EQ(report.counts.imported, 900U);
  const auto again = import(text, 1000);
  EXPECT_EQ(again.counts.known, 900U);
}

TEST_F(ImporterTest, ADryRunSaysWhatWouldBeRefusedAndWritesNothing) {
  target += "&dry_run=true";
  const auto size = it.size();
  EXPECT_EQ(import(lines(0, 30)).counts.imported, 30U);
  const auto refused = import(lines(0, 30) + line_of(31, {{"type", "x"}}));
  ASSERT_EQ(refused.refused.size(), 1U);
  EXPECT_EQ(refused.refused[0].record.line, 31U);
  EXPECT_EQ(it.size(), size);
}

TEST_F(ImporterTest, ImportsWhatStandsBeforeABrokenEndOfTheFile) {
  std::ofstream(path) << "sha256,type,name\n" << hash_of(1) << ",private,a\n\"never closed";
  auto source = RecordSource::open(path, ImportFormat::kCsv);
  const auto report = run_importer(BatchReader(std::move(*source), 10), options);
  EXPECT_EQ(report.counts.imported, 1U);
  ASSERT_TRUE(report.failure);
  EXPECT_THAT(report.failure->detail, HasSubstr("line 3"));
}

}  // namespace
}  // namespace keyledger
