// The exports of the audit trail: every line against the JSON entry of the same position, every
// format against its own rules.
#include <gmock/gmock.h>

#include <map>
#include <random>

#include "http/ocsf.h"
#include "tests/http/event_rules.h"
#include "tests/http/exported_history.h"
#include "tests/support/random_events.h"

namespace keyledger {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Takes off the apostrophes that http/csv.h puts before what could be taken for a formula.
std::string without_apostrophes(const std::string& cell) {
  std::string text;
  bool may_begin = true;
  for (const char c : cell) {
    if (!may_begin || c != '\'') text += c;
    may_begin = std::string_view(";\t\r\n").find(c) != std::string_view::npos;
  }
  return text;
}

// RFC 4180.
std::vector<std::vector<std::string>> parse_csv(const std::string& text) {
  std::vector<std::vector<std::string>> records;
  std::vector<std::string> record;
  std::string cell;
  bool quoted = false;
  const auto end_cell = [&] {
    record.push_back(without_apostrophes(cell));
    cell.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted) {
      const bool ends = text[i] == '"' && text.substr(i + 1, 1) != "\"";
      if (text[i] != '"') cell += text[i];
      if (text[i] == '"' && !ends) cell += text[++i];
      quoted = !ends;
    } else if (text[i] == '"') {
      quoted = true;
    } else if (text[i] == ',') {
      end_cell();
    } else if (text.substr(i, 2) == "\r\n") {
      end_cell();
      records.push_back(std::move(record));
      record.clear();
      ++i;
    } else {
      cell += text[i];
    }
  }
  EXPECT_TRUE(!quoted && cell.empty() && record.empty()) << "the last line has no end";
  return records;
}

// Of each column: its place in the entry.
const std::vector<std::pair<std::string, std::string>> kColumns = {
    {"position", "/position"},
    {"workspace_seq", "/workspace_seq"},
    {"id", "/id"},
    {"time", "/time"},
    {"action", "/action"},
    {"outcome", "/outcome"},
    {"actor_type", "/actor/type"},
    {"actor_id", "/actor/id"},
    {"actor_name", "/actor/name"},
    {"actor_key_id", "/actor/key_id"},
    {"actor_key_issued_by", "/actor/key_issued_by"},
    {"actor_ip", "/actor/ip"},
    {"actor_user_agent", "/actor/user_agent"},
    {"on_behalf_of", "/on_behalf_of"},
    {"target_type", "/target/type"},
    {"target_id", "/target/id"},
    {"target_name", "/target/name"},
    {"changes", "/changes"},
    {"reason", "/reason"},
    {"request_id", "/request_id"},
    {"workspace_id", "/workspace_id"},
    {"leaf_hash", "/leaf_hash"}};

// Of each attribute of an OCSF event: its place in the entry. Absent where that is null.
const std::vector<std::pair<std::string, std::string>> kOcsf = {
    {"/metadata/uid", "/id"},
    {"/metadata/sequence", "/position"},
    {"/metadata/event_code", "/action"},
    {"/metadata/tenant_uid", "/workspace_id"},
    {"/metadata/original_time", "/time"},
    {"/metadata/correlation_uid", "/request_id"},
    {"/comment", "/reason"},
    {"/actor/user/uid", "/actor/id"},
    {"/actor/user/name", "/actor/name"},
    {"/actor/user/credential_uid", "/actor/key_id"},
    {"/src_endpoint/ip", "/actor/ip"},
    {"/http_request/user_agent", "/actor/user_agent"},
    {"/entity/uid", "/target/id"},
    {"/entity/name", "/target/name"},
    {"/unmapped/workspace_seq", "/workspace_seq"},
    {"/unmapped/leaf_hash", "/leaf_hash"},
    {"/unmapped/key_issued_by", "/actor/key_issued_by"},
    {"/unmapped/on_behalf_of", "/on_behalf_of"}};

json at(const json& object, const std::string& place) {
  return object.value(json::json_pointer(place), json());
}

class AuditExport : public ExportedHistory {
 protected:
  std::vector<std::string> faults(const std::string& query) {
    const auto answer = get("/v1/audit?" + query);
    EXPECT_EQ(answer.status, 400) << query;
    return answer.faults();
  }
};

