// The audit trail against a plain look at every event of the same random history.
#include "projections/audit_trail.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "events/log/event_reader.h"
#include "projections/all.h"
#include "tests/projections/random_history.h"
#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

// An event and what a plain fold knows of it.
struct Seen {
  RecordedEvent event;
  std::string key_name;  // of the key it is about, just after it
};

bool concerns(const RecordedEvent& event, const MemberId& member) {
  return event.stream == stream_of(member) ||
         (event.actor.kind == ActorKind::kMember && event.actor.id == member.bytes);
}

bool matches(const AuditFilter& filter, const RecordedEvent& event) {
  const bool any_action = filter.actions.empty();
  return event.workspace == filter.workspace &&
         (!filter.key || event.stream == stream_of(*filter.key)) &&
         (!filter.actor ||
          (event.actor.kind != ActorKind::kSystem && event.actor.id == *filter.actor)) &&
         (!filter.member || concerns(event, *filter.member)) &&
         (any_action ||
          std::count(filter.actions.begin(), filter.actions.end(), tag_of(event.event)) != 0) &&
         (!filter.from || event.time >= *filter.from) && (!filter.to || event.time < *filter.to) &&
         (!filter.first || event.position >= *filter.first) &&
         (!filter.end || event.position < *filter.end);
}

class AuditTrailTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override {
    history_.grow_by_frames(60, 20);
    auto opened = Projections::open(history_.log(), (dir_.path() / "derived").string(), {}, {});
    ASSERT_TRUE(opened) << opened.error().detail;
    projections_ = std::move(*opened);
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(projections_->projector().apply(history_.grow(20)));
    }
    EventReader reader(history_.log());
    std::map<StreamId, std::string> names;
    for (std::uint64_t position = 0; position < history_.log().size(); ++position) {
      RecordedEvent event = reader.at(position)->event;
      std::string& name = names[event.stream];
      if (const auto* created = creation_in(event.event)) name = created->name;
      if (const auto* renamed = std::get_if<KeyRenamed>(&event.event)) name = renamed->to;
      seen_.push_back({std::move(event), name});
    }
  }

  std::uint64_t below(std::uint64_t limit) { return history_.random().below(limit); }
  const RecordedEvent& any_event() { return seen_[below(seen_.size())].event; }

  // Filters that mostly find something: made of what some event has.
  AuditFilter any_filter() {
    AuditFilter filter;
    const RecordedEvent& event = any_event();
    filter.workspace = event.workspace;
    if (below(3) == 0 && event.stream.kind == StreamKind::kKey) filter.key = KeyId{event.stream.id};
    if (below(4) == 0) filter.actor = event.actor.id;
    if (below(4) == 0 && event.actor.kind == ActorKind::kMember) {
      filter.member = MemberId{event.actor.id};
    }
    if (below(4) == 0 && event.stream.kind == StreamKind::kMember) {
      filter.member = MemberId{event.stream.id};
    }
    for (std::uint64_t i = below(3) == 0 ? below(4) : 0; i > 0; --i) {
      filter.actions.push_back(tag_of(any_event().event));
    }
    if (below(4) == 0) filter.from = any_event().time;
    if (below(4) == 0) filter.to = any_event().time;
    if (below(5) == 0) filter.first = below(seen_.size() + 2);
    if (below(5) == 0) filter.end = below(seen_.size() + 2);
    if (below(10) == 0) filter.workspace = any_event().workspace;  // what is not there, mostly
    return filter;
  }

  // All pages of it.
  std::vector<AuditEntry> listed(AuditPageRequest request) {
    std::vector<AuditEntry> all;
    do {
      auto page = projections_->audit().list(request);
      EXPECT_TRUE(page) << page.error().detail;
      if (!page) return all;
      EXPECT_LE(page->entries.size(), request.limit);
      std::move(page->entries.begin(), page->entries.end(), std::back_inserter(all));
      request.after = page->next;
    } while (request.after);
    return all;
  }

  TempDir dir_;
  RandomHistory history_{GetParam()};
  std::unique_ptr<Projections> projections_;
  std::vector<Seen> seen_;
};

TEST_P(AuditTrailTest, FindsWhatAPlainLookAtEveryEventFinds) {
  std::size_t found = 0;
  for (int round = 0; round < 150; ++round) {
    AuditPageRequest request;
    request.filter = any_filter();
    request.descending = below(2) == 0;
    request.limit = 1 + below(30);
    std::vector<const Seen*> wanted;
    for (const Seen& seen : seen_) {
      if (matches(request.filter, seen.event)) wanted.push_back(&seen);
    }
    if (request.descending) std::reverse(wanted.begin(), wanted.end());
    const auto entries = listed(request);
    ASSERT_EQ(entries.size(), wanted.size()) << "round " << round;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      EXPECT_EQ(entries[i].event, wanted[i]->event) << "round " << round;
      if (wanted[i]->event.stream.kind == StreamKind::kKey) {
        EXPECT_EQ(entries[i].target_name, wanted[i]->key_name) << "round " << round;
      }
    }
    found += entries.size();
  }
  EXPECT_GT(found, 1000U);
}

// Stopped after any entry, it goes on with the one after it; and what is counted is what is listed.
TEST_P(AuditTrailTest, GivesOneByOneWhatItLists) {
  for (int round = 0; round < 60; ++round) {
    AuditPageRequest request;
    request.filter = any_filter();
    if (below(3) == 0) request.filter.q = "a";
    request.descending = below(2) == 0;
    const auto wanted = listed(request);
    std::size_t given = 0;
    AuditPageRequest rest = request;
    do {
      const std::uint64_t most = 1 + below(40);
      std::uint64_t taken = 0;
      const auto next = projections_->audit().each(rest, [&](const AuditEntry& entry) {
        EXPECT_LT(given, wanted.size());
        if (given < wanted.size()) {
          EXPECT_EQ(entry.event, wanted[given].event);
        }
        ++given;
        return ++taken < most;
      });
      ASSERT_TRUE(next) << next.error().detail;
      EXPECT_LE(taken, most);
      rest.after = *next;
    } while (rest.after);
    EXPECT_EQ(given, wanted.size()) << "round " << round;
    std::size_t counted = 0;
    const auto next = projections_->audit().each_event(request, [&](const RecordedEvent& event) {
      if (counted < wanted.size()) {
        EXPECT_EQ(event, wanted[counted].event);
      }
      ++counted;
      return true;
    });
    ASSERT_TRUE(next) << next.error().detail;
    EXPECT_FALSE(*next);
    EXPECT_EQ(counted, wanted.size()) << "round " << round;
  }
}

TEST_P(AuditTrailTest, KnowsTheHistoryOfEveryStream) {
  std::map<StreamId, std::vector<std::uint64_t>> wanted;
  for (const Seen& seen : seen_) wanted[seen.event.stream].push_back(seen.event.position);
  for (const auto& [stream, positions] : wanted) {
    EXPECT_EQ(*projections_->streams().positions(stream, 0, 10'000), positions);
    const std::uint64_t from = positions[below(positions.size())] + below(2);
    const std::vector<std::uint64_t> rest(
        std::lower_bound(positions.begin(), positions.end(), from), positions.end());
    EXPECT_EQ(*projections_->streams().positions(stream, from, 10'000), rest);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AuditTrailTest, ::testing::Range<std::uint64_t>(1, 7));

}  // namespace
}  // namespace keyledger
