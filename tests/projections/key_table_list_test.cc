// Lists of keys against a list that is filtered and sorted the plain way.
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "projections/all.h"
#include "tests/projections/random_history.h"
#include "tests/support/temp_dir.h"

namespace keyledger {
namespace {

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

class KeyListTest : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  void SetUp() override {
    auto opened =
        Projections::open(history_.log(), (dir_.path() / "derived").string(), {}, nullptr);
    ASSERT_TRUE(opened) << opened.error().detail;
    projections_ = std::move(*opened);
    grow(120);
    for (const Key& key : history_.state().keys()) {
      if (!chance(50)) continue;
      projections_->verify_index().count(
          {key.id, {}}, std::nullopt,
          history_.now() + (-static_cast<std::int64_t>(below(4)) * 86'400'000));
    }
  }

  void grow(std::size_t frames) {
    for (std::size_t i = 0; i < frames; ++i) {
      ASSERT_TRUE(projections_->projector().apply(history_.grow(8)));
    }
  }

  std::uint64_t below(std::uint64_t limit) { return history_.random().below(limit); }
  bool chance(unsigned percent) { return history_.random().chance(percent); }

  KeyPageRequest random_request() {
    KeyPageRequest request;
    KeyFilter& filter = request.filter;
    filter.workspace = history_.workspaces()[below(2)];
    filter.management_keys = chance(50);
    if (chance(15)) filter.type = static_cast<KeyType>(1 + below(3));
    if (chance(15)) filter.environment = chance(50) ? Environment::kLive : Environment::kTest;
    if (chance(15)) filter.status = static_cast<KeyStatus>(below(6));
    if (chance(15)) filter.name = history_.name();
    if (chance(15)) filter.q = chance(50) ? "B" : std::to_string(below(10));
    if (chance(10)) filter.created_by = history_.members()[below(4)].bytes;
    if (chance(10)) filter.owner = history_.members()[below(4)];
    if (chance(20)) filter.external_id = history_.external_id();
    if (chance(15)) filter.metadata.emplace_back("team", std::to_string(below(3)));
    if (chance(10)) filter.metadata.emplace_back("tier", "gold");
    if (chance(15)) filter.scope = history_.scope();
    if (chance(10)) filter.unused_days = static_cast<std::uint32_t>(below(4));
    if (chance(30)) filter.uses_known_since = history_.now() + -86'400'000;
    if (chance(10)) filter.expires_before = history_.now() + 5'000;
    if (chance(10)) filter.changed_after = below(history_.log().size());
    request.sort = static_cast<KeySort>(below(3));
    request.descending = chance(50);
    request.limit = 1 + below(20);
    request.now = history_.now();
    return request;
  }

  [[nodiscard]] Use use_of(const Key& key) const {
    return projections_->verify_index().use_of(key.id);
  }

  [[nodiscard]] static bool matches(const RandomHistory& history, const KeyPageRequest& request,
                                    const Key& key, OptionalTime used) {
    const KeyFilter& filter = request.filter;
    const KeyDetails& details = history.details().at(key.id);
    if (key.workspace != filter.workspace) return false;
    if (key.type == KeyType::kManagement && !filter.management_keys) return false;
    if (filter.type && key.type != *filter.type) return false;
    if (filter.environment && key.environment != *filter.environment) return false;
    if (filter.status && status_of(key, request.now) != *filter.status) return false;
    if (filter.name && key.name != *filter.name) return false;
    if (filter.q && lower(key.name).find(lower(*filter.q)) == std::string::npos &&
        lower(key.secrets.back().facts.handle).find(lower(*filter.q)) == std::string::npos) {
      return false;
    }
    if (filter.created_by && key.created_by.id != *filter.created_by) return false;
    if (filter.owner && key.owner != *filter.owner) return false;
    if (filter.external_id && details.external_id != filter.external_id) return false;
    for (const auto& [name, value] : filter.metadata) {
      if (!details.metadata || !details.metadata->count(name)) return false;
      if (details.metadata->at(name) != value) return false;
    }
    if (filter.scope && !std::count(key.scopes.begin(), key.scopes.end(), *filter.scope)) {
      return false;
    }
    if (filter.unused_days) {
      const Timestamp since = std::max(used.value_or(key.created_at), filter.uses_known_since);
      if (request.now.ms - since.ms < *filter.unused_days * 86'400'000LL) return false;
    }
    if (filter.changed_after && key.newest_cause.position <= *filter.changed_after) return false;
    if (filter.expires_before && !(key.expires_at && *key.expires_at < *filter.expires_before)) {
      return false;
    }
    return true;
  }