TEST_F(AuditExport, NdjsonIsTheEntries) {
  make_history();
  const auto entries = listed("order=asc");
  EXPECT_THAT(entries, SizeIs(Gt(15U)));
  EXPECT_EQ(objects(exported("ndjson")), entries);
  for (const json& entry : entries) {
    const auto one = get("/v1/audit/" + entry["position"].dump()).response.body;
    EXPECT_EQ(
        exported("ndjson", "order=asc&from=position:" + entry["position"].dump() + "&to=position:" +
                               std::to_string(entry["position"].get<std::uint64_t>() + 1)),
        one + '\n')
        << "byte by byte";
  }
}

TEST_F(AuditExport, CsvHasEveryFieldInACell) {
  make_history();
  const auto entries = listed("order=asc");
  const std::string text = exported("csv");
  EXPECT_THAT(text, ::testing::HasSubstr("\"'=HYPERLINK(1)\""));
  const auto records = parse_csv(text);
  ASSERT_EQ(records.size(), entries.size() + 1);
  std::vector<std::string> names;
  for (const auto& [name, place] : kColumns) names.push_back(name);
  EXPECT_EQ(records[0], names);
  for (std::size_t row = 0; row < entries.size(); ++row) {
    ASSERT_EQ(records[row + 1].size(), kColumns.size()) << entries[row];
    for (std::size_t column = 0; column < kColumns.size(); ++column) {
      const std::string& cell = records[row + 1][column];
      const json value = at(entries[row], kColumns[column].second);
      SCOPED_TRACE(kColumns[column].first + " of " + entries[row].dump());
      if (value.is_string()) {
        EXPECT_EQ(value.get<std::string>(), cell);
      } else if (value.is_null()) {
        EXPECT_EQ(cell, "");
      } else {
        EXPECT_EQ(json::parse(cell), value);
      }
    }
  }
}

TEST_F(AuditExport, CloudEventsKeepTheRulesAndHoldTheEntry) {
  make_history();
  const auto entries = listed("order=asc");
  const auto events = objects(exported("cloudevents"));
  ASSERT_EQ(events.size(), entries.size());
  std::string before;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const json& event = events[i];
    EXPECT_THAT(cloud_event_faults(event), IsEmpty()) << event;
    EXPECT_EQ(event["data"], entries[i]);
    EXPECT_EQ(event["id"], entries[i]["id"]);
    EXPECT_EQ(event["time"], entries[i]["time"]);
    EXPECT_EQ(event["subject"], entries[i]["target"]["id"]);
    EXPECT_EQ(event["type"], "keyledger." + entries[i]["action"].get<std::string>() + ".v1");
    EXPECT_EQ(event["source"], events[0]["source"]) << "one workspace";
    EXPECT_LT(before, event["sequence"].get<std::string>()) << "in the order of texts";
    before = event["sequence"];
    EXPECT_EQ(std::stoull(before), entries[i]["position"].get<std::uint64_t>());
  }
}

TEST_F(AuditExport, OcsfEventsKeepTheRulesAndHoldTheEntry) {
  make_history();
  const auto entries = listed("order=asc");
  const auto events = objects(exported("ocsf"));
  ASSERT_EQ(events.size(), entries.size());
  std::map<std::string, std::string> activities;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const json& event = events[i];
    const json& entry = entries[i];
    SCOPED_TRACE(event.dump());
    EXPECT_THAT(ocsf_faults(event), IsEmpty());
    for (const auto& [to, from] : kOcsf) EXPECT_EQ(at(event, to), at(entry, from)) << to;
    EXPECT_EQ(event["time"], parse_time(entry["time"].get<std::string>())->ms);
    EXPECT_EQ(event["status"], entry["outcome"] == "denied" ? "Failure" : "Success");
    json changes = json::object();
    const json before = at(event, "/entity/data");
    const json after = at(event, "/entity_result/data");
    for (const auto& [field, value] : before.items()) changes[field]["from"] = value;
    for (const auto& [field, value] : after.items()) changes[field]["to"] = value;
    EXPECT_EQ(changes, entry["changes"]);
    activities[entry["action"]] = event["activity_name"];
  }
  EXPECT_EQ(activities["key.created"], "Create");
  EXPECT_EQ(activities["key.renamed"], "Update");
  EXPECT_EQ(activities["key.suspended"], "Suspend");
  EXPECT_EQ(activities["key.looked_up"], "Read");
  EXPECT_EQ(activities["key.retired_secret_presented"], "key.retired_secret_presented");
}

