#include "events/event.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "events/event_table.h"
#include "tests/support/random_events.h"

namespace keyledger {
namespace {

TEST(Event, EveryTypeHasItsOwnTagAndName) {
  std::set<EventType> tags;
  std::set<std::string_view> names;
  for (const EventRow& row : event_rows()) {
    EXPECT_TRUE(tags.insert(row.tag).second) << row.name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_NE(row.tag, 0);
    EXPECT_GE(row.payload_version, 1);
    EXPECT_EQ(action_name(row.tag), row.name);
  }
}

// The names are `group.what_happened`, which the audit filter "key.*" rests on.
TEST(Event, NamesAreAGroupAndWhatHappened) {
  for (const std::string_view name : known_actions()) {
    EXPECT_EQ(std::count(name.begin(), name.end(), '.'), 1) << name;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_."), std::string_view::npos)
        << name;
    const std::string_view group = name.substr(0, name.find('.'));
    EXPECT_TRUE(group == "ledger" || group == "workspace" || group == "policy" ||
                group == "member" || group == "key" || group == "usage")
        << name;
  }
}

TEST(Event, TypesAreFoundByTheirTag) {
  RandomEvents random(11);
  ASSERT_EQ(known_actions().size(), RandomEvents::types());
  for (std::size_t type = 0; type < RandomEvents::types(); ++type) {
    const Event event = random.event(type);
    EXPECT_EQ(find_event_row(tag_of(event)), type);
    EXPECT_EQ(action_name(event), action_name(tag_of(event)));
    EXPECT_EQ(action_name(event), known_actions()[type]);
  }
  EXPECT_EQ(action_name(EventType{0}), "");
  EXPECT_EQ(action_name(EventType{0xFFFF}), "");
  EXPECT_FALSE(find_event_row(0xFFFF));
}

TEST(Event, OnlyTheseNoticesAreNotices) {
  std::set<std::string_view> notices;
  RandomEvents random(12);
  for (std::size_t type = 0; type < RandomEvents::types(); ++type) {
    const Event event = random.event(type);
    if (is_notice(event)) notices.insert(action_name(event));
  }
  EXPECT_EQ(notices, (std::set<std::string_view>{
                         "key.expired", "key.secret_retired", "key.retired_secret_presented",
                         "key.secret_replayed", "key.expiring", "key.looked_up",
                         "key.leak_reported", "usage.digest"}));
}

// Stored for ever. A failure here means that old ledgers would read wrong: mend the table, not this
// list, which only ever grows.
TEST(Event, TagsAreWhatTheyWereWhenReleased) {
  const std::vector<std::pair<EventType, std::string_view>> released = {
      {0x0001, "ledger.created"},
      {0x0002, "ledger.rollback_accepted"},
      {0x0100, "workspace.created"},
      {0x0101, "workspace.suspended"},
      {0x0102, "workspace.resumed"},
      {0x0110, "usage.digest"},
      {0x0180, "policy.set"},
      {0x0200, "member.added"},
      {0x0201, "member.role_changed"},
      {0x0202, "member.profile_changed"},
      {0x0203, "member.removed"},
      {0x0300, "key.created"},
      {0x0301, "key.renamed"},
      {0x0302, "key.description_changed"},
      {0x0303, "key.scopes_changed"},
      {0x0304, "key.origins_changed"},
      {0x0305, "key.missing_origin_changed"},
      {0x0306, "key.addresses_changed"},
      {0x0307, "key.start_changed"},
      {0x0308, "key.expiry_changed"},
      {0x0309, "key.metadata_changed"},
      {0x030A, "key.external_id_changed"},
      {0x030B, "key.owner_changed"},
      {0x030C, "key.rate_limit_changed"},
      {0x030D, "key.rotated"},
      {0x030E, "key.overlap_ended"},
      {0x030F, "key.suspended"},
      {0x0310, "key.resumed"},
      {0x0311, "key.revoked"},
      {0x0312, "key.compromised"},
      {0x0313, "key.replaced"},
      {0x0314, "key.imported"},
      {0x0380, "key.expired"},
      {0x0381, "key.secret_retired"},
      {0x0382, "key.retired_secret_presented"},
      {0x0383, "key.secret_replayed"},
      {0x0384, "key.expiring"},
      {0x0385, "key.looked_up"},
      {0x0386, "key.leak_reported"},
  };
  for (const auto& [tag, name] : released) EXPECT_EQ(action_name(tag), name);
  EXPECT_EQ(released.size(), event_rows().size()) << "a new type belongs into this list";
}

}  // namespace
}  // namespace keyledger