  // Every matching key in the asked order, of a history that has got as far as the request asks.
  [[nodiscard]] std::vector<KeyId> plainly(const RandomHistory& history,
                                           const KeyPageRequest& request) const {
    using Order = std::tuple<std::int64_t, std::string, std::uint64_t, KeyId>;
    std::vector<Order> order;
    for (const Key& key : history.state().keys()) {
      const OptionalTime used = use_of(key).last_used_at;
      if (!matches(history, request, key, used)) continue;
      const bool by_use = request.sort == KeySort::kLastUsedAt;
      order.emplace_back(by_use && used ? used->ms : 0,
                         request.sort == KeySort::kName ? key.name : "", key.created_cause.position,
                         key.id);
    }
    std::sort(order.begin(), order.end());
    if (request.descending) std::reverse(order.begin(), order.end());
    std::vector<KeyId> ids;
    for (const Order& one : order) ids.push_back(std::get<KeyId>(one));
    return ids;
  }

  // Follows the pages to the end.
  std::vector<KeyId> by_pages(const RandomHistory& history, KeyPageRequest request) {
    std::vector<KeyId> ids;
    for (;;) {
      const auto page = projections_->keys().list(request);
      EXPECT_TRUE(page) << page.error().detail;
      if (!page) return ids;
      EXPECT_LE(page->keys.size(), request.limit);
      if (page->next) {
        EXPECT_EQ(page->keys.size(), request.limit);
      }
      for (const KeyView& view : page->keys) {
        EXPECT_EQ(view.key, **history.state().key(view.key.id));
        EXPECT_EQ(view.details, history.details().at(view.key.id));
        ids.push_back(view.key.id);
      }
      if (!page->next) return ids;
      request.after = *page->next;
    }
  }

  TempDir dir_;
  RandomHistory history_{GetParam()};
  std::unique_ptr<Projections> projections_;
};

TEST_P(KeyListTest, GivesWhatAPlainListGivesForAnyFilterAndOrder) {
  std::size_t found = 0;
  for (int i = 0; i < 300; ++i) {
    const KeyPageRequest request = random_request();
    const auto wanted = plainly(history_, request);
    EXPECT_EQ(by_pages(history_, request), wanted) << "request " << i << " of seed " << GetParam();
    found += wanted.size();
  }
  EXPECT_GT(found, 300U) << "the filters leave too little to say anything";
}

// The same seed grows the same history again, up to any earlier frame.
TEST_P(KeyListTest, GivesOfTheTableAsItWasWhatAPlainListGaveThen) {
  std::size_t found = 0;
  for (int round = 0; round < 10; ++round) {
    RandomHistory then(GetParam());
    then.grow_by_frames(1 + below(120));
    for (int i = 0; i < 60; ++i) {
      KeyPageRequest request = random_request();
      request.position = then.log().size() - 1;
      request.now = then.now();
      const auto wanted = plainly(then, request);
      EXPECT_EQ(by_pages(then, request), wanted)
          << "request " << i << " at " << request.position << " of seed " << GetParam();
      found += wanted.size();
    }
  }
  EXPECT_GT(found, 300U) << "the filters leave too little to say anything";
}

// Keys that are there from the first page to the last are seen once each, in order, whatever is
// made, changed or ended between the pages.
TEST_P(KeyListTest, NeitherSkipsNorRepeatsWhileKeysAreAdded) {
  for (const bool descending : {false, true}) {
    KeyPageRequest request;
    request.filter.workspace = history_.workspaces()[0];
    request.filter.management_keys = true;
    request.limit = 3;
    request.descending = descending;
    request.now = history_.now();
    const std::vector<KeyId> before = plainly(history_, request);
    std::vector<KeyId> seen;
    for (;;) {
      const auto page = projections_->keys().list(request);
      ASSERT_TRUE(page);
      for (const KeyView& view : page->keys) seen.push_back(view.key.id);
      if (!page->next || seen.size() > 2'000) break;
      request.after = *page->next;
      if (seen.size() < 60) grow(2);
    }
    auto unique = seen;
    std::sort(unique.begin(), unique.end());
    EXPECT_EQ(std::unique(unique.begin(), unique.end()), unique.end()) << "a key came twice";
    std::vector<KeyId> old;
    std::copy_if(seen.begin(), seen.end(), std::back_inserter(old), [&](const KeyId& id) {
      return std::find(before.begin(), before.end(), id) != before.end();
    });
    EXPECT_EQ(old, before);
  }
}

TEST_P(KeyListTest, RefusesAPlaceThatIsNotOfThisOrder) {
  KeyPageRequest request;
  request.filter.workspace = history_.workspaces()[0];
  request.limit = 1;
  const auto page = projections_->keys().list(request);
  ASSERT_TRUE(page && page->next);
  for (const std::string& after : {std::string("x"), std::string(1, '\0'), *page->next + "x",
                                   '\1' + page->next->substr(1), page->next->substr(0, 5)}) {
    request.after = after;
    const auto refused = projections_->keys().list(request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidRequest);
    ASSERT_EQ(refused.error().fields.size(), 1U);
    EXPECT_EQ(refused.error().fields[0].field, "cursor");
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, KeyListTest, ::testing::Range<std::uint64_t>(1, 6));

}  // namespace
}  // namespace keyledger