// Every type of event, also those that no call here makes.
TEST(Ocsf, EveryEventKeepsTheRules) {
  RandomEvents random(6);
  for (std::size_t type = 0; type < RandomEvents::types(); ++type) {
    AuditEntry entry;
    entry.event = random.recorded(random.event(type));
    entry.actor_name = "who";
    entry.target_name = "what";
    const json event = json::parse(http::dump(http::ocsf_json(entry)));
    EXPECT_THAT(ocsf_faults(event), IsEmpty()) << event;
  }
}

// The judges, judged.
TEST_F(AuditExport, DamagedEventsBreakTheRules) {
  json event = objects(exported("cloudevents"))[0];
  for (const char* name : {"id", "source", "specversion", "type"}) {
    json damaged = event;
    damaged.erase(name);
    EXPECT_THAT(cloud_event_faults(damaged), Contains(std::string(name) + " is required"));
  }
  for (const auto& [name, value] :
       std::vector<std::pair<const char*, json>>{{"specversion", "1.1"},
                                                 {"source", "a b"},
                                                 {"time", "now"},
                                                 {"subject", ""},
                                                 {"workspace_id", "x"},
                                                 {"extra", json::object()},
                                                 {"datacontenttype", "text/plain"}}) {
    json damaged = event;
    damaged[name] = value;
    EXPECT_THAT(cloud_event_faults(damaged), SizeIs(1)) << name;
  }
  event = objects(exported("ocsf"))[0];
  for (const char* place :
       {"/activity_id", "/category_uid", "/class_uid", "/type_uid", "/severity_id", "/time",
        "/metadata/version", "/metadata/product/name", "/entity"}) {
    json damaged = event;
    damaged[json::json_pointer(place)] = nullptr;
    EXPECT_THAT(ocsf_faults(damaged), SizeIs(Gt(0U))) << place;
    json shorter = json::parse(event.dump());
    const json::json_pointer whole(place);
    shorter[whole.parent_pointer()].erase(whole.back());
    EXPECT_THAT(ocsf_faults(shorter), SizeIs(Gt(0U))) << place;
  }
  for (const auto& [place, value] : std::vector<std::pair<const char*, json>>{
           {"/severity_id", 7},
           {"/severity", "Low"},
           {"/type_uid", 300402},
           {"/time", "x"},
           {"/actor/user", {{"type_id", 1}, {"type", "User"}}},
           {"/nothing", 1},
           {"/metadata/version", "1.9.0"},
           {"/src_endpoint", json::object()}}) {
    json damaged = event;
    damaged[json::json_pointer(place)] = value;
    EXPECT_THAT(ocsf_faults(damaged), SizeIs(1)) << place;
  }
}

TEST_F(AuditExport, SaysWhatItIs) {
  const auto header = [&](const std::string& format, const char* name) {
    const auto answer = get("/v1/audit?format=" + format);
    EXPECT_EQ(answer.header("Ledger-Position"), std::to_string(it.size() - 1));
    return name == std::string("type") ? answer.response.content_type : answer.header(name);
  };
  for (const char* format : {"ndjson", "cloudevents", "ocsf"}) {
    EXPECT_EQ(header(format, "type"), "application/x-ndjson");
  }
  EXPECT_EQ(header("csv", "type"), "text/csv; charset=utf-8; header=present");
  EXPECT_EQ(header("csv", "Content-Disposition"), "attachment; filename=\"audit.csv\"");
  EXPECT_EQ(header("ocsf", "Content-Disposition"), "attachment; filename=\"audit.ocsf.ndjson\"");
}

// Of random filters, in both orders: an export is the pages of the list, and cut behind any line it
// goes on from that position.
TEST_F(AuditExport, IsThePagesOfTheListAndGoesOnAnywhere) {
  make_history();
  const auto all = listed("order=asc");
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  const auto any = [&](const char* place) {
    const json value = at(all[below(all.size())], place);
    return value.is_string() ? value.get<std::string>() : value.dump();
  };
  std::size_t lines = 0;
  for (int round = 0; round < 80; ++round) {
    std::string filter;
    if (below(4) == 0) {
      const json key = it.add_key("k" + std::to_string(round))["key"];
      filter += "&key=" + key["id"].get<std::string>();
    }
    if (below(5) == 0) filter += "&action=key.*&action=" + any("/action");
    if (below(5) == 0) filter += "&actor=" + it.owner.id;
    if (below(5) == 0) filter += "&member=" + it.owner.id;
    if (below(5) == 0) filter += "&ip=192.0.2.7";
    if (below(6) == 0) filter += "&from=" + any("/time");
    if (below(6) == 0) filter += "&to=" + any("/time");
    if (below(6) == 0) filter += "&q=s";
    if (filter.find("from=") != std::string::npos && filter.find("&to=") != std::string::npos) {
      filter = "&request_id=req-7";
    }
    const bool asc = below(2) == 0;
    filter = (asc ? "order=asc" : "order=desc") + filter;
    SCOPED_TRACE(filter);
    const auto wanted = listed(filter, 1 + static_cast<int>(below(9)));
    ASSERT_EQ(objects(exported("ndjson", filter)), wanted);
    EXPECT_EQ(parse_csv(exported("csv", filter)).size(), wanted.size() + 1);
    for (const auto& [format, place] :
         {std::pair("cloudevents", "/id"), std::pair("ocsf", "/metadata/uid")}) {
      std::vector<std::string> ids;
      for (const json& event : objects(exported(format, filter))) ids.push_back(at(event, place));
      ASSERT_EQ(ids.size(), wanted.size());
      for (std::size_t i = 0; i < ids.size(); ++i)
        EXPECT_EQ(wanted[i]["id"].get<std::string>(), ids[i]);
    }
    lines += wanted.size();
    const bool bound =
        filter.find("&to=") != std::string::npos || filter.find("&from=") != std::string::npos;
    if (wanted.empty() || bound) continue;
    const std::size_t seen = 1 + below(wanted.size());
    const auto last = wanted[seen - 1]["position"].get<std::uint64_t>();
    const std::string rest =
        asc ? "&from=position:" + std::to_string(last + 1) : "&to=position:" + std::to_string(last);
    EXPECT_EQ(objects(exported("ndjson", filter + rest)),
              std::vector<json>(wanted.begin() + static_cast<std::ptrdiff_t>(seen), wanted.end()));
  }
  EXPECT_GT(lines, 300U);
}

TEST_F(AuditExport, IsFixedWhenItBegins) {
  it.add_key("before");
  const auto wanted = listed("order=asc");
  const auto answer = get("/v1/audit?format=ndjson&order=asc");
  it.add_key("later");
  TakenText taken;
  ASSERT_TRUE(answer.response.producer(taken));
  EXPECT_EQ(objects(taken.text), wanted);
}

// A client that takes each piece late, while others go on writing: pieces stay small, and nothing
// is missing.
TEST_F(AuditExport, ComesInSmallPiecesAndHoldsNobodyUp) {
  class SlowText : public TakenText {
   public:
    explicit SlowText(TestLedger& it) : it_(it) {}
    bool write(std::string_view bytes) override {
      it_.add_key("meanwhile " + std::to_string(++pieces));
      return TakenText::write(bytes);
    }
    int pieces = 0;

   private:
    TestLedger& it_;
  };
  for (int i = 0; i < 150; ++i) {
    it.add_key("key " + std::to_string(i), {{"description", std::string(1000, 'x')}});
  }
  const auto wanted = listed("order=desc");
  const auto answer = get("/v1/audit?format=ndjson");
  SlowText taken(it);
  ASSERT_TRUE(answer.response.producer(taken));
  EXPECT_EQ(objects(taken.text), wanted);
  EXPECT_GT(taken.pieces, 2);
  EXPECT_LT(taken.longest_piece, 70'000U);
}

TEST_F(AuditExport, StopsWhenItsClientLeaves) {
  for (int i = 0; i < 150; ++i) {
    it.add_key("key " + std::to_string(i), {{"description", std::string(1000, 'x')}});
  }
  TakenText taken(10);
  EXPECT_FALSE(get("/v1/audit?format=ndjson").response.producer(taken));
  EXPECT_LT(taken.text.size(), 70'000U);
}

// Whoever is slow gets no more of the trail than others who have lost the right to it.
TEST_F(AuditExport, EndsWithTheRightToReadIt) {
  class RevokesItsReader : public TakenText {
   public:
    RevokesItsReader(TestLedger& it, std::string key) : it_(it), key_(std::move(key)) {}
    bool write(std::string_view bytes) override {
      it_.call(it_.owner.secret, "POST", "/v1/keys/" + key_ + "/revoke");
      return TakenText::write(bytes);
    }

   private:
    TestLedger& it_;
    const std::string key_;
  };
  for (int i = 0; i < 150; ++i) {
    it.add_key("key " + std::to_string(i), {{"description", std::string(1000, 'x')}});
  }
  const auto auditor = it.add_member("auditor");
  const auto answer = it.call(auditor.secret, "GET", "/v1/audit?format=ndjson");
  ASSERT_EQ(answer.status, 200);
  RevokesItsReader taken(it, auditor.key_id);
  EXPECT_FALSE(answer.response.producer(taken));
  EXPECT_GT(taken.text.size(), 1'000U);
  EXPECT_LT(taken.text.size(), 70'000U) << "one piece";
}

TEST_F(AuditExport, TakesAPlaceAmongTheStreamsOfItsMember) {
  std::vector<TestLedger::Answer> open;
  for (int i = 0; i < 4; ++i) open.push_back(get("/v1/audit?format=csv"));
  for (const auto& answer : open) EXPECT_EQ(answer.status, 200);
  const auto refused = get("/v1/audit?format=csv");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.code(), "rate_limited");
  EXPECT_EQ(get("/v1/audit").status, 200) << "a page is no stream";
  open.pop_back();
  EXPECT_EQ(get("/v1/audit?format=csv").status, 200);
}

TEST_F(AuditExport, IsOfTheOwnWorkspaceAlone) {
  make_history();
  const auto stranger = it.add_tenant("Third");
  const auto answer = it.call(stranger.secret, "GET", "/v1/audit?format=ndjson");
  TakenText taken;
  ASSERT_TRUE(answer.response.producer(taken));
  EXPECT_THAT(objects(taken.text), SizeIs(4));
  for (const json& entry : objects(taken.text)) {
    EXPECT_EQ(entry["workspace_id"].get<std::string>(), stranger.workspace);
  }
}

TEST_F(AuditExport, RefusesWhatMakesNoSense) {
  const std::string size = std::to_string(it.size());
  const std::string beyond = std::to_string(it.size() + 1);
  for (const std::string format : {"ndjson", "csv", "cloudevents", "ocsf"}) {
    EXPECT_THAT(faults("format=" + format + "&limit=5"), ElementsAre("limit conflict"));
    EXPECT_THAT(faults("format=" + format + "&page=5"), ElementsAre("page unknown_field"));
    EXPECT_THAT(faults("format=" + format + "&from=position:" + beyond),
                ElementsAre("from invalid"));
  }
  EXPECT_THAT(faults("format=csv&cursor=x"), Contains("cursor conflict"));
  EXPECT_THAT(faults("to=position:" + beyond), ElementsAre("to invalid"));
  EXPECT_THAT(faults("from=position:2&to=position:1"), ElementsAre("from conflict"));
  for (const char* place : {"position:", "position:-1", "position:1x", "position: 1",
                            "position:0x1", "position:18446744073709551616", "Position:1", "1"}) {
    EXPECT_THAT(faults(std::string("from=") + place), ElementsAre("from invalid")) << place;
  }
  EXPECT_EQ(exported("ndjson", "order=asc&from=position:" + size), "") << "all was seen";
  EXPECT_EQ(parse_csv(exported("csv", "from=position:" + size)).size(), 1U);
  EXPECT_EQ(listed("from=position:2&to=position:2").size(), 0U);
  EXPECT_EQ(listed("order=asc&from=position:2&to=position:3").at(0)["position"], 2);
}

TEST_F(AuditExport, ListsRefuseCursorsThatWereTamperedWith) {
  make_history();
  const std::string cursor = get("/v1/audit?limit=3").body["next_cursor"];
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    std::string other = cursor;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    EXPECT_THAT(faults("limit=3&cursor=" + other), ElementsAre("cursor invalid")) << other;
  }
  EXPECT_THAT(faults("limit=3&order=asc&cursor=" + cursor), ElementsAre("cursor invalid"));
}

}  // namespace
}  // namespace keyledger
